"""Product search: request to response."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np

from shopkeeper.artifacts import Artifact
from shopkeeper.models.embed import Embedder
from shopkeeper.retrieval.columns import Columns, Filters, Ints, Narrowed
from shopkeeper.rules import Selection, arranged
from shopkeeper.search import versions
from shopkeeper.search.documents import CATEGORY, PATH
from shopkeeper.search.facets import categories_of, facets_of
from shopkeeper.search.finding import Listing, Snapshot, explanation, listing
from shopkeeper.search.following import Follower
from shopkeeper.search.merchant import Merchant, selected
from shopkeeper.search.records import Hit, PriceRange, SearchRequest, SearchResponse, Sort
from shopkeeper.search.store import CatalogueStore, OnProgress
from shopkeeper.search.suggest import Suggestion
from shopkeeper.search.versions import Comparison
from shopkeeper.shop.database import Database
from shopkeeper.shop.records import Product, ProductId

Embedders = Callable[[str], Embedder]


class ProductSearch:
    """Finds products. Safe to use from several threads, and from several programs on one folder."""

    def __init__(
        self, database: Database, store: CatalogueStore, embedders: Embedders | None = None
    ) -> None:
        self._database = database
        self._store = store
        self._following = Follower(database, store, embedders)

    @classmethod
    def open(
        cls,
        database: Database,
        folder: Path,
        on_progress: OnProgress | None = None,
        *,
        embedders: Embedders | None = None,
    ) -> Self:
        """Search over the catalogue of a database. Builds the index where there is none.

        embedders: opens the embedder of a name (`models.embed.load_embedder`); without it, words alone are searched.
        """
        store = CatalogueStore(database, folder)
        try:
            store.open(on_progress)
        except BaseException:
            store.close()  # or nobody could write the index as long as this program runs
            raise
        return cls(database, store, embedders)

    def start(self) -> None:
        """Follow changes in the background from now on."""
        self._following.start()

    def close(self) -> None:
        """Stop following changes and let others write the index."""
        self._following.stop()
        self._store.close()

    def refresh(self) -> int:
        """Take in what has changed since the last time. Returns how many products did."""
        return self._following.refresh()

    def rebuild(self, on_progress: OnProgress | None = None) -> None:
        """Build the index anew beside the one in use, then switch."""
        self._store.rebuild(on_progress)

    def products(self, ids: Sequence[str]) -> dict[ProductId, Product]:
        """The products with these ids as the index last saw them, in this order; those that are gone are left out."""
        return self._store.shown.get(ids)

    def products_json(self, ids: Sequence[str]) -> dict[ProductId, bytes]:
        """Like `products`, each as JSON (see `records.to_json`), which costs next to nothing."""
        return self._store.shown.json(ids)

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

    @property
    def embedder(self) -> str:
        """The embedder in use; empty while words alone are searched."""
        used = self._following.meanings
        return "" if used is None else used.embedder.id

    @property
    def awaited(self) -> int:
        """How many products are found by words and not yet by meaning."""
        used = self._following.meanings
        return 0 if used is None else used.awaited

    def suggest(self, typed: str, *, limit: int = 8, products: int = 3) -> list[Suggestion]:
        """What somebody who typed this may want, the likeliest first. products: how many of them at most."""
        return self._following.suggestions().suggest(typed, limit=limit, products=products)

    def labels(self, language: str) -> Mapping[str, str]:
        """What categories, facets and their values are called in a language, where that is known."""
        return self._store.labels.of(language)

    @property
    def categories(self) -> Mapping[str, int]:
        """Each category of the catalogue as a path (see `documents.PATH`), and how many products it has."""
        return self._store.columns.value_counts(CATEGORY)

    def chosen(self, selection: Selection) -> list[str]:
        """Ids of the products that a rule with this selection is about."""
        return list(selected(self._store.columns, selection))

    def search(
        self,
        request: SearchRequest,
        *,
        version: int | None = None,
        merchant: Merchant | None = None,
    ) -> SearchResponse:
        """Products that match, with facets counted over exactly them.

        version: by its vectors instead of those in use. merchant: with these synonyms and rules instead of the shop's.
        Raises, with a version, NotFound, Conflict if it is not whole, ModelError if its embedder is not here.
        """
        following = self._following
        snapshot = following.snapshot() if version is None else following.snapshot_of(version)
        if merchant is not None:
            snapshot = replace(snapshot, merchant=merchant)
        return self._answer(snapshot, request)

    def build_version(
        self,
        embedder: Embedder,
        *,
        switch: bool = True,
        on_progress: OnProgress | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> Artifact | None:
        """Build a version of search by meaning beside the one in use, compare both on stored queries, and put it to
        use if it is no worse and `switch`. None if told to stop; the next call goes on from there."""
        version = versions.build(self._database, embedder, on_progress=on_progress, stop=stop)
        if version is None:
            return None
        with self._database.connection() as conn:
            asked = versions.stored_queries(conn)
        comparison = self.compare(embedder, asked)
        return versions.finish(self._database, version, comparison, switch=switch)

    def compare(self, embedder: Embedder, queries: Sequence[versions.StoredQuery]) -> Comparison:
        """How answers would change with the vectors of another embedder, which must have been made."""
        now, then = self._following.snapshot(), self._following.snapshot_with(embedder)
        return versions.compare(
            queries,
            lambda words: self._first_ids(now, words),
            lambda words: self._first_ids(then, words),
        )

    def _first_ids(self, snapshot: Snapshot, words: str) -> list[str]:
        request = SearchRequest(words, limit=versions.CUT)
        return [hit.product_id for hit in self._answer(snapshot, request).hits]

    def _answer(self, snapshot: Snapshot, request: SearchRequest) -> SearchResponse:
        begun = time.perf_counter()
        columns = snapshot.columns
        found = listing(snapshot, request)
        narrowed = columns.narrow(found.rows, _filters(request))
        rows = _ordered(columns, narrowed, found, request)
        page = rows[request.offset : request.offset + request.limit]
        labels = self._store.labels.of(request.language)
        matches = None if found.found is None else found.found.matches
        return SearchResponse(
            total=len(rows),
            hits=tuple(_hit(snapshot, found, request, int(row)) for row in page),
            facets=facets_of(narrowed.counts, request.filters, labels, len(rows)),
            categories=categories_of(narrowed.counts, request.category, labels),
            price=None if narrowed.price is None else PriceRange(*narrowed.price),
            took_ms=round((time.perf_counter() - begun) * 1000, 3),
            unknown=() if matches is None else matches.unknown,
            required=0 if matches is None else matches.required,
            asked=0 if matches is None else matches.asked,
            did_you_mean=None if found.found is None else found.found.mended.text,
            wordings=found.wordings,
            meaning_weight=0.0 if found.found is None else round(found.found.weight, 3),
        )


def _hit(snapshot: Snapshot, found: Listing, request: SearchRequest, row: int) -> Hit:
    why = explanation(snapshot, found, request, row) if request.explain else None
    return Hit(ProductId(snapshot.columns.ids[row]), round(float(found.scores[row]), 4), why)


def _filters(request: SearchRequest) -> Filters:
    values = dict(request.filters)
    if request.category:
        values[CATEGORY] = (PATH.join(request.category),)
    return Filters(values, request.price_min, request.price_max, request.available_only)


def _ordered(columns: Columns, narrowed: Narrowed, found: Listing, request: SearchRequest) -> Ints:
    """The hits that are left, in the order asked for, pinned ones at their places if that is by relevance."""
    browsing = not request.query.strip()
    rows = narrowed.rows[_order(columns, narrowed, request.sort, browsing=browsing)]
    if request.sort is not Sort.RELEVANCE:
        return rows
    if browsing and found.moved[rows].any():
        rows = rows[np.argsort(-found.moved[rows], kind="stable")]
    if not found.effects.pinned:
        return rows
    left = {columns.ids[row] for row in rows}
    pinned = tuple((place, i) for place, i in found.effects.pinned if i in left)
    ids = arranged([columns.ids[row] for row in rows], replace(found.effects, pinned=pinned))
    return np.array([columns.row_of[i] for i in ids], np.int32)


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
