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
    Choice,
    Chosen,
    calibrated,
    choose,
    normalised,
    prior_of,
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


def test_a_prior_is_the_geometric_mean_and_few_answers_count_less() -> None:
    answers = [Chosen({"good": 0.9, "bad": 0.1}), Chosen({"good": 0.7, "bad": 0.3})]
    prior = prior_of(answers)
    odds = math.log(9) / 2 + math.log(7 / 3) / 2
    assert prior["good"] - prior["bad"] == pytest.approx(odds * 2 / 3)
    assert sum(map(math.exp, prior.values())) == pytest.approx(1)
    many = prior_of(answers * 50)
    assert many["good"] - many["bad"] == pytest.approx(odds * 100 / 101)


def test_one_sure_answer_among_many_moves_a_prior_little() -> None:
    labels = [f"intent {n}" for n in range(20)]
    even = Chosen(dict.fromkeys(labels, 1 / 20))
    sure = Chosen({label: 0.81 if label == labels[0] else 0.01 for label in labels})
    prior = prior_of([even] * 15 + [sure])
    assert prior[labels[0]] - prior[labels[1]] < math.log(81) / 16


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


@given(st.dictionaries(st.text(min_size=1), st.floats(-1e4, 0), min_size=1))
def test_normalised_scores_add_up_to_one_and_keep_their_order(table: dict[str, float]) -> None:
    found = normalised(table)
    assert sum(map(math.exp, found.values())) == pytest.approx(1)
    labels = sorted(table, key=table.__getitem__)
    assert [found[label] for label in labels] == sorted(found.values())


def test_labels_count_up_to_where_they_differ() -> None:
    words = ("track order", "track refund", "review", "好评", "差评", "get", "get it")
    assert list(Choice.of(*words).beginnings().values()) == [
        "track order", "track refund", "review", "好", "差", "get", "get it"
    ]  # fmt: skip


WORDS = st.text("ab 好", min_size=1).filter(str.strip)


@given(st.lists(WORDS, min_size=2, max_size=5, unique_by=str.strip))
def test_beginnings_begin_their_words_and_stay_apart(words: list[str]) -> None:
    found = Choice.of(*words).beginnings()
    assert all(text.startswith(beginning) for text, beginning in found.items())
    assert len(set(found.values())) == len(words)


def test_an_engine_that_cannot_score_answers_within_the_labels_and_says_so() -> None:
    model = Scripted(["bad"], abilities=KEEPS)
    found = choose(model, "a", Choice({"+": "good", "-": "bad", "0": 'so "so"'}))
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


@pytest.mark.parametrize("words", [{"a": "x"}, {"a": "", "b": "x"}, {"a": "x", "b": " x"}, {"a": " ", "b": "x"}])  # fmt: skip
def test_a_choice_without_sense_is_refused(words: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        Choice(words)


def test_smollm2_echoes_the_last_example_until_it_is_read_against_a_prior(
    engine: LanguageModel,
) -> None:
    ask = "Is this review positive or negative? Answer with one word.\n\n"
    examples = ("It leaks. Never again.", "negative"), ("My new favourite, so soft!", "positive")
    shown = [
        message
        for text, label in examples
        for message in (Message("user", ask + json.dumps(text)), Message("assistant", label))
    ]
    texts = {
        "I love it, the best I ever bought. Perfect!": "positive",
        "Terrible. It broke at once, a waste of money.": "negative",
        "Wonderful quality, fits well, great price.": "positive",
        "Useless and ugly. I want a refund.": "negative",
    }
    asked = [(*shown, Message("user", ask + json.dumps(text))) for text in texts]
    plain = [choose(engine, prompt, Choice.of("positive", "negative")) for prompt in asked]
    assert [one.label for one in plain] == ["positive"] * 4
    prior = prior_of(plain)
    assert [calibrated(one, prior).label for one in plain] == list(texts.values())
