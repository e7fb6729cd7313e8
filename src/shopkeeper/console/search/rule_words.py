"""A rule in plain words: when it holds, which products it is about, what happens to them, what works against it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from shopkeeper.console.labels import label
from shopkeeper.console.search.conflicts import Conflict, Kind
from shopkeeper.pages import Visit, formats
from shopkeeper.rules import Action, Match, Rule
from shopkeeper.search.documents import AVAILABILITY, BRAND

LEVEL = " › "


def when(visit: Visit, rule: Rule) -> str:
    """When it holds."""
    said, held = [], rule.condition
    if held.query and held.match is Match.EXACT:
        said.append(visit.t("when the search is “{words}”", words=held.query))
    elif held.query:
        said.append(visit.t("when the search contains “{words}”", words=held.query))
    if held.category:
        said.append(visit.t("in {category}", category=LEVEL.join(held.category)))
    if held.starts_at:
        said.append(visit.t("from {day}", day=formats.day(held.starts_at, visit.language)))
    if held.ends_at:
        last = held.ends_at - timedelta(microseconds=1)
        said.append(visit.t("until {day}", day=formats.day(last, visit.language)))
    return visit.t(", ").join(said) if said else visit.t("always")


def which(visit: Visit, rule: Rule, titles: Mapping[str, str]) -> str:
    """Which products it is about. titles: of products by id, where known."""
    said, chosen = [], rule.selection
    if chosen.ids:
        first = titles.get(chosen.ids[0], chosen.ids[0])
        more = len(chosen.ids) - 1
        quoted = f"“{first}”"
        said.append(visit.t("{title} and {n} more", title=quoted, n=more) if more else quoted)
    facts = [f"{_facet(visit, n)}: {visit.t(' or ').join(_value(visit, n, v) for v in values)}" for n, values in chosen.values.items()]  # fmt: skip
    if chosen.category:
        facts.append(visit.t("in {category}", category=LEVEL.join(chosen.category)))
    if chosen.price_min is not None:
        facts.append(visit.t("price from {n}", n=formats.number(chosen.price_min, visit.language)))
    if chosen.price_max is not None:
        facts.append(visit.t("price up to {n}", n=formats.number(chosen.price_max, visit.language)))  # fmt: skip
    if chosen.sold_out:
        facts.append(visit.t("sold out"))
    return visit.t("; ").join([*said, visit.t(", ").join(facts)] if facts else said)


def what(visit: Visit, rule: Rule) -> str:
    """What happens to them."""
    if rule.action is Action.PIN:
        return visit.t("pinned to place {n}", n=rule.place)
    if rule.action is Action.HIDE:
        return visit.t("hidden")
    strength = formats.number(rule.strength, visit.language)
    if rule.action is Action.BOOST:
        return visit.t("raised by {n}", n=strength)
    return visit.t("lowered by {n}", n=strength)


def state(rule: Rule, *, active: bool, now: datetime) -> str:
    """resting, later, over or active: a key of `labels.LABELS`."""
    held = rule.condition
    if not active:
        return "resting"
    if held.ends_at and held.ends_at <= now:
        return "over"
    return "later" if held.starts_at and held.starts_at > now else "active"


def against(visit: Visit, conflict: Conflict, titles: Mapping[str, str]) -> str:
    """What is at odds, and what comes of it."""
    first = conflict.ids[0]
    values = {"title": titles.get(first, first), "rule": conflict.other.rule.name}
    if conflict.kind is Kind.HIDDEN and conflict.other.rule.action is Action.HIDE:
        return visit.t("“{rule}” hides “{title}”. Hiding wins.", **values)
    if conflict.kind is Kind.HIDDEN:
        return visit.t("“{rule}” puts “{title}” forward. Hiding wins.", **values)
    if conflict.kind is Kind.PLACE:
        return visit.t("“{rule}” pins to the same place. They stand one behind the other.", **values)  # fmt: skip
    return visit.t("“{rule}” moves “{title}” the other way. Both add up.", **values)


def titles_needed(rules: Sequence[Rule]) -> list[str]:
    """Ids of the products that `which` names."""
    return [rule.selection.ids[0] for rule in rules if rule.selection.ids]


def _facet(visit: Visit, name: str) -> str:
    return label(visit, name) if name in (BRAND, AVAILABILITY) else name


def _value(visit: Visit, name: str, value: str) -> str:
    return label(visit, value) if name == AVAILABILITY else value
