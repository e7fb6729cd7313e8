"""Learning an order: trees against a plain twin, and rankers that survive being written down."""

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from shopkeeper.errors import ArtifactError
from shopkeeper.measures import ndcg
from shopkeeper.retrieval import trees
from shopkeeper.retrieval.features import NAMES
from shopkeeper.retrieval.fusion import Fused
from shopkeeper.retrieval.hybrid import find
from shopkeeper.retrieval.learning import Judged, Ranker, fit
from shopkeeper.retrieval.trees import DEPTH, Plan, Trees
from tests.retrieval.catalogue import embed, ids, index, meanings

SMALL = Plan(trees=40, smallest=20)


def some_queries(number: int, *, seed: int) -> list[Judged]:
    """Queries whose grades follow from two features and a little chance; the others say nothing."""
    rng = np.random.default_rng(seed)
    queries = []
    for _ in range(number):
        table = rng.standard_normal((60, len(NAMES))).astype(np.float32)
        wanted = table[:, 1] + (table[:, 2] > 0.5) + 0.3 * rng.standard_normal(60)
        queries.append(Judged(table, np.clip(np.round(wanted), 0, 3)))
    return queries


def fused(query: Judged) -> Fused:
    return Fused(query.table[:, 0], np.zeros(len(query.table), np.float32), 0.3)


def mean_ndcg(queries: list[Judged], order_by: list[npt.NDArray[np.float32]]) -> float:
    return float(
        np.mean([
            ndcg(np.argsort(-by).tolist(), dict(enumerate(q.grades.tolist())), k=10)
            for q, by in zip(queries, order_by, strict=True)
        ])
    )  # fmt: skip


def plain_prediction(fitted: Trees, row: npt.NDArray[np.float32]) -> float:
    total = fitted.start
    for feature, threshold, leaf in zip(fitted.feature, fitted.threshold, fitted.leaf, strict=True):
        node = 0
        for _ in range(DEPTH):
            node = 2 * node + (2 if row[feature[node]] > threshold[node] else 1)
        total += float(leaf[node - (2**DEPTH - 1)])
    return total


def test_trees_predict_as_walking_them_one_by_one_does() -> None:
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((500, 3)).astype(np.float32)
    fitted = trees.fit(rows, rows[:, 0].astype(np.float64), seed=0, plan=SMALL)
    predicted = fitted.predict(rows[:20])
    for row, value in zip(rows[:20], predicted, strict=True):
        assert value == pytest.approx(plain_prediction(fitted, row), abs=1e-4)


def test_trees_learn_a_step_and_an_interaction() -> None:
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((3000, 4)).astype(np.float32)
    targets = np.where(rows[:, 0] > 0, 1.0, 0.0) * np.where(rows[:, 1] > 0, 1.0, -1.0)
    fitted = trees.fit(rows[:2000], targets[:2000], seed=0, plan=Plan(trees=150, smallest=20))
    error = np.mean((fitted.predict(rows[2000:]) - targets[2000:]) ** 2)
    assert error < 0.1 * targets.var()


def test_no_leaf_is_smaller_than_the_plan_says() -> None:
    rows = np.arange(50, dtype=np.float32)[:, None]
    fitted = trees.fit(rows, (rows[:, 0] > 40).astype(np.float64), seed=0, plan=Plan(trees=5, smallest=30))  # fmt: skip
    assert len(set(fitted.predict(rows).tolist())) == 1


def test_the_same_seed_gives_the_same_trees() -> None:
    queries = some_queries(10, seed=1)
    assert fit(queries, seed=3, plan=SMALL).to_json() == fit(queries, seed=3, plan=SMALL).to_json()
    assert fit(queries, seed=3, plan=SMALL).to_json() != fit(queries, seed=4, plan=SMALL).to_json()


def test_what_is_learned_orders_queries_it_has_not_seen() -> None:
    ranker = fit(some_queries(60, seed=1), seed=0, plan=SMALL)
    unseen = some_queries(20, seed=2)
    rule = mean_ndcg(unseen, [fused(q).score for q in unseen])
    learned = mean_ndcg(unseen, [fused(q).score + ranker.adds(q.table, fused(q)) for q in unseen])
    assert learned > rule + 0.2


def test_a_ranker_reads_as_it_was_written() -> None:
    ranker = fit(some_queries(10, seed=1), seed=0, plan=SMALL)
    again = Ranker.from_json(ranker.to_json())
    query = some_queries(1, seed=5)[0]
    np.testing.assert_array_equal(
        again.adds(query.table, fused(query)), ranker.adds(query.table, fused(query))
    )
    assert again.queries == 10


@pytest.mark.parametrize(
    "change",
    [{"format": 99}, {"features": ["x"]}, {"leaf": [[0.0]]}, {"feature": [[99] * 7]}, {"threshold": "no"}, {"start": None}],
)  # fmt: skip
def test_a_ranker_of_another_kind_is_refused(change: dict[str, object]) -> None:
    written = json.loads(fit(some_queries(3, seed=1), seed=0, plan=Plan(trees=1)).to_json())
    with pytest.raises(ArtifactError, match="no learned ranker"):
        Ranker.from_json(json.dumps(written | change))
    with pytest.raises(ArtifactError):
        Ranker.from_json("[]")


def test_nothing_judged_is_nothing_to_learn_from() -> None:
    with pytest.raises(ValueError, match="no judged queries"):
        fit([], seed=0)


def test_a_learned_order_changes_the_order_and_not_the_hits(tmp_path: Path) -> None:
    words, known = index(tmp_path), meanings()
    ranker = fit(some_queries(20, seed=1), seed=0, plan=SMALL)
    query, vector = "waterproof backpack", embed(["waterproof backpack"])[0]
    by_rule = find(query, words=words, meanings=[known], vector=vector)
    by_ranker = find(query, words=words, meanings=[known], vector=vector, ranker=ranker)
    assert set(ids(by_rule.keys)) == set(ids(by_ranker.keys))
    why = by_ranker.why(int(by_ranker.keys[0]))
    assert why is not None
    assert why.learned != 0
