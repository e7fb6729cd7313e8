"""Labels by likelihood, read against a prior: known answers."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.errors import OutputError
from shopkeeper.models.engines.contract import LanguageModel
from shopkeeper.models.records import Ability, Grammar, Message
from shopkeeper.models.structured.choices import (
    CONTENT_FREE,
    Choice,
    Chosen,
    calibrated,
    choose,
    prior_of,
    random_inputs,
)
from tests.models.structured.scripted import Scripted

MOOD = Choice.of("good", "bad")
SCORES: frozenset[Ability] = frozenset({"generate", "score"})
KEEPS: frozenset[Ability] = frozenset({"generate", "grammar"})


def scoring(**likelihoods: tuple[float, float]) -> Scripted:
    """A model that finds `good` and `bad` so likely after each prompt."""
    pairs = {
        (p, w): math.log(x)
        for p, xs in likelihoods.items()
        for w, x in zip(("good", "bad"), xs, strict=True)
    }
    return Scripted([""], abilities=SCORES, likelihoods=pairs)  # fmt: skip


def test_probabilities_are_the_likelihoods_over_their_sum() -> None:
    found = choose(scoring(a=(0.03, 0.01)), "a", MOOD)
    assert found.probabilities == pytest.approx({"good": 0.75, "bad": 0.25})
    assert found.label == "good" and found.by == "likelihood" and not found.calibrated


def test_a_prior_takes_away_what_the_model_always_says() -> None:
    model = scoring(empty=(0.9, 0.1), a=(0.8, 0.2))
    prior = {"good": math.log(0.9), "bad": math.log(0.1)}
    found = choose(model, "a", MOOD, prior=prior)
    assert choose(model, "a", MOOD).label == "good"
    assert found.label == "bad" and found.calibrated
    assert found.probabilities["bad"] == pytest.approx((0.2 / 0.1) / (0.8 / 0.9 + 0.2 / 0.1))


def test_a_prior_is_the_mean_answer_with_one_even_answer_more() -> None:
    answers = [Chosen({"good": 0.9, "bad": 0.1}), Chosen({"good": 0.7, "bad": 0.3})]
    prior = prior_of(answers)
    assert math.exp(prior["good"]) == pytest.approx((0.9 + 0.7 + 0.5) / 3)
    assert sum(map(math.exp, prior.values())) == pytest.approx(1)


def test_calibrating_afterwards_is_calibrating_at_once() -> None:
    model = scoring(a=(0.8, 0.2))
    prior = prior_of([Chosen({"good": 0.95, "bad": 0.05})])
    after = calibrated(choose(model, "a", MOOD), prior)
    assert after.probabilities == pytest.approx(choose(model, "a", MOOD, prior=prior).probabilities)


@given(st.lists(st.floats(0.01, 0.99), min_size=1, max_size=5), st.floats(0.01, 0.99))
def test_an_answer_equal_to_the_prior_says_nothing(others: list[float], one: float) -> None:
    prior = prior_of([Chosen({"good": p, "bad": 1 - p}) for p in others])
    usual = Chosen({label: math.exp(value) for label, value in prior.items()})
    assert calibrated(usual, prior).probabilities["good"] == pytest.approx(0.5)
    found = calibrated(Chosen({"good": one, "bad": 1 - one}), prior).probabilities
    assert sum(found.values()) == pytest.approx(1)
    assert (found["good"] > 0.5) == (one > usual.probabilities["good"]) or one == pytest.approx(
        usual.probabilities["good"]
    )


def test_all_words_of_a_label_count_together() -> None:
    choice = Choice({"good": ("good", "fine"), "bad": ("bad",)})
    pairs = {
        ("a", "good"): math.log(0.2),
        ("a", "fine"): math.log(0.3),
        ("a", "bad"): math.log(0.5),
    }
    found = choose(Scripted([""], abilities=SCORES, likelihoods=pairs), "a", choice)
    assert found.probabilities == pytest.approx({"good": 0.5, "bad": 0.5})


def test_an_engine_that_cannot_score_answers_within_the_labels_and_says_so() -> None:
    model = Scripted(["bad"], abilities=KEEPS)
    found = choose(model, "a", Choice({"+": ("good",), "-": ("bad", 'so "so"')}))
    assert found.label == "-" and found.by == "answer" and not found.calibrated
    assert model.asked[0].constraint == Grammar('root ::= "good" | "bad" | "so \\"so\\""')


def test_an_engine_that_keeps_to_nothing_is_taken_at_its_first_word() -> None:
    assert choose(Scripted(["**Bad**, I think."]), "a", MOOD).label == "bad"
    with pytest.raises(OutputError, match="none of the 2 labels") as caught:
        choose(Scripted(["Who knows?"]), "a", MOOD)
    assert caught.value.text == "Who knows?"


def test_a_prior_is_not_made_of_answers_that_were_read_against_one() -> None:
    with pytest.raises(ValueError, match="another prior"):
        prior_of([Chosen({"good": 1.0, "bad": 0.0}, calibrated=True)])
    with pytest.raises(ValueError, match="needs answers"):
        prior_of([])


@pytest.mark.parametrize("words", [{"a": ("x",)}, {"a": (), "b": ("x",)}, {"a": ("x",), "b": ("x",)}, {"a": (" ",), "b": ("x",)}])  # fmt: skip
def test_a_choice_without_sense_is_refused(words: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(ValueError):
        Choice(words)


def test_random_inputs_are_words_of_the_domain_and_the_same_each_time() -> None:
    texts = ["red wool hat", "warm blue socks of wool"]
    found = random_inputs(texts, number=5, seed=1)
    assert found == random_inputs(texts, number=5, seed=1) and len(found) == 5
    assert {word for one in found for word in one.split()} <= set(" ".join(texts).split())
    assert all(len(one.split()) == 4 for one in found)


def test_smollm2_says_what_it_always_says_until_it_is_read_against_a_prior(
    engine: LanguageModel,
) -> None:
    def question(text: str) -> tuple[Message, ...]:
        ask = "Is this review positive or negative? Answer with one word."
        return (Message("user", f"{ask}\n\n{json.dumps(text)}"),)

    mood = Choice.of("positive", "negative")
    prior = prior_of([choose(engine, question(text), mood) for text in CONTENT_FREE])
    texts = {
        "positive": "I love it, the best I ever bought. Perfect!",
        "negative": "Terrible. It broke at once, a waste of money.",
    }
    found = {k: choose(engine, question(text), mood, prior=prior) for k, text in texts.items()}
    assert found["positive"].probabilities["positive"] > found["negative"].probabilities["positive"]
    assert all(sum(one.probabilities.values()) == pytest.approx(1) for one in found.values())
