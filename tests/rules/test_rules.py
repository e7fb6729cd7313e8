"""Rules: when they hold, what they do, and that they come back from the database as they went in."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.errors import NotFound
from shopkeeper.rules import (
    Action,
    Condition,
    Effects,
    Match,
    Rule,
    Selection,
    activate,
    arranged,
    delete,
    effects,
    get,
    holding,
    listing,
    parse,
    removed,
    restore,
    save,
)
from shopkeeper.shop.database import Database

NOW = datetime(2026, 11, 1, tzinfo=UTC)
IDS = st.lists(st.sampled_from("abcdefgh"), unique=True)


def rule(action: Action, *ids: str, name: str = "r", **more: object) -> Rule:
    return Rule(name, action, Selection(ids=ids), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "match", "query", "holds"),
    [
        ("", Match.CONTAINS, "anything", True),
        ("rain jacket", Match.CONTAINS, "blue Jacket for rain", True),
        ("rain jacket", Match.CONTAINS, "rain boots", False),
        ("rain jacket", Match.EXACT, " Rain  JACKET ", True),
        ("rain jacket", Match.EXACT, "blue rain jacket", False),
        ("冲锋衣", Match.CONTAINS, "男士冲锋衣", True),
        ("冲锋衣", Match.EXACT, "男士冲锋衣", False),
    ],
)
def test_a_rule_holds_for_the_queries_it_names(
    words: str, match: Match, query: str, holds: bool
) -> None:
    made = rule(Action.HIDE, "a", condition=Condition(query=words, match=match))
    assert made.holds(query, (), NOW) is holds


def test_a_rule_holds_below_its_category_and_within_its_time() -> None:
    day = timedelta(days=1)
    made = rule(
        Action.HIDE, "a",
        condition=Condition(category=("Clothing",), starts_at=NOW, ends_at=NOW + day),
    )  # fmt: skip
    assert holding([made], query="", category=("Clothing", "Shirts"), at=NOW) == [made]
    for category, at in (
        ((), NOW),
        (("Shoes",), NOW),
        (("Clothing",), NOW - day),
        (("Clothing",), NOW + day),
    ):
        assert holding([made], query="", category=category, at=at) == []


def test_hiding_beats_pinning_and_moves_add_up() -> None:
    rules = [
        rule(Action.PIN, "a", "b", name="top", place=2),
        rule(Action.HIDE, "a", name="recall"),
        rule(Action.BOOST, "c", name="own brand", strength=2.0),
        rule(Action.BURY, "c", name="low margin", strength=0.5),
    ]
    told = effects(rules, lambda selection: selection.ids)
    assert told.pinned == ((3, "b"),)
    assert told.hidden == {"a"}
    assert told.moved == {"c": 1.5}
    assert told.because["a"] == ("top", "recall")


@given(ids=IDS, pinned=IDS, hidden=IDS, start=st.integers(1, 12))
def test_arranging_pins_at_their_places_and_loses_nobody_else(
    ids: list[str], pinned: list[str], hidden: list[str], start: int
) -> None:
    shown = [i for i in pinned if i not in hidden]
    effect = Effects(tuple(enumerate(shown, start)), frozenset(hidden))
    got = arranged(ids, effect)
    assert set(got) == (set(ids) | set(shown)) - set(hidden)
    assert len(got) == len(set(got))
    rest = [i for i in ids if i not in hidden and i not in shown]
    assert [i for i in got if i in rest] == rest
    for place, product_id in effect.pinned:
        assert got.index(product_id) == min(place - 1, len(rest) + shown.index(product_id))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"name": " ", "action": "hide", "selection": {"ids": ["a"]}}, "name"),
        ({"name": "x", "action": "hide", "selection": {}}, "which products"),
        ({"name": "x", "action": "pin", "selection": {"values": {"brand": ["A"]}}}, "ids"),
        ({"name": "x", "action": "burn", "selection": {"ids": ["a"]}}, "action"),
        ({"name": "x", "action": "boost", "selection": {"ids": ["a"]}, "strength": 99}, "99"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_with_its_reason(
    data: dict[str, object], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        parse(data)


def test_rules_come_back_as_they_went_in(db: Database) -> None:
    made = Rule(
        "sale", Action.BOOST,
        Selection(values={"brand": ("Acme", "Birch")}, price_max=Decimal("19.90")),
        Condition(query="shirt", ends_at=NOW), strength=1.5,
    )  # fmt: skip
    with db.connection() as conn:
        number = save(conn, made)
        assert get(conn, number) == (made, True)
        save(conn, made, rule_id=number, active=False)
        assert listing(conn) == [(number, made, False)]
        assert listing(conn, active_only=True) == []
        delete(conn, number)
        with pytest.raises(NotFound):
            get(conn, number)


def test_a_rule_rests_and_one_taken_away_is_put_back_as_it_was(db: Database) -> None:
    made = rule(Action.HIDE, "a")
    with db.connection() as conn:
        number = save(conn, made)
        activate(conn, number, active=False)
        delete(conn, number)
        assert listing(conn) == [] and removed(conn) == [(number, made)]
        with pytest.raises(NotFound):
            activate(conn, number, active=True)
        with pytest.raises(NotFound):
            delete(conn, number)
        with pytest.raises(NotFound):
            restore(conn, 10**9)
        restore(conn, number)
        assert listing(conn) == [(number, made, False)] and removed(conn) == []


def test_times_without_a_zone_are_utc() -> None:
    naive = Condition(starts_at=NOW.replace(tzinfo=None))
    assert naive.starts_at == NOW
    assert rule(Action.HIDE, "a", condition=naive).holds("", (), NOW)


def test_a_misspelt_field_is_said_so() -> None:
    text = {"name": "r", "action": "hide", "selection": {"ids": ["a"]}, "conditon": {}}
    with pytest.raises(ValueError, match="conditon"):
        parse(text)
