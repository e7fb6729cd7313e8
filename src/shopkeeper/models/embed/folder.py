"""Encoders as folders: what the workshop exports, served without torch.

    FOLDER/  model.onnx  tokenizer.json  encoder.json

`encoder.json` says what is to be known before the network is opened, and the hashes of the other two: a folder whose
files are not those is not opened. An encoder may have heads, which answer instead of giving a vector.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from shopkeeper.errors import ArtifactError
from shopkeeper.models.embed.contract import Vectors
from shopkeeper.models.embed.encoder import OnnxEmbedder

CARD, GRAPH, TOKENIZER = "encoder.json", "model.onnx", "tokenizer.json"


@dataclass(frozen=True, slots=True)
class Answers:
    """A head: what its logits are of (`mean`, `first`: the text; `tokens`: each token), and their names in order.

    temperature: by which logits are divided so that their softmax is a probability; with `several`, where each label is
    yes or no for itself, their logistic function.
    """

    of: str
    labels: tuple[str, ...]
    temperature: float = 1.0
    several: bool = False


@dataclass(frozen=True, slots=True)
class EncoderCard:
    """What `encoder.json` says. numbers: float32 or int8; files: name to sha256."""

    name: str
    dimension: int
    max_tokens: int
    numbers: str = "float32"
    languages: tuple[str, ...] = ()
    prefixes: Mapping[str, str] = field(default_factory=lambda: {"query": "", "passage": ""})
    heads: Mapping[str, Answers] = field(default_factory=dict)
    made_from: str = ""
    licence: str = ""
    files: Mapping[str, str] = field(default_factory=dict)


def write_card(folder: Path, card: EncoderCard) -> None:
    """Write `encoder.json` over the files that are there, with their hashes."""
    hashes = {name: _hash(folder / name) for name in (GRAPH, TOKENIZER)}
    text = json.dumps(asdict(card) | {"files": hashes}, indent=2, ensure_ascii=False)
    (folder / CARD).write_text(text + "\n", encoding="utf-8")


def read_card(folder: Path) -> EncoderCard:
    """What the folder says it is. Raises ArtifactError if it is no encoder, or not as it was written."""
    try:
        said = json.loads((folder / CARD).read_text(encoding="utf-8"))
        heads = {
            name: Answers(**(head | {"labels": tuple(head["labels"])}))
            for name, head in said.pop("heads", {}).items()
        }
        card = EncoderCard(**(said | {"heads": heads, "languages": tuple(said["languages"])}))
        wrong = [
            name for name in (GRAPH, TOKENIZER) if card.files.get(name) != _hash(folder / name)
        ]
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ArtifactError(
            f"{folder} is no exported encoder: {error}", hint="shopkeeper lm export MODEL --to onnx"
        ) from error
    if wrong:
        raise ArtifactError(
            f"{folder / wrong[0]} is not the file that {CARD} names: it was changed or damaged",
            hint="export it again",
        )
    return card


def open_encoder(folder: Path, *, threads: int = 1) -> OnnxEmbedder:
    """The encoder in this folder, ready to embed. Raises ArtifactError."""
    card = read_card(folder)
    return OnnxEmbedder(
        card.name, weights=folder / GRAPH, tokenizer=folder / TOKENIZER, digest=digest_of(card),
        dimension=card.dimension, languages=frozenset(card.languages), max_tokens=card.max_tokens,
        prefixes={"query": card.prefixes["query"], "passage": card.prefixes["passage"]}, threads=threads,
    )  # fmt: skip


def digest_of(card: EncoderCard) -> str:
    """Changes whenever the vectors may."""
    return "-".join(card.files[name][:12] for name in (GRAPH, TOKENIZER))


class Classifier:
    """A head of an exported encoder: texts to likelihoods of its labels. Safe to share between threads."""

    def __init__(self, folder: Path, head: str = "", *, threads: int = 1) -> None:
        """head: its name; empty for the only one. Raises ArtifactError if the folder has no such head for texts."""
        card = read_card(folder)
        name = head or next(iter(card.heads), "")
        if name not in card.heads or card.heads[name].of == "tokens":
            raise ArtifactError(
                f"{folder} has no head {name!r} for whole texts",
                hint=f"it has {', '.join(card.heads) or 'none'}",
            )
        self.labels = card.heads[name].labels
        self._answers = card.heads[name]
        self._name = name
        self._encoder = open_encoder(folder, threads=threads)

    def likelihoods(self, texts: Sequence[str]) -> Vectors:
        """(N, labels), each row summing to 1 unless a text may have several; one without a token has all labels alike."""
        logits = self._encoder.outputs(
            texts, output=self._name, width=len(self.labels), kind="passage"
        )
        logits = logits / self._answers.temperature
        if self._answers.several:
            halves = np.tanh(
                logits / 2
            )  # the logistic function is (1 + tanh(x/2)) / 2, which never overflows
            return ((1 + halves) / 2).astype(np.float32)
        grown = np.exp(logits - logits.max(axis=1, keepdims=True))
        found: Vectors = grown / grown.sum(axis=1, keepdims=True)
        return found

    def labels_of(self, texts: Sequence[str]) -> list[str]:
        """The likeliest label of each text."""
        return [self.labels[place] for place in self.likelihoods(texts).argmax(axis=1)]


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
