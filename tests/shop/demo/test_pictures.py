"""Pictures: each kind has its own, small and sound, and nothing a shop writes gets into the drawing."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from defusedxml import ElementTree
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.shop.demo.catalogue import catalogue
from shopkeeper.shop.demo.drawing import FALLBACK, SILHOUETTES, kind_of, look_of
from shopkeeper.shop.demo.drawing.canvas import lightness, mix
from shopkeeper.shop.demo.pictures import picture
from shopkeeper.shop.demo.records import Stocked
from shopkeeper.shop.demo.words import kinds, picture_words
from shopkeeper.shop.records import Money, Option, Product, ProductId, Variant, VariantId

STOCK = catalogue(7, datetime(2026, 6, 1, tzinfo=UTC))
ELEMENTS = {
    "svg", "title", "defs", "linearGradient", "radialGradient", "stop", "rect", "g", "path", "circle", "ellipse",
    "clipPath", "pattern", "text",
}  # fmt: skip


def imported(title: str, **fields: object) -> Product:
    variant = Variant(VariantId("v"), "", Money(Decimal(9), "USD"))
    return replace(Product(ProductId("p"), title, (variant,)), **fields)  # type: ignore[arg-type]


def of_kind(kind: str) -> list[Stocked]:
    return [s for s in STOCK if s.kind == kind]


@pytest.mark.parametrize("kind", kinds())
def test_a_kind_is_drawn_soundly_and_in_few_bytes(kind: str) -> None:
    assert SILHOUETTES[kind] is not FALLBACK
    for stocked in of_kind(kind):
        svg = picture(stocked.product)
        assert len(svg) < 6000, stocked.product.title
        root = ElementTree.fromstring(svg)
        assert {e.tag.removeprefix("{http://www.w3.org/2000/svg}") for e in root.iter()} <= ELEMENTS


def test_a_picture_refers_to_nothing_outside_itself() -> None:
    for stocked in STOCK:
        svg = picture(stocked.product).replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert not re.search(r"https?:|href|@import|<script|<style| on\w+=", svg), stocked.kind
        ids = set(re.findall(r'id="(\w+)"', svg))
        assert set(re.findall(r"url\(#(\w+)\)", svg)) <= ids, stocked.product.title


def test_every_kind_can_be_told_by_words_too() -> None:
    assert set(picture_words()) == set(SILHOUETTES) >= set(kinds())


def test_a_variant_is_drawn_in_its_own_colour() -> None:
    product = of_kind("t-shirt")[0].product
    colours = {v.options[0].value: picture(product, v) for v in product.variants}
    assert len(set(colours.values())) == len(colours) >= 2


def test_sizes_of_one_colour_look_alike() -> None:
    product = of_kind("t-shirt")[0].product
    first, second = product.variants[:2]
    assert first.options[0] == second.options[0]
    assert picture(product, first) == picture(product, second)


@pytest.mark.parametrize(
    ("title", "kind"),
    [("Apple iPhone 13 Pro", "phone"), ("Laptop Backpack", "backpack"), ("Women's Dresses", "dress"),
     ("真皮双肩包", "backpack"), ("LED Desk Lamp", "table-lamp"), ("Running Shoes, red", "running-shoe"),
     ("Beef Steak", ""), ("Steamer", "")],
)  # fmt: skip
def test_an_imported_product_is_told_by_its_title(title: str, kind: str) -> None:
    assert kind_of(imported(title)) == kind


def test_the_narrowest_category_helps_where_the_title_says_nothing() -> None:
    product = imported("Voyager 3000", category=("Home & Kitchen", "Water Bottles"))
    assert kind_of(product) == "water-bottle"


def test_a_kind_that_cannot_be_drawn_is_read_from_the_title() -> None:
    assert kind_of(imported("Kettle", metadata={"kind": "gadget"})) == "kettle"


@pytest.mark.parametrize(
    ("value", "colour"),
    [
        ("Navy", "#2d3e5f"),
        ("navy blue", "#2d3e5f"),
        ("藏青色", "#2d3e5f"),
        ("Light Grey / M", "#cfcfcb"),
    ],
)
def test_colours_are_known_by_their_names(value: str, colour: str) -> None:
    product = imported("Shirt")
    variant = replace(product.variants[0], options=(Option("Colour", value),))
    assert look_of(product, variant).main == colour


def test_a_product_without_colour_gets_the_same_one_each_time() -> None:
    assert look_of(imported("Kettle")) == look_of(imported("Kettle"))


def test_what_is_not_known_is_a_parcel_with_its_initial() -> None:
    svg = picture(imported("  <Ω-thing>"))
    assert ElementTree.fromstring(svg).findtext(".//{*}text") == "Ω"


@given(st.text(min_size=1, max_size=60), st.text(max_size=20))
@settings(max_examples=200, deadline=None)
def test_no_text_breaks_or_enters_the_drawing(title: str, colour: str) -> None:
    product = imported(title, category=(colour,), attributes={"Color": (colour,)})
    variant = replace(product.variants[0], options=(Option("Color", colour),))
    root = ElementTree.fromstring(picture(product, variant))
    assert {e.tag.rpartition("}")[2] for e in root.iter()} <= ELEMENTS


@pytest.mark.parametrize(
    "title",
    ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "]]></svg>", "&amp;&lt;"],
)
def test_hostile_titles_stay_text(title: str) -> None:
    svg = picture(imported(title, metadata={"kind": title, "department": title}))
    assert ElementTree.fromstring(svg).findtext("{*}title") == title
    assert "<script" not in svg and "<img" not in svg


def test_mixing_goes_from_one_colour_to_the_other() -> None:
    assert mix("#000000", "#ffffff", 0) == "#000000"
    assert mix("#000000", "#ffffff", 1) == "#ffffff"
    assert lightness("#ffffff") == pytest.approx(1)
    assert lightness(mix("#102030", "#ffffff", 0.5)) > lightness("#102030")
