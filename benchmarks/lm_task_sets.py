"""Real rows for the tasks of language models: what a model is shown, what it is asked, and all there is to learn from.

Examples and everything that is chosen come from train parts. `part="train"` gives rows to choose by, none of which is
shown or in the test part.
"""

import csv
import gzip
import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow.parquet as parquet

from shopkeeper.models.prompting import PRIOR_ROWS, Example, Task
from shopkeeper.models.prompting.tasks import ATTRIBUTES, SENTIMENT, SENTIMENT_ZH, Titled, Written
from shopkeeper.models.prompting.tasks.labelled import intents_named
from shopkeeper.models.prompting.tasks.reading import attributes_type

Part = Literal["train", "test"]
SEED = 0
POOL = 200  # rows that sentiment examples are drawn from
HELD_BACK = 400  # rows of the train part to choose by
CHARACTERS = {"sentiment": 200, "sentiment_zh": 60}  # reviews are cut here, for all systems alike
PER_INTENT = 10
ZH_TRAIN, ZH_TEST = 12_000, 2_000


@dataclass(frozen=True, slots=True)
class TaskSet:
    """Rows of one task. pool: what may be shown. unlabelled: inputs for priors. nearest: embedder that ranks the pool,
    empty if every row is shown the same examples. share: of the usual number of rows, since some take longer."""

    name: str
    task: Task[Any, Any]
    pool: Sequence[Example[Any, Any]]
    unlabelled: Sequence[Any]
    train: Sequence[Example[Any, Any]]
    rows: Sequence[Example[Any, Any]]
    nearest: str = ""
    share: float = 1.0


def task_sets(data: Path, part: Part = "test") -> Iterator[TaskSet]:
    """The four of them, in the order in which they are measured."""
    polarity = data / "reviews" / "amazon_polarity10k"
    yield _sentiment(
        "sentiment",
        SENTIMENT,
        _shuffled(_polarity(polarity / "amazon.train.txt.gz")),
        _shuffled(_polarity(polarity / "amazon.test.txt.gz")),
        part,
    )
    chinese = _shuffled(_chinese(data / "reviews" / "zh_shopping_reviews"))
    test, train = chinese[:ZH_TEST], chinese[ZH_TEST : ZH_TEST + ZH_TRAIN]
    yield _sentiment("sentiment_zh", SENTIMENT_ZH, train, test, part)
    yield _intent(data / "support" / "bitext-intents", part)
    yield _attributes(data / "knowledge" / "ae110k_oamine", part)


def _sentiment(
    name: str,
    task: Task[Written, str],
    train: Sequence[tuple[str, str]],
    test: Sequence[tuple[str, str]],
    part: Part,
) -> TaskSet:
    known, held = (
        [Example(Written(text=text[: CHARACTERS[name]]), label) for text, label in rows]
        for rows in (train, test)
    )
    pool, asked = known[:POOL], known[POOL : POOL + PRIOR_ROWS]
    rest = known[POOL + PRIOR_ROWS :]
    if part == "train":
        rest, held = rest[HELD_BACK:], rest[:HELD_BACK]
    return TaskSet(name, task, pool, [one.given for one in asked], [*pool, *rest], held)


def _intent(folder: Path, part: Part) -> TaskSet:
    """10 utterances an intent to show, those nearest to the question."""
    train = _shuffled(_utterances(folder / "train.csv.gz"))
    task = intents_named(sorted({intent for _, intent in train}))
    seen: Counter[str] = Counter()
    pool: list[Example[Written, str]] = []
    rest: list[Example[Written, str]] = []
    for text, intent in train:
        seen[intent] += 1
        few = seen[intent] <= PER_INTENT
        (pool if few else rest).append(Example(Written(text=text), intent))
    unlabelled, rest = [one.given for one in rest[:PRIOR_ROWS]], rest[PRIOR_ROWS:]
    rows = [
        Example(Written(text=text), intent)
        for text, intent in _shuffled(_utterances(folder / "test.csv.gz"))
    ]
    if part == "train":
        rest, rows = rest[HELD_BACK:], rest[:HELD_BACK]
    return TaskSet("intent", task, pool, unlabelled, [*pool, *rest], rows, "minilm-l6", 0.75)


def _attributes(folder: Path, part: Part) -> TaskSet:
    """Both sets mixed, half and half; the titles shown are the nearest of the train part."""
    parts = {}
    for which in ("train", "test"):
        both = [_titles(folder / f"{name}_{which}.jsonl.gz") for name in ("ae-110k", "oa-mine")]
        pairs = zip(*(_shuffled(list(one)) for one in both), strict=False)
        parts[which] = [example for pair in pairs for example in pair]
    known, rows = parts["train"], parts["test"]
    if part == "train":
        known, rows = known[HELD_BACK:], known[:HELD_BACK]
    return TaskSet("attributes", ATTRIBUTES, known, [], known, rows, "minilm-l6", 0.4)


def _shuffled(rows: Sequence[Any] | Iterator[Any]) -> list[Any]:
    random.Random(SEED).shuffle(drawn := list(rows))
    return drawn


def _polarity(path: Path) -> Iterator[tuple[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            text, _, label = line.rstrip("\n").rpartition("$LABEL$")
            yield text, "positive" if label == "1" else "negative"


def _chinese(folder: Path) -> Iterator[tuple[str, str]]:
    table = parquet.read_table(folder / "online_shopping_10_cats.parquet")
    seen = set()
    for row in table.to_pylist():
        text = (row["review"] or "").strip()
        if text and text not in seen:
            seen.add(text)
            yield text, "positive" if row["label"] else "negative"


def _utterances(path: Path) -> Iterator[tuple[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield row["utterance"], row["intent"]


def _titles(path: Path) -> Iterator[Example[Any, Any]]:
    """Of several accepted values, the one that the title has; `n/a` says that it has none."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            values = {
                name: _accepted(row["input"], [v for v in found if v != "n/a"])
                for name, found in row["target_scores"].items()
            }
            names = tuple(values)
            if names:
                given = Titled(title=row["input"], attributes=names)
                yield Example(given, attributes_type(names).model_validate(values))


def _accepted(title: str, values: Sequence[str]) -> str | None:
    there = [value for value in values if value.casefold() in title.casefold()]
    return next(iter([*there, *values]), None)
