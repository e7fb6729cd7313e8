"""What the catalogue's products mean to one embedder: vectors in the database, and in memory for searching.

A product has several texts (`documents.texts_of`), each a *part* with vectors of its own. Vectors are made in the
background, by the one program that writes the index; all programs read them from the database. What is changed or new
is *awaited* until its vectors are there: it is found by words at once, and by meaning soon after. A vector whose
text has changed is marked stale in the database before the index moves on, so a kill in between loses nothing.
"""

import logging
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from shopkeeper.models.embed import Embedder
from shopkeeper.retrieval.meaning import Meanings, build
from shopkeeper.retrieval.words import key_of
from shopkeeper.search.documents import PARTS, texts_of
from shopkeeper.shop import products, vectors
from shopkeeper.shop.database import Connection, Database
from shopkeeper.shop.records import Product, ProductId, ProductStatus

log = logging.getLogger(__name__)

AT_ONCE = 64  # texts encoded in one call
PRODUCTS_AT_ONCE = 200
STALE = b""

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Text:
    """A text of a product that an embedder is to see."""

    part: str
    product_id: ProductId
    digest: bytes
    text: str


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
            for part in PARTS:
                stored = list(vectors.iterate(conn, digest, part))
                loaded[part] = self._built(stored)
            rows = conn.execute(
                "select p.id from products p where p.status = 'active' and not exists ("
                "select from product_vectors v where v.embedder = %s and v.part = %s "
                "and v.product_id = p.id and v.text_hash <> %s)",
                [digest, PARTS[0], STALE],
            ).fetchall()
        with self._lock:
            self.parts = loaded
            self._awaited = dict.fromkeys(row[0] for row in rows)

    def _built(self, stored: Sequence[vectors.Stored]) -> Meanings:
        width = self.embedder.dimension
        keys = np.array([key_of(i) for s in stored for i in s.ids], np.uint64)
        rows = [s.vectors for s in stored] or [np.zeros((0, width), np.float32)]
        return build(keys, np.concatenate(rows))

    def note(self, conn: Connection, shown: Sequence[Product], changed: Collection[str]) -> None:
        """Products have changed; those not among the shown are gone. Their vectors are awaited, stale ones marked."""
        stale = {text.product_id for text in lacking(conn, self.embedder.digest, shown)}
        if stale:
            conn.execute(
                "update product_vectors set text_hash = %s where embedder = %s and product_id = any(%s)",
                [STALE, self.embedder.digest, list(stale)],
            )
        there = {product.id for product in shown}
        gone = [key_of(i) for i in changed if i not in there]
        with self._lock:
            self._awaited.update(dict.fromkeys(p.id for p in shown))
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
        waiting = {text.product_id for text in todo}
        arrived = [i for i in some if i not in waiting]
        self._take_in(arrived)
        return len(arrived)

    def _take_in(self, ids: Sequence[str]) -> None:
        with self._database.connection() as conn:
            stored = {
                part: vectors.get_many(conn, self.embedder.digest, part, ids) for part in PARTS
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


def lacking(conn: Connection, digest: str, shown: Iterable[Product]) -> list[Text]:
    """The texts of these products that have no vector of this embedder, or one of another text."""
    texts = [
        Text(part, product.id, sha256(text.encode()).digest(), text)
        for product in shown
        if product.status is ProductStatus.ACTIVE
        for part, text in texts_of(product).items()
    ]
    ids = list(dict.fromkeys(text.product_id for text in texts))
    known = {part: vectors.hashes(conn, digest, part, ids) for part in PARTS} if ids else {}
    return [t for t in texts if known[t.part].get(t.product_id) != t.digest]


def write(database: Database, embedder: Embedder, texts: Sequence[Text]) -> None:
    """Encode texts and keep their vectors, some at a time, so that what is done is done."""
    for part in PARTS:
        of_part = [text for text in texts if text.part == part]
        for start in range(0, len(of_part), AT_ONCE):
            some = of_part[start : start + AT_ONCE]
            made = embedder.encode([text.text for text in some], kind="passage")
            with database.connection() as conn:
                vectors.put(
                    conn, embedder.digest, part, [t.product_id for t in some], [t.digest for t in some], made
                )  # fmt: skip


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
            some = [p for p, _ in zip(products.iterate(conn, after=after, batch=PRODUCTS_AT_ONCE), range(PRODUCTS_AT_ONCE), strict=False)]  # fmt: skip
            todo = lacking(conn, embedder.digest, some)
        if not some:
            return True
        write(database, embedder, todo)
        done, after = done + len(some), some[-1].id
        if on_progress is not None:
            on_progress(done, max(done, total))
        if stop is not None and stop():
            return False
