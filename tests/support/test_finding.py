"""Wishes in, variants out: the same but blue, bigger, the cheapest, this or else that."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.support import VariantOrder, Wanted, Wish
from shopkeeper.support.finding import find_variants, parse_wishes
from shopkeeper.support.options import canonical, compare
from tests.support.conftest import LAMP


def ids(wanted: Wanted) -> list[str]:
    return [v.id for v in find_variants(LAMP, wanted).variants]


def test_everything_that_can_be_bought_the_cheapest_first() -> None:
    assert ids(Wanted(order=VariantOrder.CHEAPEST)) == [
        "lamp-low-ac", "lamp-low-usb", "lamp-mid-ac", "lamp-high-ac"
    ]  # fmt: skip
    assert ids(Wanted(order=VariantOrder.DEAREST, available=False))[0] == "lamp-high-bat"


def test_the_same_but_less_bright_keeps_the_rest() -> None:
    wanted = Wanted({"brightness": Wish(less=True)}, like="lamp-mid-ac", keep=None)
    assert ids(wanted) == ["lamp-low-ac"]


def test_less_bright_with_battery_before_usb_before_ac() -> None:
    prefer = (parse_wishes({"power": "battery"}), parse_wishes({"power": "USB"}))
    wanted = Wanted({"Brightness": Wish(less=True)}, like="lamp-mid-ac", prefer=prefer)
    assert ids(wanted) == ["lamp-low-usb", "lamp-low-ac"]


def test_one_of_several_the_first_the_most_welcome() -> None:
    wanted = Wanted(parse_wishes({"brightness": ["high", "low"], "power": "ac"}))
    assert ids(wanted) == ["lamp-high-ac", "lamp-low-ac"]


def test_the_brightest_of_those_that_are_left() -> None:
    assert ids(Wanted(parse_wishes({"brightness": {"most": True}}))) == ["lamp-high-ac"]
    assert ids(Wanted(parse_wishes({"brightness": {"least": True, "not": ["low"]}}))) == [
        "lamp-mid-ac"
    ]


def test_where_nothing_is_found_it_says_on_what_the_nearest_failed() -> None:
    found = find_variants(LAMP, Wanted(parse_wishes({"brightness": "medium", "power": "USB"})))
    assert found.variants == ()
    assert found.refused == {"brightness": 1, "power": 1}


def test_an_option_that_the_product_does_not_have_is_named() -> None:
    found = find_variants(LAMP, Wanted(parse_wishes({"colour": "blue"})))
    assert (found.variants, found.unknown) == ((), ("colour",))


def test_the_item_it_is_compared_with_is_never_the_answer() -> None:
    assert ids(Wanted(parse_wishes({"brightness": "medium"}), like="lamp-mid-ac")) == []


def test_a_wish_that_is_misspelt_is_refused() -> None:
    with pytest.raises(ValueError, match="moore"):
        parse_wishes({"brightness": {"moore": True}})


@pytest.mark.parametrize(
    ("less", "more"),
    [
        ("500ml", "1 L"), ("S", "XL"), ("7", "10"), ("12 inch", "15 inch"), ("8GB", "1TB"), ("low", "high"),
        ("500 pieces", "2000 pieces"), ("1080p", "4000p"), ("27-inch", "34-inch"), ("no", "yes"),
    ],
)  # fmt: skip
def test_values_are_compared_as_people_do(less: str, more: str) -> None:
    assert (compare(less, more), compare(more, less)) == (-1, 1)


def test_what_cannot_be_compared_is_neither_more_nor_less() -> None:
    assert compare("blue", "red") is None
    assert compare("blue", "Blue ") == 0
    assert canonical("1000 ml") == canonical("1L")


@given(
    st.sampled_from(["500ml", "1l", "S", "XL", "blue", "7", "low", "high", ""]), st.text(max_size=8)
)
def test_comparing_the_other_way_round_gives_the_opposite(a: str, b: str) -> None:
    there, back = compare(a, b), compare(b, a)
    assert there == back if there is None else there == -(back or 0)
