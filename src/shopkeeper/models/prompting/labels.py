"""One label out of several, by how likely a model finds their words; read against a prior.

The likelihood of a label's words mixes what the input says with what the model always says: it likes some words
better, and after examples those of the last. A prior is the model's mean answer over inputs like those to come, which
need no labels themselves; divided by it, only what this input says is left.
Source: Zhao et al. 2021 (contextual calibration); the mean over real inputs instead of `N/A`: Zhou et al. 2024.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shopkeeper.errors import OutputError
from shopkeeper.models.engines.contract import LanguageModel
from shopkeeper.models.records import Controls, Generation, Grammar, Prompt, Request, Usage

Prior = Mapping[str, float]  # label to log-probability

_PART = re.compile(r"\s*(?:[一-鿿㐀-䶿]|[^\s一-鿿㐀-䶿]+)|\s+")  # a word, or a Chinese character


@dataclass(frozen=True, slots=True)
class Choice:
    """Label to probability, read against the prior."""

    probabilities: Mapping[str, float]
    usage: Usage
    total_ms: float

    @property
    def label(self) -> str:
        """The likeliest label; of equals the first."""
        return max(self.probabilities, key=self.probabilities.__getitem__)


def choose(
    model: LanguageModel,
    prompt: Prompt,
    words: Mapping[str, str],
    *,
    prior: Prior | None = None,
    timeout_s: float = 120.0,
) -> Choice:
    """How likely each label is by its words after the prompt, against the prior.

    Words count up to where no other label has the same: what must follow tells nothing, and would only put labels of
    many words at a disadvantage.
    """
    found = model.score(prompt, list(beginnings(words).values()), timeout_s=timeout_s)
    read = {k: s.log_likelihood for k, s in zip(words, found.scores, strict=True)}
    if prior is not None:
        read = {label: value - prior[label] for label, value in normalised(read).items()}
    chances = {label: math.exp(value) for label, value in normalised(read).items()}
    return Choice(chances, found.usage, found.timing.total_ms)


def beginnings(words: Mapping[str, str]) -> dict[str, str]:
    """The words of each label up to where they differ from those of all others; whole where that is nowhere."""
    parts = {label: _PART.findall(text) for label, text in words.items()}
    found = {}
    for label, own in parts.items():
        others = [other for name, other in parts.items() if name != label]
        alike = max(_shared(own, other) for other in others)
        found[label] = "".join(own[: alike + 1])
    return found


def mean_prior(answers: Sequence[Mapping[str, float]]) -> Prior:
    """The prior that these answers (label to probability, each without a prior) have in common.

    One more answer, in which all labels are alike, is counted with them, so that a label that none of few answers
    comes near does not seem impossible.
    """
    equal = 1 / len(answers[0])
    sums = {label: equal + sum(one[label] for one in answers) for label in answers[0]}
    return {label: math.log(total / (len(answers) + 1)) for label, total in sums.items()}


def say(
    model: LanguageModel,
    prompt: Prompt,
    words: Mapping[str, str],
    *,
    timeout_s: float = 120.0,
    prompt_version: str = "",
) -> tuple[str, Generation]:
    """The label that the model says by itself, greedily; kept to the labels where its engine can do that.

    Raises OutputError if it says none of them.
    """
    constraint = None
    if "grammar" in model.abilities:
        constraint = Grammar("root ::= " + " | ".join(map(_terminal, words.values())))
    controls = Controls(max_new_tokens=max(8, *(len(one.encode()) for one in words.values())))
    made = model.generate(
        Request(prompt, controls, constraint, timeout_s=timeout_s, prompt_version=prompt_version)
    )
    said = made.text.strip().strip("\"'.。").casefold()
    for label, word in sorted(words.items(), key=lambda item: -len(item[1])):
        if said.startswith(word.strip().casefold()):
            return label, made
    raise OutputError(
        f"{made.model} said none of the labels", hint="use an engine that scores or keeps a grammar"
    )


def normalised(scores: Mapping[str, float]) -> dict[str, float]:
    """Log-probabilities that add up to 1, from log-likelihoods."""
    top = max(scores.values())
    total = top + math.log(sum(math.exp(value - top) for value in scores.values()))
    return {label: value - total for label, value in scores.items()}


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    """Parts that both begin with."""
    pairs = zip(one, other, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _terminal(words: str) -> str:
    return json.dumps(words, ensure_ascii=False)
