"""`shopkeeper support`: rules out and in, and what they say."""

from pathlib import Path

import pytest

from shopkeeper.face import Shop
from shopkeeper.settings import load_settings
from shopkeeper.shop.database import open_database
from tests.cli.conftest import Run
from tests.support.conftest import fill
from tests.support.letters.test_reading import letter


@pytest.fixture
def filled(shop: Run, folder: Path) -> Run:
    """A shop with two customers and their orders."""
    database = open_database(load_settings(data_folder=folder))
    fill(database)
    database.close()
    return shop


def test_rules_are_printed_edited_and_put_in_force(filled: Run, tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(filled("support", "policy").out.replace("within_days = 30", "within_days = 3"))
    assert "rules are in force" in filled("support", "policy", "--set", file).out
    late = filled("support", "explain", "return", "--order", "#W1002")
    assert "return-window" in late.out and late.out.strip().endswith("no")
    file.write_text(file.read_text().replace('require = "owner"', 'require = "own"'))
    wrong = filled("support", "policy", "--set", file)
    assert wrong.code == 1 and "did you mean owner?" in wrong.err
    assert "within_days = 3 }" in filled("support", "policy").out


def test_it_says_what_a_customer_may(filled: Run) -> None:
    given = ("--order", "#W1001", "--reason", "other")
    allowed = filled("support", "explain", "cancel", *given)
    assert allowed.out.strip().endswith("yes") and "cancel-while-pending" in allowed.out
    assert (
        filled("support", "explain", "cancel", *given, "--customer", "bob")
        .out.strip()
        .endswith("no")
    )
    assert filled("support", "explain", "cancel").code == 1
    assert (
        "takes no items" in filled("support", "explain", "cancel", *given, "--item", "mug-blue").err
    )


def test_a_token_signs_its_customer_in(filled: Run) -> None:
    assert filled("support", "token", "ada").out.count(".") == 2
    assert filled("support", "token", "nobody").code == 1


def test_a_conversation_is_held_in_the_terminal(
    filled: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = iter(["What is the status of order W1001?", "I want to talk to a person"])
    monkeypatch.setattr("builtins.input", lambda _: next(said))
    told = filled("support", "chat", "--customer", "ada").out
    assert "not a person" in told and "#W1001" in told and "Ada Lovelace" in told


def test_a_person_answers_from_the_terminal(filled: Run, folder: Path) -> None:
    with Shop.open(settings=load_settings(data_folder=folder)) as opened:
        talk = opened.agent.open()
        opened.agent.reply(talk, "I want to talk to a real person.")
    assert talk.id in filled("support", "inbox").out
    filled("support", "say", talk.id, "Hello, this is Mia.", "--as", "Mia")
    refused = filled("support", "take", talk.id, "--as", "Noah")
    assert refused.code == 1 and "Mia has this conversation" in refused.err
    assert "the agent answers again" in filled("support", "return", talk.id, "--as", "Mia").out
    shown = filled("support", "show", talk.id).out
    assert "Mia: Hello, this is Mia." in shown


def test_it_says_what_became_of_conversations(filled: Run, folder: Path) -> None:
    assert "nobody has spoken" in filled("support", "outcomes").out
    with Shop.open(settings=load_settings(data_folder=folder)) as opened:
        talk = opened.agent.open()
        opened.agent.reply(talk, "hello")
        talk.rate(solved=True, rating=4)
    told = filled("support", "outcomes").out
    assert "the agent solved 1 as customers say (100%)" in told and "4.0 of 5" in told


def test_what_other_rules_would_have_changed_is_told(
    filled: Run, folder: Path, tmp_path: Path
) -> None:
    with Shop.open(settings=load_settings(data_folder=folder)) as opened:
        opened.agent.reply(opened.agent.open(), "Can I return a lamp after 20 days?")
        rules = opened.support.policy().source
    file = tmp_path / "policy.toml"
    file.write_text(rules.replace("within_days = 30", "within_days = 3"))
    told = filled("support", "replay", file).out
    assert "1 questions looked at: 1 would have been otherwise" in told and "return-window" in told


def test_letters_are_answered_from_a_folder_into_another(filled: Run, tmp_path: Path) -> None:
    inbox, outbox = tmp_path / "in", tmp_path / "out"
    inbox.mkdir()
    (inbox / "1.eml").write_bytes(letter("Hello"))
    (inbox / "2.eml").write_bytes(letter("away", Auto_Submitted="auto-replied"))
    told = filled("support", "mail", inbox, outbox, "--from", "s@shop.example").out
    assert "letters read: 1, sent: 1, set aside: 1" in told and "2.eml: a program wrote it" in told
    assert len(list(outbox.glob("*.eml"))) == 1
