"""Measures: one function each, for tests, gates and benchmarks.

In: what a system gave and what people judged. Out: a number in [0, 1], or one for each query. `ranking.py` (search
and recommendation: how good is an order).
"""

from shopkeeper.measures.ranking import (
    average_precision,
    dcg,
    ndcg,
    recall,
    reciprocal_rank,
    share_hurt,
)

__all__ = ["average_precision", "dcg", "ndcg", "recall", "reciprocal_rank", "share_hurt"]
