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


def test_the_agent_is_taught_over_http_and_unlearns(served: Served, waiting: str) -> None:
    shop = served.shop
    shop.agent.reply(shop.agent.open(), "Do you gift-wrap parcels?")
    (asked,) = served.owner.get("/v1/support/questions").json()["items"]
    body = {
        "ids": asked["ids"],
        "question": "Do you wrap gifts?",
        "answer": "For 3 dollars.",
        "by": "Mia",
    }
    made = served.owner.post("/v1/support/lessons", json=body).json()
    assert shop.answers.answer("Do you gift-wrap parcels?").evidence == (f"page:{made['page_id']}",)
    (lesson,) = served.owner.get("/v1/support/lessons").json()["items"]
    assert (lesson["answered"], lesson["answer"]) == (1, "For 3 dollars.")
    assert served.owner.delete(f"/v1/support/lessons/{made['id']}").status_code == 204
    put_aside = {"ids": asked["ids"], "by": "Mia"}
    assert served.owner.post("/v1/support/questions/dismiss", json=put_aside).is_success
    assert served.owner.get("/v1/support/questions").json()["items"] == []


def test_rules_are_put_to_the_past_then_in_force_and_back(served: Served, waiting: str) -> None:
    served.shop.agent.reply(served.shop.agent.open(), "Can I return a lamp after 20 days?")
    here = "/v1/support/policy"
    own = served.owner.get(here).json()
    shorter = own["text"].replace("within_days = 30", "within_days = 3")
    found = served.owner.post(f"{here}/replay", json={"text": shorter}).json()
    (change,) = found["differences"]
    assert (change["before"]["verdict"], change["after"]["verdict"]) == ("yes", "no")
    assert found["changed"] == ["return-window"] and "return-window" in change["after"]["rules"]
    put = served.owner.put(here, json={"text": shorter, "by": "Mia"}).json()
    assert put["versions"][0]["made_by"] == "Mia"
    back = served.owner.put(here, json={"version": 0, "by": "Mia"}).json()
    assert back["text"] == own["text"] and len(back["versions"]) == 3
    wrong = served.owner.put(here, json={"text": "rules = 3", "by": "Mia"})
    assert wrong.status_code == 422 and "statuses" in wrong.json()["detail"]


def test_figures_tell_why_people_were_called_and_how_long_they_were_waited_for(
    served: Served, waiting: str
) -> None:
    assert served.owner.get("/v1/support/figures").json()["waited_s"] is None
    served.shop.inbox.take(waiting, "Mia")
    found = served.owner.get("/v1/support/figures").json()
    assert found["reasons"] == {"request": 1} and found["taken"] == 1 and found["waited_s"] >= 0
