"""Conversations with customer service over HTTP."""

import json

import pytest

from shopkeeper.api.routes import support as routes
from shopkeeper.shop import pages
from shopkeeper.shop.records import Page, PageId, PageKind
from shopkeeper.support.dialogue import store
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
    assert (events[0], events[-1][0]) == ([": heard"], "event: end")
    whole = json.loads(events[-1][1].removeprefix("data: "))["text"]
    parts = [json.loads(e[1].removeprefix("data: "))["text"] for e in events[1:-1]]
    assert "".join(parts) == whole and "1Z#W1002" in whole


def test_a_conversation_that_is_not_there_is_not_found(filled: Served) -> None:
    assert filled.page.post(f"{WHERE}/guessed/messages", json={"text": "hi"}).status_code == 404


def test_what_is_sent_again_under_its_key_is_heard_once(filled: Served) -> None:
    where = opened(filled, token=filled.shop.support.sign("ada"))
    said = {"text": "Where is order W1002?", "key": "first"}
    first, again = (filled.page.post(where, json=said).json() for _ in range(2))
    assert (again["text"], again["turn"]) == (first["text"], 1)
    assert len(filled.page.get(where).json()["messages"]) == 2


def test_a_message_whose_answer_was_lost_is_answered_anew(filled: Served) -> None:
    where = opened(filled)
    with (
        filled.shop.database.connection() as conn
    ):  # as a program leaves it that died while it wrote
        store.add_message(conn, where.split("/")[4], 1, "customer", "hi", filled.shop.support.clock(), key="k")  # fmt: skip
    assert filled.page.post(where, json={"text": "hi", "key": "k"}).json()["text"]
    assert [m["who"] for m in filled.page.get(where).json()["messages"]] == ["customer", "agent"]


def test_a_pressed_yes_counts_for_the_proposal_it_stood_at_and_for_no_other(filled: Served) -> None:
    where = opened(filled, token=filled.shop.support.sign("ada"))
    cancel = {"text": "Cancel order W1004, no longer needed."}
    first = filled.page.post(where, json=cancel).json()
    offered = first["messages"][-1]["proposals"][0]
    assert offered["waits"] and "W1004" in offered["summary"]
    filled.page.post(where, json={"text": "no"})
    second = filled.page.post(where, json=cancel).json()["proposal_id"]
    old = filled.page.post(where, json={"text": "Yes", "about": first["proposal_id"]})
    assert (old.status_code, old.json()["code"]) == (409, "conflict")
    done = filled.page.post(where, json={"text": "Yes", "about": second}).json()
    assert done["messages"][-1]["settled"] == {second: "done"}


def test_products_and_quotes_come_with_the_words_that_rest_on_them(filled: Served) -> None:
    text = "Everything is covered for **24 months**."
    with filled.shop.database.connection() as conn:
        pages.upsert(conn, [Page(PageId("w"), PageKind.POLICY, "warranty", "Warranty", text)])
    where = opened(filled)
    said = filled.page.post(where, json={"text": "How long is the warranty?"}).json()
    assert said["messages"][-1]["quotes"], said
    quote = said["messages"][-1]["quotes"][0]
    assert quote == {"text": "Everything is covered for 24 months.", "title": "Warranty", "url": "/pages/warranty"}  # fmt: skip
    said = filled.page.post(where, json={"text": "Which colours does the mug come in?"}).json()
    card = said["messages"][-1]["products"][0]
    assert (card["title"], card["price"], card["url"]) == ("Mug", "$9.00", "/products/mug")


def test_messages_of_people_come_by_the_stream_of_events(
    filled: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "STREAM_S", 0.2)
    where = opened(filled)
    filled.page.post(where, json={"text": "I want to talk to a person"})
    last = filled.page.get(where).json()["messages"][-1]["id"]
    with filled.shop.database.connection() as conn:
        now = filled.shop.support.clock()
        store.add_message(conn, where.split("/")[4], 1, "staff", "Eve here.", now, author="Eve")
    stream = filled.page.get(where.replace("messages", "events"), params={"after": last}).text
    events = [e.split("\n") for e in stream.split("\n\n") if "event: message" in e]
    assert len(events) == 1
    assert json.loads(events[0][2].removeprefix("data: "))["author"] == "Eve"
    assert 'state\ndata: {"with_a_person":true}' in stream


def test_a_mistake_in_a_stream_is_told_in_it(filled: Served) -> None:
    where = opened(filled)
    body = {"text": "yes", "about": "none"}
    said = filled.page.post(where, json=body, headers={"accept": "text/event-stream"}).text
    assert "event: problem" in said and '"code":"conflict"' in said


def test_what_customers_say_of_a_conversation_is_counted(filled: Served) -> None:
    where = opened(filled)
    filled.page.post(where, json={"text": "hello"})
    feedback = where.replace("messages", "feedback")
    assert filled.page.post(feedback, json={"rating": 4, "words": "quick"}).status_code == 204
    filled.page.post(feedback, json={"solved": True})
    assert filled.page.post(feedback, json={"rating": 6}).status_code == 422
    ended = filled.owner.get("/v1/support/outcomes").json()
    assert (ended["by_agent"], ended["rating"]) == ({"confirmed": 1}, 4.0)
    assert filled.page.get("/v1/support/outcomes").status_code == 403


def test_the_storefront_speaks_without_a_key(filled: Served) -> None:
    visitor = filled.client()
    made = visitor.post("/chat/conversations", json={"language": "zh"}).json()["id"]
    said = visitor.post(f"/chat/conversations/{made}/messages", json={"text": "你好"})
    assert said.json()["messages"][0]["text"] == "你好"
