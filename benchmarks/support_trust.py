"""Learn how likely an answer that words have found is the right one: `python -m benchmarks.support_trust`.

Each question of the demo shop that may be looked at (all but those that are only counted) is asked as it is, and each
that a page answers once more with the sentences that answer it taken off the pages: whatever is quoted then is wrong, and
looks as wrong answers look to which the shop's pages come near. A logistic model tells right from wrong by the signs of
`support/answers/trust.py`; it writes `data/trust.toml`, for finding by words and by meaning, and prints what parts of the
questions that did not teach it would have had.
"""

import dataclasses
import sys
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import shopkeeper.support
from benchmarks import support_knowledge as knowledge
from shopkeeper.face import Shop
from shopkeeper.models.embed import Embedder
from shopkeeper.shop import pages
from shopkeeper.shop.bulk import Connection
from shopkeeper.support import Answer, AnswerKind, Answers
from shopkeeper.support.answers import trust
from shopkeeper.support.answers.matching import Matcher
from shopkeeper.support.answers.statements import statements
from shopkeeper.text.normalise import normalise

WRITTEN = Path(shopkeeper.support.__file__).parent / "data" / "trust.toml"
STRENGTH = 0.03  # C of the logistic model
FRESH, MISTAKEN = 3.0, 3.0  # weight of questions that shaped nothing, and of real mistakes
PARTS = 8
LATER = ("unseen", "known")  # files that were written after most word lists
HEAD = """# How likely a statement that was found is the answer: weights of signs, each counted from its mean in its deviation.
# Written by `python -m benchmarks.support_trust`. sign = [weight, mean, deviation]
"""
Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """A quoted answer with its signs. without: its right answer was taken away before."""

    question: str
    signs: Mapping[str, float]
    right: bool
    half: str
    without: bool


class Listening(Answers):
    """Answers that quote whatever was found, and tell the signs of it."""

    def __init__(self, shop: Shop, embedder: Embedder | None) -> None:
        super().__init__(
            shop.support, shop.found_products, embedder=embedder, hosts=knowledge.HOSTS, judge=self._noted,
        )  # fmt: skip
        self._signs: Mapping[str, float] = {}
        self._hidden: frozenset[str] = frozenset()

    def heard(
        self, question: str, *, without: Collection[str] = ()
    ) -> tuple[Answer, Mapping[str, float]]:
        """The answer and the signs of the statement. without: texts of statements that are not there."""
        self._signs, self._hidden = {}, frozenset(without)
        return self.answer(question), self._signs

    def _noted(self, signs: Mapping[str, float]) -> float:
        self._signs = signs
        return 1.0

    def _matcher(self, conn: Connection) -> Matcher:
        whole = super()._matcher(conn)
        return whole.without(self._hidden) if self._hidden else whole


def found(shop: Shop, answers: Listening) -> Iterator[Found]:
    """What is quoted to each question, and to each of those with an answer without it."""
    with shop.database.connection() as conn:
        told = [s for page in pages.iterate(conn) for s in statements(page, hosts=frozenset(knowledge.HOSTS))]  # fmt: skip
    for asked in knowledge.questions(shop):
        if asked.half in knowledge.COUNTED or asked.sort == "products":
            continue
        answer, signs = answers.heard(asked.question)
        right = asked.sort == "pages" and knowledge.right(asked, answer, shop)
        if answer.kind is AnswerKind.QUOTED:
            yield Found(asked.question, signs, right, asked.half, without=False)
        if asked.sort != "pages":
            continue
        said = [normalise(s) for s in asked.want["says"]]
        answering = [
            s.text
            for s in told
            if s.slug in asked.want["in"] and any(w in normalise(s.text) for w in said)
        ]
        answer, signs = answers.heard(asked.question, without=answering)
        if answer.kind is AnswerKind.QUOTED and not knowledge.right(asked, answer, shop):
            yield Found(asked.question, signs, False, asked.half, without=True)


def fit(
    features: Floats, right: NDArray[np.bool_], weights: Floats, *, strength: float = STRENGTH
) -> tuple[Floats, float]:
    """Logistic regression with |w|² / 2·strength, by Newton's method. Returns weights and bias."""
    rows = np.hstack([features, np.ones((len(features), 1))])
    held = np.full(rows.shape[1], 1 / strength)
    held[-1] = 0.0
    at = np.zeros(rows.shape[1])
    for _ in range(50):
        likely = 1 / (1 + np.exp(-rows @ at))
        slope = rows.T @ (weights * (likely - right)) + held * at
        bend = (rows * (weights * likely * (1 - likely))[:, None]).T @ rows + np.diag(held)
        step = np.linalg.solve(bend, slope)
        at = at - step
        if np.abs(step).max() < 1e-9:
            break
    return at[:-1], float(at[-1])


def learn(rows: list[Found], names: tuple[str, ...]) -> dict[str, Any]:
    """The model of these answers, after saying what parts that did not teach it would have had."""
    values = np.array([[row.signs[name] for name in names] for row in rows])
    right = np.array([row.right for row in rows])
    fresh = np.array([row.half in LATER for row in rows])
    real = np.array([not row.without for row in rows])
    weights = np.where(fresh, FRESH, 1.0) * np.where(real & ~right, MISTAKEN, 1.0)
    means, deviations = values.mean(axis=0), np.maximum(values.std(axis=0), 1e-6)
    features = (values - means) / deviations
    part = np.array([sum(row.question.encode()) % PARTS for row in rows])
    likely = np.zeros(len(rows))
    for n in range(PARTS):
        taught, judged = part != n, part == n
        slope, bias = fit(features[taught], right[taught], weights[taught])
        likely[judged] = 1 / (1 + np.exp(-features[judged] @ slope - bias))
    for least in (0.0, 0.5, 0.55, 0.6, 0.65, 0.7):
        kept = likely >= least
        print(
            f"  from {least}: right {sum(kept & right)}, wrong {sum(kept & ~right & real)}, "
            f"wrong where the answer was taken away {sum(kept & ~right & ~real)}"
        )
    slope, bias = fit(features, right, weights)
    return {
        "bias": round(bias, 4),
        "signs": {n: [round(float(x), 4) for x in row] for n, row in zip(names, zip(slope, means, deviations, strict=True), strict=True)},
    }  # fmt: skip


def main() -> int:
    """Ask, learn and write."""
    lines = [HEAD]
    with knowledge.demo_shop() as shop:
        for way, names in (("words", trust.SIGNS), ("meaning", (*trust.SIGNS, *trust.MEANT))):
            embedder = knowledge.embedder() if way == "meaning" else None
            answers = Listening(shop, embedder)
            print(f"by {way}:")
            learnt = learn(list(found(shop, answers)), names)
            lines += [f"[{way}]", f"bias = {learnt['bias']}", "", f"[{way}.signs]"]
            lines += [f"{name} = {row}" for name, row in learnt["signs"].items()] + [""]
    WRITTEN.write_text("\n".join(lines), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
