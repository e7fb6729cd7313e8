"""Recommendation: what a person will want next, from what people did and what the items are.

In: histories (`histories.py`: each person's items, oldest first, as dense indices) and what is known of the items
(`text.py`). Out: a score for every item, or the best of them (`recommender.py`). On the way: simple models with one
interface (`contract.py`): `popularity.py`, `neighbours.py`, `ease.py`, `next_item.py`; all of them side by side for
each candidate (`evidence.py`, `seasons.py`), weighed by what people took (`choosing.py`). `protocol.py` says how good
any of them is, on a split in time.
"""

from shopkeeper.recommend.contract import Links, Recommender
from shopkeeper.recommend.evidence import Knowledge, know
from shopkeeper.recommend.histories import Histories, Places
from shopkeeper.recommend.text import About

__all__ = ["About", "Histories", "Knowledge", "Links", "Places", "Recommender", "know"]
