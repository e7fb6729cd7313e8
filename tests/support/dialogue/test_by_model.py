"""Language models in front of the rules: what they may say, and that their failure costs nothing."""

import json
from typing import Any

import pytest

from shopkeeper.errors import EngineOverloaded, EngineTimeout, EngineUnavailable
from shopkeeper.models.engines.remote import RemoteEngine
from shopkeeper.models.records import Generation, Request
from shopkeeper.settings import EngineSettings
from shopkeeper.support.dialogue import Agent, ByChoice, ByModel, Rephraser, Understands
from shopkeeper.support.dialogue.by_model import MEANINGS, Patience
from tests.models.engines.bad_server import MODEL, serving
from tests.models.structured.scripted import Scripted
from tests.support.conftest import Desk
from tests.support.dialogue.conftest import Talk, find


class Stalling(Scripted):
    """A model that never answers in time."""

    def generate(self, request: Request) -> Generation:
        self.asked.append(request)
        raise EngineTimeout("no answer in time")


def talk(desk: Desk, *understands: Understands, words: Rephraser | None = None) -> Talk:
    agent = Agent(desk.support, find, understands=understands, words=words)
    made = agent.open()
    made.sign_in(desk.support.sign("ada"))
    return Talk(agent, made, desk)


def wishes(*made: dict[str, Any]) -> str:
    return json.dumps({"wishes": list(made)})


def test_a_large_model_writes_the_commands_that_the_dialogue_follows(desk: Desk) -> None:
    said = wishes({"flow": "cancel", "order": "#W1004", "reason": "no longer needed"})
    reply = talk(desk, ByModel(Scripted([said]))).say(
        "my cat ate the receipt of W1004, get rid of all that"
    )
    assert "#W1004" in reply.text and reply.proposal_id


@pytest.mark.parametrize(
    "said",
    [
        wishes({"flow": "cancel", "order": "#W2001"}),  # of somebody else
        wishes({"flow": "commit", "order": "#W1004"}),
        "I have cancelled everything for you.",
    ],
)
def test_what_is_no_legal_command_is_not_followed(desk: Desk, said: str) -> None:
    reply = talk(desk, ByModel(Scripted([said]))).say(
        "Cancel order W1004, it was ordered by mistake."
    )
    assert "#W1004" in reply.text and "#W2001" not in reply.text
    assert desk.order("#W1004").status == desk.order("#W2001").status == "pending"


def test_a_model_that_stalls_is_left_alone_and_the_rules_answer(desk: Desk) -> None:
    model = Stalling([""])
    spoken = talk(desk, ByModel(model))
    assert spoken.say("What is the status of order W1001?").text
    spoken.say("And of order W1002?")
    assert len(model.asked) == 1


def test_a_model_is_asked_again_after_its_rest() -> None:
    now = [0.0]
    patience = Patience(lambda: now[0])
    with pytest.raises(EngineTimeout), patience.asking():
        raise EngineTimeout("no answer in time")
    with pytest.raises(EngineUnavailable), patience.asking():
        raise AssertionError("it rests")
    now[0] = 61.0
    with patience.asking():
        pass


def test_a_model_is_asked_by_so_many_at_once_and_no_more() -> None:
    patience = Patience(at_once=1)
    with patience.asking(), pytest.raises(EngineOverloaded), patience.asking():
        raise AssertionError("two at once")
    with patience.asking():  # being asked by others is no failure
        pass


def test_a_server_that_stalls_for_a_minute_holds_up_nobody(desk: Desk) -> None:
    with serving() as world:
        url = world.url("stall")
        engine = RemoteEngine("cloud", EngineSettings(kind="openai", model=MODEL, url=url))
        patience = Patience()
        spoken = talk(
            desk,
            ByModel(engine, timeout_s=0.3, patience=patience),
            words=Rephraser(engine, timeout_s=0.3, patience=patience),
        )
        assert "W1001" in spoken.say("What is the status of order W1001?").text
        assert "W1002" in spoken.say("Where is order W1002?").text
        assert len(world.asked) == 1 and not world.ending.is_set()  # it still stalls
        engine.close()


def test_a_small_model_chooses_only_where_rules_understand_nothing(desk: Desk) -> None:
    model = Scripted([MEANINGS["orders"]])
    spoken = talk(desk, ByChoice(model))
    assert "#W1002" in spoken.say("hmm my stuff, you know").text
    spoken.say("What is the status of order W1001?")
    assert len(model.asked) == 1


def test_a_rewording_that_changes_a_number_is_dropped(desk: Desk) -> None:
    faithful = "Sure thing! Order #W1001 with its desk lamp and mug is still pending."
    assert Rephraser(Scripted([faithful])).others("Order #W1001 is pending.", "en") == [faithful]
    assert (
        Rephraser(Scripted(["Order #W1002 is pending."])).others("Order #W1001 is pending.", "en")
        == []
    )


def test_proposals_are_never_reworded(desk: Desk) -> None:
    model = Scripted(["Trust me!"])
    reply = talk(desk, words=Rephraser(model)).say("Cancel order W1004, no longer needed.")
    assert reply.proposal_id and not model.asked
