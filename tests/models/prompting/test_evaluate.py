"""A measured run says what each row came to, and goes on where it was stopped."""

from pathlib import Path

import pytest

from shopkeeper.measures import wilson
from shopkeeper.models.engines.contract import LanguageModel
from shopkeeper.models.prompting import Example, Kept, evaluate, pool
from shopkeeper.models.prompting.tasks import ATTRIBUTES, SENTIMENT, Titled, Written, title_task
from shopkeeper.models.prompting.tasks.reading import attributes_type
from shopkeeper.models.prompting.tasks.writing import Facts

ROWS = [
    Example(Written(text="I love it, works great."), "positive"),
    Example(Written(text="Wonderful gift, so happy!"), "positive"),
    Example(Written(text="Terrible. I want my money back."), "negative"),
    Example(Written(text="Broke after one day, useless junk."), "negative"),
]


def test_a_run_that_is_repeated_asks_nothing_again(model: LanguageModel, tmp_path: Path) -> None:
    file = tmp_path / "kept.jsonl"
    inputs = [row.given for row in ROWS]
    first = evaluate(
        SENTIMENT, ROWS[:2], model, pool=pool(SENTIMENT, []), unlabelled=inputs, kept=Kept(file)
    )
    lines = file.read_text().splitlines()
    assert len(lines) == 3  # two rows and the prior
    file.write_text("\n".join([*lines, '{"key": "cut o']))
    whole = evaluate(
        SENTIMENT, ROWS[:2], model, pool=pool(SENTIMENT, []), unlabelled=inputs, kept=Kept(file)
    )
    assert whole == first
    assert file.read_text().splitlines() == [*lines, '{"key": "cut o']


def test_a_report_counts_what_was_right(model: LanguageModel) -> None:
    report = evaluate(
        SENTIMENT,
        ROWS,
        model,
        pool=pool(SENTIMENT, []),
        unlabelled=[row.given for row in ROWS],
    )
    assert (report.low, report.high) == wilson(report.figure, 4)
    assert report.figure >= 0.75
    assert report.greedy is not None
    assert report.prompt_tokens > 4 * 40
    assert report.failed == 0


def test_facts_are_measured_together(model: LanguageModel) -> None:
    names = ("Brand", "Volume")
    row = Example(
        Titled(title="ACME backpack 45 l", attributes=names),
        attributes_type(names)(Brand="ACME", Volume="45 l"),
    )
    report = evaluate(ATTRIBUTES, [row], model, pool=pool(ATTRIBUTES, []))
    assert report.measure == "F1"
    assert report.figure in (0.0, 0.5, 2 / 3, 1.0)


def test_a_prompt_that_does_not_fit_counts_as_wrong(model: LanguageModel) -> None:
    row = Example(Written(text="word " * 9000), "positive")
    report = evaluate(SENTIMENT, [row], model, pool=pool(SENTIMENT, []))
    assert report.failed == 1
    assert report.figure == 0


@pytest.mark.parametrize("rows", [0, 1])
def test_written_texts_have_a_grade(model: LanguageModel, rows: int) -> None:
    row = Example(Facts(facts={"brand": "Acme", "kind": "backpack"}), "Acme backpack")
    report = evaluate(title_task(), [row][:rows], model, pool=pool(title_task(), []))
    assert report.measure == "grade"
    assert 0 <= report.figure <= 1
