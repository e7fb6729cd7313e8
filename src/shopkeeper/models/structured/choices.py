"""One label out of several, by how likely a model finds the words for it, read against a prior.

What a model says under a list of labels mixes what the input says with what the model always says: it likes some words
better, and after examples those of the last one. A prior is its mean answer over inputs that say nothing, or over inputs
like those to come, whose labels nobody needs to know. Divided by it, what this input says is left.

Source: Zhao et al. 2021 (contextual calibration, inputs without content); Fei et al. 2023 (random words of the domain);
Zhou et al. 2024 (a batch of the inputs themselves). Which of them pays is measured by `python -m benchmarks lm_choices`.
"""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from shopkeeper.errors import OutputError
from shopkeeper.models.engines.contract import LanguageModel
from shopkeeper.models.records import Controls, Grammar, Prompt, Request
from shopkeeper.models.structured.grammar import quoted

Prior = Mapping[str, float]  # label to natural log-probability
CONTENT_FREE = ("N/A", "", "[MASK]")  # Zhao et al. 2021, section 5


@dataclass(frozen=True, slots=True)
class Choice:
    """Labels, and for each the words that stand for it in an answer: one or several."""

    words: Mapping[str, tuple[str, ...]]

    def __post_init__(self) -> None:
        all_words = [word for words in self.words.values() for word in words]
        if len(self.words) < 2:
            raise ValueError("a choice has two labels or more")
        if not all(self.words.values()) or not all(map(str.strip, all_words)):
            raise ValueError("each label of a choice has words, and none of them is empty")
        if len(set(all_words)) < len(all_words):
            raise ValueError("the same words stand for two labels")

    @classmethod
    def of(cls, *labels: str) -> "Choice":
        """Labels that stand for themselves."""
        if len(set(labels)) < len(labels):
            raise ValueError("a label is named twice")
        return cls({label: (label,) for label in labels})


@dataclass(frozen=True, slots=True)
class Chosen:
    """Probabilities of all labels, which add up to 1.

    by: `likelihood`, or `answer` where the engine cannot score: then what it said has all the probability, and nothing is
    known of the rest. calibrated: read against a prior.
    """

    probabilities: Mapping[str, float]
    by: Literal["likelihood", "answer"] = "likelihood"
    calibrated: bool = False

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
) -> Chosen:
    """How likely each label is as the answer to this prompt, all its words together, read against the prior.

    Log-likelihoods are summed over the tokens of a label and not divided by their number: a prior holds the price of
    being long already, and without one the sum is the model's own probability.
    Raises OutputError if a model that cannot score says none of the labels.
    """
    if "score" not in model.abilities:
        return _asked(model, prompt, choice, timeout_s)
    words = [word for words in choice.words.values() for word in words]
    scores = iter(model.score(prompt, words, timeout_s=timeout_s).scores)
    read = {
        label: _log_sum([next(scores).log_likelihood for _ in words])
        for label, words in choice.words.items()
    }
    if prior is not None:
        read = {label: value - prior[label] for label, value in _normalised(read).items()}
    chances = {label: math.exp(value) for label, value in _normalised(read).items()}
    return Chosen(chances, calibrated=prior is not None)


def prior_of(answers: Sequence[Chosen]) -> Prior:
    """The prior that these answers have in common; none of them may have been read against one.

    One more answer, in which all labels are alike, is counted with them, so that a label that none of few answers comes
    near does not seem impossible.
    """
    if not answers:
        raise ValueError("a prior needs answers")
    if any(answer.calibrated or answer.by != "likelihood" for answer in answers):
        raise ValueError("a prior is made of likelihoods that were not read against another prior")
    labels = list(answers[0].probabilities)
    sums = {k: 1 / len(labels) + sum(answer.probabilities[k] for answer in answers) for k in labels}
    return {label: math.log(total / (len(answers) + 1)) for label, total in sums.items()}


def calibrated(answer: Chosen, prior: Prior) -> Chosen:
    """An answer read against a prior that was not known when it was given."""
    read = {
        label: math.log(max(chance, 1e-300)) - prior[label]
        for label, chance in answer.probabilities.items()
    }
    return Chosen({k: math.exp(v) for k, v in _normalised(read).items()}, answer.by, True)


def random_inputs(texts: Sequence[str], *, number: int = 20, seed: int = 0) -> list[str]:
    """Inputs that say nothing in the words of a domain: words drawn at random from its texts, as many as a text has."""
    words = [word for text in texts for word in text.split()]
    if not words:
        raise ValueError("random inputs are drawn from texts with words")
    chance = random.Random(seed)
    length = max(1, len(words) // len(texts))
    return [" ".join(chance.choices(words, k=length)) for _ in range(number)]


def _asked(model: LanguageModel, prompt: Prompt, choice: Choice, timeout_s: float) -> Chosen:
    """What the model says greedily, kept to the labels where its engine can do that."""
    words = {word: label for label, words in choice.words.items() for word in words}
    constraint = None
    if "grammar" in model.abilities:
        constraint = Grammar("root ::= " + " | ".join(map(quoted, words)))
    room = max(8, *(len(word.encode()) + 1 for word in words))
    request = Request(prompt, Controls(max_new_tokens=room), constraint, timeout_s=timeout_s)
    generation = model.generate(request)
    said = generation.text.strip().strip("\"'.。*").casefold()
    for word in sorted(words, key=len, reverse=True):
        if said.startswith(word.strip().casefold()):
            return Chosen({k: float(k == words[word]) for k in choice.words}, "answer")
    error = OutputError(
        f"{generation.model} said none of the {len(choice.words)} labels",
        hint="use an engine that scores or keeps to a grammar",
    )
    error.text = generation.text
    raise error


def _log_sum(values: Sequence[float]) -> float:
    top = max(values)
    return top + math.log(sum(math.exp(value - top) for value in values))


def _normalised(scores: Mapping[str, float]) -> dict[str, float]:
    """Log-probabilities that add up to 1, from log-likelihoods."""
    total = _log_sum(list(scores.values()))
    return {label: value - total for label, value in scores.items()}
