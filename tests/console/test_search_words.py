"""What the pages about search work out by themselves: forms of rules, what is at odds, what moved."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import FormData

from shopkeeper.console.search.comparing import Difference, Mark, difference, marks
from shopkeeper.console.search.conflicts import Kind, Ruling, conflicts, together
from shopkeeper.console.search.rule_form import BadRule, Draft
from shopkeeper.pages.words import catalog
from shopkeeper.rules import Action, Condition, Match, Rule, Selection

DAY = datetime(2026, 12, 1, tzinfo=UTC)
RULES = [
    Rule("pin", Action.PIN, Selection(("a", "b")), Condition("red lamp"), place=3),
    Rule("hide", Action.HIDE, Selection(("a",)), Condition("lamp", Match.EXACT)),
    Rule("boost", Action.BOOST, Selection(values={"brand": ("Acme",), "Color": ("Red", "Blue")}), strength=2.5),
    Rule("brands", Action.BURY, Selection(values={"brand": ("Acme", "Birch")})),
    Rule("gift", Action.BURY, Selection((), {}, ("Home", "Lamps"), Decimal("9.90"), Decimal(1000), True),
         Condition(category=("Home",), starts_at=DAY.replace(hour=9), ends_at=DAY.replace(hour=17))),
]  # fmt: skip


def a_form(**fields: str) -> Draft:
    return Draft.of_form(FormData([("when", "always"), ("action", "hide"), *fields.items()]))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_comes_out_of_its_form_as_it_went_in(rule: Rule) -> None:
    assert Draft.of_rule(rule).rule("other name") == rule


def test_a_last_day_is_part_of_the_time() -> None:
    rule = a_form(ids="a", starts="2026-12-01", ends="2026-12-01").rule("x")
    assert rule.condition.starts_at == DAY
    assert rule.condition.ends_at == DAY.replace(day=2)
    assert Draft.of_rule(rule).ends == "2026-12-01"


def test_buttons_add_drop_and_bring_products_to_the_front() -> None:
    fields = [("ids", "a"), ("ids", "b"), ("ids", "c")]
    assert Draft.of_form(FormData([*fields, ("add", "d")])).ids == ("a", "b", "c", "d")
    assert Draft.of_form(FormData([*fields, ("drop", "b")])).ids == ("a", "c")
    assert Draft.of_form(FormData([*fields, ("first", "c")])).ids == ("c", "a", "b")


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({}, "products"),
        ({"ids": "a", "action": "pin", "brand": "Acme"}, "products"),
        ({"ids": "a", "action": "pin", "place": "0"}, "place"),
        ({"ids": "a", "action": "boost", "strength": "nan"}, "strength"),
        ({"ids": "a", "action": "bury", "strength": "11"}, "strength"),
        ({"ids": "a", "when": "exact"}, "query"),
        ({"ids": "a", "starts": "tomorrow"}, "starts"),
        ({"ids": "a", "starts": "2026-12-02", "ends": "2026-12-01"}, "ends"),
        ({"price_min": "5", "price_max": "4"}, "price_max"),
        ({"price_min": "Infinity"}, "price_min"),
        ({"price_max": "1e99"}, "price_max"),
        ({"ids": "a", "fact_name": "Color", "fact_value": ""}, "facts"),
    ],
)
def test_what_is_no_rule_is_said_at_its_field_in_both_languages(
    fields: dict[str, str], where: str
) -> None:
    form = FormData({"when": "always", "action": "hide"} | fields)
    with pytest.raises(BadRule) as caught:
        Draft.of_form(form).rule("x")
    assert where in caught.value.problems
    assert set(caught.value.problems.values()) <= set(catalog("zh"))


@pytest.mark.parametrize("field", ["ids", "place", "strength", "starts", "price_min", "query", "when", "action", "sold_out"])  # fmt: skip
def test_nonsense_in_a_field_is_no_error(field: str) -> None:
    for text in ("\0", "９", "-1", "x" * 5000, "1e400", "²", "9" * 300):
        draft = a_form(**{field: text})
        try:
            draft.rule("x")
        except BadRule as error:
            assert error.problems


def ruling(number: int, action: Action, *ids: str, **more: Any) -> Ruling:
    return Ruling(number, Rule(f"r{number}", action, Selection(ids), **more), ids)


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ((Action.PIN, "a"), (Action.HIDE, "a"), Kind.HIDDEN),
        ((Action.HIDE, "a"), (Action.BOOST, "a"), Kind.HIDDEN),
        ((Action.PIN, "a"), (Action.PIN, "b"), Kind.PLACE),
        ((Action.BOOST, "a"), (Action.BURY, "a", "b"), Kind.AGAINST),
        ((Action.BOOST, "a", "b", "c"), (Action.BURY, "a"), None),  # most of it stands
        ((Action.HIDE, "a"), (Action.BURY, "a"), None),
        ((Action.PIN, "a"), (Action.HIDE, "b"), None),
        ((Action.BOOST, "a"), (Action.BOOST, "a"), None),
    ],
)
def test_rules_at_odds_are_found(
    one: tuple[Any, ...], other: tuple[Any, ...], kind: Kind | None
) -> None:
    found = conflicts(ruling(1, *one), [ruling(1, *one), ruling(2, *other)])
    assert [conflict.kind for conflict in found] == ([kind] if kind else [])


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        (Condition(), Condition("lamp"), True),
        (Condition("lamp"), Condition("red lamp"), True),
        (Condition("lamp", Match.EXACT), Condition("red lamp"), False),
        (Condition("lamp"), Condition("shirt"), False),
        (Condition(category=("Home",)), Condition(category=("Home", "Lamps")), True),
        (Condition(category=("Home",)), Condition(category=("Clothing",)), False),
        (Condition(ends_at=DAY), Condition(starts_at=DAY), False),
        (Condition("冲锋衣"), Condition("男士冲锋衣"), True),
    ],
)
def test_rules_meet_where_both_can_hold(one: Condition, other: Condition, meet: bool) -> None:
    assert together(one, other) is meet and together(other, one) is meet


def test_marks_tell_what_moved_and_what_is_on_one_side_only() -> None:
    assert marks(["a", "b", "c"], ["b", "a", "d"]) == [Mark(1), Mark(-1), Mark(alone=True)]
    assert difference(["a", "b", "c"], ["b", "a", "d"]) == Difference(of=3, same=2, up=1, down=1)
    assert difference([], []) == Difference(0, 0, 0, 0)


@given(st.permutations("abcdef"), st.permutations("abcdef"))
def test_what_goes_up_on_one_side_goes_down_seen_from_the_other(
    one: list[str], other: list[str]
) -> None:
    there, back = difference(one, other), difference(other, one)
    assert (there.up, there.down) == (back.down, back.up) and there.same == 6
