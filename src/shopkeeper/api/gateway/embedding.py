"""Vectors of texts: by an embedder that is here, or by an engine that can."""

import base64
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import orjson

from shopkeeper.api.gateway.asking import check_size
from shopkeeper.api.gateway.choosing import choose
from shopkeeper.api.gateway.shapes import EmbeddingRequest
from shopkeeper.api.problems import Invalid
from shopkeeper.face import Shop
from shopkeeper.models import hub
from shopkeeper.models.embed import EMBEDDERS, Embedder, Kind, Vectors, load_embedder

TIMEOUT_S = 120.0
CHARACTERS_PER_TOKEN = 4  # an embedder does not tell how many tokens it read, so they are estimated


class Embedders:
    """Embedders, opened when they are first asked and kept."""

    def __init__(self, cache_folder: Path) -> None:
        self._cache_folder = cache_folder
        self._opened: dict[str, Embedder] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> Embedder:
        """The embedder of this name in the catalogue. Raises ModelError if its files are not here."""
        with self._lock:
            if name not in self._opened:
                self._opened[name] = load_embedder(name, self._cache_folder)
            return self._opened[name]

    def names(self) -> Iterator[str]:
        """Those whose files are here."""
        for name, spec in EMBEDDERS.items():
            if hub.is_here(spec.weights, self._cache_folder):
                yield name


def embed(body: EmbeddingRequest, shop: Shop, embedders: Embedders) -> bytes:
    """The answer as JSON. Raises NotFound, Invalid, TooLarge, ModelError."""
    texts = [body.input] if isinstance(body.input, str) else body.input
    check_size(texts)
    vectors, tokens = _vectors(body.model, texts, body.input_type, shop, embedders)
    if body.dimensions not in (None, vectors.shape[1]):
        raise Invalid("body.dimensions", f"{body.model} has {vectors.shape[1]}, and no others")
    as_text = body.encoding_format == "base64"
    return orjson.dumps(
        {
            "object": "list",
            "model": body.model,
            "data": [
                {"object": "embedding", "index": n, "embedding": _base64(row) if as_text else row}
                for n, row in enumerate(np.ascontiguousarray(vectors))
            ],
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        },
        option=orjson.OPT_SERIALIZE_NUMPY,
    )


def _vectors(
    name: str, texts: Sequence[str], kind: Kind, shop: Shop, embedders: Embedders
) -> tuple[Vectors, int]:
    if name in EMBEDDERS and name not in shop.settings.engines:
        tokens = sum(1 + len(text) // CHARACTERS_PER_TOKEN for text in texts)
        return embedders.get(name).encode(texts, kind=kind), tokens
    chosen = choose(name, shop.models, shop.settings)
    embedded = chosen.model.embed(texts, timeout_s=TIMEOUT_S)
    return embedded.vectors, embedded.usage.prompt_tokens


def _base64(row: Vectors) -> str:
    return base64.b64encode(row.astype("<f4").tobytes()).decode()
