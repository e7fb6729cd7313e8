"""The catalogue's copy for searching: the word index on disk and the columns in memory, kept fresh from the outbox.

The index lies in `<folder>/words-…/`; the file `current` names the one in use and its position in the outbox. A new
index is built beside and switched by replacing that file. The position is written after the index has committed, so
a kill in between repeats changes and never loses any. One program writes the index, whoever holds `writer.lock`; the
others read it. Columns are each program's own.
"""

import fcntl
import logging
import os
import shutil
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import IO

from shopkeeper.errors import ModelError
from shopkeeper.retrieval.columns import Columns, Facts, build
from shopkeeper.retrieval.words import WordIndex
from shopkeeper.search.documents import WEIGHTS, entry_of, facts_of
from shopkeeper.search.pointer import Pointer, read_pointer, write_pointer
from shopkeeper.search.shown import ShownProducts
from shopkeeper.shop import products
from shopkeeper.shop.database import Connection, Database
from shopkeeper.shop.records import Product, ProductStatus

log = logging.getLogger(__name__)

OnProgress = Callable[[int, int], None]
OnChange = Callable[[Sequence[Product], Sequence[str]], None]

FORMAT = 2  # counts up when documents are indexed in another way
VERSION = sha256(f"{FORMAT} {sorted(WEIGHTS)}".encode()).hexdigest()[:12]
BATCH = 500
WAIT_SECONDS = 60


class Labels:
    """What names and values are called in other languages, as the products' translations say."""

    def __init__(self) -> None:
        self._terms: dict[str, dict[str, str]] = {}

    def add(self, product: Product) -> None:
        """Learn from a product."""
        for language, translation in product.translations.items():
            terms = self._terms.setdefault(language, {})
            terms.update(translation.terms)
            terms.update(zip(product.category, translation.category, strict=False))

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages that something is called in."""
        return tuple(self._terms)

    def of(self, language: str) -> Mapping[str, str]:
        """Original -> translated."""
        return self._terms.get(language, {})


class CatalogueStore:
    """The index and the columns of one database. `refresh` brings both up to date; reading needs no lock."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._lock = threading.Lock()
        self._writer_lock: IO[str] | None = None
        self._words: WordIndex | None = None
        self._pointer: Pointer | None = None
        self._position = 0
        self.columns: Columns = build(())
        self.labels = Labels()
        self._shown: ShownProducts | None = None
        self.on_change: OnChange | None = None  # told what is shown now of what has changed

    @property
    def words(self) -> WordIndex:
        """The index in use."""
        assert self._words is not None, "open first"
        return self._words

    @property
    def shown(self) -> ShownProducts:
        """The products of the columns, as they are shown."""
        assert self._shown is not None, "open first"
        return self._shown

    @property
    def is_writer(self) -> bool:
        """True if this program keeps the index fresh."""
        return self._writer_lock is not None

    @property
    def position(self) -> int:
        """How far the outbox has been followed."""
        return self._position

    def open(self, on_progress: OnProgress | None = None) -> None:
        """Load the columns and open the index; build it where it is missing, damaged or of another version."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._lock:
            self._become_writer()
            if self._usable_index():
                self._load_columns(on_progress)
                self._catch_up()
            elif self.is_writer:
                self._build(on_progress)
            else:
                raise ModelError(
                    f"the index in {self._folder} is being built by another program",
                    hint="try again in a minute",
                )

    def refresh(self) -> int:
        """Take in what has changed. Returns how many products did."""
        with self._lock:
            if not self.is_writer and self._become_writer():
                self._catch_up()
            return self._follow()

    def rebuild(self, on_progress: OnProgress | None = None) -> None:
        """Build the index anew beside the one in use, then switch. Raises ModelError if another program writes it."""
        with self._lock:
            if not self._become_writer():
                raise ModelError(
                    "another program keeps this index fresh",
                    hint="stop it first, or use its console: Jobs → rebuild the index",
                )
            self._build(on_progress)

    def close(self) -> None:
        """Let others write the index."""
        with self._lock:
            if self._words is not None:
                self._words.close()
            if self._writer_lock is not None:
                self._writer_lock.close()
                self._writer_lock = None

    def _become_writer(self) -> bool:
        if self._writer_lock is not None:
            return True
        file = os.fdopen(os.open(self._folder / "writer.lock", os.O_RDWR | os.O_CREAT, 0o600), "r+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._writer_lock = file
        if self._words is not None:
            self._words.open_writer()
        return True

    def _point_to(self, folder: str, position: int, conn: Connection) -> None:
        self._pointer = Pointer(folder, VERSION, products.outbox_id(conn), position)
        write_pointer(self._folder, self._pointer)

    def _usable_index(self) -> bool:
        pointer = read_pointer(self._folder)
        if (
            pointer is None
            or pointer.version != VERSION
            or not (self._folder / pointer.folder).is_dir()
        ):
            return False
        with self._database.connection() as conn:
            if not pointer.fits(conn):
                log.warning("index belongs to another database and will be rebuilt")
                return False
        try:
            words = WordIndex(self._folder / pointer.folder, WEIGHTS)
            if self.is_writer:
                words.open_writer()
        except (ValueError, OSError) as error:
            log.warning("index is damaged and will be rebuilt folder=%s: %s", pointer.folder, error)
            return False
        self._words, self._pointer = words, pointer
        return True

    def _load_columns(self, on_progress: OnProgress | None) -> None:
        with self._database.connection() as conn:
            _, position = products.changes_since(conn, products.NEWEST)
            total = products.count(conn)
            shown = ShownProducts(self._folder)
            facts = self._facts(_progress(_shown(conn), total, on_progress), conn, shown)
            self.columns, self._shown = build(facts), shown
        self._position = position

    def _build(self, on_progress: OnProgress | None) -> None:
        """One pass over the catalogue for a new index and new columns."""
        name = f"words-{VERSION}-{uuid.uuid4().hex[:8]}"
        fresh = WordIndex(self._folder / name, WEIGHTS)
        fresh.open_writer()
        with self._database.connection() as conn:
            _, position = products.changes_since(conn, products.NEWEST)
            total = products.count(conn)
            facts: list[Facts] = []
            shown = ShownProducts(self._folder)
            for batch in _batches(_progress(_shown(conn), total, on_progress)):
                fresh.write(map(entry_of, batch))
                facts += self._facts(batch, conn, shown)
            fresh.commit()
            columns = build(facts)
            self._point_to(name, position, conn)
        old, self._words, self.columns, self._shown = self._words, fresh, columns, shown
        self._position = position
        if old is not None:
            old.close()
        for other in self._folder.glob("words-*"):
            if other.name != name:
                shutil.rmtree(other, ignore_errors=True)
        log.info("built index folder=%s products=%d", name, fresh.size)

    def _catch_up(self) -> None:
        """Bring the index, left by whoever wrote it before, to where the columns are."""
        pointer = read_pointer(self._folder)
        if not self.is_writer or pointer is None:
            return
        with self._database.connection() as conn:
            changed, _ = products.changes_since(conn, pointer.position)
            self._write_words(conn, changed)
            self._point_to(pointer.folder, self._position, conn)

    def _follow(self) -> int:
        with self._database.connection() as conn:
            changed, position = products.changes_since(conn, self._position)
            if changed:
                self._write_words(conn, changed)
                self._change_columns(conn, changed)
            if changed and self.is_writer and self._pointer is not None:
                self._point_to(self._pointer.folder, position, conn)
        self._position = position
        if not self.is_writer:
            self._follow_writer()
        return len(changed)

    def _change_columns(self, conn: Connection, changed: Sequence[str]) -> None:
        updated: list[Facts] = []
        for batch in _chunks(changed):
            shown = _shown_of(conn, batch)
            updated += self._facts(shown, conn, self.shown)
            if self.on_change is not None:
                self.on_change(shown, batch)
        self.columns = self.columns.changed(updated, changed)
        self.shown.forget({*changed} - {facts.id for facts in updated})

    def _follow_writer(self) -> None:
        """See what the program that writes the index has done, a switch to a new one included."""
        pointer = read_pointer(self._folder)
        if (
            pointer is not None
            and self._pointer is not None
            and pointer.folder != self._pointer.folder
        ):
            self._usable_index()
        self.words.reload()

    def _write_words(self, conn: Connection, changed: Sequence[str]) -> None:
        if not self.is_writer or not changed:
            return
        for chunk in _chunks(changed):
            shown = _shown_of(conn, chunk)
            there = {p.id for p in shown}
            self.words.delete(i for i in chunk if i not in there)
            self.words.write(map(entry_of, shown))
        self.words.commit()

    def _facts(
        self, found: Iterable[Product], conn: Connection, shown: ShownProducts
    ) -> list[Facts]:
        """What filters see of products, which are put among those shown."""
        facts = []
        for batch in _batches(found):
            shown.put(batch)
            rows = conn.execute(
                "select id, extract(epoch from created_at)::float8 from products where id = any(%s)",
                [[p.id for p in batch]],
            )
            created: dict[str, float] = dict(rows.fetchall())
            for product in batch:
                self.labels.add(product)
                facts.append(facts_of(product, created.get(product.id, 0.0)))
        return facts


def _shown(conn: Connection) -> Iterator[Product]:
    return (p for p in products.iterate(conn, batch=BATCH) if p.status is ProductStatus.ACTIVE)


def _shown_of(conn: Connection, ids: Sequence[str]) -> list[Product]:
    found = products.get_many(conn, ids).values()
    return [p for p in found if p.status is ProductStatus.ACTIVE]


def _progress(
    found: Iterator[Product], total: int, on_progress: OnProgress | None
) -> Iterator[Product]:
    for number, product in enumerate(found, 1):
        yield product
        if on_progress is not None and (number % BATCH == 0 or number == total):
            on_progress(number, total)


def _chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]


def _batches(found: Iterable[Product]) -> Iterator[list[Product]]:
    batch: list[Product] = []
    for product in found:
        batch.append(product)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
