"""What an item is, by its words: links that need no event, and so reach new items from the first minute.

Letters: `N` items, `V` terms. Terms are the words of the title and other text, pairs of neighbouring words, and whole
values (a brand, each category) as one term each. TF-IDF by hand, as scikit-learn's TfidfVectorizer would: 1 + log of
the count, times log((1 + N) / (1 + df)) + 1, rows of length 1.
"""

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import svds

from shopkeeper.recommend.contract import Links
from shopkeeper.recommend.histories import Sparse, Table
from shopkeeper.text.segment import index_tokens

BLOCK = 20_000_000  # pairs of items that are compared together


@dataclass(frozen=True, slots=True)
class About:
    """What is known of an item before anyone wanted it. text: free words; values: brand, categories, attributes."""

    text: str
    values: tuple[str, ...] = ()


def tf_idf(items: Sequence[About], *, rarest: int = 2, commonest: float = 0.2) -> Sparse:
    """(N, V) unit rows; a term counts if at least `rarest` items have it, and at most that share of all."""
    return vocabulary(items, rarest=rarest, commonest=commonest)[2]


def vocabulary(
    items: Sequence[About], *, rarest: int = 2, commonest: float = 0.2
) -> tuple[tuple[str, ...], Table, Sparse]:
    """The same with the terms themselves and how rare each is: (V,)."""
    counts = [Counter(terms_of(item)) for item in items]
    documents = Counter(term for count in counts for term in count)
    kept = sorted(
        t for t, n in documents.items() if rarest <= n <= max(rarest, commonest * len(items))
    )
    place = {term: i for i, term in enumerate(kept)}
    rarity = [1 + np.log((1 + len(items)) / (1 + documents[term])) for term in kept]
    columns, values, start = [], [], [0]
    for count in counts:
        for term, number in count.items():
            if (at := place.get(term)) is not None:
                columns.append(at)
                values.append((1 + np.log(number)) * rarity[at])
        start.append(len(columns))
    shape = (len(items), len(kept))
    rows = sparse.csr_array((np.array(values, np.float32), columns, start), shape=shape)
    return tuple(kept), np.array(rarity, np.float32), unit(rows)


def unit(rows: Sparse) -> Sparse:
    """Each row divided by its length; empty rows stay empty."""
    length = np.sqrt(np.asarray((rows * rows).sum(axis=1)).ravel())
    scale = np.divide(1, length, out=np.zeros_like(length), where=length > 0)
    return sparse.csr_array(sparse.diags_array(scale.astype(np.float32)) @ rows, dtype=np.float32)


def fit(terms: Sparse, *, most: int = 200, decay: float = 0.7) -> Links:
    """Cosine of the terms; the nearest `most` of each item, itself not among them."""
    count, most = terms.shape[0], min(most, max(terms.shape[0] - 1, 0))
    others = sparse.csr_array(terms.T)
    step = max(1, BLOCK // max(count, 1))
    parts = [
        _near(terms[start : start + step] @ others, start, most) for start in range(0, count, step)
    ]
    found = sparse.vstack(parts) if parts else sparse.csr_array((count, count), dtype=np.float32)
    return Links(sparse.csr_array(found), decay)


def meanings(terms: Sparse, width: int) -> Table:
    """(N, width) unit rows: the terms' singular vectors, which know that words go together. Deerwester et al. 1990.

    Narrower where there are too few items or terms; signs are fixed by the largest entry, so a fit is repeatable.
    """
    width = min(width, min(terms.shape) - 1)
    if width < 1:
        return np.zeros((terms.shape[0], 1), np.float32)
    left, size, _ = svds(terms.astype(np.float64), k=width, rng=np.random.default_rng(0))
    rows = left * size
    rows *= np.sign(rows[np.abs(rows).argmax(axis=0), np.arange(width)])
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    found: Table = np.divide(rows, length, out=np.zeros_like(rows), where=length > 1e-9)
    return found.astype(np.float32)


def _near(pairs: Sparse, start: int, most: int) -> Sparse:
    """Rows `start` on, the most alike of each."""
    cosine: Table = pairs.toarray()
    row = np.arange(len(cosine))[:, None]
    cosine[row, row + start] = 0
    column = np.argpartition(-cosine, max(most - 1, 0), axis=1)[:, :most]
    value = cosine[row, column]
    places = (np.broadcast_to(row, column.shape)[value > 0], column[value > 0])
    return sparse.csr_array((value[value > 0], places), shape=cosine.shape)


def terms_of(item: About) -> Iterator[str]:
    """The terms of an item, as often as they stand there."""
    words = index_tokens(item.text)
    yield from words
    yield from (f"{a} {b}" for a, b in itertools.pairwise(words))
    yield from (re.sub(r"\s+", "_", f"={value.casefold()}") for value in item.values)
