"""A second opinion on search: what one shop calls a product, asked of another shop's catalogue.

Full names with brands, sizes and model numbers (`shared/data/knowledge/entity_matching`: Abt asked of Buy.com, Amazon
of Google), where fusion must not blur what words get right. The figure is the mean reciprocal rank of the first
right product among the first ten.
"""

import tempfile
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet

from benchmarks.judged import index_words, keys_of, vectors_of
from shopkeeper.measures import reciprocal_rank, share_hurt
from shopkeeper.models.embed import Embedder
from shopkeeper.retrieval.hybrid import find
from shopkeeper.retrieval.meaning import build
from shopkeeper.retrieval.spelling import Vocabulary
from shopkeeper.shop.records import Money, Product, ProductId, Variant, VariantId

PAIRS = {"abt_buy": "name", "amazon_google": "title"}  # set -> the column of names
ASKED, DEEP, HURT_BY = 500, 10, 0.05


def figures(folder: Path, embedder: Embedder) -> dict[str, float]:
    """The mean reciprocal rank of words, meaning and both on each set, printed too."""
    found: dict[str, float] = {}
    print(f"\n{'known items':20} words  meaning  both   hurt")
    for name, column in PAIRS.items():
        products, wanted = load(folder, name, column)
        words, meaning, both = ranks(products, wanted, embedder)
        hurt = share_hurt(both, words, by=HURT_BY)
        print(f"{name:20} {np.mean(words):.3f}  {np.mean(meaning):.3f}    {np.mean(both):.3f}  {hurt:.3f}")  # fmt: skip
        found |= {
            f"known.{name}": round(float(np.mean(both)), 4),
            f"known.{name}.words": round(float(np.mean(words)), 4),
            f"known.{name}.dense": round(float(np.mean(meaning)), 4),
            f"known.{name}.share_hurt": round(hurt, 4),
        }
    return found


def load(folder: Path, name: str, column: str) -> tuple[list[Product], Mapping[str, set[str]]]:
    """One shop's products, and the other's names with the products they mean."""
    products: dict[str, Product] = {}
    wanted: dict[str, set[str]] = {}
    for part in ("train", "valid", "test"):
        for row in parquet.read_table(folder / f"{name}_{part}.parquet").to_pylist():
            title = row[f"right_{column}"] or ""
            if title not in products:
                products[title] = _product(str(len(products)), title, row.get("right_description"))
            if row["label"] == 1:
                wanted.setdefault(row[f"left_{column}"], set()).add(str(products[title].id))
    return list(products.values()), dict(list(wanted.items())[:ASKED])


def ranks(
    products: Sequence[Product], wanted: Mapping[str, set[str]], embedder: Embedder
) -> tuple[list[float], list[float], list[float]]:
    """The reciprocal rank of each query by words, by meaning and by both."""
    keys = keys_of(products)
    id_of = {int(key): str(product.id) for key, product in zip(keys, products, strict=True)}
    meanings = build(keys, vectors_of(embedder, products)[1])
    asked = embedder.encode(list(wanted), kind="query")
    words: list[float] = []
    meaning: list[float] = []
    both: list[float] = []
    with tempfile.TemporaryDirectory(prefix="shopkeeper-known-") as folder:
        index = index_words(products, Path(folder))
        vocabulary = Vocabulary(index.vocabulary())
        for (query, right), vector in zip(wanted.items(), asked, strict=True):
            found = find(query, words=index, vocabulary=vocabulary)
            fused = find(
                query, words=index, vocabulary=vocabulary, meanings=[meanings], vector=vector
            )
            nearest, _ = meanings.search(vector, DEEP)
            for into, hits in ((words, found.keys), (meaning, nearest), (both, fused.keys)):
                ids = [id_of[int(key)] for key in hits[:DEEP]]
                into.append(reciprocal_rank(ids, right))
    return words, meaning, both


def _product(product_id: str, title: str, description: str | None) -> Product:
    variant = Variant(VariantId(product_id), "", Money(Decimal(1), "USD"))
    return Product(ProductId(product_id), title, (variant,), description=description or "")
