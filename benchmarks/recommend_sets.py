"""The public data of the recommendation benchmark: three leave-one-out sets with item texts."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shopkeeper.recommend import About, Histories

SETS = ("beauty", "toys", "sports")


@dataclass(frozen=True, slots=True)
class ReviewSet:
    """histories: all events, the last two of each person included; about: by place."""

    histories: Histories
    about: list[About]


def load(data: Path, name: str) -> ReviewSet:
    """One of `SETS`. Values are categories and brands: by name for Beauty, as S3-Rec's numbers for the others. The
    lists of what was also bought are not read: Amazon made them from the purchases that are to be found."""
    folder = data / "recsys" / f"amazon-{name}-2014"
    about = list(_about(folder))
    with gzip.open(folder / "sequences.txt.gz", "rt") as lines:
        sequences = [[int(item) - 1 for item in line.split()[1:]] for line in lines]
    return ReviewSet(Histories.of(sequences, len(about)), about)


def _about(folder: Path) -> Iterator[About]:
    with gzip.open(folder / "attributes.json.gz", "rt") as file:
        numbers = json.load(file)
    with gzip.open(folder / "items.tsv.gz", "rt", encoding="utf-8") as lines:
        names = next(lines).rstrip("\n").split("\t")
        for line in lines:
            item = dict(zip(names, line.rstrip("\n").split("\t"), strict=True))
            values = [v for v in (item.get("brand"), *item.get("categories", "").split("|")) if v]
            if "brand" not in item:
                values = [str(number) for number in numbers.get(item["item_id"], ())]
            known = tuple(value for value in values if value != "Unknown")
            yield About(f"{item['title']} {item['keywords']}", known)
