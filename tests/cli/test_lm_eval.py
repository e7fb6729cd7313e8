"""`shopkeeper lm eval`: models measured on a file of rows."""

import json
from pathlib import Path

import pytest

from shopkeeper.models import hub
from shopkeeper.settings import Settings
from tests.cli.conftest import Run

GOOD = ("Love it", "Great quality", "Perfect gift", "So happy with this")
BAD = ("Broke at once", "Terrible smell", "Want a refund", "Useless junk")


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """Eight reviews with their sentiment."""
    path = tmp_path / "rows.csv"
    lines = [f"{t},positive" for t in GOOD] + [f"{t},negative" for t in BAD]
    path.write_text("\n".join(["text,label", *lines]))
    return path


def test_a_table_has_each_model_with_each_number_of_shots_and_the_rival(
    shop: Run, rows: Path, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if hub.path_here("smollm2-135m", settings.cache_folder) is None:
        pytest.skip("smollm2-135m is not fetched: shopkeeper models pull smollm2-135m")
    small = {"kind": "llama.cpp", "model": "smollm2-135m", "threads": 1, "parallel": 1}
    monkeypatch.setenv("SHOPKEEPER_ENGINES", json.dumps({"small": small}))
    kept = tmp_path / "kept.jsonl"
    command = (
        "lm", "eval", "sentiment", rows, "--train", rows, "--input", "text", "--output", "label",
        "--models", "small", "--shots", "0,2", "--sample", "3", "--results", kept,
    )  # fmt: skip
    done = shop(*command)
    assert done.code == 0, done.err
    assert done.out.count("smollm2-135m") == 2
    assert "linear" in done.out
    assert "accuracy" in done.out and "greedy" in done.out
    written = kept.read_text()
    assert len(written.splitlines()) == 2 * (3 + 1)
    assert shop(*command).out == done.out
    assert kept.read_text() == written


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nonsense",), "there is no task 'nonsense'"),
        (("sentiment", "--shots", "4"), "--shots over 0 need examples"),
        (("sentiment", "--shots", "a"), "--shots 'a' are not numbers"),
        (("sentiment", "--shots", "0", "--input", "texts"), "there is no column 'texts'"),
    ],
)
def test_what_cannot_be_measured_is_said(
    shop: Run, rows: Path, arguments: tuple[str, ...], told: str
) -> None:
    task, *options = arguments
    columns = () if "--input" in options else ("--input", "text")
    done = shop("lm", "eval", task, rows, "--output", "label", *columns, *options)
    assert done.code == 1
    assert told in done.err
