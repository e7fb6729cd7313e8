"""Whether shoppers of the demo shop find what they mean: `demo_queries.toml`, asked of the shop's own search.

The demo catalogue goes into a database of its own, is indexed and gets vectors as any shop's does. A query is answered
if a product that would content the shopper is among the first three hits. By words and meaning together, and, to
compare, by words alone. `python -m benchmarks.demo_queries` prints each query that is not answered.

`demo_kinds` asks what the demo's own shoppers type for a kind of thing (`nouns.toml`, written apart from search and from
these queries): whether one of that very kind is among the first three.
"""

import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from shopkeeper.models.embed import Embedder, fetch_embedder, load_embedder, recommended
from shopkeeper.models.embed.contract import Kind, Vectors
from shopkeeper.search import ProductSearch, SearchRequest, Way
from shopkeeper.settings import Settings
from shopkeeper.shop import products
from shopkeeper.shop.database import Database
from shopkeeper.shop.demo.catalogue import catalogue
from shopkeeper.shop.demo.nouns import nouns
from shopkeeper.shop.demo.records import Stocked
from shopkeeper.shop.embedded import EmbeddedServer
from shopkeeper.shop.migrate import migrate
from shopkeeper.shop.records import Variant

QUERIES = Path(__file__).with_name("demo_queries.toml")
SEED, NOW = 7, datetime(2026, 5, 1, tzinfo=UTC)
LANGUAGES = ("en", "zh")
TOP = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """One query and what would content the one who asks. top: how far down that may stand."""

    query: str
    language: str
    want: Mapping[str, Any]
    typo: bool = False
    top: int = TOP

    def contents(self, stocked: Stocked) -> bool:
        """True if this product would do."""
        want, product = self.want, stocked.product
        title = product.title.lower()
        return (
            stocked.kind in _several(want.get("kind", stocked.kind))
            and product.brand == want.get("brand", product.brand)
            and all(words.lower() in title for words in _several(want.get("title", "")))
            and all(
                set(_several(values)) & set(product.attributes.get(name, ()))
                for name, values in want.get("attributes", {}).items()
            )
            and any(self._variant_does(variant) for variant in product.variants)
        )

    def _variant_does(self, variant: Variant) -> bool:
        options = {option.name: option.value for option in variant.options}
        return (
            variant.sku == self.want.get("sku", variant.sku)
            and variant.gtin == self.want.get("gtin", variant.gtin)
            and all(
                options.get(name) in _several(values)
                for name, values in self.want.get("options", {}).items()
            )
        )


def _several(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def read() -> list[Asked]:
    """All queries."""
    return [Asked(**row) for row in tomllib.loads(QUERIES.read_text(encoding="utf-8"))["queries"]]


class KeptVectors:
    """An embedder whose vectors are kept in a file of the cache folder, as making them takes a minute."""

    def __init__(self, embedder: Embedder, folder: Path) -> None:
        self.id, self.digest = embedder.id, embedder.digest
        self.dimension, self.languages = embedder.dimension, embedder.languages
        self._embedder = embedder
        self._file = folder / "benchmarks" / f"demo-{embedder.digest}.npz"
        self._known: dict[str, Vectors] = {}
        if self._file.exists():
            with np.load(self._file, allow_pickle=False) as kept:
                self._known = dict(zip(kept["keys"].tolist(), kept["vectors"], strict=True))

    def encode(self, texts: Sequence[str], *, kind: Kind) -> Vectors:
        """See `Embedder.encode`."""
        keys = [sha256(f"{kind}\0{text}".encode()).hexdigest()[:24] for text in texts]
        new = {k: t for k, t in zip(keys, texts, strict=True) if k not in self._known}
        if new:
            made = self._embedder.encode(list(new.values()), kind=kind)
            self._known |= dict(zip(new, made, strict=True))
        return np.array([self._known[key] for key in keys], np.float32)

    def save(self) -> None:
        """Keep what is known."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        np.savez(
            self._file, keys=np.array(list(self._known)), vectors=np.array([*self._known.values()])
        )


def open_kept(name: str) -> KeptVectors:
    """An embedder, fetched where it is not there yet."""
    cache = Settings().cache_folder
    fetch_embedder(name, cache)
    return KeptVectors(load_embedder(name, cache, threads=2), cache)


@contextmanager
def shop(
    stocked: Sequence[Stocked], embedders: Mapping[str, Embedder] | None = None
) -> Iterator[ProductSearch]:
    """The demo catalogue in a database of its own, ready to be searched."""
    with tempfile.TemporaryDirectory(prefix="shopkeeper-demo-") as name:
        server = EmbeddedServer(Path(name))
        server.start()
        try:
            migrate(server.url)
            database = Database(server.url)
            try:
                with database.connection() as conn:
                    products.upsert(conn, [s.product for s in stocked])
                opened = (embedders or {}).__getitem__
                search = ProductSearch.open(database, Path(name) / "index", embedders=opened)
                search.refresh()
                yield search
                search.close()
            finally:
                database.close()
        finally:
            server.stop()


@dataclass(frozen=True, slots=True)
class Answered:
    """A query with its first hits."""

    asked: Asked
    first: Sequence[Stocked]

    @property
    def well(self) -> bool:
        """True if one of them would content the shopper."""
        return any(self.asked.contents(one) for one in self.first[: self.asked.top])


def of_kinds(stocked: Sequence[Stocked]) -> list[Asked]:
    """What people type for each kind of thing there is."""
    kinds = dict.fromkeys(one.kind for one in stocked)
    return [
        Asked(query, language, {"kind": kind})
        for kind in kinds
        for language, queries in (("en", nouns()[kind].searches_en), ("zh", nouns()[kind].searches_zh))
        for query in queries
    ]  # fmt: skip


def ask(
    search: ProductSearch, stocked: Sequence[Stocked], queries: Sequence[Asked], way: Way
) -> list[Answered]:
    """Queries, answered."""
    by_id = {one.product.id: one for one in stocked}
    found = []
    for asked in queries:
        request = SearchRequest(asked.query, limit=TOP, way=way)
        found.append(Answered(asked, [by_id[h.product_id] for h in search.search(request).hits]))
    return found


def run(*, verbose: bool = False) -> dict[str, float]:
    """The shares of queries that are answered, by the best embedder that speaks both languages and by words alone."""
    embedder = open_kept(recommended(LANGUAGES)[0])
    stocked = catalogue(SEED, NOW)
    with shop(stocked, {embedder.id: embedder}) as search:
        by_words = ask(search, stocked, read(), Way.WORDS)
        version = search.build_version(embedder)
        assert version is not None
        search.refresh()
        answers = ask(search, stocked, read(), Way.HYBRID)
        kinds = ask(search, stocked, of_kinds(stocked), Way.HYBRID)
    embedder.save()
    figures = _report(f"words and {embedder.id}", "demo_top3", answers)
    figures |= _report("words alone", "demo_top3.words", by_words)
    figures |= _report(f"kinds of things, words and {embedder.id}", "demo_kinds", kinds)
    if verbose:
        _tell("not answered", answers)
        _tell("not answered by words alone", by_words)
        _tell("kinds that are not found", kinds)
    return figures


def _report(what: str, key: str, answers: Sequence[Answered]) -> dict[str, float]:
    groups: dict[str, Callable[[Asked], bool]] = {
        "": lambda asked: True,
        ".en": lambda asked: asked.language == "en",
        ".zh": lambda asked: asked.language == "zh",
        ".mixed": lambda asked: asked.language == "mixed",
        ".typos": lambda asked: asked.typo,
    }
    figures = {}
    print(f"demo shop, {what}: queries with what was wanted in the first {TOP}")
    for name, belongs in groups.items():
        wells = [a.well for a in answers if belongs(a.asked)]
        if not wells:
            continue
        figures[f"{key}{name}"] = round(sum(wells) / len(wells), 4)
        print(f"  {name.lstrip('.') or 'all':8} {sum(wells):4} of {len(wells):4}  {sum(wells) / len(wells):.4f}")  # fmt: skip
    return figures


def _tell(what: str, answers: Sequence[Answered]) -> None:
    print(f"\n{what}:")
    for answered in answers:
        if not answered.well:
            titles = " | ".join(one.product.title for one in answered.first) or "nothing"
            print(f"{answered.asked.query:40} {titles}")


if __name__ == "__main__":
    run(verbose=True)
