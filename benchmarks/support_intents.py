"""What a customer wants, from ten examples an intent, without torch where it is served: `models/few_texts.py`.

    bitext_10        27 intents of a shop (test 810), mean of 5 draws of the ten examples; `.typos`, `.keywords` of the sentences
                     that are tagged so
    banking77_10     77 intents (test 3,080), 2 draws
    clinc_oos_auroc  150 intents: how well sentences that belong to none of them (every 2nd of 1,000) are told from others
                     (every 4th of 4,500), 3 draws

The first two are of MiniLM tuned by the same ten examples (`training/finetune/few_shot.py`, about a minute, where torch is),
exported to ONNX and read from there, with E5 as it is fetched beside it. `.untuned` is both as they are fetched, which takes
seconds, and so is `clinc_oos_auroc`; `.frozen` MiniLM with logistic regression and nothing else, for out of scope by the
likeliest label's probability. Every constant was chosen on Bitext's dev part, on rows of Banking77's train part that were
not drawn, and on CLINC's validation part.
"""

import csv
import gzip
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shopkeeper.measures import accuracy, auroc
from shopkeeper.models.embed import Embedder, RememberedQueries, load_embedder
from shopkeeper.models.embed.folder import open_encoder
from shopkeeper.models.few_texts import FewTextsClassifier, fit_few_texts, fit_head
from shopkeeper.settings import Settings
from shopkeeper.training.export.onnx import save_encoder
from shopkeeper.training.finetune.classification import Labelled
from shopkeeper.training.finetune.few_shot import FewShot, fit_few_shot
from shopkeeper.training.opening import open_model

SETS = ("bitext", "banking", "clinc")
SHOTS = 10
EMBEDDERS = ("minilm-l6", "e5-small")
TUNED = "minilm-l6"
WEIGHTS, VOTES = (
    (2.0, 1.0),
    (2.0, 0.0),
)  # of the tuned one and of E5: of their heads, and of the texts near
MANY = 60_000  # queries whose vectors are kept: all of them


@dataclass(frozen=True, slots=True)
class Row:
    """A sentence with its intent. tags: of Bitext."""

    text: str
    label: str
    tags: str = ""


def measure(name: str, data: Path, *, quick: bool) -> dict[str, float]:
    """The figures of one of `SETS`."""
    embedders = _embedders()
    if name == "bitext":
        return bitext(data, embedders, range(1 if quick else 5))
    seeds, every = range(1 if quick else 2 if name == "banking" else 3), 8 if quick else 1
    return (banking if name == "banking" else clinc)(data, embedders, seeds, every=every)


def bitext(data: Path, embedders: Sequence[Embedder], seeds: range) -> dict[str, float]:
    """A shop's intents."""
    folder = data / "support" / "bitext-intents"
    train, test = (_csv(folder / f"{part}.csv.gz", "utterance", "intent") for part in ("train", "test"))  # fmt: skip
    return _accuracies("bitext_10", train, test, embedders, seeds)


def banking(
    data: Path, embedders: Sequence[Embedder], seeds: range, *, every: int
) -> dict[str, float]:
    """A bank's intents."""
    folder = data / "support" / "banking77"
    train, test = (_csv(folder / f"{part}.csv.gz", "text", "category") for part in ("train", "test"))  # fmt: skip
    return _accuracies("banking77_10", train, test[::every], embedders, seeds)


def clinc(
    data: Path, embedders: Sequence[Embedder], seeds: range, *, every: int
) -> dict[str, float]:
    """Sentences that belong to none of 150 intents."""
    with gzip.open(data / "support" / "clinc150-oos" / "data_full.json.gz", "rt") as file:
        parts = json.load(file)
    train = [Row(text, label) for text, label in parts["train"]]
    inside = [text for text, _ in parts["test"]][:: 4 * every]
    outside = [text for text, _ in parts["oos_test"]][:: 2 * every]
    wanted = [True] * len(inside) + [False] * len(outside)
    found: dict[str, list[float]] = {"clinc_oos_auroc": [], "clinc_oos_auroc.frozen": []}
    for seed in seeds:
        drawn = draw(train, seed)
        made = _taught(drawn, embedders, seed)
        said = made.predict([*inside, *outside])
        found["clinc_oos_auroc"].append(auroc(wanted, [c.belongs for c in said]))
        _, sure = _frozen(drawn, [*inside, *outside], embedders[0])
        found["clinc_oos_auroc.frozen"].append(auroc(wanted, sure))
    return {name: round(float(np.mean(values)), 4) for name, values in found.items()}


def _accuracies(
    name: str, train: Sequence[Row], test: Sequence[Row], embedders: Sequence[Embedder], seeds: range
) -> dict[str, float]:  # fmt: skip
    found: dict[str, list[float]] = {}
    asked = [row.text for row in test]
    for seed in seeds:
        drawn = draw(train, seed)
        untuned = _taught(drawn, embedders, seed).predict(asked)
        with tempfile.TemporaryDirectory() as folder:
            pair = (_tuned(drawn, seed, Path(folder)), embedders[1])
            said = _taught(drawn, pair, seed, WEIGHTS, VOTES).predict(asked)
        frozen, _ = _frozen(drawn, asked, embedders[0])
        told = {
            name: [c.label for c in said],
            f"{name}.untuned": [c.label for c in untuned],
            f"{name}.frozen": frozen,
        }
        for key, labels in told.items():
            for part, places in _parts(test).items():
                value = accuracy([test[i].label for i in places], [labels[i] for i in places])
                found.setdefault(key + part, []).append(value)
        print(f"{name} seed {seed}: " + ", ".join(f"{key} {found[key][-1]:.4f}" for key in told), flush=True)  # fmt: skip
    return {key: round(float(np.mean(values)), 4) for key, values in found.items()}


def _parts(test: Sequence[Row]) -> Mapping[str, list[int]]:
    """All rows, and of Bitext those with typing errors and of keywords alone."""
    parts = {"": list(range(len(test)))}
    for part, tag in ((".typos", "Z"), (".keywords", "K")):
        places = [i for i, row in enumerate(test) if tag in row.tags]
        if places:
            parts[part] = places
    return parts


def _tuned(drawn: Sequence[Row], seed: int, folder: Path) -> Embedder:
    """MiniLM tuned by these rows, from an ONNX folder."""
    settings = Settings()
    opened = open_model(TUNED, data_folder=settings.data_folder, cache_folder=settings.cache_folder)
    rows = [Labelled(row.text, (row.label,)) for row in drawn]
    way = FewShot(names=_names(drawn), parts=0, seed=seed)
    encoder = fit_few_shot(opened, rows, way, folder / "run").encoder
    save_encoder(
        encoder.module.transformer, opened.words, folder / "onnx", name=f"{TUNED}-tuned", max_tokens=way.max_tokens
    )  # fmt: skip
    return open_encoder(folder / "onnx")


def _names(drawn: Sequence[Row]) -> dict[str, str]:
    return {row.label: row.label.replace("_", " ").lower() for row in drawn}


def _taught(
    drawn: Sequence[Row], embedders: Sequence[Embedder], seed: int, weights: Sequence[float] = (), votes: Sequence[float] = ()
) -> FewTextsClassifier:  # fmt: skip
    texts, labels = [row.text for row in drawn], [row.label for row in drawn]
    return fit_few_texts(
        texts, labels, embedders, names=_names(drawn), weights=weights, votes=votes, seed=seed
    )


def _frozen(
    drawn: Sequence[Row], asked: Sequence[str], embedder: Embedder
) -> tuple[list[str], list[float]]:
    """Labels by logistic regression on the vectors as they are, and how sure it is."""
    labels = sorted({row.label for row in drawn})
    vectors = embedder.encode([row.text for row in drawn], kind="query").astype(float)
    head = fit_head(vectors, np.array([labels.index(row.label) for row in drawn]), len(labels))
    logits = head.scores(embedder.encode(asked, kind="query"))
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    sure = (shares / shares.sum(axis=1, keepdims=True)).max(axis=1)
    return [labels[i] for i in logits.argmax(axis=1)], sure.tolist()


def draw(rows: Sequence[Row], seed: int) -> list[Row]:
    """Ten rows of each label, drawn by the seed."""
    by_label: dict[str, list[Row]] = {}
    for i in np.random.default_rng(seed).permutation(len(rows)):
        by_label.setdefault(rows[i].label, []).append(rows[i])
    return [row for label in sorted(by_label) for row in by_label[label][:SHOTS]]


class _InBatches:
    """An embedder that is asked for a few texts of like length at a time."""

    def __init__(self, embedder: Embedder) -> None:
        self.id, self.digest = embedder.id, embedder.digest
        self.dimension, self.languages = embedder.dimension, embedder.languages
        self._embedder = embedder

    def encode(self, texts: Sequence[str], *, kind: Any) -> Any:
        """See `Embedder.encode`."""
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        rows = np.zeros((len(texts), self.dimension), np.float32)
        for start in range(0, len(order), 16):
            part = order[start : start + 16]
            rows[part] = self._embedder.encode([texts[i] for i in part], kind=kind)
        return rows


def _embedders() -> list[Embedder]:
    cache = Settings().cache_folder
    return [RememberedQueries(_InBatches(load_embedder(n, cache)), size=MANY) for n in EMBEDDERS]


def _csv(path: Path, text: str, label: str) -> list[Row]:
    return list(_rows(path, text, label))


def _rows(path: Path, text: str, label: str) -> Iterator[Row]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            yield Row(row[text], row[label], row.get("tags", ""))
