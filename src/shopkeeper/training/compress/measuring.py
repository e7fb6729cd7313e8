"""Two models side by side on the same texts: speed in turns, and what the second one says differently.

Encoders are held to the vectors of the model before: `direction`, the mean cosine, and `neighbours`, the share of each
text's ten nearest that stay. Decoders to the text itself: `loss`, nats a token; those with an encoder read the first
half of a text and say the second. Times are of CPU, which other programs
disturb least, on one thread; medians of rounds taken in turns.
"""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from shopkeeper.errors import ArtifactError
from shopkeeper.models.embed.contract import Vectors
from shopkeeper.models.embed.folder import open_encoder
from shopkeeper.models.engines.llama import LlamaEngine
from shopkeeper.models.records import Controls, Request
from shopkeeper.settings import EngineSettings
from shopkeeper.training.compress.narrowing import of_one_length
from shopkeeper.training.transformer import Transformer

ROUNDS = 5
NEAREST = 10
MAX_TOKENS = 256  # of a text
ENCODER_MEASURES: Mapping[str, str] = {"direction": "higher", "neighbours": "higher"}
DECODER_MEASURES: Mapping[str, str] = {"loss": "lower"}

Job = Callable[[], int]  # does its work once; how many things that were


def in_turns(first: Job, second: Job, *, rounds: int = ROUNDS) -> tuple[float, float]:
    """Things a second of CPU of each: the medians of rounds in turns, after one to warm up."""
    rates: tuple[list[float], list[float]] = ([], [])
    first(), second()
    for _ in range(rounds):
        for job, found in zip((first, second), rates, strict=True):
            begun = time.process_time()
            count = job()
            found.append(count / max(time.process_time() - begun, 1e-9))
    return statistics.median(rates[0]), statistics.median(rates[1])


def likeness(before: Vectors, after: Vectors) -> Mapping[str, float]:
    """`direction` and `neighbours` of vectors of length 1, (N, D)."""
    near = [_nearest(vectors) for vectors in (before, after)]
    stayed = [len(a & b) / max(len(a), 1) for a, b in zip(*near, strict=True)]
    direction = float(np.mean((before * after).sum(axis=1)))
    return {"direction": direction, "neighbours": float(np.mean(stayed))}


def _nearest(vectors: Vectors) -> list[set[int]]:
    likeness = vectors @ vectors.T
    np.fill_diagonal(likeness, -np.inf)
    count = min(NEAREST, len(vectors) - 1)
    order: NDArray[np.intp] = np.argsort(-likeness, axis=1, kind="stable")[:, :count]
    return [set(map(int, row)) for row in order]


def encoders(
    before: Path, after: Path, texts: Sequence[str]
) -> tuple[tuple[float, float], Mapping[str, float]]:
    """Texts a second of two exported encoders, and how alike their vectors are."""
    first, second = open_encoder(before), open_encoder(after)

    def job(folder: Path) -> Job:
        served = first if folder == before else second

        def run() -> int:
            served.encode(texts, kind="passage")
            return len(texts)

        return run

    found = likeness(*(each.encode(texts, kind="passage") for each in (first, second)))
    return in_turns(job(before), job(after)), found


def vectors_of(model: Transformer, rows: Sequence[Sequence[int]]) -> Vectors:
    """Means of an encoder's states, of length 1, (N, D), by torch: those of rows of one length together."""
    found = []
    with torch.inference_mode():
        for batch in of_one_length(rows):
            found.append(F.normalize(model.encode(torch.tensor(batch)).mean(1), dim=-1))
    vectors: Vectors = torch.cat(found).numpy()
    return vectors


def loss_of(model: Transformer, rows: Sequence[Sequence[int]]) -> float:
    """Nats a token of a decoder on rows of at least two tokens, by torch. Raises ArtifactError if there is none."""
    total, tokens = 0.0, 0
    with torch.inference_mode():
        for batch in of_one_length(row for row in rows if len(row) > 1):
            logits, said = _said(model, torch.tensor(batch))
            total += float(F.cross_entropy(logits.flatten(0, 1), said.flatten(), reduction="sum"))
            tokens += said.numel()
    if not tokens:
        raise ArtifactError("no text of two tokens to measure with", hint="give longer texts")
    return total / tokens


def _said(model: Transformer, ids: Tensor) -> tuple[Tensor, Tensor]:
    """Logits (B, S, V), and the tokens (B, S) that they are to say, of rows (B, T)."""
    if model.encoder is None:
        return model(ids[:, :-1]), ids[:, 1:]
    source, said = ids.tensor_split(2, dim=1)
    begun = torch.cat([torch.full_like(ids[:, :1], model.shape.padding_id), said[:, :-1]], dim=1)
    return model(begun, source), said


def models(
    before: Transformer, after: Transformer, rows: Sequence[Sequence[int]]
) -> tuple[tuple[float, float], Mapping[str, float], Mapping[str, float]]:
    """Tokens a second of two models in torch, and the measures of each."""
    encoder = before.decoder is None

    def job(model: Transformer) -> Job:
        def run() -> int:
            vectors_of(model, rows) if encoder else loss_of(model, rows)
            return sum(map(len, rows))

        return run

    speeds = in_turns(job(before), job(after), rounds=3)
    if encoder:
        found = likeness(vectors_of(before, rows), vectors_of(after, rows))
        return speeds, dict.fromkeys(found, 1.0), found
    return speeds, {"loss": loss_of(before, rows)}, {"loss": loss_of(after, rows)}


def gguf_files(
    before: Path, after: Path, texts: Sequence[str], *, tokens: int = 64
) -> tuple[tuple[float, float], Mapping[str, float], Mapping[str, float]]:
    """Tokens a second that llama.cpp writes with two files, and their losses on the second halves of the texts."""
    engines = [_engine(path) for path in (before, after)]
    try:
        losses = [{"loss": _loss(engine, texts)} for engine in engines]

        def job(engine: LlamaEngine) -> Job:
            def run() -> int:
                most = min(tokens, engine.context_tokens // 2)
                asked = Request(_cut(texts[0], engine), Controls(max_new_tokens=most))
                said = engine.generate(asked)
                return max(said.usage.completion_tokens, 1)

            return run

        return in_turns(job(engines[0]), job(engines[1]), rounds=3), *losses  # type: ignore[return-value]
    finally:
        for engine in engines:
            engine.close()


def _engine(path: Path) -> LlamaEngine:
    settings = EngineSettings(
        kind="llama.cpp", model=str(path), context_tokens=2048, parallel=1, threads=1
    )
    return LlamaEngine.open(path, name=path.stem, settings=settings)


def _cut(text: str, engine: LlamaEngine) -> str:
    """What fits into half of the context even if each character is three tokens, as Chinese can be."""
    return text[: engine.context_tokens // 6]


def _loss(engine: LlamaEngine, texts: Sequence[str]) -> float:
    total, tokens = 0.0, 0
    for text in (_cut(each, engine) for each in texts):
        cut = text.find(" ", len(text) // 2)
        if cut <= 0:
            continue
        (score,) = engine.score(text[:cut], [text[cut:]]).scores
        total -= score.log_likelihood
        tokens += score.tokens
    if not tokens:
        raise ArtifactError("no text of two words to measure with", hint="give longer texts")
    return total / tokens
