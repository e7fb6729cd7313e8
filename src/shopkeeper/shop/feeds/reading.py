"""A file's records without a database: for looking at a feed before it goes in, and for other programs."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from shopkeeper.shop.feeds import detecting
from shopkeeper.shop.feeds.detecting import Detected, Plan
from shopkeeper.shop.feeds.formats import FORMATS, reader_of
from shopkeeper.shop.feeds.rows import Notes, Options


def read(
    path: str | Path,
    *,
    kind: str,
    format: str | None = None,
    mapping: Mapping[str, str] | None = None,
    currency: str = "USD",
    language: str = "en",
    notes: Notes | None = None,
) -> Iterator[Any]:
    """The records of a kind in a file, and a BadRow for each row that cannot be one, in file order.

    mapping: corrections of the guessed columns (plain tables). notes: collects what deserves a word. Raises FeedError
    if the file as a whole cannot be read, at once or where it breaks off.
    """
    source = detecting.source(Path(path))
    plan = detecting.plan(source, kind, format=format, mapping=mapping, mended=None)
    options = Options(currency, language, plan.mapping, plan.merging, notes or Notes())
    yield from reader_of(FORMATS[plan.format], kind)(source, options)


def planned(
    path: str | Path,
    kind: str,
    *,
    format: str | None = None,
    mapping: Mapping[str, str] | None = None,
) -> tuple[Plan, Detected]:
    """How a file would be read, and its columns with first values to show beside. Raises FeedError."""
    source = detecting.source(Path(path))
    plan = detecting.plan(source, kind, format=format, mapping=mapping, mended=None)
    return plan, detecting.described(source, plan)
