"""How likely a statement that words have found is the answer: where it is not likely enough, a person is asked instead.

A logistic model on signs of the find, such as how much of the question the statement says itself and how rare its rarest
part is. `data/trust.toml` has its weights, for finding with an embedder and without. They were learnt from the demo
shop's questions, each asked twice: as it is, and with the sentences that answer it taken off the pages, so that whatever
was found then was the wrong thing (`python -m benchmarks.support_trust`).
"""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

LEAST = 0.65  # below it nothing is quoted: chosen where half of the mistakes of 0.5 are left, cross-validated
PUT = 0.35  # the same for a question of `common.toml`, whose wording is not the customer's
TITLED, SURE = 0.99, 0.9
"""Where the title is the question, what stands first under it answers, however small the shop is; and so does the row of a
table that a question names."""
SIGNS = (
    "own", "titled", "focus", "focus_titled", "rarest", "weight", "parts", "beside", "denied", "first", "faq", "row",
    "length", "margin", "asks", "echo", "untitled", "rarest_own", "may",
)  # fmt: skip
MEANT = ("cosine", "above_mean")  # further signs where there is an embedder


@dataclass(frozen=True, slots=True)
class Model:
    """Weights of signs that are counted from their means in their deviations."""

    bias: float
    weights: Mapping[str, float]
    means: Mapping[str, float]
    deviations: Mapping[str, float]

    def likelihood(self, signs: Mapping[str, float]) -> float:
        """That it is the answer, in (0, 1)."""
        score = self.bias + sum(
            weight * (signs[name] - self.means[name]) / self.deviations[name]
            for name, weight in self.weights.items()
        )
        return 1 / (1 + math.exp(-score))


@cache
def model(way: str) -> Model:
    """The model for finding by `words` or by `meaning`."""
    text = files("shopkeeper.support").joinpath("data/trust.toml").read_text(encoding="utf-8")
    told = tomllib.loads(text)[way]
    signs = told["signs"]
    return Model(
        float(told["bias"]),
        {name: float(row[0]) for name, row in signs.items()},
        {name: float(row[1]) for name, row in signs.items()},
        {name: float(row[2]) for name, row in signs.items()},
    )


def likelihood(signs: Mapping[str, float]) -> float:
    """How likely what was found is the answer. signs: of `SIGNS`, `measured` and `keyed`, and of `MEANT` where there is
    an embedder."""
    likely = model("meaning" if "cosine" in signs else "words").likelihood(signs)
    told = signs["keyed"] or (signs["titled"] >= TITLED and signs["first"] and signs["measured"])
    return max(likely, SURE) if told else likely
