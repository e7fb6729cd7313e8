"""Which prior makes a small model choose the right label: reviews, content or not, at 0 and 4 examples.

Accuracy on reviews of the train part of `shared/data/reviews/amazon_polarity10k` (so that choices may rest on it), by:
`greedy` (the answer under a grammar of the labels), `plain` (the likelier label), and that read against a prior from inputs
without `content` (Zhao et al. 2021), from `random` words of the domain (Fei et al. 2023), or from the `batch` of reviews
itself (Zhou et al. 2024), which is ours. `echo` is the share of greedy answers that are the last example's label. The
standard error of an accuracy is below 0.05 for 120 reviews.
"""

import gzip
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shopkeeper.models import hub
from shopkeeper.models.engines.llama import LlamaEngine
from shopkeeper.models.records import Message
from shopkeeper.models.structured import Choice, Chosen, Prior, calibrated, choose, prior_of, say
from shopkeeper.settings import EngineSettings, load_settings

SEED = 0
MODELS = ("smollm2-135m", "qwen2.5-coder-0.5b")
SHOTS = (0, 4)
REVIEWS, LONGEST = 120, 300
NO_CONTENT = ("N/A", "", "[MASK]")
RANDOM_INPUTS, RANDOM_WORDS = 10, 40
QUESTION = "Is this review positive or negative? Answer with one word."
MOOD = Choice.of("negative", "positive")
Review = tuple[str, str]  # text, label


def run(*, quick: bool, data: Path) -> dict[str, Any]:
    """Every model and number of examples, printed as a table."""
    reviews = _reviews(data / "reviews" / "amazon_polarity10k" / "amazon.train.txt.gz")
    asked = reviews[100 : 100 + (30 if quick else REVIEWS)]
    words = " ".join(text for text, _ in reviews[1000:2000]).split()
    chance = random.Random(SEED)
    noise = [" ".join(chance.choices(words, k=RANDOM_WORDS)) for _ in range(RANDOM_INPUTS)]
    print(f"{len(asked)} reviews\n")
    print("model                shots  greedy   echo  plain  content  random  batch")
    figures: dict[str, Any] = {"seed": SEED, "reviews": len(asked)}
    for name in MODELS[: 1 if quick else None]:
        engine = _open(name)
        for shots in SHOTS:
            found = _measure(engine, _examples(reviews[:40], shots), asked, noise)
            print(f"{name:20} {shots:5}  " + "  ".join(f"{value:.3f}" for value in found.values()))
            figures |= {f"{name}.{shots}.{way}": round(value, 4) for way, value in found.items()}
        engine.close()
    return figures


def _open(name: str) -> LlamaEngine:
    path = hub.pull(name, load_settings().cache_folder)
    settings = EngineSettings(kind="llama.cpp", model=name, context_tokens=2048, parallel=1)
    return LlamaEngine.open(path, name=name, settings=settings, tried=True)


def _reviews(path: Path) -> list[Review]:
    """In an order of its own, shortened."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [line.rstrip("\n").rsplit("$LABEL$", 1) for line in file]
    found = [
        (text.strip()[:LONGEST], ("negative", "positive")[int(label)])
        for text, label in rows
        if text.strip()
    ]
    random.Random(SEED).shuffle(found)
    return found


def _examples(reviews: Sequence[Review], shots: int) -> list[Review]:
    """As many of each label, in turn; the last one is positive."""
    of = [[review for review in reviews if review[1] == label] for label in MOOD.words]
    return [review for pair in zip(*of, strict=False) for review in pair][:shots]


def _measure(
    engine: LlamaEngine,
    examples: Sequence[Review],
    asked: Sequence[Review],
    noise: Sequence[str],
) -> dict[str, float]:
    def prompt(text: str) -> tuple[Message, ...]:
        turns = [
            message
            for shown, label in examples
            for message in (_question(shown), Message("assistant", label))
        ]
        return (*turns, _question(text))

    greedy = [say(engine, prompt(text), MOOD) for text, _ in asked]
    plain = [choose(engine, prompt(text), MOOD) for text, _ in asked]
    priors: dict[str, Prior] = {
        "content": prior_of([choose(engine, prompt(text), MOOD) for text in NO_CONTENT]),
        "random": prior_of([choose(engine, prompt(text), MOOD) for text in noise]),
        "batch": prior_of(plain),
    }
    echo = sum(answer.label == "positive" for answer in greedy) / len(greedy)
    return {
        "greedy": _accuracy(greedy, asked),
        "echo": echo,
        "plain": _accuracy(plain, asked),
    } | {
        way: _accuracy([calibrated(answer, prior) for answer in plain], asked)
        for way, prior in priors.items()
    }


def _question(text: str) -> Message:
    return Message("user", f"{QUESTION}\n\n{json.dumps(text, ensure_ascii=False)}")


def _accuracy(answers: Sequence[Chosen], asked: Sequence[Review]) -> float:
    right = sum(answer.label == label for answer, (_, label) in zip(answers, asked, strict=True))
    return right / len(asked)
