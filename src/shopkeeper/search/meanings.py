"""What the catalogue's products mean to one embedder: vectors in the database, and in memory for searching.

A product has a vector of its own words and one of its translations (`documents.VECTORS`), each a *part*. Vectors are made in the
background, by the one program that writes the index; all programs read them from the database. What is changed or new
is *awaited* until its vectors are there: it is found by words at once, and by meaning soon after. A vector whose
text has changed is marked stale in the database before the index moves on, so a kill in between loses nothing.
"""

import logging
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice

import numpy as np

from shopkeeper.models.embed import Embedder, Vectors
from shopkeeper.retrieval.meaning import Meanings, build
from shopkeeper.retrieval.words import key_of
from shopkeeper.search.documents import VECTORS, texts_of
from shopkeeper.shop import products, vectors
from shopkeeper.shop.database import Connection, Database
from shopkeeper.shop.records import Product, ProductId, ProductStatus

log = logging.getLogger(__name__)

AT_ONCE = 32  # vectors made in one call
PRODUCTS_AT_ONCE = 200
BUILT_AT_ONCE = 24  # products of a catalogue between two looks whether to stop

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Todo:
    """A vector of a product that is to be made: the mean of these texts' vectors."""

    part: str
    product_id: ProductId
    digest: bytes
    texts: tuple[str, ...]


class MeaningStore:
    """The vectors of one embedder, in memory and kept fresh. Snapshots are replaced, never changed: reading needs no lock."""

    def __init__(self, database: Database, embedder: Embedder) -> None:
        self.embedder = embedder
        self.parts: dict[str, Meanings] = {}
        self._database = database
        self._lock = threading.Lock()
        self._awaited: dict[str, None] = {}

    @property
    def awaited(self) -> int:
        """How many products have a text whose vector is not there yet."""
        return len(self._awaited)

    def load(self) -> None:
        """Read all vectors, and find out which products still await theirs."""
        digest = self.embedder.digest
        loaded = {}
        with self._database.connection() as conn:
            for part in VECTORS:
                stored = list(vectors.iterate(conn, digest, part))
                loaded[part] = self._built(stored)
            ids = awaiting(conn, digest)
        with self._lock:
            self.parts = loaded
            self._awaited = dict.fromkeys(ids)

    def _built(self, stored: Sequence[vectors.Stored]) -> Meanings:
        width = self.embedder.dimension
        keys = np.array([key_of(i) for s in stored for i in s.ids], np.uint64)
        rows = [s.vectors for s in stored] or [np.zeros((0, width), np.float32)]
        return build(keys, np.concatenate(rows))

    def note(self, shown: Iterable[Product], changed: Collection[str]) -> None:
        """Products have changed; those not among the shown are gone. The vectors of the others are awaited."""
        there = {product.id for product in shown}
        gone = [key_of(i) for i in changed if i not in there]
        with self._lock:
            self._awaited.update(dict.fromkeys(there))
            if gone:
                nothing = np.zeros((0, self.embedder.dimension), np.float32)
                self.parts = {
                    part: known.changed(np.zeros(0, np.uint64), nothing, gone)
                    for part, known in self.parts.items()
                }

    def work(self, *, encode: bool) -> int:
        """Take in the vectors of some awaited products. encode: make those that are lacking; else leave that to the
        program that writes. Returns how many are no longer awaited."""
        with self._lock:
            some = list(self._awaited)[:PRODUCTS_AT_ONCE]
        if not some:
            return 0
        with self._database.connection() as conn:
            found = list(products.get_many(conn, some).values())
            todo = lacking(conn, self.embedder.digest, found)
        if encode:
            write(self._database, self.embedder, todo)
            todo = []
        waiting = {one.product_id for one in todo}
        arrived = [i for i in some if i not in waiting]
        self._take_in(arrived)
        return len(arrived)

    def _take_in(self, ids: Sequence[str]) -> None:
        with self._database.connection() as conn:
            stored = {
                part: vectors.get_many(conn, self.embedder.digest, part, ids) for part in VECTORS
            }
        with self._lock:
            self.parts = {
                part: self._with(known, stored[part]) for part, known in self.parts.items()
            }
            for i in ids:
                self._awaited.pop(i, None)

    def _with(self, known: Meanings, stored: vectors.Stored) -> Meanings:
        if not stored.ids:
            return known
        if not known.size:  # axes taken from nothing tell nothing
            return self._built([stored])
        keys = np.array([key_of(i) for i in stored.ids], np.uint64)
        return known.changed(keys, stored.vectors)


def awaiting(conn: Connection, digest: str) -> list[str]:
    """Ids of the products that are shown and whose vectors by this embedder are not there, or stale."""
    rows = conn.execute(
        "select p.id from products p where p.status = 'active' and (not exists ("
        "select from product_vectors v where v.embedder = %(embedder)s and v.product_id = p.id) "
        "or exists (select from product_vectors v where v.embedder = %(embedder)s "
        "and v.product_id = p.id and v.text_hash = ''))",
        {"embedder": digest},
    ).fetchall()
    return [row[0] for row in rows]


def lacking(conn: Connection, digest: str, shown: Iterable[Product]) -> list[Todo]:
    """The vectors of these products that this embedder has not made yet, or has made of another text."""
    wanted = [todo for p in shown if p.status is ProductStatus.ACTIVE for todo in _todos(p)]
    ids = list(dict.fromkeys(todo.product_id for todo in wanted))
    known = {part: vectors.hashes(conn, digest, part, ids) for part in VECTORS} if ids else {}
    return [t for t in wanted if known[t.part].get(t.product_id) != t.digest]


def _todos(product: Product) -> Iterator[Todo]:
    texts = texts_of(product)
    for part, names in VECTORS.items():
        of_part = tuple(texts[name] for name in names if name in texts)
        if of_part:
            digest = sha256("\0".join(of_part).encode()).digest()
            yield Todo(part, product.id, digest, of_part)


def write(database: Database, embedder: Embedder, todos: Sequence[Todo]) -> None:
    """Make vectors and keep them, some at a time, so that what is done is done."""
    for part in VECTORS:
        of_part = [todo for todo in todos if todo.part == part]
        for start in range(0, len(of_part), AT_ONCE):
            some = of_part[start : start + AT_ONCE]
            made = _means(embedder, [todo.texts for todo in some])
            with database.connection() as conn:
                vectors.put(
                    conn, embedder.digest, part, [t.product_id for t in some], [t.digest for t in some], made
                )  # fmt: skip


def _means(embedder: Embedder, texts: Sequence[tuple[str, ...]]) -> Vectors:
    """(N, D) the mean vector of each group of texts, of length 1."""
    flat = embedder.encode([text for group in texts for text in group], kind="passage")
    starts = np.cumsum([0, *(len(group) for group in texts[:-1])])
    sums: Vectors = np.add.reduceat(flat, starts, axis=0)
    length = np.linalg.norm(sums, axis=1, keepdims=True)
    means: Vectors = np.divide(sums, length, out=np.zeros_like(sums), where=length > 0)
    return means


def encode_catalogue(
    database: Database,
    embedder: Embedder,
    *,
    on_progress: OnProgress | None = None,
    stop: Callable[[], bool] | None = None,
) -> bool:
    """Make all vectors of a catalogue that are lacking. Returns False if told to stop before the end; the next call
    goes on from there."""
    done = 0
    after = ""
    while True:
        with database.connection() as conn:
            total = products.count(conn)
            some = list(
                islice(products.iterate(conn, after=after, batch=BUILT_AT_ONCE), BUILT_AT_ONCE)
            )
            todo = lacking(conn, embedder.digest, some)
        if not some:
            return True
        write(database, embedder, todo)
        done, after = done + len(some), some[-1].id
        if on_progress is not None:
            on_progress(done, max(done, total))
        if stop is not None and stop():
            return False
