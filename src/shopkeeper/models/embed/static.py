"""The mean of the vectors of a text's tokens: no network, so thousands of texts a second.

Axes: N texts, T tokens of all of them together, V vocabulary, D width.
"""

from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from shopkeeper.errors import ArtifactError
from shopkeeper.models.embed.contract import Kind, Vectors
from shopkeeper.models.embed.tokens import Cutter, open_tokenizer, tokenise

BATCH = 1024  # texts whose vectors are looked up at once


class StaticEmbedder:
    """An `Embedder` over a table of vectors: one safetensors file with one tensor (V, D)."""

    def __init__(
        self,
        name: str,
        *,
        weights: Path,
        tokenizer: Path,
        digest: str,
        dimension: int,
        languages: frozenset[str],
        max_tokens: int,
    ) -> None:
        self.id = name
        self.digest = digest
        self.dimension = dimension
        self.languages = languages
        self._files = weights, tokenizer
        self._max_tokens = max_tokens
        self._opening = Lock()
        self._opened: tuple[Vectors, Cutter] | None = None

    def encode(self, texts: Sequence[str], *, kind: Kind) -> Vectors:
        """See `Embedder.encode`. Queries and passages are treated alike."""
        table, tokenizer = self._open()
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for start in range(0, len(texts), BATCH):
            tokens = tokenise(
                tokenizer,
                texts[start : start + BATCH],
                prefix="",
                max_tokens=self._max_tokens,
                special=False,
            )
            vectors[start : start + BATCH] = _unit_sums(table, tokens)
        return vectors

    def _open(self) -> tuple[Vectors, Cutter]:
        with self._opening:
            if self._opened is None:
                weights, tokenizer = self._files
                table = _read_table(weights, self.dimension)
                self._opened = table, open_tokenizer(tokenizer, max_tokens=self._max_tokens)
            return self._opened


def _unit_sums(table: Vectors, tokens: Sequence[Sequence[int]]) -> Vectors:
    """Sum of each text's rows of the table, scaled to length 1; the mean points the same way. (N, D)"""
    vectors = np.zeros((len(tokens), table.shape[1]), np.float32)
    lengths = np.array([len(ids) for ids in tokens])
    filled = np.flatnonzero(lengths)
    if not len(filled):
        return vectors
    ids = np.concatenate([found for found in tokens if found])  # (T,)
    starts = np.cumsum(lengths[filled]) - lengths[filled]
    sums = np.add.reduceat(table[ids], starts, axis=0)
    norms = np.linalg.norm(sums, axis=1, keepdims=True)
    vectors[filled] = np.divide(sums, norms, out=np.zeros_like(sums), where=norms > 0)
    return vectors


def _read_table(path: Path, dimension: int) -> Vectors:
    try:
        (table,) = load_file(path).values()
    except (SafetensorError, OSError, ValueError) as error:
        raise ArtifactError(f"{path} is not a table of vectors: {error}") from error
    if table.ndim != 2 or table.shape[1] != dimension:
        raise ArtifactError(f"{path} has the shape {table.shape}, not (tokens, {dimension})")
    return table.astype(np.float32)
