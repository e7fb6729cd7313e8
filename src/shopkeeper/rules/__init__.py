"""What the merchant decides about the order of things, in one form for search, recommendation, support and content.

A `Rule` says when it holds (a query, a category, a time), which products it is about, and what happens to them: pinned
to a place, hidden, raised or lowered. `store.py` keeps rules in the database; `applying.py` turns those that hold
into what happens to each product of a list. Finding the products that a rule is about is left to whoever has the
catalogue at hand (`Finder`), so that the same rules bind every list.
"""

from shopkeeper.rules.applying import Effects, Finder, arranged, effects, holding
from shopkeeper.rules.records import Action, Condition, Match, Rule, Selection
from shopkeeper.rules.store import (
    activate,
    delete,
    get,
    listing,
    parse,
    removed,
    restore,
    save,
)

__all__ = [
    "Action",
    "Condition",
    "Effects",
    "Finder",
    "Match",
    "Rule",
    "Selection",
    "activate",
    "arranged",
    "delete",
    "effects",
    "get",
    "holding",
    "listing",
    "parse",
    "removed",
    "restore",
    "save",
]
