"""Tasks on a real model: what comes back is of the task's type, checked, and read against a prior."""

import math

import pytest

from shopkeeper.models.engines.contract import LanguageModel
from shopkeeper.models.prompting import Example, pool, prior_of, run, said_by
from shopkeeper.models.prompting.tasks import (
    ATTRIBUTES,
    SENTIMENT,
    Titled,
    Written,
    title_task,
    translation_task,
)
from shopkeeper.models.prompting.tasks.writing import Facts, Passage

GOOD = ("I love it.", "Works great, very happy!", "Wonderful quality.", "Best purchase ever.")
BAD = ("Broke after a day.", "Terrible, want a refund.", "Useless and ugly.", "It stinks.")
BOTH = [Written(text=text) for text in (*GOOD, *BAD)]


def test_a_prior_takes_away_what_the_model_always_says(model: LanguageModel) -> None:
    prior = prior_of(SENTIMENT, model, [(given, ()) for given in BOTH])
    read = [run(SENTIMENT, model, given, prior=prior).output for given in BOTH]
    assert read[:4] == ["positive"] * 4
    assert read.count("negative") >= 2


def test_probabilities_add_up_to_one(model: LanguageModel) -> None:
    result = run(SENTIMENT, model, BOTH[0])
    assert math.isclose(sum(result.probabilities.values()), 1)
    assert result.output == max(result.probabilities, key=result.probabilities.__getitem__)
    assert result.prompt == "sentiment.v1"


def test_a_label_said_greedily_is_one_of_the_labels(model: LanguageModel) -> None:
    assert said_by(SENTIMENT, model, BOTH[5]).output in ("positive", "negative")


def test_a_record_is_of_its_type_whatever_the_model_thinks(model: LanguageModel) -> None:
    given = Titled(title="ACME backpack 45 l blue", attributes=("Brand", "Colour"))
    result = run(ATTRIBUTES, model, given)
    assert set(result.output.model_dump(by_alias=True)) == {"Brand", "Colour"}
    assert result.usage.completion_tokens > 0


def test_a_text_is_one_line(model: LanguageModel) -> None:
    result = run(title_task(), model, Facts(facts={"brand": "Acme", "kind": "backpack"}))
    assert result.output
    assert "\n" not in result.output


def test_a_translation_that_is_none_does_not_pass(model: LanguageModel) -> None:
    result = run(translation_task("zh"), model, Passage(text="A blue backpack of 45 litres."))
    assert result.problems  # this model speaks no Chinese


def test_examples_cost_tokens_and_the_fixed_part_is_not_computed_again(
    model: LanguageModel,
) -> None:
    examples = [Example(Written(text=text), "negative") for text in BAD[1:]]
    shown = pool(SENTIMENT, examples).choose(BOTH[0], shots=3)
    bare = run(SENTIMENT, model, BOTH[0])
    first = run(SENTIMENT, model, BOTH[0], examples=shown)
    second = run(SENTIMENT, model, BOTH[1], examples=shown)
    assert first.usage.prompt_tokens > bare.usage.prompt_tokens
    assert second.usage.cached_tokens > first.usage.prompt_tokens / 2


def test_a_prior_needs_inputs(model: LanguageModel) -> None:
    with pytest.raises(ValueError, match="inputs to ask about"):
        prior_of(SENTIMENT, model, [])
