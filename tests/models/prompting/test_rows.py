"""Rows with right answers come out of files, or the file and the line are named."""

from pathlib import Path

import pytest

from shopkeeper.errors import FeedError
from shopkeeper.models.prompting.rows import examples_of, read_rows, sample
from shopkeeper.models.prompting.tasks import ATTRIBUTES, SENTIMENT, Titled


def test_csv_and_json_lines_say_the_same(tmp_path: Path) -> None:
    table, lines = tmp_path / "rows.csv", tmp_path / "rows.jsonl"
    table.write_text('text,label\n"two\nlines",positive\n')
    lines.write_text('{"text": "two\\nlines", "label": "positive"}\n\n')
    for path in (table, lines):
        rows = read_rows(path, given="text", output="label")
        (example,) = examples_of(SENTIMENT, rows, path=path)
        assert example.given.text == "two\nlines"
        assert example.output == "positive"


def test_inputs_of_several_fields_are_objects(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(
        '{"input": {"title": "ACME 45 l", "attributes": ["Brand", "Size"]}, "output": {"Brand": "ACME"}}\n'
    )
    (example,) = examples_of(ATTRIBUTES, read_rows(path), path=path)
    assert example.given == Titled(title="ACME 45 l", attributes=("Brand", "Size"))
    assert ATTRIBUTES.said(example.output) == '{"Brand": "ACME", "Size": null}'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"input": "x"}', r"rows.jsonl:1: there is no column 'output'"),
        ('{"input": "x", "output": "positive"}\n{', r"rows.jsonl:2: not JSON"),
        ("[1]", r"rows.jsonl:1: not a JSON object"),
        ("", r"rows.jsonl: there are no rows"),
        ('{"input": "x", "output": "fine"}', r"rows.jsonl: row 1: the output 'fine' is none of"),
        ('{"input": "", "output": "positive"}', r"rows.jsonl: row 1: .*at least 1 character"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_place(
    tmp_path: Path, text: str, told: str
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(text)
    with pytest.raises(FeedError, match=told):
        examples_of(SENTIMENT, read_rows(path), path=path)


def test_a_sample_is_the_same_for_the_same_seed() -> None:
    rows = list(range(100))
    assert sample(rows, 10, seed=1) == sample(rows, 10, seed=1)
    assert sample(rows, 10, seed=1) != sample(rows, 10, seed=2)
    assert sample(rows, None, seed=1) == sample(rows, 200, seed=1) == rows
