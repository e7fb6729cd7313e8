"""Rows are read, checked and split so that nothing tested was ever trained on."""

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.errors import FeedError
from shopkeeper.training.finetune.data import Bad, keep_split, kept_split, read_rows, split_rows
from shopkeeper.training.finetune.order import Order
from shopkeeper.training.finetune.plan import FinetunePlan
from shopkeeper.training.finetune.tasks import task_of
from tests.training.finetune.small import ROWS, write_rows

TASK = task_of("generation")


def plan(data: Path, **more: object) -> FinetunePlan:
    return FinetunePlan("generation", "base", str(data), **more)  # type: ignore[arg-type]


def test_the_same_rows_come_out_of_every_kind_of_file(tmp_path: Path) -> None:
    lines = write_rows(tmp_path / "rows.jsonl").read_bytes()
    (tmp_path / "rows.jsonl.gz").write_bytes(gzip.compress(lines))
    table = "input,output\n" + "".join(f"{r['input']},{r['output']}\n" for r in ROWS)
    (tmp_path / "rows.csv").write_text(table, encoding="utf-8")
    parquet.write_table(pa.Table.from_pylist(ROWS), tmp_path / "rows.parquet")
    for name in ("rows.jsonl", "rows.jsonl.gz", "rows.csv", "rows.parquet"):
        assert [row for _, row in read_rows(tmp_path / name)] == ROWS


def test_bad_rows_are_kept_aside_with_their_line(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.jsonl")
    bad = ["{broken", "[1]", json.dumps({"input": "x"}), json.dumps({"input": "", "output": "y"})]
    path.write_text(path.read_text() + "\n".join(bad) + "\n")
    split = split_rows(plan(path), TASK)
    places = [each.place for each in split.bad]
    assert places == [f"{path}:{len(ROWS) + n}" for n in (1, 2, 3, 4)]
    assert "not JSON" in split.bad[0].reason and "no 'output'" in split.bad[2].reason
    keep_split(tmp_path, split)
    kept = (tmp_path / "rows" / "bad_rows.jsonl").read_text().splitlines()
    assert [Bad(**json.loads(line)) for line in kept] == list(split.bad)
    assert kept_split(tmp_path).sha256 == split.sha256


def test_a_file_of_another_kind_is_refused_with_its_first_fault(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"question": "a", "answer": "b"}\n' * 3)
    with pytest.raises(FeedError, match=r"rows\.jsonl:1: there is no 'input'.*3 of 3 rows"):
        split_rows(plan(path), TASK)
    with pytest.raises(FeedError, match="is not there"):
        split_rows(plan(tmp_path / "none.jsonl"), TASK)
    write_rows(path, ROWS[:2])
    with pytest.raises(FeedError, match="no row is left for"):
        split_rows(plan(path), TASK)


texts = st.lists(st.integers(0, 60), min_size=150, max_size=300)


@given(texts, st.floats(0.1, 0.4), st.floats(0.1, 0.4))
def test_a_text_is_on_one_side_alone(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[int], validation: float, test: float
) -> None:
    rows = [{"input": f"Text  {n}", "output": str(i % 3)} for i, n in enumerate(numbers)]
    rows += [{"input": f"text {n} ", "output": "9"} for n in numbers[::5]]
    path = write_rows(tmp_path_factory.mktemp("rows") / "rows.jsonl", rows)
    try:
        split = split_rows(plan(path, validation_share=validation, test_share=test), TASK)
    except FeedError as error:
        assert "no row is left" in str(error)
        return
    sides = [{row["input"].strip().casefold().split()[1] for row in side} for side in (split.train, split.validation, split.test)]  # fmt: skip
    assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])
    kept = [json.dumps(row, sort_keys=True) for side in (split.train, split.validation, split.test) for row in side]  # fmt: skip
    assert len(kept) == len(set(kept))
    assert len(kept) + split.repeated == len(rows)


def test_rows_of_a_test_file_are_taken_out_of_training(tmp_path: Path) -> None:
    path, test = write_rows(tmp_path / "rows.jsonl"), write_rows(tmp_path / "test.jsonl", ROWS[:20])
    split = split_rows(plan(path, test=str(test)), TASK)
    assert len(split.test) == 20 and split.moved == 20
    assert not {r["input"] for r in split.test} & {r["input"] for r in [*split.train, *split.validation]}  # fmt: skip


@given(st.lists(st.integers(1, 300), min_size=1, max_size=120), st.integers(1, 20), st.integers(0, 5))  # fmt: skip
def test_every_epoch_has_every_row_once(lengths: list[int], at_once: int, seed: int) -> None:
    order = Order(lengths, seed=seed, rows_at_once=at_once)
    for epoch in (0, 1, 5):
        places = range(epoch * len(lengths), (epoch + 1) * len(lengths))
        assert sorted(order.rows(places)) == list(range(len(lengths)))
    again = Order(lengths, seed=seed, rows_at_once=at_once)
    assert [again.rows(range(i, i + 1))[0] for i in range(7)] == order.rows(range(7))
