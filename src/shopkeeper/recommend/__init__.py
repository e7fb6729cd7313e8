"""Recommendation: what a person will want next, from what people did and what the items are.

In: histories (`histories.py`: each person's items, oldest first, as dense indices) and what is known of the items
(`text.py`). Out: a score for every item, or the best of them (`recommender.py`). On the way: simple models with one
interface (`contract.py`): `popularity.py`, `neighbours.py`, `ease.py`, `next_item.py`; all of them side by side for
each candidate (`evidence.py`, `seasons.py`), put in order by what people took (`ordering.py`). `protocol.py` says how good
any of them is, on a split in time.

In a shop: `behaviour.py` and `goods.py` read what people did and what there is, `fitting.py` makes a `Model` of it
(`model.py`), `scoring.py` holds a visitor's trail (`trails.py`) against it, `merchandising.py` makes a list of the scores and
`reasons.py` says why; `together.py` says of which pairs orders tell enough. `live.py` is the door, kept fresh by `following.py`, for which `apart.py` fits in a
process of its own; `lists.py` credits what follows to lists, `retention.py` says how long those are kept.
"""

from shopkeeper.recommend.contract import Links, Recommender
from shopkeeper.recommend.evidence import Knowledge, know
from shopkeeper.recommend.histories import Histories, Places
from shopkeeper.recommend.lists import Credit, Kept
from shopkeeper.recommend.live import Asked, Recommendations
from shopkeeper.recommend.slots import (
    ANYBODY,
    Controls,
    Reason,
    Recommended,
    RecommendedList,
    Slot,
    Visitor,
    Why,
)
from shopkeeper.recommend.text import About

__all__ = [
    "ANYBODY",
    "About",
    "Asked",
    "Controls",
    "Credit",
    "Histories",
    "Kept",
    "Knowledge",
    "Links",
    "Places",
    "Reason",
    "Recommendations",
    "Recommended",
    "RecommendedList",
    "Recommender",
    "Slot",
    "Visitor",
    "Why",
    "know",
]
