"""A classifier from a few texts a label: the encoder is tuned by them, then a logistic head reads its vectors.

Beside it a logistic head reads n-grams, which know what an encoder throws away: style, spelling, single words. Both are
pooled with weights that texts have chosen of which neither knew: the rows are cut into parts, each part judged by what
the others have taught, so no validation set is needed. Sources: Tunstall et al. 2022 (SetFit: contrastive tuning, then a
logistic head; the pairs there are prototypes here), Wolpert 1992 (stacking).

    classifier = fit_few_shot(opened, rows, FewShot(epochs=4), run)
    classifier.predict(["where is my parcel"])

Axes: N texts, L labels, D width, V n-grams.
"""

import copy
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from shopkeeper.errors import ArtifactError, FeedError
from shopkeeper.training.finetune.calibration import fit_weights
from shopkeeper.training.finetune.classification import Labelled, Prediction
from shopkeeper.training.finetune.embedding import SentenceEncoder, load_encoder, make_encoder
from shopkeeper.training.finetune.heads import freeze
from shopkeeper.training.finetune.logistic import fit_logistic
from shopkeeper.training.finetune.ngrams import NGrams, make_ngrams
from shopkeeper.training.finetune.prototypes import Prototyping, prototyped
from shopkeeper.training.opening import Opened
from shopkeeper.training.progress import Event, Observer, silent
from shopkeeper.training.recipe import Recipe
from shopkeeper.training.storage import storing
from shopkeeper.training.trainer import Trainer

FOLDER, FILE, TENSORS, NGRAMS = "few_shot", "few_shot.json", "few_shot.safetensors", "ngrams.json"
REPORT_EVERY = 10  # steps


@dataclass(frozen=True, slots=True)
class FewShot:
    """How such a classifier is made.

    epochs: of tuning, 0 to leave the encoder as it is. names: what labels are called; each name is one more text of its
    label. strength: of the head on vectors, gram_strength: of that on n-grams (C of logistic regression). parts: into
    which the rows are cut to choose the pool's weights; 0 leaves n-grams out. frozen: lowest layers that learn nothing.
    """

    epochs: float = 4.0
    learning_rate: float = 1e-4
    batch_rows: int = 32
    names: Mapping[str, str] | None = None
    strength: float = 30.0
    gram_strength: float = 30.0
    parts: int = 2
    frozen: int = 0
    max_tokens: int = 128
    seed: int = 0

    def __post_init__(self) -> None:
        wrong = {
            f"epochs {self.epochs} are below 0": self.epochs < 0,
            f"a learning rate of {self.learning_rate} is not above 0": self.learning_rate <= 0,
            f"batches of {self.batch_rows} texts are none": self.batch_rows < 1,
            f"{self.parts} parts cannot judge each other": self.parts < 0 or self.parts == 1,
            f"{self.frozen} layers cannot be frozen": self.frozen < 0,
            f"texts of {self.max_tokens} tokens are too short; 8 are the least": self.max_tokens
            < 8,
        }
        if said := [text for text, is_wrong in wrong.items() if is_wrong]:
            raise ValueError(said[0])


@dataclass(frozen=True)
class Linear:
    """Scores (N, L) of features (N, …)."""

    weights: Tensor
    biases: Tensor

    def scores(self, features: Tensor) -> Tensor:
        """(N, L)."""
        return features @ self.weights.T + self.biases


@dataclass(frozen=True)
class FewShotClassifier:
    """A tuned encoder with its head, n-grams with theirs, and the weights of both in the pool."""

    encoder: SentenceEncoder
    labels: tuple[str, ...]
    head: Linear
    ngrams: NGrams | None
    gram_head: Linear | None
    pool: tuple[float, float] = (1.0, 0.0)

    def encoder_scores(self, texts: Sequence[str]) -> Tensor:
        """What the tuned encoder says alone, (N, L)."""
        return self.head.scores(torch.from_numpy(self.encoder.encode(texts)))

    def scores(self, texts: Sequence[str]) -> Tensor:
        """What both say together, (N, L)."""
        found = self.pool[0] * self.encoder_scores(texts)
        if self.ngrams is not None and self.gram_head is not None and self.pool[1]:
            found = found + self.pool[1] * self.gram_head.scores(self.ngrams.features(texts))
        return found

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(N, L), calibrated by the texts that chose the pool."""
        return self.scores(texts).softmax(-1).numpy()

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """The likeliest label of each text, and how likely all are."""
        found = []
        for row in self.probabilities(texts):
            order = np.argsort(-row, kind="stable")
            likely = {self.labels[i]: float(row[i]) for i in order}
            found.append(Prediction((self.labels[order[0]],), likely))
        return found

    def save(self, folder: Path) -> None:
        """Write the encoder in the layout of sentence-transformers, and the heads beside it. Raises StorageError."""
        self.encoder.save(folder)
        tensors = {"head.weight": self.head.weights, "head.bias": self.head.biases}
        if self.gram_head is not None:
            tensors |= {"grams.weight": self.gram_head.weights, "grams.bias": self.gram_head.biases}
        with storing(folder):
            try:
                (folder / FOLDER).mkdir(exist_ok=True)
                save_file(
                    {n: t.contiguous() for n, t in tensors.items()}, folder / FOLDER / TENSORS
                )
            except SafetensorError as error:  # how it says that the disk is full
                raise OSError(str(error)) from error
            about = {"labels": self.labels, "pool": self.pool}
            (folder / FOLDER / FILE).write_text(json.dumps(about) + "\n", encoding="utf-8")
            if self.ngrams is not None:
                (folder / FOLDER / NGRAMS).write_text(
                    json.dumps(asdict(self.ngrams), ensure_ascii=False), encoding="utf-8"
                )


def load_few_shot(folder: Path) -> FewShotClassifier:
    """What `FewShotClassifier.save` wrote. Raises ArtifactError."""
    inside = folder / FOLDER
    try:
        about = json.loads((inside / FILE).read_text(encoding="utf-8"))
        tensors = load_file(inside / TENSORS)
        ngrams = gram_head = None
        if "grams.weight" in tensors:
            ngrams = NGrams(**json.loads((inside / NGRAMS).read_text(encoding="utf-8")))
            gram_head = Linear(tensors["grams.weight"], tensors["grams.bias"])
        head = Linear(tensors["head.weight"], tensors["head.bias"])
        labels, (first, second) = tuple(about["labels"]), about["pool"]
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise ArtifactError(
            f"{folder} holds no few-shot classifier: {error!r}", hint="save it again"
        ) from error
    encoder = load_encoder(folder)
    return FewShotClassifier(encoder, labels, head, ngrams, gram_head, (first, second))


def spelled(labels: Sequence[str]) -> dict[str, str]:
    """What labels are called where nobody said it: `lost_card` is «lost card»."""
    return {label: " ".join(label.replace("_", " ").lower().split()) for label in labels}


def steps_of(way: FewShot, rows: Sequence[Labelled]) -> int:
    """Steps of tuning on these rows, once for all of them and once without each part."""
    return sum(_steps(way, len(_said(each, way)[0])) for each in _lessons(rows, way))


def fit_few_shot(
    opened: Opened, rows: Sequence[Labelled], way: FewShot, run: Path, *, observer: Observer = silent
) -> FewShotClassifier:  # fmt: skip
    """A classifier of these rows. run: a folder for what is kept while it trains, empty afterwards.

    The opened model stays as it is. Raises FeedError if a row has not one label, or there are fewer than two.
    """
    if any(len(row.labels) != 1 for row in rows):
        raise FeedError("a row has not exactly one label", hint="use classification for several")
    labels = tuple(sorted({row.labels[0] for row in rows}))
    if len(labels) < 2:
        raise FeedError("there are not two labels", hint="a classifier needs rows of at least two")
    heard = _counted(observer, steps_of(way, rows))
    all_rows, *others = _lessons(rows, way)
    whole = _taught(opened, all_rows, labels, way, run, heard)
    if not way.parts:
        return whole
    seen, judged = [], []
    for part, taught_by in zip(_parts(rows, way), others, strict=True):
        taught = _taught(opened, taught_by, labels, way, run, heard)
        mine = [rows[i] for i in sorted(part)]
        seen.append(_both(taught, [row.text for row in mine]))
        judged += [labels.index(row.labels[0]) for row in mine]
    first, second = fit_weights(torch.cat(seen, dim=1), torch.tensor(judged)).tolist()
    return replace(whole, pool=(first, second))


def _lessons(rows: Sequence[Labelled], way: FewShot) -> list[list[Labelled]]:
    """What is taught, one after another: all rows, then all but those of each part."""
    parts = _parts(rows, way)
    return [list(rows), *([row for i, row in enumerate(rows) if i not in part] for part in parts)]


def _counted(observer: Observer, steps: int) -> Observer:
    """Several trainings as one: their steps one after another, of so many in all."""
    done = 0

    def heard(event: Event) -> None:
        nonlocal done
        if event.kind == "started" and not done:
            observer(replace(event, steps=steps))
        elif event.kind == "step":
            observer(replace(event, step=done + event.step, steps=steps))
        elif event.kind == "ended":
            done += event.steps

    return heard


def _both(taught: FewShotClassifier, texts: Sequence[str]) -> Tensor:
    """Scores of encoder and n-grams, (2, N, L)."""
    assert taught.ngrams is not None and taught.gram_head is not None
    grams = taught.gram_head.scores(taught.ngrams.features(texts))
    return torch.stack([taught.encoder_scores(texts), grams])


def _parts(rows: Sequence[Labelled], way: FewShot) -> list[set[int]]:
    """The rows cut up so that each label is in all parts as evenly as it can be; nothing if there are to be no parts."""
    if not way.parts:
        return []
    order = np.random.default_rng(way.seed).permutation(len(rows))
    parts: list[set[int]] = [set() for _ in range(way.parts)]
    met: dict[str, int] = {}
    for i in order:
        label = rows[i].labels[0]
        met[label] = met.get(label, -1) + 1
        parts[met[label] % way.parts].add(int(i))
    return parts


def _taught(
    opened: Opened, rows: Sequence[Labelled], labels: tuple[str, ...], way: FewShot, run: Path, observer: Observer
) -> FewShotClassifier:  # fmt: skip
    """Encoder and n-grams, each taught by these rows, the pool not yet chosen."""
    texts, said = _said(rows, way)
    numbers = [labels.index(label) for label in said]
    targets = torch.tensor(numbers)
    encoder = _tuned(opened, texts, numbers, len(labels), way, run, observer)
    vectors = torch.from_numpy(encoder.encode(texts))
    head = Linear(*fit_logistic(vectors, targets, len(labels), strength=way.strength))
    if not way.parts:
        return FewShotClassifier(encoder, labels, head, None, None)
    ngrams = make_ngrams(texts)
    features = ngrams.features(texts)
    gram_head = Linear(*fit_logistic(features, targets, len(labels), strength=way.gram_strength))
    return FewShotClassifier(encoder, labels, head, ngrams, gram_head)


def _said(rows: Sequence[Labelled], way: FewShot) -> tuple[list[str], list[str]]:
    """Texts and their labels, the labels' names among them."""
    names = sorted((way.names or {}).items())
    texts = [row.text for row in rows] + [name for _, name in names]
    return texts, [row.labels[0] for row in rows] + [label for label, _ in names]


def _steps(way: FewShot, texts: int) -> int:
    if not way.epochs:
        return 0
    return max(1, round(way.epochs * texts / min(way.batch_rows, texts)))


def _tuned(
    opened: Opened, texts: Sequence[str], numbers: Sequence[int], labels: int, way: FewShot, run: Path,
    observer: Observer,
) -> SentenceEncoder:  # fmt: skip
    model = copy.deepcopy(opened.model)
    encoder = make_encoder(replace(opened, model=model), max_tokens=way.max_tokens)
    if not way.epochs:
        return encoder
    freeze(model, way.frozen)
    padding = encoder.reading.words.padding
    rows = encoder.reading.rows(texts, list(numbers))
    module = prototyped(encoder.module, rows, labels, padding=padding)
    batch_rows = min(way.batch_rows, len(rows))
    steps = _steps(way, len(rows))
    recipe = Recipe(
        steps=steps, batch_rows=batch_rows, micro_rows=batch_rows, learning_rate=way.learning_rate,
        warmup_steps=max(1, steps // 10), decay="linear", final_share=0.0, betas=(0.9, 0.999), weight_decay=0.01,
        seed=way.seed, report_every=REPORT_EVERY,
    )  # fmt: skip
    work = Prototyping.of(rows, padding=padding, seed=way.seed, rows_at_once=batch_rows)
    folder = run / "tuning"
    shutil.rmtree(folder, ignore_errors=True)
    Trainer(module, work, recipe, folder, observer=observer).fit()
    shutil.rmtree(folder, ignore_errors=True)
    model.eval()
    return encoder
