"""Rows with right answers, from a file: JSON lines or CSV with a column of inputs and one of outputs."""

import csv
import io
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from shopkeeper.errors import FeedError
from shopkeeper.models.prompting.task import Example, Task
from shopkeeper.models.prompting.tasks.labelled import intents_named
from shopkeeper.models.structured import Choice


def read_rows(path: Path, *, given: str = "input", output: str = "output") -> list[tuple[Any, Any]]:
    """Inputs and outputs as the file has them, in its order. given, output: names of the columns.

    A cell of a CSV that begins with `{` or `[` is JSON. Raises FeedError naming file and line.
    """
    rows = []
    for place, row in _records(path):
        missing = [name for name in (given, output) if name not in row]
        if missing:
            raise FeedError(
                f"{path}:{place}: there is no column {missing[0]!r}",
                hint=f"name it by --input and --output; there are {', '.join(map(str, row))}",
            )
        rows.append((row[given], row[output]))
    if not rows:
        raise FeedError(f"{path}: there are no rows", hint="write one JSON object a line, or CSV")
    return rows


def with_labels_of(task: Task[Any, Any], rows: Sequence[tuple[Any, Any]]) -> Task[Any, Any]:
    """The task, or where its labels are not those of these rows, one of its kind with theirs (intents only)."""
    if not isinstance(task.answer, Choice) or task.name != "intent":
        return task
    names = sorted({str(output) for _, output in rows})
    return task if set(names) <= set(task.answer.words) else intents_named(names)


def examples_of(
    task: Task[Any, Any], rows: Sequence[tuple[Any, Any]], *, path: Path
) -> list[Example[Any, Any]]:
    """The rows as the task's own types. Raises FeedError naming file and row."""
    return [_example(task, row, f"{path}: row {n}") for n, row in enumerate(rows, 1)]


def sample(rows: Sequence[Any], number: int | None, *, seed: int) -> list[Any]:
    """At most so many of the rows, drawn by the seed, in their order; None for all."""
    if number is None or number >= len(rows):
        return list(rows)
    return [rows[i] for i in sorted(random.Random(seed).sample(range(len(rows)), number))]


def _records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FeedError(f"{path}: cannot be read: {error}", hint="write it as UTF-8") from error
    if path.suffix == ".csv":
        reader = csv.DictReader(io.StringIO(text, newline=""))
        for row in reader:
            yield reader.line_num, {name: _cell(value) for name, value in row.items()}
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, _json_object(line, f"{path}:{number}")


def _json_object(line: str, where: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise FeedError(f"{where}: not JSON: {error}", hint="one JSON object a line") from error
    if not isinstance(found, dict):
        raise FeedError(f"{where}: not a JSON object", hint='write {"input": …, "output": …}')
    return found


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _example(task: Task[Any, Any], row: tuple[Any, Any], where: str) -> Example[Any, Any]:
    given, output = row
    first = next(iter(task.input_type.model_fields))
    fields = given if isinstance(given, dict) else {first: given}
    try:
        asked = task.input_type.model_validate(fields)
        return Example(asked, task.read_expected(output, asked))
    except (ValidationError, ValueError) as error:
        reason = str(error).replace("\n", " ")
        raise FeedError(
            f"{where}: {reason}",
            hint=f"an input of {task.name} has {', '.join(task.input_type.model_fields)}",
        ) from error
