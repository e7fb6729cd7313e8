"""Whether what a shop holds is the same after it was written in a format and taken into another shop."""

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from shopkeeper.face import Shop
from shopkeeper.shop import feeds
from shopkeeper.shop.bulk import content_hash
from shopkeeper.shop.feeds import BadRow
from shopkeeper.shop.feeds.assembling import price_is_known
from shopkeeper.shop.records import ProductStatus


def round_trips(
    shop: Shop, kind: str, path: Path, *, formats: Iterable[str], folder: Path
) -> dict[str, bool]:
    """Format -> whether the file's records are the same after a way out of the shop and into another one."""
    wanted = {"currency": shop.settings.currency, "language": shop.settings.language}
    equal = {}
    for format in formats:
        there = _digests(_held(record, format) for record in _sound(path, kind=kind, **wanted))
        if there:  # a catalogue without prices is nothing that Google takes
            came = _digests(_held(r, format) for r in _out_and_in(shop, kind, format, folder))
            equal[format] = came == there
    return equal


def _sound(path: Path, **how: Any) -> Iterator[Any]:
    return (record for record in feeds.read(path, **how) if not isinstance(record, BadRow))


def _out_and_in(shop: Shop, kind: str, format: str, folder: Path) -> Iterator[Any]:
    """The records of another shop that took in what this one wrote."""
    feed, again = folder / f"export.{format}", folder / "again.jsonl"
    with feed.open("wb") as out:
        shop.export(out, kind, format=format)
    with tempfile.TemporaryDirectory(dir=folder) as second:
        settings = shop.settings.model_copy(update={"data_folder": Path(second)})
        with Shop.open(settings=settings) as other:
            report = other.import_file(feed, kind, format=format)
            if report.quarantined:
                raise RuntimeError(f"{report.quarantined} rows of our own {format} are bad")
            with again.open("wb") as out:
                other.export(out, kind)
    yield from _sound(again, kind=kind, format="jsonl")


def _digests(records: Iterable[Any]) -> dict[str, bytes]:
    return {str(r.id): content_hash(r) for r in records if r is not None}


def _held(record: Any, format: str) -> Any:
    """What a format can hold of a record, as its writer says. None: it is not written at all."""
    if format == "shopify":
        return replace(record, handle=record.handle or record.id, rating=None, translations={})
    if format == "google":
        if record.status is not ProductStatus.ACTIVE or not all(
            map(price_is_known, record.variants)
        ):
            return None
        images = tuple(replace(image, alt="") for image in record.images)
        return replace(record, images=images, translations={})
    return record
