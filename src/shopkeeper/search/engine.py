"""Product search: request to response, and the thread that keeps it fresh."""

import logging
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
import psycopg

from shopkeeper.errors import DatabaseError
from shopkeeper.retrieval.columns import Columns, Filters, Floats, Ints, Narrowed
from shopkeeper.retrieval.words import Matches, WordIndex
from shopkeeper.search.documents import CATEGORY, PATH
from shopkeeper.search.facets import categories_of, facets_of
from shopkeeper.search.records import (
    Explanation,
    Hit,
    PriceRange,
    SearchRequest,
    SearchResponse,
    Sort,
    TermMatch,
)
from shopkeeper.search.store import CatalogueStore, OnProgress
from shopkeeper.shop.database import Database
from shopkeeper.shop.records import Product, ProductId

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
MAX_QUERY = 2000  # characters; nobody types more, and what stands behind is not looked at
MAX_CODE = 80


class ProductSearch:
    """Finds products. Safe to use from several threads, and from several programs on one folder."""

    def __init__(self, database: Database, store: CatalogueStore) -> None:
        self._database = database
        self._store = store
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @classmethod
    def open(cls, database: Database, folder: Path, on_progress: OnProgress | None = None) -> Self:
        """Search over the catalogue of a database. Builds the index where there is none."""
        store = CatalogueStore(database, folder)
        store.open(on_progress)
        return cls(database, store)

    def start(self) -> None:
        """Follow changes in the background from now on."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._follow, name="search", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop following changes and let others write the index."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=10)
        self._store.close()

    def refresh(self) -> int:
        """Take in what has changed since the last time. Returns how many products did."""
        return self._store.refresh()

    def rebuild(self, on_progress: OnProgress | None = None) -> None:
        """Build the index anew beside the one in use, then switch."""
        self._store.rebuild(on_progress)

    def products(self, ids: Sequence[str]) -> dict[ProductId, Product]:
        """The products with these ids as the index last saw them, in this order; those that are gone are left out."""
        return self._store.shown.get(ids)

    @property
    def size(self) -> int:
        """How many products can be found."""
        return self._store.columns.size

    @property
    def position(self) -> int:
        """How far the outbox has been followed; the same number, the same catalogue."""
        return self._store.position

    @property
    def catalogue(self) -> object:
        """What stands for the catalogue as it is searched now: another object as soon as a product has changed."""
        return self._store.columns

    @property
    def is_writer(self) -> bool:
        """True if this program keeps the index on disk fresh."""
        return self._store.is_writer

    def search(self, request: SearchRequest) -> SearchResponse:
        """Products that match, with facets counted over exactly them."""
        begun = time.perf_counter()
        columns, words = self._store.columns, self._store.words
        query = request.query[:MAX_QUERY].strip()
        rows, scores, exact, matches = self._retrieve(columns, words, query)
        narrowed = columns.narrow(rows, _filters(request))
        order = _order(columns, narrowed, request.sort, browsing=not query)
        page = narrowed.rows[order][request.offset : request.offset + request.limit]
        labels = self._store.labels.of(request.language)
        hits = tuple(self._hit(columns, words, request, query, int(r), scores, exact) for r in page)
        return SearchResponse(
            total=len(narrowed.rows),
            hits=hits,
            facets=facets_of(narrowed.counts, request.filters, labels, len(narrowed.rows)),
            categories=categories_of(narrowed.counts, request.category, labels),
            price=None if narrowed.price is None else PriceRange(*narrowed.price),
            took_ms=round((time.perf_counter() - begun) * 1000, 3),
            unknown=matches.unknown,
            required=matches.required,
            asked=matches.asked,
        )

    def _retrieve(
        self, columns: Columns, words: WordIndex, query: str
    ) -> tuple[Ints, Floats, set[int], Matches]:
        """Rows that match, the best first; the score of each row; the rows whose code the query is."""
        scores = np.zeros(len(columns.ids))
        nothing = Matches(np.zeros(0, np.uint64), np.zeros(0, np.float32))
        if not query:
            return columns.everything(), scores, set(), nothing
        coded = (
            columns.rows(words.find_code(query))[0]
            if len(query) <= MAX_CODE
            else columns.everything()[:0]
        )
        if len(coded) and " " not in query and any(c.isdigit() for c in query):
            scores[coded] = 1.0
            return coded, scores, set(map(int, coded)), nothing
        matches = words.search(query)
        found, known = columns.rows(matches.keys)
        scores[found] = matches.scores[known]
        if len(coded):
            scores[coded] = scores.max(initial=0.0) + 1.0
            found = np.concatenate([coded, found[~np.isin(found, coded)]])
        return found, scores, set(map(int, coded)), matches

    def _hit(
        self, columns: Columns, words: WordIndex, request: SearchRequest, query: str,
        row: int, scores: Floats, exact: set[int],
    ) -> Hit:  # fmt: skip
        product_id = columns.ids[row]
        explanation = None
        if request.explain:
            found = words.explain(query, product_id) if query else []
            matches = tuple(TermMatch(t, f, round(s, 4)) for t, f, s in found)
            explanation = Explanation(matches, row in exact)
        return Hit(ProductId(product_id), round(float(scores[row]), 4), explanation)

    def _follow(self) -> None:
        """Wait for the database to say that products changed; look by ourselves now and then."""
        while not self._stop.is_set():
            try:
                with psycopg.connect(self._database.url, autocommit=True) as conn:
                    conn.execute("listen product_changes")
                    while not self._stop.is_set():
                        self.refresh()
                        for _ in conn.notifies(timeout=POLL_SECONDS, stop_after=1):
                            pass
            except (psycopg.Error, DatabaseError) as error:
                log.warning("search waits for the database: %s", error)
                self._stop.wait(POLL_SECONDS)
            except Exception:
                log.exception("search could not take in changes; it goes on with what it has")
                self._stop.wait(POLL_SECONDS)


def _filters(request: SearchRequest) -> Filters:
    values = dict(request.filters)
    if request.category:
        values[CATEGORY] = (PATH.join(request.category),)
    return Filters(values, request.price_min, request.price_max, request.available_only)


def _order(columns: Columns, narrowed: Narrowed, sort: Sort, *, browsing: bool) -> Ints:
    """Places in `narrowed.rows` in the order asked for; equal ones stay in the order of relevance."""
    rows = narrowed.rows
    if sort is Sort.TITLE:
        titles = [columns.titles[r].casefold() for r in rows]
        return np.array(sorted(range(len(rows)), key=titles.__getitem__), np.int32)
    if sort is Sort.RELEVANCE and not browsing:
        return np.arange(len(rows), dtype=np.int32)
    by = {
        Sort.RELEVANCE: -columns.rating,
        Sort.RATING: -columns.rating,
        Sort.NEWEST: -columns.created,
        Sort.PRICE_ASC: narrowed.lowest,
        Sort.PRICE_DESC: np.where(np.isinf(narrowed.lowest), np.inf, -narrowed.lowest),
    }[sort]
    return np.argsort(by[rows], kind="stable").astype(np.int32)
