"""One label out of several, by how likely a model finds the words for it, read against a prior.

The likelihood of a label's words mixes what the input says with what the model always says: it likes some words better,
and after examples those of the last. A prior is the model's mean answer over inputs like those to come, which need no
labels themselves; divided by it, what this input says is left.

Source: Zhao et al. 2021 (contextual calibration) by a batch of real inputs (Zhou et al. 2024); the mean is geometric here,
and shrunk towards even. `python -m benchmarks lm_choices` sets priors from inputs without content, and from random words
of the domain (Fei et al. 2023), beside it.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from shopkeeper.errors import OutputError
from shopkeeper.models.engines.contract import LanguageModel
from shopkeeper.models.records import Controls, Grammar, Prompt, Request, Usage
from shopkeeper.models.structured.grammar import quoted

LEAST = 1e-300  # a probability above zero
Prior = Mapping[str, float]  # label to natural log-probability

_PART = re.compile(r"\s*(?:[一-鿿㐀-䶿]|[^\s一-鿿㐀-䶿]+)|\s+")  # a word, or a Chinese character


@dataclass(frozen=True, slots=True)
class Choice:
    """Labels, and for each the words that stand for it in an answer."""

    words: Mapping[str, str]

    def __post_init__(self) -> None:
        said = [words.strip() for words in self.words.values()]
        if len(said) < 2:
            raise ValueError("a choice has two labels or more")
        if not all(said):
            raise ValueError("each label of a choice has words")
        if len(set(said)) < len(said):
            raise ValueError("the same words stand for two labels")

    @classmethod
    def of(cls, *labels: str) -> "Choice":
        """Labels that stand for themselves."""
        if len(set(labels)) < len(labels):
            raise ValueError("a label is named twice")
        return cls({label: label for label in labels})

    def beginnings(self) -> dict[str, str]:
        """The words of each label up to where they differ from those of all others; whole where that is nowhere.

        What must follow there tells nothing, and would only put labels of many words at a disadvantage.
        """
        parts = {label: _PART.findall(text) for label, text in self.words.items()}
        found = {}
        for label, own in parts.items():
            others = [other for name, other in parts.items() if name != label]
            alike = max(_shared(own, other) for other in others)
            found[label] = "".join(own[: alike + 1])
        return found


@dataclass(frozen=True, slots=True)
class Chosen:
    """Probabilities of all labels, which add up to 1.

    by: `likelihood`, or `answer` for what the model said by itself; that has all the probability then, and nothing is
    known of the rest. calibrated: read against a prior.
    """

    probabilities: Mapping[str, float]
    by: Literal["likelihood", "answer"] = "likelihood"
    calibrated: bool = False
    model: str = ""
    usage: Usage = field(default_factory=lambda: Usage(0))
    total_ms: float = 0.0

    @property
    def label(self) -> str:
        """The likeliest label; of equals the first."""
        return max(self.probabilities, key=self.probabilities.__getitem__)


def choose(
    model: LanguageModel,
    prompt: Prompt,
    choice: Choice,
    *,
    prior: Prior | None = None,
    timeout_s: float = 120.0,
    prompt_version: str = "",
) -> Chosen:
    """How likely each label is as the answer to this prompt, read against the prior.

    A model that cannot score says its label by itself: see `say`.
    """
    if "score" not in model.abilities:
        return say(model, prompt, choice, timeout_s=timeout_s, prompt_version=prompt_version)
    found = model.score(prompt, list(choice.beginnings().values()), timeout_s=timeout_s)
    read = {k: s.log_likelihood for k, s in zip(choice.words, found.scores, strict=True)}
    chances = {label: math.exp(value) for label, value in normalised(read).items()}
    chosen = Chosen(chances, "likelihood", False, found.model, found.usage, found.timing.total_ms)
    return chosen if prior is None else calibrated(chosen, prior)


def say(
    model: LanguageModel,
    prompt: Prompt,
    choice: Choice,
    *,
    timeout_s: float = 120.0,
    prompt_version: str = "",
) -> Chosen:
    """The label that the model says by itself, greedily; kept to the labels where its engine can do that.

    Raises OutputError if it says none of them.
    """
    constraint = None
    if "grammar" in model.abilities:
        constraint = Grammar("root ::= " + " | ".join(map(quoted, choice.words.values())))
    room = max(8, *(len(words.encode()) + 1 for words in choice.words.values()))
    made = model.generate(
        Request(
            prompt,
            Controls(max_new_tokens=room),
            constraint,
            timeout_s=timeout_s,
            prompt_version=prompt_version,
        )
    )
    said = made.text.strip().strip("\"'.。*").casefold()
    for label, words in sorted(choice.words.items(), key=lambda item: -len(item[1])):
        if said.startswith(words.strip().casefold()):
            chances = {name: float(name == label) for name in choice.words}
            return Chosen(chances, "answer", False, made.model, made.usage, made.timing.total_ms)
    error = OutputError(
        f"{made.model} said none of the {len(choice.words)} labels",
        hint="use an engine that scores or keeps to a grammar",
    )
    error.text = made.text
    raise error


def prior_of(answers: Sequence[Chosen]) -> Prior:
    """The prior that these answers have in common; none of them may have been read against one.

    It is their geometric mean, which single sure answers move little, and counts by n / (n + labels / 2): what stands out
    in n answers about many labels may be what those few inputs happen to be about.
    """
    if not answers:
        raise ValueError("a prior needs answers")
    if any(answer.calibrated or answer.by != "likelihood" for answer in answers):
        raise ValueError("a prior is made of likelihoods that were not read against another prior")
    labels = list(answers[0].probabilities)
    trust = 1 / (len(answers) + len(labels) / 2)  # n times this, as the sum is n times the mean
    sums = {
        label: sum(math.log(max(answer.probabilities[label], LEAST)) for answer in answers)
        for label in labels
    }
    return normalised({label: trust * total for label, total in sums.items()})


def calibrated(answer: Chosen, prior: Prior) -> Chosen:
    """An answer read against a prior."""
    read = {
        label: math.log(max(chance, LEAST)) - prior[label]
        for label, chance in answer.probabilities.items()
    }
    chances = {label: math.exp(value) for label, value in normalised(read).items()}
    return replace(answer, probabilities=chances, calibrated=True)


def normalised(scores: Mapping[str, float]) -> dict[str, float]:
    """Log-probabilities that add up to 1, from log-likelihoods."""
    top = max(scores.values())
    total = top + math.log(sum(math.exp(value - top) for value in scores.values()))
    return {label: value - total for label, value in scores.items()}


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    """Parts that both begin with."""
    pairs = zip(one, other, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
