"""Measures: one function each, for tests, gates and benchmarks.

In: what a system gave and what people judged. Out: a number in [0, 1], or one for each query. `ranking.py` (search
and recommendation: how good is an order), `classification.py` (labels, and how sure a share is), `extraction.py`
(facts taken out of texts, and an interval for any figure), `generated.py` (texts beside the expected ones).
"""

from shopkeeper.measures.classification import accuracy, auroc, macro_f1, wilson
from shopkeeper.measures.extraction import Found, bootstrap, counts, found
from shopkeeper.measures.generated import chrf, token_f1
from shopkeeper.measures.ranking import (
    average_precision,
    dcg,
    ndcg,
    recall,
    reciprocal_rank,
    share_hurt,
)

__all__ = [
    "Found",
    "accuracy",
    "auroc",
    "average_precision",
    "bootstrap",
    "chrf",
    "counts",
    "dcg",
    "found",
    "macro_f1",
    "ndcg",
    "recall",
    "reciprocal_rank",
    "share_hurt",
    "token_f1",
    "wilson",
]
