"""A transformer's encoder, run by ONNX Runtime; the mean of its last states is the text's vector.

Axes: N texts, B texts of a batch, T tokens of the longest of them, D width.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from threading import Lock

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi.onnxruntime_pybind11_state import (
    Fail,
    InvalidGraph,
    InvalidProtobuf,
    NoSuchFile,
)

from shopkeeper.errors import ArtifactError
from shopkeeper.models.embed.contract import Kind, Vectors
from shopkeeper.models.embed.tokens import Cutter, open_tokenizer, tokenise

TOKENS_OF_BATCH = 1024  # padded; more does not run faster and wants more memory
TEXTS_AT_ONCE = 4096  # tokenised and sorted together

Tokens = Sequence[Sequence[int]]  # of each text of a batch


class OnnxEmbedder:
    """An `Embedder` over an ONNX file that maps `input_ids` and `attention_mask` to states (B, T, D)."""

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
        prefixes: Mapping[Kind, str],
        threads: int,
    ) -> None:
        self.id = name
        self.digest = digest
        self.dimension = dimension
        self.languages = languages
        self._files = weights, tokenizer
        self._max_tokens = max_tokens
        self._prefixes = prefixes
        self._threads = threads
        self._opening = Lock()
        self._opened: tuple[onnxruntime.InferenceSession, Cutter] | None = None

    def encode(self, texts: Sequence[str], *, kind: Kind) -> Vectors:
        """See `Embedder.encode`."""
        return self._run(texts, kind, self.dimension, _mean_of_length_1)

    def outputs(self, texts: Sequence[str], *, output: str, width: int, kind: Kind) -> Vectors:
        """Another output of the network, one row a text: (N, width). Zeros for a text without a token."""

        def asked(session: onnxruntime.InferenceSession, tokens: Tokens) -> Vectors:
            (found,) = session.run([output], _feeds(session, tokens)[0])
            rows: Vectors = found
            return rows

        return self._run(texts, kind, width, asked)

    def _run(
        self,
        texts: Sequence[str],
        kind: Kind,
        width: int,
        answer: Callable[[onnxruntime.InferenceSession, Tokens], Vectors],
    ) -> Vectors:
        """What the network says to each text, those of like length together."""
        session, tokenizer = self._open()
        found = np.zeros((len(texts), width), np.float32)
        for start in range(0, len(texts), TEXTS_AT_ONCE):
            tokens = tokenise(
                tokenizer,
                texts[start : start + TEXTS_AT_ONCE],
                prefix=self._prefixes[kind],
                max_tokens=self._max_tokens,
                special=True,
            )
            for rows in _batches([len(ids) for ids in tokens]):
                found[start + rows] = answer(session, [tokens[row] for row in rows])
        return found

    def _open(self) -> tuple[onnxruntime.InferenceSession, Cutter]:
        with self._opening:
            if self._opened is None:
                weights, tokenizer = self._files
                session = _open_session(weights, self._threads)
                self._opened = session, open_tokenizer(tokenizer, max_tokens=self._max_tokens)
            return self._opened


def _batches(lengths: Sequence[int]) -> Iterator[NDArray[np.intp]]:
    """Rows that go together: of like length, so that little is padding; blank texts in none."""
    order = np.argsort(lengths, kind="stable")
    order = order[np.asarray(lengths)[order] > 0] if len(order) else order
    start = 0
    while start < len(order):
        end = start + 1
        while end < len(order) and (end + 1 - start) * lengths[order[end]] <= TOKENS_OF_BATCH:
            end += 1
        yield order[start:end]
        start = end


def _feeds(
    session: onnxruntime.InferenceSession, tokens: Tokens
) -> tuple[dict[str, NDArray[np.int64]], NDArray[np.int64]]:
    """What the network is given for a batch, and the mask of what is no padding, (B, T)."""
    longest = max(map(len, tokens))
    ids = np.zeros((len(tokens), longest), np.int64)  # (B, T)
    mask = np.zeros_like(ids)
    for row, found in enumerate(tokens):
        ids[row, : len(found)] = found
        mask[row, : len(found)] = 1
    feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    wanted = {node.name for node in session.get_inputs()}
    return {name: feeds[name] for name in wanted}, mask


def _mean_of_length_1(session: onnxruntime.InferenceSession, tokens: Tokens) -> Vectors:
    feeds, mask = _feeds(session, tokens)
    first = session.get_outputs()[0].name
    (states,) = session.run([first], feeds)  # (B, T, D)
    weights = mask.astype(np.float32)
    sums: Vectors = np.einsum("btd,bt->bd", states, weights)
    sums /= np.linalg.norm(sums, axis=1, keepdims=True)
    return sums


def _open_session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only; its warnings are about its own optimisations
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # others need the core
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except (Fail, InvalidGraph, InvalidProtobuf, NoSuchFile) as error:
        raise ArtifactError(f"{path} is not a model that ONNX Runtime reads: {error}") from error
