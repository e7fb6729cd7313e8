"""Money is exact: shares add up, sums are what a till says, and no expression can do more than calculate."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.support.calculator import calculate
from shopkeeper.support.pieces import free, named, net_paid, pieces, shares
from tests.support.conftest import ORDERS

cents = st.decimals(0, 10_000, places=2)


@given(cents, st.integers(1, 40))
def test_the_shares_of_an_amount_are_whole_cents_and_add_up(total: Decimal, count: int) -> None:
    parts = shares(total, count)
    assert len(parts) == count and sum(parts) == total
    assert all(p == p.quantize(Decimal("0.01")) for p in parts)
    assert max(parts) - min(parts) <= Decimal("0.01")


def test_pieces_carry_what_was_paid_and_not_the_list_price() -> None:
    assert [str(p.paid) for p in pieces(ORDERS[0])] == ["60.00", "6.67", "6.66", "6.67"]


def test_an_item_is_found_as_often_as_it_was_bought_and_no_oftener() -> None:
    there = free(ORDERS[0], ())
    assert len(named(there, ["mug-blue"] * 3) or []) == 3
    assert named(there, ["mug-blue"] * 4) is None
    assert named(there, ["mug-red"]) is None
    assert named(there, []) == []


def test_what_was_given_back_is_not_paid_any_more() -> None:
    assert {m: str(a.amount) for m, a in net_paid(ORDERS[0]).items()} == {"card-1": "80.00"}


@given(st.lists(st.tuples(st.sampled_from("+-*"), cents), min_size=1, max_size=6))
def test_it_calculates_as_fractions_do(steps: list[tuple[str, Decimal]]) -> None:
    text = "0" + "".join(f" {sign} {amount}" for sign, amount in steps)
    wanted = sum(_terms(steps), Fraction(0))
    assert Fraction(calculate(text)) == wanted


def _terms(steps: list[tuple[str, Decimal]]) -> list[Fraction]:
    terms = [Fraction(0)]
    for sign, amount in steps:
        if sign == "*":
            terms[-1] *= Fraction(amount)
        else:
            terms.append(Fraction(amount) if sign == "+" else -Fraction(amount))
    return terms


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("3131.1 + 4777.75 + 367.38", "8276.23"), ("2623.69 - (652.61 + 473.43)", "1497.65"), ("1,234.50 × 2", "2469.00"),
        ("200 * 10%", "20"), ("-(3 - 5)", "2"), ("10 ÷ 4", "2.5"), ("0.1 + 0.2", "0.3"),
    ],
)  # fmt: skip
def test_sums_of_a_till(expression: str, value: str) -> None:
    assert calculate(expression) == Decimal(value)


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("", "missing"), ("1 +", "missing"), ("1 / 0", "division by zero"), ("(1", "not closed"), ("1 2", "nothing more"),
        ("2 ** 9", "expected"), ("__import__('os')", "neither"), ("1e9", "neither"), ("(" * 99, "too many"), ("-" * 99, "too many"),
        ("1" * 201, "at most"), ("abs(1)", "neither"),
    ],
)  # fmt: skip
def test_anything_else_is_refused(expression: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        calculate(expression)
