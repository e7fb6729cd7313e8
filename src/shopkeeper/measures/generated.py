"""How near a generated text is to one that was expected. Nearness of wording, not truth: checks are for that."""

from collections import Counter
from collections.abc import Hashable, Sequence


def token_f1(expected: Sequence[Hashable], given: Sequence[Hashable]) -> float:
    """F1 of tokens as bags, in [0, 1]; two texts without tokens are alike. Source: Rajpurkar et al. 2016."""
    common = (Counter(expected) & Counter(given)).total()
    either = len(expected) + len(given)
    return 2 * common / either if either else 1.0


def chrf(expected: str, given: str, *, order: int = 6, beta: float = 2.0) -> float:
    """F-beta of the characters' n-grams, spaces left out, in [0, 1]; two empty texts are alike.

    Precision and recall are means over n = 1…order of those n for which either text is long enough.
    Source: Popović 2015, chrF2; needs no words, so it serves Chinese too.
    """
    texts = ["".join(text.split()) for text in (expected, given)]
    if texts[0] == texts[1]:
        return 1.0
    precisions, recalls = [], []
    for n in range(1, order + 1):
        wanted, had = (Counter(t[i : i + n] for i in range(len(t) - n + 1)) for t in texts)
        common = (wanted & had).total()
        if wanted or had:
            precisions.append(common / had.total() if had else 0.0)
            recalls.append(common / wanted.total() if wanted else 0.0)
    precision, recall = sum(precisions) / len(precisions), sum(recalls) / len(recalls)
    both = beta * beta * precision + recall
    return (1 + beta * beta) * precision * recall / both if both else 0.0
