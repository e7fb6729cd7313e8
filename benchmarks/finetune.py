"""Fine-tuning beside what it has to beat: a linear model on n-grams, and a logistic head on the encoder as it was.

    ott           fake hotel reviews (Ott et al. 2011, 2013), accuracy over the 5 official folds, each of other hotels
    banking77_10  77 intents from 10 utterances each, accuracy on all of the test part, mean of 3 seeds that draw them
    bitext_10     27 intents of a shop, the same way

`.linear`: words by 1–2 and characters by 2–5, TF-IDF, the better of logistic regression and a linear SVM with the better C
by cross-validation of the training rows. `.frozen`: logistic regression on vectors of MiniLM-L6 as it was, C by the same.
`.encoder`: the fine-tuned MiniLM alone; the key without a name is what a user gets: its scores pooled with those of
n-grams, by weights that the training rows have chosen (`few_shot`; for Ott out of folds). All methods also read the
intents' names, each as one more utterance. Settings of training were chosen on draws of another seed, judged by other
rows of the training parts; of Ott the number of epochs alone, on folds 2–4 judged by fold 5, which is therefore not quite
unseen. What language models gain is measured by `finetune_lm`, whose figures are among these.
"""

import copy
import csv
import gzip
import itertools
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as parquet
import torch
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_union
from sklearn.svm import LinearSVC
from torch import Tensor

from benchmarks import finetune_lm
from shopkeeper.measures import accuracy, wilson
from shopkeeper.models.prompting import Kept
from shopkeeper.settings import Settings
from shopkeeper.training.finetune.calibration import fit_weights
from shopkeeper.training.finetune.classification import (
    Classifying,
    Labelled,
    TextClassifier,
    make_classifier,
)
from shopkeeper.training.finetune.embedding import make_encoder
from shopkeeper.training.finetune.few_shot import FewShot, fit_few_shot
from shopkeeper.training.finetune.heads import freeze, with_states
from shopkeeper.training.finetune.logistic import fit_logistic
from shopkeeper.training.finetune.ngrams import make_ngrams
from shopkeeper.training.opening import Opened, open_model
from shopkeeper.training.recipe import Recipe
from shopkeeper.training.trainer import Trainer

SHOTS, SEEDS = 10, (0, 1, 2)
FOLDS = (1, 2, 3, 4, 5)
STRENGTHS = (1.0, 10.0, 100.0)  # C of logistic regression, chosen by cross-validation
MARGINS = (0.1, 1.0, 10.0)  # C of the SVM
EPOCHS = 4.0  # of the few utterances
OTT_FROZEN, OTT_EPOCHS, OTT_RATE, OTT_TOKENS, OTT_ROWS = 2, 2, 1e-4, 192, 16
OTT_GRAMS = 30.0  # C of the pool's n-grams


@dataclass(frozen=True, slots=True)
class Figures:
    """Accuracies of one test part, or their sums over several."""

    right: Mapping[str, float]
    rows: int

    def __add__(self, other: "Figures") -> "Figures":
        names = self.right.keys() | other.right.keys()
        sums = {n: self.right.get(n, 0) + other.right.get(n, 0) for n in names}
        return Figures(sums, self.rows + other.rows)


def run(*, quick: bool, data: Path) -> dict[str, Any]:
    """The figures. `--quick`: one seed of few utterances of some test rows, and two folds of Ott at their beginnings."""
    file = None if quick else Path(tempfile.gettempdir()) / "shopkeeper-finetune" / "kept.jsonl"
    if file:
        print(f"what came of each part: {file}; a run goes on from it, remove it to begin anew")
    kept = Kept(file)
    figures: dict[str, Any] = {"seed": SEEDS[0]}
    for part, measure in parts(quick=quick, data=data).items():
        figures |= kept.get(part, measure)
        sys.stdout.flush()
    return figures


def parts(*, quick: bool, data: Path) -> dict[str, Callable[[], dict[str, Any]]]:
    """What is measured, one after another, each by itself."""
    return {
        "bitext_10": lambda: _few_shots("bitext_10", _bitext, data, quick=quick),
        "banking77_10": lambda: _few_shots("banking77_10", _banking, data, quick=quick),
        "ott": lambda: _folds(data, quick=quick),
        "attributes": lambda: finetune_lm.attributes(data, quick=quick),
        "intent_slots": lambda: finetune_lm.intent_slots(data, quick=quick),
    }


def _opened() -> Opened:
    settings = Settings()
    return open_model(
        "minilm-l6", data_folder=settings.data_folder, cache_folder=settings.cache_folder
    )


def _few_shots(
    name: str, read: Callable[[Path, str], list[Labelled]], data: Path, *, quick: bool
) -> dict[str, Any]:
    began = time.perf_counter()
    train, test = read(data, "train"), read(data, "test")
    seeds = SEEDS[:1] if quick else SEEDS
    measured = test[:: 4 if quick else 1]
    total = Figures({}, 0)
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            total += _few_shot(_opened(), train, measured, seed, Path(folder), quick=quick)
    print(
        f"{name}: {SHOTS} utterances an intent drawn from train by seeds {', '.join(map(str, seeds))}; "
        f"{len(measured):,} test rows each; {time.perf_counter() - began:.0f} s"
    )
    return _said(name, total, independent=len(measured))


def _folds(data: Path, *, quick: bool) -> dict[str, Any]:
    began = time.perf_counter()
    rows = parquet.read_table(data / "fraud" / "ott_deceptive_opinion" / "ott.parquet").to_pylist()
    folds = {f: [_review(row) for row in rows if row["fold"] == f] for f in FOLDS}
    with tempfile.TemporaryDirectory() as folder:
        total = _ott(_opened(), folds, Path(folder), quick=quick)
    print(
        f"ott: official folds, train on the others, {total.rows:,} reviews measured; "
        f"{time.perf_counter() - began:.0f} s"
    )
    return _said("ott", total, independent=total.rows)


def _said(name: str, total: Figures, *, independent: int) -> dict[str, Any]:
    """Accuracies by name, printed with what they leave uncertain: of so many rows that are not repeats."""
    shares = {key: right / total.rows for key, right in total.right.items()}
    for key in ("pooled", "encoder", "frozen", "linear"):
        low, high = wilson(shares[key], independent)
        print(f"  {key:8} {shares[key]:.4f}   95 % {low:.3f}–{high:.3f}")
    found = {f"{name}.{key}": round(share, 4) for key, share in shares.items() if key != "pooled"}
    best = max(shares["linear"], shares["frozen"])
    return {
        name: round(shares["pooled"], 4), **found, f"{name}.points_above": round(100 * (shares["pooled"] - best), 2),
    }  # fmt: skip


def _few_shot(
    opened: Opened, train: list[Labelled], test: list[Labelled], seed: int, folder: Path, *, quick: bool
) -> Figures:  # fmt: skip
    """Every method learns from the same texts: the utterances drawn, and each intent's name as one more."""
    drawn = _drawn(train, 3 if quick else SHOTS, seed)
    names = {row.labels[0]: row.labels[0].replace("_", " ").lower() for row in drawn}
    texts = [row.text for row in drawn] + list(names.values())
    labels = [row.labels[0] for row in drawn] + list(names)
    asked, wanted = [row.text for row in test], [row.labels[0] for row in test]
    way = FewShot(names=names, seed=seed, epochs=1.0 if quick else EPOCHS)
    made = fit_few_shot(opened, drawn, way, folder / "few")
    encoder = make_encoder(opened, max_tokens=way.max_tokens)
    vectors, questions = encoder.encode(texts), encoder.encode(asked)
    said = {
        "pooled": [made.labels[i] for i in made.scores(asked).argmax(1).tolist()],
        "encoder": [made.labels[i] for i in made.encoder_scores(asked).argmax(1).tolist()],
        "linear": _linear(texts, labels, asked, folds=3),
        "frozen": _tuned_logistic(vectors, labels, folds=3).predict(questions).tolist(),
    }
    print(f"  seed {seed}: pool {made.pool[0]:.2f} encoder, {made.pool[1]:.2f} n-grams")
    return Figures({key: accuracy(wanted, found) * len(wanted) for key, found in said.items()}, len(wanted))  # fmt: skip


def _drawn(rows: Sequence[Labelled], shots: int, seed: int) -> list[Labelled]:
    """So many rows of each label, drawn by the seed."""
    by_label: dict[str, list[Labelled]] = {}
    for i in np.random.default_rng(seed).permutation(len(rows)):
        by_label.setdefault(rows[i].labels[0], []).append(rows[i])
    return [row for label in sorted(by_label) for row in by_label[label][:shots]]


def _linear(
    texts: Sequence[str], labels: Sequence[str], asked: Sequence[str], *, folds: int
) -> list[str]:
    """What the better of two linear models on TF-IDF says."""
    grams = make_union(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
    )
    features = grams.fit_transform(texts)
    ways = [
        GridSearchCV(LinearSVC(), {"C": MARGINS}, cv=_cut(folds)),
        GridSearchCV(LogisticRegression(max_iter=1000), {"C": STRENGTHS}, cv=_cut(folds)),
    ]
    best = max((way.fit(features, labels) for way in ways), key=lambda way: float(way.best_score_))
    return [str(label) for label in best.predict(grams.transform(asked))]


def _tuned_logistic(
    vectors: NDArray[np.float32], labels: Sequence[str], *, folds: int
) -> GridSearchCV:
    found = GridSearchCV(LogisticRegression(max_iter=1000), {"C": STRENGTHS}, cv=_cut(folds))
    return found.fit(vectors, labels)


def _cut(folds: int) -> StratifiedKFold:
    return StratifiedKFold(folds, shuffle=True, random_state=0)


def _ott(
    opened: Opened, folds: Mapping[int, list[Labelled]], folder: Path, *, quick: bool
) -> Figures:
    """Each three folds train one model, which judges the two others.

    For the test fold t the scores of the fold v by the model of the other three have never seen either; over the four v
    they choose the pool's weights, and the mean of the same four models' scores of t is pooled by them.
    """
    used = {f: rows[:: 8 if quick else 1] for f, rows in folds.items()}
    tests = FOLDS[:2] if quick else FOLDS
    encoder: dict[tuple[int, ...], dict[int, Tensor]] = {}
    grams: dict[tuple[int, ...], dict[int, Tensor]] = {}
    for taught in itertools.combinations(FOLDS, 3):
        others = [f for f in FOLDS if f not in taught]
        if not set(others) & set(tests):
            continue
        rows = [row for f in taught for row in used[f]]
        classifier = _taught(opened, rows, folder / "ott", quick=quick)
        encoder[taught] = {f: classifier.logits([r.text for r in used[f]]) for f in others}
        grams[taught] = _gram_scores(rows, {f: used[f] for f in others})
        print(f"  ott: trained on folds {taught}", flush=True)
    return sum((_fold(opened, used, t, encoder, grams) for t in tests), Figures({}, 0))


def _fold(
    opened: Opened,
    folds: Mapping[int, list[Labelled]],
    test: int,
    encoder: Mapping[tuple[int, ...], Mapping[int, Tensor]],
    grams: Mapping[tuple[int, ...], Mapping[int, Tensor]],
) -> Figures:
    """All methods on one fold, taught by the four others."""
    others = [f for f in FOLDS if f != test]
    train = [row for f in others for row in folds[f]]
    without = {f: tuple(g for g in others if g != f) for f in others}
    unseen = torch.stack([torch.cat([made[without[f]][f] for f in others]) for made in (encoder, grams)])  # fmt: skip
    weights = fit_weights(unseen, _targets([row for f in others for row in folds[f]]))
    single = torch.stack([encoder[without[f]][test] for f in others]).mean(0)
    counted = _gram_scores(train, {test: folds[test]})[test]
    texts, labels = [row.text for row in train], [row.labels[0] for row in train]
    asked, wanted = [row.text for row in folds[test]], [row.labels[0] for row in folds[test]]
    reading = make_encoder(opened, max_tokens=OTT_TOKENS)
    frozen = _tuned_logistic(reading.encode(texts), labels, folds=4)
    said = {
        "pooled": _named(weights[0] * single + weights[1] * counted),
        "encoder": _named(single),
        "linear": _linear(texts, labels, asked, folds=4),
        "frozen": frozen.predict(reading.encode(asked)).tolist(),
    }
    print(f"  ott fold {test}: pool {weights[0]:.2f} encoder, {weights[1]:.2f} n-grams", flush=True)
    return Figures({key: accuracy(wanted, found) * len(wanted) for key, found in said.items()}, len(wanted))  # fmt: skip


HOTEL = ("deceptive", "truthful")


def _taught(opened: Opened, rows: list[Labelled], folder: Path, *, quick: bool) -> TextClassifier:
    """A classifier of which the upper layers were trained; what the lower ones make of the rows is computed once."""
    torch.manual_seed(0)
    own = replace(opened, model=copy.deepcopy(opened.model))
    classifier = make_classifier(own, HOTEL, max_tokens=OTT_TOKENS)
    freeze(own.model, OTT_FROZEN)
    steps = max(2, (1 if quick else OTT_EPOCHS) * len(rows) // OTT_ROWS)
    recipe = Recipe(
        steps=steps, batch_rows=OTT_ROWS, micro_rows=OTT_ROWS, learning_rate=OTT_RATE, warmup_steps=max(1, steps // 10),
        decay="linear", final_share=0.0, betas=(0.9, 0.999), weight_decay=0.01, report_every=steps,
    )  # fmt: skip
    work = Classifying.of(classifier, rows, [], seed=0, rows_at_once=OTT_ROWS)
    padding = classifier.reading.words.padding
    work = replace(work, train=with_states(own.model, work.train, padding=padding))
    shutil.rmtree(folder, ignore_errors=True)
    Trainer(classifier.headed, work, recipe, folder).fit()
    shutil.rmtree(folder, ignore_errors=True)
    return classifier


def _gram_scores(
    rows: Sequence[Labelled], asked: Mapping[int, Sequence[Labelled]]
) -> dict[int, Tensor]:
    """Scores (N, 2) of n-grams taught by these rows."""
    texts = [row.text for row in rows]
    ngrams = make_ngrams(texts)
    weights, biases = fit_logistic(ngrams.features(texts), _targets(rows), 2, strength=OTT_GRAMS)
    return {f: ngrams.features([row.text for row in found]) @ weights.T + biases for f, found in asked.items()}  # fmt: skip


def _targets(rows: Sequence[Labelled]) -> Tensor:
    return torch.tensor([HOTEL.index(row.labels[0]) for row in rows])


def _named(scores: Tensor) -> list[str]:
    return [HOTEL[i] for i in scores.argmax(1).tolist()]


def _review(row: Mapping[str, Any]) -> Labelled:
    return Labelled(row["text"], (row["label"],))


def _banking(data: Path, part: str) -> list[Labelled]:
    return _csv(data / "support" / "banking77" / f"{part}.csv.gz", "text", "category")


def _bitext(data: Path, part: str) -> list[Labelled]:
    return _csv(data / "support" / "bitext-intents" / f"{part}.csv.gz", "utterance", "intent")


def _csv(path: Path, text: str, label: str) -> list[Labelled]:
    with gzip.open(path, "rt", encoding="utf-8-sig") as file:
        return [Labelled(row[text], (row[label],)) for row in csv.DictReader(file)]
