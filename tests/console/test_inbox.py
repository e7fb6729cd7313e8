"""The inbox over HTTP: the queue, a conversation with what its answers rest on, taking it, answering, giving it back."""

import re
from collections.abc import Iterator

import pytest

from shopkeeper.face import Shop
from shopkeeper.shop.embedded import EmbeddedServer
from shopkeeper.support.dialogue import store
from tests.browser import new_shop
from tests.console.conftest import TestClient
from tests.console.test_pages import Tags
from tests.support.conftest import fill

HERE = "/console/inbox"


@pytest.fixture(scope="module")
def shop(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The shop with two customers."""
    with new_shop(server, "t_inbox", tmp_path_factory.mktemp("shop"), demo=True) as opened:
        fill(opened.database)
        opened.search.rebuild()
        yield opened


@pytest.fixture
def talk(shop: Shop) -> str:
    """Ada was refused something and asked for a person."""
    made = shop.agent.open()
    made.sign_in(shop.support.sign("ada"))
    for text in ("I want to return the mug of order W1003.", "I want to talk to a real person."):
        shop.agent.reply(made, text)
    return made.id


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    "path", ["", "?view=taken", "?view=agent", "?view=x", "/{talk}", "/questions"]
)
def test_every_page_answers_in_its_language(
    client: TestClient, talk: str, path: str, language: str
) -> None:
    asked = HERE + path.format(talk=talk)
    page = client.get(asked + ("&" if "?" in asked else "?") + f"lang={language}")
    assert page.status_code == 200 and "<h1>" in page.text
    ids = [attributes["id"] for _, attributes in Tags(page.text).found if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert ("收件箱" in page.text) == (language == "zh")


def test_an_answer_shows_what_was_understood_and_the_rule_it_rests_on(
    client: TestClient, talk: str
) -> None:
    page = client.get(f"{HERE}/{talk}").text
    assert "wants: return items" in page and "asked for a person" in page
    assert 'href="/console/inbox/rules#return-window"' in page
    assert "#W1003" in page and "refused by the rules" in page


def test_two_people_cannot_take_the_same_conversation(client: TestClient, talk: str) -> None:
    def take(name: str) -> str:
        client.cookies.set("desk", name)
        return client.post(f"{HERE}/{talk}/take").text

    assert "You have this conversation." in take("Mia")
    late = take("Noah")
    assert "Mia has this conversation; what you did was not done." in late
    assert client.post(f"{HERE}/{talk}/take").status_code == 409
    typed = client.post(f"{HERE}/{talk}/say", data={"text": "Hello, it is Noah"})
    assert typed.status_code == 409 and "Hello, it is Noah</textarea>" in typed.text


def test_what_is_sent_reaches_the_customer_under_the_name_of_who_sends_it(
    shop: Shop, client: TestClient, talk: str
) -> None:
    client.cookies.set("desk", "Mia%20M.")
    page = client.post(f"{HERE}/{talk}/say", data={"text": "Hello <b>Ada</b>"}).text
    assert "Hello &lt;b&gt;Ada&lt;/b&gt;" in page
    client.post(f"{HERE}/{talk}/note", data={"text": "a regular"})
    with shop.database.connection() as conn:
        last = store.messages(conn, talk)[-1]
    assert (last.who, last.author, last.text) == ("staff", "Mia M.", "Hello <b>Ada</b>")
    assert "The agent answers." in client.post(f"{HERE}/{talk}/return").text


def test_a_draft_stands_in_the_field_with_what_it_rests_on(client: TestClient, talk: str) -> None:
    page = client.post(f"{HERE}/{talk}/draft").text
    field = re.search(r"<textarea[^>]*>(.*?)</textarea>", page, re.DOTALL)
    assert field is not None and "30 days" in field[1]
    assert "Drafted by the agent as an answer to “I want to return the mug" in page


def test_a_name_is_kept_in_this_browser(client: TestClient) -> None:
    page = client.post(f"{HERE}/name", data={"name": " Mia  M. ", "back": HERE}).text
    assert "You answer as Mia M. ·" in page and "You answer as Mia M. ·" in client.get(HERE).text


def test_an_empty_answer_is_not_sent(client: TestClient, talk: str) -> None:
    assert client.post(f"{HERE}/{talk}/say", data={"text": " "}).status_code == 422


def test_a_conversation_that_is_not_there_is_not_found(client: TestClient) -> None:
    assert client.get(f"{HERE}/nothing").status_code == 404
    assert client.post(f"{HERE}/nothing/take").status_code == 404


def test_a_question_is_answered_for_good_and_the_answer_taken_back(
    shop: Shop, client: TestClient
) -> None:
    shop.agent.reply(shop.agent.open(), "Do you gift-wrap <b>parcels</b>?")
    page = client.get(f"{HERE}/questions").text
    ids = re.search(r'name="ids" value="([\d,]+)"', page)
    assert ids is not None and "gift-wrap &lt;b&gt;parcels" in page
    answered = {"ids": ids[1], "question": "Do you wrap gifts?", "answer": "For 3 dollars."}
    empty = client.post(f"{HERE}/questions/teach", data=answered | {"answer": ""})
    assert empty.status_code == 422 and "Do you wrap gifts?" in empty.text
    page = client.post(f"{HERE}/questions/teach", data=answered).text
    assert "The agent knows this from now on" in page and "answers 1 of 1 wordings" in page
    assert "For 3 dollars." in shop.agent.reply(shop.agent.open(), "Do you wrap gifts?").text
    undo = re.search(r'action="(/console/inbox/lessons/\d+/undo)"', page)
    assert undo is not None and "its questions stand here again" in client.post(undo[1]).text
    aside = client.post(f"{HERE}/questions/dismiss", data={"ids": ids[1]}).text
    assert "Put aside." in aside and "gift-wrap" not in aside
    assert "gift-wrap" in client.post(f"{HERE}/questions/back", data={"ids": ids[1]}).text


def test_rules_are_saved_only_after_what_they_would_change_was_seen(
    shop: Shop, client: TestClient
) -> None:
    shop.agent.reply(shop.agent.open(), "Can I return a lamp after 20 days?")
    own = shop.support.policy().source
    shorter = own.replace("within_days = 30", "within_days = 3")

    def send(text: str, **more: str) -> str:
        return client.post(f"{HERE}/rules", data={"text": text, "do": "save", **more}).text

    wrong = send(own.replace('require = "owner"', 'require = "own"'))
    assert "did you mean owner?" in wrong and "Put it in force" not in wrong
    page = send(shorter)
    assert "Can I return a lamp after 20 days?" in page and shop.support.policy().source == own
    looked = re.search(r'name="looked" value="(\w+)"', page)
    assert looked is not None
    other = send(shorter.replace("within_days = 3", "within_days = 4"), looked=looked[1])
    assert "Put it in force" in other and shop.support.policy().source == own
    page = send(shorter, looked=looked[1])
    assert "These rules are in force." in page and shop.support.policy().source == shorter
    undo = re.search(r'action="(/console/inbox/rules/\d+/use)" class="row"', page)
    assert undo is not None and "in force again" in client.post(undo[1]).text
    assert shop.support.policy().source == own


def test_figures_never_add_what_is_assumed_to_what_was_confirmed(
    shop: Shop, client: TestClient, talk: str
) -> None:
    made = shop.agent.open()
    shop.agent.reply(made, "Where is order W1002?")
    made.rate(solved=True, rating=4)
    page = client.get(f"{HERE}/figures").text
    confirmed = re.search(r"as customers said</dt><dd>(\d+)</dd>", page)
    assert confirmed is not None and confirmed[1] == "1"
    assert "from 1 customer" in page and "asked for a person" in page
