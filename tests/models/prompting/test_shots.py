"""Which examples are shown: the same for the same seed, within the budget, never the question itself."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.models import hub
from shopkeeper.models.embed import load_embedder
from shopkeeper.models.prompting import Example, pool
from shopkeeper.models.prompting.shots import prompt_tokens
from shopkeeper.models.prompting.tasks import SENTIMENT, Written

EXAMPLES = [
    Example(Written(text=f"{word} number {i}"), label)
    for i in range(12)
    for word, label in (("lovely", "positive"), ("awful", "negative"))
]
ASKED = Written(text="quite good")


def count(text: str) -> int:
    """Tokens, as a simple tokenizer would cut them."""
    return len(text.split())


@given(shots=st.integers(0, 30), budget=st.integers(0, 400), seed=st.integers(0, 5))
def test_examples_never_break_the_budget(shots: int, budget: int, seed: int) -> None:
    choice = pool(SENTIMENT, EXAMPLES, seed=seed)
    shown = choice.choose(ASKED, shots=shots, budget_tokens=budget, count_tokens=count)
    assert len(shown) <= shots
    if shown:
        assert prompt_tokens(SENTIMENT, ASKED, shown, count) <= budget


@given(shots=st.integers(0, 24), seed=st.integers(0, 9))
def test_the_same_seed_shows_the_same_examples_in_the_same_order(shots: int, seed: int) -> None:
    first = pool(SENTIMENT, EXAMPLES, seed=seed).choose(ASKED, shots=shots)
    second = pool(SENTIMENT, EXAMPLES, seed=seed).choose(Written(text="other"), shots=shots)
    assert first == second
    assert len(set(map(str, first))) == shots


def test_another_seed_shows_others() -> None:
    shown = {pool(SENTIMENT, EXAMPLES, seed=s).choose(ASKED, shots=4) for s in range(8)}
    assert len(shown) > 1


@given(st.integers(1, 12))
def test_labels_have_their_turn(turns: int) -> None:
    shown = pool(SENTIMENT, EXAMPLES).choose(ASKED, shots=2 * turns)
    assert sum(one.output == "positive" for one in shown) == turns


@given(st.sampled_from(EXAMPLES))
def test_a_question_is_no_example_for_itself(example: Example[Written, str]) -> None:
    shown = pool(SENTIMENT, EXAMPLES).choose(example.given, shots=len(EXAMPLES))
    assert example not in shown
    assert len(shown) == len(EXAMPLES) - 1


def test_an_embedder_finds_what_is_alike(cache_folder: Path) -> None:
    if hub.path_here("wordllama", cache_folder) is None:
        pytest.skip("wordllama is not fetched: shopkeeper models pull wordllama")
    examples = [
        Example(Written(text="The shoes are too small for my feet"), "negative"),
        Example(Written(text="This coffee tastes wonderful"), "positive"),
        Example(Written(text="The charger stopped working"), "negative"),
    ]
    choice = pool(SENTIMENT, examples, embedder=load_embedder("wordllama", cache_folder))
    (shown,) = choice.choose(Written(text="A delicious espresso"), shots=1)
    assert shown == examples[1]
