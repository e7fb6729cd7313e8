"""Letters answered in their thread, once each, whatever happens in between."""

import email
from email import policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from shopkeeper.shop.erasing import erase_customer
from shopkeeper.support.dialogue import Agent, store
from shopkeeper.support.letters import Post, post
from tests.support.conftest import Desk
from tests.support.dialogue.conftest import find
from tests.support.letters.test_reading import letter


class Office:
    """A post office with two folders."""

    def __init__(self, desk: Desk, folder: Path) -> None:
        self.desk = desk
        self.inbox, self.outbox = folder / "in", folder / "out"
        self.inbox.mkdir()
        self.post = Post(Agent(desk.support, find), self.inbox, self.outbox, address="Linden <s@shop.example>")  # fmt: skip

    def put(self, name: str, text: str, **headers: str) -> None:
        (self.inbox / f"{name}.eml").write_bytes(letter(text, **headers))

    def sent(self) -> list[EmailMessage]:
        read = [email.message_from_bytes(p.read_bytes(), policy=policy.default) for p in self.outbox.glob("*.eml")]  # fmt: skip
        return sorted((m for m in read if isinstance(m, EmailMessage)), key=lambda m: m["References"] or "")  # fmt: skip

    def messages(self) -> list[tuple[str, str]]:
        with self.desk.database.connection() as conn:
            row = conn.execute("select id from support_conversations where channel = 'mail'").fetchone()  # fmt: skip
            assert row is not None
            return [(m.who, m.text) for m in store.messages(conn, row[0])]


@pytest.fixture
def office(desk: Desk, tmp_path: Path) -> Office:
    return Office(desk, tmp_path)


def test_a_letter_is_answered_in_its_thread_by_what_says_that_it_is_a_program(
    office: Office,
) -> None:
    office.put("1", "Where is order W1002?")
    done = office.post.deliver()
    assert (done.heard, done.sent) == (1, 1)
    answer = office.sent()[0]
    assert answer["To"] == "ada@example.com" and answer["Subject"] == "Re: Order"
    assert answer["In-Reply-To"] == answer["References"] == "<1@example.com>"
    assert answer["Auto-Submitted"] == "auto-replied"
    assert "not a person" in answer.get_content() and "who you are" in answer.get_content()
    assert not list(office.inbox.glob("*.eml")) and (office.inbox / "done" / "1.eml").exists()


def test_an_answer_goes_on_with_the_conversation_from_the_same_address_alone(
    office: Office,
) -> None:
    office.put("1", "Where is order W1002?")
    office.post.deliver()
    thread = office.sent()[0]["Message-ID"]
    theirs = {"Message_ID": "<2@example.com>", "In_Reply_To": thread}
    office.put("2", "ada@example.com, order W1002\n\nOn Monday, Linden wrote:\n> hello", **theirs)
    office.put("3", "and?", From="eve@evil.example", Message_ID="<3@evil.example>", In_Reply_To=thread)  # fmt: skip
    office.post.deliver()
    by_address = {m["To"]: m.get_content() for m in office.sent() if m["In-Reply-To"] != "<1@example.com>"}  # fmt: skip
    assert "1Z#W1002" in by_address["ada@example.com"]
    assert "1Z#W1002" not in by_address["eve@evil.example"]


@pytest.mark.parametrize("killed_at", ["_conversation", "reply", "_write", "_send", "rename"])
def test_killed_anywhere_it_hears_once_and_sends_once(
    office: Office, monkeypatch: pytest.MonkeyPatch, killed_at: str
) -> None:
    office.put("1", "Where is order W1002?")
    where = {"reply": Agent, "rename": Path}.get(killed_at, Post)
    real = getattr(where, killed_at)
    calls = 0

    def killed(*arguments: object, **more: object) -> object:
        nonlocal calls
        calls += 1
        result = real(*arguments, **more)
        if calls == 1:
            raise KeyboardInterrupt
        return result

    with monkeypatch.context() as patch:
        patch.setattr(where, killed_at, killed)
        with pytest.raises(KeyboardInterrupt):
            office.post.deliver()
    office.post.deliver()
    office.post.deliver()
    assert [who for who, _ in office.messages()] == ["customer", "agent"]
    assert len(office.sent()) == 1


def test_what_a_person_answers_goes_out_by_mail_too(office: Office) -> None:
    office.put("1", "I want to talk to a person")
    office.post.deliver()
    with office.desk.database.connection() as conn:
        row = conn.execute("select id from support_conversations").fetchone()
        assert row is not None
        store.add_message(conn, row[0], 1, "staff", "Eve here.", office.desk.now, author="Eve")
    assert office.post.deliver().sent == 1
    theirs = next(m for m in office.sent() if "Eve" in m.get_content())
    assert theirs["Auto-Submitted"] is None and theirs["In-Reply-To"] == "<1@example.com>"


def test_programs_links_and_floods_are_set_aside_with_a_reason(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post, "PER_HOUR", 1)
    office.put("1", "hello")
    office.put("2", "hello again", Message_ID="<2@example.com>")
    office.put("3", "away", Auto_Submitted="auto-replied")
    (office.inbox / "4.eml").symlink_to("/etc/passwd")
    done = office.post.deliver()
    assert done.heard == 1 and sorted(done.aside) == ["2.eml", "3.eml", "4.eml"]
    assert done.aside["3.eml"] == "a program wrote it"
    assert (office.inbox / "set-aside" / "3.eml").exists()


def test_who_is_erased_leaves_no_letter(office: Office) -> None:
    office.put("1", "hello")
    office.post.deliver()
    with office.desk.database.connection() as conn:
        erase_customer(conn, "ada")
        assert conn.execute("select from support_mail").fetchall() == []
