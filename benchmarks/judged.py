"""The judged product-search set, as the shop takes it in: products, words index, vectors, judgments.

Convention (`shared/data/search/crowdflower`): retrieval over all products, gain = label - 1 (0 to 3, linear),
unjudged = 0, the ideal order from all judged. Vectors are kept in the cache folder, by embedder and text, as making
them takes a minute.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as parquet

from shopkeeper.models.embed import Embedder, fetch_embedder, load_embedder
from shopkeeper.retrieval.words import WordIndex, key_of
from shopkeeper.search.documents import VECTORS, WEIGHTS, entry_of, texts_of
from shopkeeper.settings import Settings
from shopkeeper.shop.records import Money, Product, ProductId, Variant, VariantId
from shopkeeper.text import plain_text

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class JudgedSet:
    """Products, queries, and the grade of each judged product by query."""

    products: Sequence[Product]
    queries: Sequence[str]
    grades: Sequence[Mapping[str, float]]

    def best(self, query: int) -> set[str]:
        """Products of the highest grade there is, 3."""
        return {i for i, grade in self.grades[query].items() if grade == 3}


def load(folder: Path, *, limit: int | None = None) -> JudgedSet:
    """The set in a folder; limit: only so many queries, over all products."""
    rows = parquet.read_table(folder / "products.parquet").to_pylist()
    asked = parquet.read_table(folder / "queries.parquet").to_pylist()[:limit]
    grades: dict[int, dict[str, float]] = {row["query_id"]: {} for row in asked}
    for row in parquet.read_table(folder / "labels.parquet").to_pylist():
        if row["query_id"] in grades:
            grades[row["query_id"]][str(row["product_id"])] = row["median_relevance"] - 1.0
    return JudgedSet(
        [_product(row) for row in rows],
        [row["query"] for row in asked],
        [grades[row["query_id"]] for row in asked],
    )


def _product(row: Mapping[str, object]) -> Product:
    product_id = str(row["product_id"])
    return Product(
        ProductId(product_id),
        plain_text(str(row["product_title"] or "")),
        (Variant(VariantId(product_id), "", Money(Decimal(1), "USD")),),
        description=str(row["product_description"] or ""),
    )


def index_words(products: Sequence[Product], folder: Path) -> WordIndex:
    """The shop's own index of these products."""
    index = WordIndex(folder, WEIGHTS)
    index.open_writer()
    index.write(map(entry_of, products))
    index.commit()
    return index


def open_embedder(name: str) -> Embedder:
    """An embedder, fetched where it is not there yet."""
    cache = Settings().cache_folder
    fetch_embedder(name, cache)
    return load_embedder(name, cache, threads=2)


def vectors_of(embedder: Embedder, products: Sequence[Product]) -> tuple[Vectors, Vectors]:
    """The vectors of the products' titles, and those the shop searches by, in their order."""
    texts = [texts_of(product) for product in products]
    titles = _encoded(embedder, [t["title"] for t in texts])
    own = [part for part in VECTORS["own"] if all(part in t for t in texts)]
    return titles, np.sum([_encoded(embedder, [t[part] for t in texts]) for part in own], axis=0)


def _encoded(embedder: Embedder, texts: Sequence[str]) -> Vectors:
    digest = sha256("\0".join([embedder.digest, *texts]).encode()).hexdigest()[:24]
    kept = Settings().cache_folder / "benchmarks" / f"{digest}.npy"
    if kept.exists():
        stored: Vectors = np.load(kept, allow_pickle=False)
        return stored
    made = np.concatenate(
        [embedder.encode(texts[i : i + 256], kind="passage") for i in range(0, len(texts), 256)]
    )
    kept.parent.mkdir(parents=True, exist_ok=True)
    np.save(kept, made, allow_pickle=False)
    return made


def keys_of(products: Sequence[Product]) -> npt.NDArray[np.uint64]:
    """The keys of products, in their order."""
    return np.array([key_of(product.id) for product in products], np.uint64)
