"""What the merchant has said about search, as it is applied: synonyms and rules, read once and replaced when changed."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from shopkeeper import rules
from shopkeeper.retrieval.columns import Columns, Filters, Ints
from shopkeeper.rules import Effects, Rule, Selection
from shopkeeper.search import synonyms
from shopkeeper.search.documents import CATEGORY, PATH
from shopkeeper.search.synonyms import Thesaurus
from shopkeeper.shop.bulk import Connection


@dataclass(frozen=True, slots=True)
class Merchant:
    """Synonyms and rules in force."""

    thesaurus: Thesaurus = field(default_factory=Thesaurus)
    rules: tuple[Rule, ...] = ()

    def effects(self, query: str, category: tuple[str, ...], columns: Columns) -> Effects:
        """What the rules do to the list of these words and category, now."""
        now = datetime.now(UTC)
        holding = rules.holding(self.rules, query=query, category=category, at=now)
        return rules.effects(holding, lambda selection: selected(columns, selection))


def read(conn: Connection) -> Merchant:
    """What the merchant has said."""
    thesaurus = Thesaurus(synonym for _, synonym in synonyms.listing(conn))
    active = tuple(rule for _, rule, _ in rules.listing(conn, active_only=True))
    return Merchant(thesaurus, active)


def selected(columns: Columns, selection: Selection) -> Iterable[str]:
    """Ids of the products that a rule is about: those it names, then those that are as it says."""
    named = [i for i in selection.ids if i in columns.row_of]
    if not selection.by_facts:
        return named
    values = dict(selection.values)
    if selection.category:
        values[CATEGORY] = (PATH.join(selection.category),)
    wanted = Filters(values, selection.price_min, selection.price_max)
    rows = columns.narrow(columns.everything(), wanted, count=False).rows
    if selection.sold_out:
        rows = _without(rows, columns.narrow(rows, Filters(available=True), count=False).rows)
    return dict.fromkeys([*named, *(columns.ids[row] for row in rows)])


def _without(rows: Ints, others: Ints) -> Ints:
    return rows[~np.isin(rows, others)]
