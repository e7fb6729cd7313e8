"""Rows to learn from: read from a file, checked one by one, and split by content. Needs no torch.

A file is JSON lines, CSV or Parquet (the first two also with .gz). A bad row stops nothing: it is kept aside with its
line and what is wrong, and counted. Which side of the split a row is on depends on its text alone, so that a row that
comes twice, in this file or a later one, is never both trained on and tested.
"""

import csv
import gzip
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import pyarrow
import pyarrow.parquet as parquet

from shopkeeper.errors import ArtifactError, FeedError
from shopkeeper.text.normalise import normalise
from shopkeeper.training.finetune.plan import FinetunePlan
from shopkeeper.training.finetune.tasks import FinetuneTask, Row
from shopkeeper.training.storage import storing

Side = Literal["train", "validation", "test"]
SIDES: tuple[Side, ...] = ("train", "validation", "test")
FOLDER, ASIDE = "rows", "bad_rows.jsonl"
BAD_SHARE = 0.5  # more bad rows than this, and the file is of another kind


@dataclass(frozen=True, slots=True)
class Bad:
    """A row that is kept aside. place: file and line."""

    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class Split:
    """Rows by side. repeated: rows that were there before, word for word. moved: left out of training because their
    text is in validation or test. sha256: of all rows, in their order."""

    train: Sequence[Row]
    validation: Sequence[Row]
    test: Sequence[Row]
    bad: Sequence[Bad] = ()
    repeated: int = 0
    moved: int = 0

    @property
    def sha256(self) -> str:
        """Of all rows, side by side in their order."""
        digest = sha256()
        for side in SIDES:
            for row in getattr(self, side):
                digest.update(_line(row).encode())
        return digest.hexdigest()

    def __str__(self) -> str:
        said = [f"{len(getattr(self, side)):,} {side}" for side in SIDES]
        aside = {"bad": len(self.bad), "repeated": self.repeated, "also in test": self.moved}
        return ", ".join(said + [f"{count:,} {name}" for name, count in aside.items() if count])


def read_rows(path: Path) -> Iterator[tuple[str, Row | Bad]]:
    """Each row of a file with its place, as it is written. Raises FeedError if the file cannot be read at all."""
    name = path.name.removesuffix(".gz")
    if not path.is_file():
        raise FeedError(
            f"{path} is not there", hint="name a file of rows: .jsonl, .csv or .parquet"
        )
    try:
        if name.endswith(".parquet"):
            yield from _parquet(path)
        elif name.endswith(".csv"):
            yield from _csv(path)
        elif name.endswith((".jsonl", ".ndjson", ".json")):
            yield from _json_lines(path)
        else:
            raise FeedError(f"{path}: rows of this kind are not read", hint="write .jsonl, .csv or .parquet")  # fmt: skip
    except (OSError, UnicodeDecodeError, csv.Error, EOFError, pyarrow.ArrowException) as error:
        raise FeedError(f"{path}: cannot be read: {error}", hint="write it as UTF-8") from error


def _json_lines(path: Path) -> Iterator[tuple[str, Row | Bad]]:
    with _text(path) as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            place = f"{path}:{number}"
            try:
                found = json.loads(line)
            except ValueError as error:
                yield place, Bad(place, f"not JSON: {error}")
                continue
            yield place, found if isinstance(found, dict) else Bad(place, "not a JSON object")


def _csv(path: Path) -> Iterator[tuple[str, Row | Bad]]:
    with _text(path) as file:
        reader = csv.DictReader(file)
        for row in reader:
            place = f"{path}:{reader.line_num}"
            if None in row or None in row.values():
                yield place, Bad(place, f"not as many cells as the head has: {len(reader.fieldnames or ())}")  # fmt: skip
            else:
                yield place, row


def _parquet(path: Path) -> Iterator[tuple[str, Row | Bad]]:
    with parquet.ParquetFile(path) as file:
        number = 0
        for batch in file.iter_batches(1024):
            for row in batch.to_pylist():
                number += 1
                yield f"{path}: row {number}", row


def _text(path: Path) -> Any:
    opened = gzip.open if path.suffix == ".gz" else open
    return opened(path, "rt", encoding="utf-8-sig", newline="")


def checked_rows(
    rows: Iterable[tuple[str, Row | Bad]], task: FinetuneTask, plan: FinetunePlan
) -> tuple[list[Row], list[Bad]]:
    """The rows that the task can use, and those it cannot, with what is wrong."""
    good: list[Row] = []
    bad: list[Bad] = []
    for place, row in rows:
        if isinstance(row, Bad):
            bad.append(row)
            continue
        try:
            good.append(task.checked(row, plan))
        except ValueError as error:
            bad.append(Bad(place, " ".join(str(error).split())))
    return good, bad


def split_rows(plan: FinetunePlan, task: FinetuneTask, *, needed: Sequence[Side] = SIDES) -> Split:
    """The rows of the plan's files, on their sides. Raises FeedError if most are bad, or one of `needed` would be empty."""
    sides: dict[Side, list[Row]] = {side: [] for side in SIDES}
    bad: list[Bad] = []
    given = {"train": plan.data, "validation": plan.validation, "test": plan.test}
    for side, file in given.items():
        if not file:
            continue
        good, wrong = checked_rows(read_rows(Path(file).expanduser()), task, plan)
        if len(wrong) > BAD_SHARE * (len(good) + len(wrong)) or not good:
            first = (
                f"{wrong[0].place}: {wrong[0].reason}" if wrong else f"{file}: there are no rows"
            )
            raise FeedError(
                f"{first} ({len(wrong):,} of {len(good) + len(wrong):,} rows of this file are bad)",
                hint=f"rows of {plan.task} are described in docs/fine-tuning.md",
            )
        bad += wrong
        for row in good:
            sides[_side(row, plan, task) if side == "train" else side].append(row)  # type: ignore[index]
    split = _apart(sides, task, bad)
    for side in needed:
        if not getattr(split, side):
            raise FeedError(
                f"{plan.data}: no row is left for {side} ({split})",
                hint="more rows, larger shares, or files for --validation and --test",
            )
    return split


def _side(row: Row, plan: FinetunePlan, task: FinetuneTask) -> Side:
    """By the hash of the row's text, as a number in [0, 1); a side that has a file of its own takes no share."""
    number = int.from_bytes(_key(task, row)[:8], "big") / 2**64
    test = 0.0 if plan.test else plan.test_share
    validation = 0.0 if plan.validation else plan.validation_share
    if number < test:
        return "test"
    return "validation" if number < test + validation else "train"


def _key(task: FinetuneTask, row: Row) -> bytes:
    return sha256(" ".join(normalise(task.identity(row)).split()).encode()).digest()


def _apart(sides: Mapping[Side, Sequence[Row]], task: FinetuneTask, bad: Sequence[Bad]) -> Split:
    """No row twice, and no text of test or validation in what is before them in being learnt from."""
    kept: dict[Side, list[Row]] = {}
    elsewhere: set[bytes] = set()
    repeated = moved = 0
    for side in reversed(SIDES):
        seen: set[str] = set()
        kept[side] = []
        for row in sides[side]:
            line, key = _line(row), _key(task, row)
            if key in elsewhere:
                moved += 1
            elif line in seen:
                repeated += 1
            else:
                seen.add(line)
                kept[side].append(row)
        elsewhere |= {_key(task, row) for row in kept[side]}
    return Split(kept["train"], kept["validation"], kept["test"], tuple(bad), repeated, moved)


def keep_split(run: Path, split: Split) -> None:
    """Write the rows of each side, and those kept aside, into the run's folder. Raises StorageError."""
    with storing(run):
        (run / FOLDER).mkdir(parents=True, exist_ok=True)
        for side in SIDES:
            _write(run / FOLDER / f"{side}.jsonl", map(_line, getattr(split, side)))
        _write(run / FOLDER / ASIDE, (json.dumps(asdict(bad), ensure_ascii=False) for bad in split.bad))  # fmt: skip


def kept_split(run: Path) -> Split:
    """What `keep_split` wrote. Raises ArtifactError."""
    try:
        sides = {
            side: [
                json.loads(line)
                for line in (run / FOLDER / f"{side}.jsonl").read_text("utf-8").split("\n")
                if line
            ]
            for side in SIDES
        }
        lines = (run / FOLDER / ASIDE).read_text("utf-8").split("\n")
        bad = [Bad(**json.loads(line)) for line in lines if line]
    except (OSError, TypeError, ValueError) as error:
        raise ArtifactError(
            f"{run / FOLDER}: the run's rows cannot be read: {error}", hint="begin a new run"
        ) from error
    return Split(sides["train"], sides["validation"], sides["test"], bad)


def _write(path: Path, lines: Iterable[str]) -> None:
    part = path.with_name(path.name + ".part")
    with part.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in lines)
    part.replace(path)


def _line(row: Row) -> str:
    return json.dumps(dict(row), ensure_ascii=False, sort_keys=True, default=str)
