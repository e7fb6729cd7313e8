"""A ranker learned from a shop's own judgments or clicks, in place of the fixed rule of `fusion.py`.

    ranker = fit(queries, seed=0)           # queries: features of their candidates, and a grade for each
    path.write_text(ranker.to_json())       # numbers and names only: reading it runs nothing
    find("rain jacket", …, ranker=Ranker.from_json(path.read_text()))

It predicts how relevant a candidate is from features that are measured within the query. Its order is never used
pure: the rule keeps an equal part (`RULE`), so that a shop with few judgments is not led astray by them. Whether it
is better than the rule is for held-back queries to say (`benchmarks search` does it out of fold) before it is used.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from shopkeeper.errors import ArtifactError
from shopkeeper.retrieval import trees
from shopkeeper.retrieval.features import NAMES, Table
from shopkeeper.retrieval.fusion import SMALLEST, Fused
from shopkeeper.retrieval.meaning import Scores
from shopkeeper.retrieval.trees import Floats, Plan, Trees

RULE = 1.0  # what the rule counts beside what was learned, both in standard deviations of the candidates
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Judged:
    """One query to learn from. table: (N, F) features of its candidates, grades: (N,) how relevant each is, from 0;
    what nobody judged or clicked is 0."""

    table: Table
    grades: Floats


@dataclass(frozen=True, slots=True)
class Ranker:
    """A learned order of candidates. Make with `fit` or `from_json`."""

    trees: Trees
    queries: int

    def adds(self, table: Table, fused: Fused) -> Scores:
        """(N,) what to add to the fused score of each candidate so that the learned order results."""
        if not len(table):
            return np.zeros(0, np.float32)
        wanted = _spread(self.trees.predict(table)) + np.float32(RULE) * _spread(fused.score)
        return (wanted - fused.score).astype(np.float32)

    def to_json(self) -> str:
        """All there is to it, as text."""
        return json.dumps(
            {
                "format": FORMAT,
                "features": list(NAMES),
                "queries": self.queries,
                "start": self.trees.start,
                "feature": self.trees.feature.tolist(),
                "threshold": [[_number(x) for x in row] for row in self.trees.threshold.tolist()],
                "leaf": self.trees.leaf.tolist(),
            }
        )

    @classmethod
    def from_json(cls, text: str) -> "Ranker":
        """The ranker that `to_json` wrote. Raises ArtifactError."""
        try:
            return _read(json.loads(text))
        except (ValueError, KeyError, TypeError) as error:
            raise ArtifactError(
                f"this is no learned ranker, or one of another version: {error}",
                hint="learn it anew; until then the fixed rule is used",
            ) from error


def fit(queries: Sequence[Judged], *, seed: int, plan: Plan | None = None) -> Ranker:
    """A ranker learned from judged queries."""
    if not queries:
        raise ValueError("nothing to learn from: there are no judged queries")
    rows = np.concatenate([q.table for q in queries])
    grades = np.concatenate([q.grades for q in queries]).astype(np.float64)
    return Ranker(trees.fit(rows, grades, seed=seed, plan=plan), len(queries))


def _spread(scores: Scores) -> Scores:
    """Scores in standard deviations above their mean."""
    deviation = float(scores.std())
    if deviation < SMALLEST:
        return np.zeros(len(scores), np.float32)
    spread: Scores = ((scores - scores.mean()) / deviation).astype(np.float32)
    return spread


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _read(data: dict[str, Any]) -> Ranker:
    if data["format"] != FORMAT or data["features"] != list(NAMES):
        raise ValueError(f"format {data['format']} with features {data['features']}")
    threshold = [[np.inf if x is None else float(x) for x in row] for row in data["threshold"]]
    read = Trees(
        np.array(data["feature"], np.int16),
        np.array(threshold, np.float32),
        np.array(data["leaf"], np.float32),
        float(data["start"]),
    )
    nodes = 2**trees.DEPTH - 1
    number = len(read.feature)
    if read.feature.shape != (number, nodes) or read.threshold.shape != (number, nodes):
        raise ValueError(f"questions of shape {read.feature.shape} and {read.threshold.shape}")
    if read.leaf.shape != (number, nodes + 1):
        raise ValueError(f"leaves of shape {read.leaf.shape}")
    if number and not (read.feature.min() >= 0 and read.feature.max() < len(NAMES)):
        raise ValueError("a question about a feature there is not")
    return Ranker(read, int(data["queries"]))
