"""Texts into vectors, so that what means the same lies close together.

In come texts and whether they are asked (`query`) or searched (`passage`); out comes one row of length 1 a text.
`contract` says what an embedder is; `catalogue` names those there are and opens one from the hub's cache; `tokens`
and `unigram` cut texts; `static` adds up vectors of tokens, `encoder` runs a network by ONNX Runtime; `remembered`
keeps the vectors of recent queries.

    embedder = load_embedder("minilm-l6", settings.cache_folder)
    similarity = embedder.encode(["hiking backpack"], kind="query") @ embedder.encode(titles, kind="passage").T
"""

from shopkeeper.models.embed.catalogue import EMBEDDERS, fetch_embedder, load_embedder, recommended
from shopkeeper.models.embed.contract import Embedder, Kind, Vectors
from shopkeeper.models.embed.remembered import RememberedQueries

__all__ = [
    "EMBEDDERS",
    "Embedder",
    "Kind",
    "RememberedQueries",
    "Vectors",
    "fetch_embedder",
    "load_embedder",
    "recommended",
]
