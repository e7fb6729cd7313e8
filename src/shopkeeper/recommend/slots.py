"""What recommendation is asked, and what it answers: slots of a page, visitors, lists with their reasons.

A slot is a place on a page with a question of its own. All slots draw on the same evidence (`scoring.py`); what each
kind counts in a slot is written here, but for the front page, whose weights are learnt from what people took.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pydantic import ConfigDict

from shopkeeper.recommend.model import Weights

MAX_ITEMS = 100
ID_PREFIX = "rec-"  # of a list's id, so that an event's query_id tells a list from a search


class Slot(StrEnum):
    """Where a list stands and what it answers."""

    HOME = "home"  # what will this person want next?
    SIMILAR = "similar"  # what else is like this product?
    TOGETHER = "bought_together"  # what is bought with this product?
    CART = "cart"  # what goes with what is in the cart?
    LOOKED = "because_you_looked"  # what may they want who looked at this last?
    AGAIN = "again"  # what may this customer need again?


# Alternatives are like the product; what goes with it is bought with it and is no alternative to it.
WEIGHTS: Mapping[Slot, Weights] = {
    Slot.SIMILAR: Weights({"text now": 1.0, "values now": 1.0, "near now": 0.5}, 0.0, 0.05),
    Slot.TOGETHER: Weights({"bought now": 1.0, "next now": 0.4, "near now": 0.2}, 0.0, 0.0),
    Slot.CART: Weights({"bought now": 1.0, "next now": 0.4, "near now": 0.2}, 0.0, 0.05),
    Slot.LOOKED: Weights(
        {"next now": 1.0, "near now": 0.7, "text now": 0.7, "values now": 0.5}, 0.0, 0.05
    ),
}


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who a list is for, as far as they are known. Nothing of them known: what anybody would get."""

    session_id: str = ""
    client_id: str = ""
    customer_id: str = ""

    @property
    def is_known(self) -> bool:
        """True if anything they did can be found."""
        return bool(self.session_id or self.client_id or self.customer_id)

    @property
    def key(self) -> str:
        """What stays the same for this visitor: experiments give each key one arm."""
        return self.customer_id or self.client_id or self.session_id


ANYBODY = Visitor()


class Why(StrEnum):
    """What kind of evidence a reason cites."""

    LOOKED = "looked"  # this visitor looked at `product_id`
    BOUGHT = "bought"  # this visitor bought it
    CART = "cart"  # it is in the cart
    THIS = "this"  # it is the product that the list is about
    SEARCHED = "searched"  # they searched for `words`
    POPULAR = "popular"  # many want it lately
    AGAIN = "again"  # this customer bought this very product before
    PINNED = "pinned"  # a rule of the merchant puts it here, whatever speaks for it


@dataclass(frozen=True, slots=True)
class Reason:
    """Evidence behind an item's score. Taking it away lowers the score by `weight`.

    words: that both products have, or that were searched for; people: who had both; times: orders with both, or, of
    AGAIN, how often it was bought; 0 where that plays no part. rule: the name of a rule, of PINNED.
    """

    why: Why
    weight: float
    product_id: str = ""
    words: tuple[str, ...] = ()
    people: int = 0
    times: int = 0
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Recommended:
    """An item of a list. score: what all evidence together says, before rules and variety. rules: that moved it."""

    product_id: str
    score: float
    reasons: tuple[Reason, ...] = ()
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecommendedList:
    """A list as it was answered. id: what clicks on it name as their `query_id`, with the position from 1. anchors: the
    products that it is about. model: version of the model, 0 while the shop has none that was let in by the gate. arm:
    of an experiment."""

    id: str
    slot: Slot
    items: tuple[Recommended, ...]
    made_at: datetime
    anchors: tuple[str, ...] = ()
    model: int = 0
    experiment: str = ""
    arm: str = ""
    took_ms: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class Controls:
    """What the merchant sets for a slot.

    diversity: 0 the best alone, 1 as different as can be; novelty: how much what everybody knows is held back, 0 to 1;
    margin: how much a higher margin counts, 0 to 1; per_category, per_brand: items of one narrowest category or brand
    at most, 0 without a limit; explore: the share of lists that are drawn, so that another version can be judged by what
    followed (`exploring.py`).
    """

    __pydantic_config__ = ConfigDict(extra="forbid")  # a misspelt one would set nothing

    diversity: float = 0.15
    novelty: float = 0.0
    margin: float = 0.0
    per_category: int = 0
    per_brand: int = 0
    explore: float = 0.0

    def __post_init__(self) -> None:
        for name in ("diversity", "novelty", "margin", "explore"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise ValueError(f"{name} {value} is not from 0 to 1")
        for name in ("per_category", "per_brand"):
            if not 0 <= getattr(self, name) <= MAX_ITEMS:
                raise ValueError(f"{name} {getattr(self, name)} is not from 0 to {MAX_ITEMS}")


CONTROLS: Mapping[Slot, Controls] = {
    Slot.HOME: Controls(per_category=2),
    Slot.SIMILAR: Controls(diversity=0.05),
    Slot.TOGETHER: Controls(per_category=2),
    Slot.CART: Controls(per_category=2),
    Slot.LOOKED: Controls(per_category=3),
    Slot.AGAIN: Controls(diversity=0.0),
}
