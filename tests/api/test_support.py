"""Conversations with customer service over HTTP."""

import json

import pytest

from tests.api.conftest import Served
from tests.support.conftest import fill

WHERE = "/v1/support/conversations"


@pytest.fixture
def filled(served: Served) -> Served:
    fill(served.shop.database)
    return served


def opened(served: Served, **body: str) -> str:
    answer = served.page.post(WHERE, json=body)
    assert answer.status_code == 201 and "not a person" in answer.json()["introduction"]
    return f"{WHERE}/{answer.json()['id']}/messages"


def test_a_page_opens_a_conversation_and_a_yes_is_needed_for_a_write(filled: Served) -> None:
    where = opened(filled, token=filled.shop.support.sign("ada"))
    asked = filled.page.post(where, json={"text": "Cancel order W1004, no longer needed."}).json()
    assert asked["proposal_id"] and "order:#W1004" in asked["evidence"]
    filled.page.post(where, json={"text": "Yes, please."})
    kept = filled.page.get(where).json()["messages"]
    assert [m["who"] for m in kept] == ["customer", "agent"] * 2
    assert filled.owner.get("/v1/orders/%23W1004").json()["status"] == "cancelled"


def test_an_answer_comes_as_events_where_they_are_wanted(filled: Served) -> None:
    where = opened(filled, token=filled.shop.support.sign("ada"))
    said = filled.page.post(
        where, json={"text": "Where is order W1002?"}, headers={"accept": "text/event-stream"}
    )
    events = [e.split("\n") for e in said.text.strip().split("\n\n")]
    assert [e[0] for e in events][-1] == "event: end"
    whole = json.loads(events[-1][1].removeprefix("data: "))["text"]
    parts = [json.loads(e[1].removeprefix("data: "))["text"] for e in events[:-1]]
    assert "".join(parts) == whole and "1Z#W1002" in whole


def test_a_conversation_that_is_not_there_is_not_found(filled: Served) -> None:
    assert filled.page.post(f"{WHERE}/guessed/messages", json={"text": "hi"}).status_code == 404
