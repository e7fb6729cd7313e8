"""Customer service by people over HTTP."""

import pytest

from tests.api.conftest import Served
from tests.support.conftest import fill

WHERE = "/v1/support/inbox"


@pytest.fixture
def waiting(served: Served) -> str:
    """Ada's conversation, which waits for a person."""
    fill(served.shop.database)
    talk = served.shop.agent.open()
    talk.sign_in(served.shop.support.sign("ada"))
    for text in ("Where is order W1002?", "I want to talk to a real person."):
        served.shop.agent.reply(talk, text)
    return talk.id


def test_a_server_of_the_shop_answers_in_the_agents_place(served: Served, waiting: str) -> None:
    listed = served.owner.get(WHERE).json()
    assert listed["waiting"] == 1 and listed["items"][0]["reason"] == "request"
    here = f"{WHERE}/{waiting}"
    assert served.owner.post(f"{here}/take", json={"by": "Mia"}).json()["taken_by"] == "Mia"
    late = served.owner.post(f"{here}/take", json={"by": "Noah"})
    assert late.status_code == 409 and "Mia has this conversation" in late.json()["detail"]
    assert "1Z#W1002" in served.owner.post(f"{here}/draft").json()["text"]
    assert served.owner.post(f"{here}/messages", json={"by": "Mia", "text": "Hi."}).is_success
    assert served.owner.post(f"{here}/notes", json={"by": "Mia", "text": "late"}).is_success
    assert served.owner.post(f"{here}/return", json={"by": "Mia"}).status_code == 204
    whole = served.owner.get(here).json()
    assert [m["who"] for m in whole["messages"]][-2:] == ["staff", "agent"]
    assert whole["case"] is None and whole["cases"][0]["outcome"] == "returned"
    assert whole["notes"][0]["text"] == "late"
    assert served.owner.post(f"{here}/close", json={"by": "Mia"}).status_code == 409


def test_the_customer_reads_what_a_person_says_in_their_chat(served: Served, waiting: str) -> None:
    served.shop.inbox.say(waiting, "Mia", "Hello, this is Mia.")
    chat = served.page.get(f"/v1/support/conversations/{waiting}/messages").json()
    assert chat["with_a_person"]
    assert (chat["messages"][-1]["who"], chat["messages"][-1]["author"]) == ("staff", "Mia")


@pytest.mark.parametrize("path", ["", "/x", "/x/take", "/x/messages", "/events"])
def test_a_page_with_a_publishable_key_sees_none_of_it(served: Served, path: str) -> None:
    method = served.page.post if path.startswith("/x/") else served.page.get
    assert method(WHERE + path).status_code == 403
