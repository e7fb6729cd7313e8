"""Takes a file into the shop: in batches, each in one transaction with how far it got and the rows that did not go in.

A killed import goes on behind its last batch when the same file is imported again: it is recognised by the sha256 of
its content, and reading is the same every time, so counting what came before is enough. Two programs never import one
file at once. Importing a file again that is in changes nothing, also nothing of what customer service did since.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg

from shopkeeper.errors import DatabaseError, FeedError
from shopkeeper.shop import customers, events, orders, pages, products, reviews
from shopkeeper.shop.bulk import Connection, Counts, Origin, amended, content_hash
from shopkeeper.shop.database import Database
from shopkeeper.shop.feeds import assembling, detecting, imports
from shopkeeper.shop.feeds.formats import FORMATS, reader_of
from shopkeeper.shop.feeds.rows import BadRow, Notes, Options, RowError
from shopkeeper.shop.records import Product, to_json

log = logging.getLogger(__name__)

BATCH = 1_000  # records a transaction
BATCH_BYTES = 16_000_000  # or this much of the file, whichever comes first


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is. total: records, estimated from the part of the file read so far; None at first.

    rate: records a second. eta_s: seconds left, None when unknown.
    """

    done: int
    total: int | None
    unit: str
    message: str
    rate: float = 0.0
    eta_s: float | None = None
    fraction: float = 0.0


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What came of an import. state: done or interrupted. also: imports of what else was in the same file.

    notes: what went in but deserves a word. holds: further kinds of records in the file that were not asked for.
    """

    import_id: int
    kind: str
    format: str
    created: int
    updated: int
    unchanged: int
    quarantined: int
    seconds: float
    mapping: Mapping[str, str]
    state: str = "done"
    notes: Sequence[str] = ()
    also: "tuple[ImportReport, ...]" = ()
    holds: tuple[str, ...] = ()


def run_import(
    database: Database,
    path: Path,
    *,
    kind: str,
    format: str | None = None,
    mapping: Mapping[str, str] | None = None,
    currency: str = "USD",
    language: str = "en",
    on_progress: Callable[[Progress], None] | None = None,
    resume: bool = True,
    stop: Callable[[], bool] | None = None,
) -> ImportReport:
    """Take the records of a kind out of a file into the shop, and what else comes with them in the same file.

    mapping: corrections of the guessed columns (plain tables). stop: asked between batches; when it says yes, the
    import ends as interrupted and can be taken up again. Raises FeedError if the file as a whole cannot be read.
    """
    source = detecting.source(path)
    with database.connection() as conn:
        mended = detecting.mended_from(source, conn)
    plan = detecting.plan(source, kind, format=format, mapping=mapping, mended=mended)
    options = Options(currency, language, plan.mapping, merging=plan.merging)
    run = _Run(database, source, plan, options, on_progress or _silent, stop or _never)
    report = run.run(resume=resume)
    also = []
    if report.state == "done" and not plan.merging:
        for companion in FORMATS[plan.format].companions.get(kind, ()):
            if detecting.holds(source, plan.format, companion):
                other = replace(plan, kind=companion)
                more = replace(options, notes=Notes())
                also.append(
                    _Run(database, source, other, more, on_progress or _silent, stop or _never).run(
                        resume=resume
                    )
                )
    holds = tuple(
        k
        for k in FORMATS[plan.format].readers
        if FORMATS[plan.format].name != "plain"
        and k not in (kind, *(r.kind for r in also))
        and detecting.holds(source, plan.format, k)
    )
    return replace(report, also=tuple(also), holds=holds)


def _silent(progress: Progress) -> None:
    return None


def _never() -> bool:
    return False


@dataclass(slots=True)
class _Run:
    """One import under way."""

    database: Database
    source: Any
    plan: detecting.Plan
    options: Options
    on_progress: Callable[[Progress], None]
    stop: Callable[[], bool]
    counts: Counts = field(default_factory=Counts)
    quarantined: int = 0
    position: int = 0
    import_id: int = 0
    begun_at: float = 0.0
    skipped: int = 0

    def run(self, *, resume: bool) -> ImportReport:
        """Import to the end, or until told to stop."""
        self.begun_at = time.monotonic()
        fingerprint = detecting.fingerprint(self.source, self.options)
        with self._alone(fingerprint):
            self._begin(fingerprint, resume=resume)
            try:
                state = self._all()
            except FeedError as error:
                self._finish("failed", error=f"{error.message} ({error.hint})")
                raise
            except BaseException:
                self._finish("interrupted")
                raise
            self._finish(state)
        log.info(
            "imported kind=%s format=%s created=%d updated=%d unchanged=%d quarantined=%d",
            self.plan.kind, self.plan.format, self.counts.created, self.counts.updated,
            self.counts.unchanged, self.quarantined,
        )  # fmt: skip
        return ImportReport(
            import_id=self.import_id, kind=self.plan.kind, format=self.plan.format,
            created=self.counts.created, updated=self.counts.updated, unchanged=self.counts.unchanged,
            quarantined=self.quarantined, seconds=time.monotonic() - self.begun_at,
            mapping=self.plan.mapping, state=state, notes=self._notes(),
        )  # fmt: skip

    @contextmanager
    def _alone(self, fingerprint: str) -> Iterator[None]:
        """Hold this file's lock for as long as the import runs; the server lets go of it when we die."""
        with self.database.connection() as guard:
            row = guard.execute(
                "select pg_try_advisory_xact_lock(hashtextextended(%s, 0))",
                [f"import {self.plan.kind} {fingerprint}"],
            ).fetchone()
            if row != (True,):
                raise FeedError(
                    f"{self.source.path} is being imported by another program",
                    hint="wait for it; importing it twice would change nothing",
                )
            yield

    def _begin(self, fingerprint: str, *, resume: bool) -> None:
        plan = self.plan
        with self.database.connection() as conn:
            old = imports.unfinished(
                conn, kind=plan.kind, format=plan.format, fingerprint=fingerprint
            )
            if old is not None and resume and dict(old.mapping) == dict(plan.mapping):
                self.import_id, self.position = old.id, old.position
                self.counts = Counts(old.created, old.updated, old.unchanged)
                self.quarantined, self.skipped = old.quarantined, old.position
                return
            self.import_id = imports.begin(
                conn, kind=plan.kind, format=plan.format, file_name=self.source.path.name,
                fingerprint=fingerprint, mapping=plan.mapping,
            )  # fmt: skip

    def _finish(self, state: str, *, error: str = "") -> None:
        try:
            with self.database.connection() as conn:
                imports.finish(conn, self.import_id, state, notes=self._notes(), error=error[:2000])
        except DatabaseError:
            if state == "done":
                raise
            log.warning("import=%d could not be marked as %s", self.import_id, state)

    def _notes(self) -> tuple[str, ...]:
        note = detecting.encoding_note(self.source)
        return (*((note,) if note else ()), *self.options.notes.texts())

    def _all(self) -> str:
        reading = reader_of(FORMATS[self.plan.format], self.plan.kind)
        items = reading(self.source, self.options)
        self._report("starting" if not self.position else "going on")
        for _ in islice(items, self.position):
            pass  # in the shop already
        while True:
            batch, error = self._batch(items)
            if batch:
                self._write(batch)
                self._report("")
            if error is not None:
                raise error
            if not batch:
                return "done"
            if self.stop():
                return "interrupted"

    def _batch(self, items: Iterator[Any]) -> tuple[list[Any], FeedError | None]:
        """The next records and bad rows; if the file ends in an error, those before it, and the error."""
        batch: list[Any] = []
        begun = self.source.read_bytes
        try:
            for item in items:
                batch.append(item)
                if len(batch) >= BATCH or abs(self.source.read_bytes - begun) > BATCH_BYTES:
                    break
        except FeedError as error:
            return batch, error
        return batch, None

    def _write(self, batch: list[Any]) -> None:
        records = [item for item in batch if not isinstance(item, BadRow)]
        bad = [item for item in batch if isinstance(item, BadRow)]
        position = self.position + len(batch)
        try:
            counts = self._commit(records, bad, position)
        except psycopg.Error as error:
            if isinstance(error, psycopg.OperationalError):
                raise
            counts, bad = self._one_by_one(records, bad, position)
        self.counts += counts
        self.quarantined += len(bad)
        self.position = position

    def _commit(self, records: list[Any], bad: list[BadRow], position: int) -> Counts:
        with self.database.connection() as conn:
            counts = self._write_records(conn, records, bad)
            imports.advance(conn, self.import_id, position=position, counts=counts, bad=bad)
        return counts

    def _one_by_one(
        self, records: list[Any], bad: list[BadRow], position: int
    ) -> tuple[Counts, list[BadRow]]:
        """The slow way when the database refuses a batch: find the records that it refuses."""
        log.warning(
            "import=%d: the database refused a batch, trying record by record", self.import_id
        )
        counts, bad = Counts(), list(bad)
        with self.database.connection() as conn:
            for record in records:
                try:
                    with conn.transaction():
                        counts += self._write_records(conn, [record], bad)
                except (
                    psycopg.DataError,
                    psycopg.IntegrityError,
                    psycopg.errors.ProgramLimitExceeded,
                ) as error:
                    why = str(error).splitlines()[0][:200]
                    refused = RowError(
                        str(record.id)[:100], f"the database refuses it: {why}", "mend it"
                    )
                    bad.append(refused.at(0, to_json(record).decode("utf-8", "replace")))
            imports.advance(conn, self.import_id, position=position, counts=counts, bad=bad)
        return counts, bad

    def _write_records(self, conn: Connection, records: list[Any], bad: list[BadRow]) -> Counts:
        kind, notes = self.plan.kind, self.options.notes
        return write_records(conn, kind, records, merging=self.plan.merging, bad=bad, notes=notes)

    def _report(self, message: str) -> None:
        fraction = detecting.fraction(self.source)
        done = self.position
        seconds = time.monotonic() - self.begun_at
        rate = (done - self.skipped) / seconds if seconds > 0 else 0.0
        total = max(round(done / fraction), done) if fraction > 0 and done else None
        left = (total - done) / rate if total is not None and rate > 0 else None
        self.on_progress(
            Progress(done, total, self.plan.kind, message, rate=rate, eta_s=left, fraction=fraction)
        )


def write_records(
    conn: Connection,
    kind: str,
    records: list[Any],
    *,
    merging: bool,
    bad: list[BadRow],
    notes: Notes,
) -> Counts:
    """Write records of a kind. merging: complete products that are there; those that cannot be are added to `bad`.

    notes: told of what customer service changed.
    """
    if not records:
        return Counts()
    if kind == "products":
        if merging:
            records = _completed(conn, records, bad)
        return products.upsert(conn, records, merge_variants=merging)
    if kind == "orders" and merging:
        records = _with_lines_before(conn, records)
    if kind in ("events", "queries"):
        add = events.add if kind == "events" else events.add_queries
        new = add(conn, records)
        return Counts(created=new, unchanged=len(records) - new)
    if kind in ("customers", "orders"):
        _note_amended(conn, kind, records, notes)
    upserts: dict[str, Callable[[Connection, Sequence[Any]], Counts]] = {
        "customers": partial(customers.upsert, origin=Origin.FEED), "orders": partial(orders.upsert, origin=Origin.FEED),
        "reviews": reviews.upsert, "pages": pages.upsert,
    }  # fmt: skip
    return upserts[kind](conn, records)


def _note_amended(conn: Connection, kind: str, records: list[Any], notes: Notes) -> None:
    """Say what becomes of records that customer service changed since a feed last spoke of them."""
    fed = amended(conn, kind, [record.id for record in records])
    for record in records:
        if record.id not in fed:
            continue
        if content_hash(record) == fed[record.id]:
            notes.add(f"{kind} that customer service changed stay so: the file says what the one before said")  # fmt: skip
        else:
            notes.add(f"{kind} that customer service had changed are as the file says, which is new")  # fmt: skip


def _completed(conn: Connection, records: list[Product], bad: list[BadRow]) -> list[Product]:
    """Parts of products put together with what the shop has of them."""
    known = products.get_many(conn, [r.id for r in records])
    found = []
    for record in records:
        if record.id in known:
            found.append(assembling.merged(known[record.id], record))
        elif record.title:
            found.append(record)
        else:
            error = RowError(
                "Title", f"is blank, and the shop has no product {record.id[:60]!r}", "write it"
            )
            bad.append(error.at(0, to_json(record).decode()))
    return found


def _with_lines_before(conn: Connection, records: list[Any]) -> list[Any]:
    """Orders of mended lines, with the lines that went in before."""
    known = orders.get_many(conn, [r.id for r in records])
    found = []
    for record in records:
        old = known.get(record.id)
        if old is None:
            found.append(record)
            continue
        # A single line cannot tell what is the order's: what the order does not have is the line's own.
        own = {k: v for k, v in record.metadata.items() if k not in old.metadata}
        lines = [replace(line, metadata={**own, **line.metadata}) for line in record.lines]
        new = [line for line in lines if line not in old.lines]
        found.append(replace(old, lines=(*old.lines, *new)))
    return found
