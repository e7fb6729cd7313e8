"""Products as they are shown with their hits: ready as JSON, so that an answer asks no database and builds no record.

They lie in a file without a name in the index's folder, which ends with the program; memory holds only where each
lies, some 200 bytes a product. Changes are written behind what is there; when most of the file is out of date, what
is not moves to a new one.
"""

import mmap
import os
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from shopkeeper.shop.records import Product, ProductId, from_json, to_json

WASTE = 0.5  # share of the file that may be out of date
SMALL = 1_000_000  # bytes below which waste does not matter
ROOM = 1 << 20  # bytes of a new file
COPIED = 500  # products moved at once


class _File:
    """Texts by id in a file that only grows, seen through a map of it: reading calls nobody and waits for nothing."""

    def __init__(self, folder: Path) -> None:
        with tempfile.TemporaryFile(dir=folder) as file:
            self._file = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._file)  # when the last who reads it is done
        self._room = ROOM
        os.ftruncate(self._file, self._room)
        self._map = mmap.mmap(self._file, self._room, prot=mmap.PROT_READ)
        self.places: dict[str, tuple[int, int]] = {}  # where each text begins and ends
        self.size = 0
        self.used = 0  # bytes of texts that are not out of date

    def put(self, texts: Iterable[tuple[str, bytes]]) -> None:
        """Add texts, or replace those of the same id."""
        texts = list(texts)
        begin = self.size
        self._append(b"".join(text for _, text in texts))
        for text_id, text in texts:
            was = self.places.get(text_id, (0, 0))
            self.places[text_id] = begin, begin + len(text)
            self.used += len(text) - (was[1] - was[0])
            begin += len(text)

    def drop(self, text_id: str) -> None:
        """Forget the text of an id, if there is one."""
        begin, end = self.places.pop(text_id, (0, 0))
        self.used -= end - begin

    def read(self, ids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Those of the texts that are there, in this order."""
        for text_id in ids:
            place = self.places.get(text_id)
            if (
                place is not None
            ):  # the map is looked up behind the place, which may lie in a newer one
                yield text_id, self._map[slice(*place)]

    def _append(self, data: bytes) -> None:
        end = self.size + len(data)
        if end > self._room:
            self._room = 2 * end
            os.ftruncate(self._file, self._room)  # takes no room on the disk until it is written
            self._map = mmap.mmap(self._file, self._room, prot=mmap.PROT_READ)
        left, at = memoryview(data), self.size
        while left:
            written = os.pwrite(self._file, left, at)
            left, at = left[written:], at + written
        self.size = end


class ShownProducts:
    """All products that can be hits. One thread at a time may change it, any number may read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = _File(folder)

    def put(self, products: Iterable[Product]) -> None:
        """These are shown from now on, in place of what had their ids."""
        self._file.put((product.id, to_json(product)) for product in products)
        if self._file.size > SMALL and self._file.used < (1 - WASTE) * self._file.size:
            self._move()

    def forget(self, ids: Iterable[str]) -> None:
        """These are shown no more."""
        for product_id in ids:
            self._file.drop(product_id)

    def json(self, ids: Iterable[str]) -> dict[ProductId, bytes]:
        """The JSON (see `to_json`) of the products with these ids, in this order; those that are gone are left out."""
        return {ProductId(i): text for i, text in self._file.read(ids)}

    def get(self, ids: Iterable[str]) -> dict[ProductId, Product]:
        """The products with these ids, in this order; those that are gone are left out."""
        return {i: from_json(Product, text) for i, text in self.json(ids).items()}

    def _move(self) -> None:
        old, fresh = self._file, _File(self._folder)
        for ids in _chunks(list(old.places)):
            fresh.put(old.read(ids))
        self._file = fresh


def _chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + COPIED] for start in range(0, len(ids), COPIED))
