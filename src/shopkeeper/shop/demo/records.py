"""What the demo shop's generator passes from one step to the next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from shopkeeper.shop.records import Product


@dataclass(frozen=True, slots=True)
class Stocked:
    """A product of the demo shop with what only its maker knows.

    kind: its product type, a key of the catalogue's data files (`rain-jacket`). styles: tags that hidden tastes
    are about (`minimal`, `outdoor`, `playful`). qualities: aspect -> -1 (bad) to 1 (excellent), what reviews express.
    appeal: weight of how often it is looked at, before taste.
    """

    product: Product
    kind: str
    department: str
    styles: tuple[str, ...]
    qualities: Mapping[str, float]
    appeal: float
    added_at: datetime


def mean_quality(stock: Sequence[Stocked]) -> float:
    """How good these products are, all aspects together."""
    means = [sum(s.qualities.values()) / len(s.qualities) for s in stock]
    return sum(means) / len(means)
