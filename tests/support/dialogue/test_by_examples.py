"""What the rules do not understand, understood by likeness to examples."""

from collections.abc import Sequence

import numpy as np
import pytest

from shopkeeper.errors import EngineUnavailable
from shopkeeper.models.embed.contract import Kind, Vectors
from shopkeeper.support.dialogue import Agent, ByExamples
from shopkeeper.support.dialogue.by_examples import examples
from shopkeeper.support.dialogue.by_model import MEANINGS
from shopkeeper.text.normalise import normalise
from tests.support.conftest import Desk
from tests.support.dialogue.conftest import Talk, find


class Words:
    """An embedder that counts words: what shares words is near. fails: as one whose files have gone."""

    id, digest, dimension, languages = "words", "1", 512, frozenset({"en"})

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails

    def encode(self, texts: Sequence[str], *, kind: Kind) -> Vectors:
        if self.fails:
            raise EngineUnavailable("its files have gone")
        rows = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in normalise(text).split():
                row[sum(word.encode()) * 31 % self.dimension] += 1
        vectors: Vectors = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
        return vectors


@pytest.fixture(scope="module")
def by_examples() -> ByExamples:
    made = ByExamples(Words())
    made.label("learn now")
    return made


def test_every_example_is_of_a_wish_that_can_be_followed() -> None:
    assert set(examples()[1]) <= {str(name) for name in MEANINGS}


@pytest.mark.parametrize(
    ("text", "label"),
    [("I am still waiting for my purchase", "track"), ("I want my money back", "return"), ("qwz xkcd", None)],
)  # fmt: skip
def test_what_is_like_an_example_is_that_wish(
    by_examples: ByExamples, text: str, label: str | None
) -> None:
    assert by_examples.label(text) == label


def test_the_agent_follows_what_no_form_of_words_says(desk: Desk, by_examples: ByExamples) -> None:
    said = "I am still waiting for my purchase"
    understood = []
    for understands in ((), (by_examples,)):
        agent = Agent(desk.support, find, understands=understands)
        talk = agent.open()
        talk.sign_in(desk.support.sign("ada"))
        understood.append("1Z#W1002" in Talk(agent, talk, desk).say(said).text)
    assert understood == [False, True]


def test_nobody_waits_while_they_are_learnt() -> None:
    made = ByExamples(Words(), patient=False)
    assert made.label("I am still waiting for my purchase") is None
    made.close()
    assert made.label("I am still waiting for my purchase") == "track"


def test_without_its_embedder_the_rules_alone_understand() -> None:
    assert ByExamples(Words(fails=True)).label("I am still waiting for my purchase") is None
