"""The demo shop's products: realistic, translated whole, true to their attributes, the same for the same seed."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from shopkeeper.shop.demo.catalogue import catalogue, in_defect_line
from shopkeeper.shop.demo.records import Stocked
from shopkeeper.shop.demo.variants import restricted_gtin, sensible
from shopkeeper.shop.demo.words import Kind, brands, chinese, kinds
from shopkeeper.shop.feeds.values import is_gtin
from shopkeeper.shop.records import Availability, Product, Variant
from shopkeeper.text import plain_text

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
STYLES = {
    "minimal", "outdoor", "classic", "playful", "premium", "budget", "eco", "tech", "cosy", "sporty",
    "floral", "urban",
}  # fmt: skip
ASPECTS = {
    "fit", "comfort", "material", "colour", "durability", "value", "size", "warmth", "waterproofing",
    "weight", "battery", "sound", "screen", "performance", "noise", "ease_of_use", "assembly", "smell",
    "taste", "texture", "packaging", "instructions", "stability", "cleaning", "design", "absorbency",
    "brightness", "connectivity",
}  # fmt: skip


@pytest.fixture(scope="module")
def stock() -> tuple[Stocked, ...]:
    return catalogue(7, NOW)


@pytest.fixture(scope="module")
def products(stock: tuple[Stocked, ...]) -> list[Product]:
    return [s.product for s in stock]


def variants_of(products: list[Product]) -> Iterator[Variant]:
    return (v for p in products for v in p.variants)


def values_of(product: Product) -> list[str]:
    return [v for vs in product.attributes.values() for v in vs]


def numbers(text: str) -> set[str]:
    return set(re.findall(r"\d+(?:[.,]\d+)*", text))


def test_the_same_seed_and_time_make_the_same_products() -> None:
    assert catalogue(11, NOW) == catalogue(11, NOW)


def test_another_seed_makes_other_products(products: list[Product]) -> None:
    others = {s.product.title for s in catalogue(8, NOW)}
    assert len(others & {p.title for p in products}) < len(products) / 2


@pytest.mark.parametrize("seed", [1, 2, 3, 7])
def test_every_seed_fills_twelve_departments(seed: int) -> None:
    stock = catalogue(seed, NOW)
    assert 580 <= len(stock) <= 640
    assert min(Counter(s.department for s in stock).values()) >= 20
    assert len({s.department for s in stock}) == 12
    assert len({s.kind for s in stock}) >= 90
    assert len({s.product.title for s in stock}) == len(stock)


def test_ids_and_codes_are_unique(products: list[Product]) -> None:
    variants = list(variants_of(products))
    assert len({p.id for p in products}) == len({p.handle for p in products}) == len(products)
    assert len({v.id for v in variants}) == len({v.sku for v in variants}) == len(variants)
    assert len({v.gtin for v in variants}) == len(variants)


def test_gtins_are_sound_and_belong_to_nobody(products: list[Product]) -> None:
    for variant in variants_of(products):
        assert is_gtin(variant.gtin) and variant.gtin.startswith("29"), variant.id


def test_the_check_digit_is_the_standards_own_example() -> None:
    # GS1 General Specifications 7.9: digits weighted 1 and 3 from the left, 290000000001 -> 2+27+0+1*3 = 32 -> 8
    assert restricted_gtin(1) == "2900000000018"


def test_everything_is_translated(products: list[Product]) -> None:
    for product in products:
        words = product.translations["zh"]
        options = [x for v in product.variants for o in v.options for x in (o.name, o.value)]
        for term in [*product.attributes, *values_of(product), *options]:
            assert words.terms[term], (product.title, term)
        assert len(words.category) == len(product.category) in (2, 3)
        for text in (words.title, words.description, *words.category):
            assert re.search(r"[\u4e00-\u9fff]", text), (product.title, text)


def test_a_term_without_translation_is_refused() -> None:
    with pytest.raises(KeyError, match="Moon dust"):
        chinese("Moon dust")


@pytest.mark.parametrize(
    ("english", "expected"),
    [("1.7 L", "1.7 升"), ("10,000 mm", "10000 毫米"), ("-5 °C", "-5 °C"), ("EU 42", "42 码"), ("XL", "XL"),
     ("6+", "6 岁以上"), ("30 × 20 cm", "30 × 20 厘米"), ("Linen", "亚麻")],
)  # fmt: skip
def test_numbers_are_put_with_chinese_units(english: str, expected: str) -> None:
    assert chinese(english) == expected


def test_every_number_in_a_description_is_a_fact(products: list[Product]) -> None:
    for product in products:
        facts = numbers(" ".join([product.title, *values_of(product)]))
        assert numbers(plain_text(product.description)) <= facts, product.title


def test_a_description_is_sentences_and_a_point_for_each_attribute(products: list[Product]) -> None:
    for product in products:
        prose, _, points = product.description.partition("</p><ul>")
        assert 2 <= len(re.findall(r"[.!?](?: |$)", prose)) <= 4, prose
        assert points.count("<li>") == len(product.attributes)
        assert "{" not in product.description and "{" not in product.translations["zh"].description


def test_prices_are_positive_dollars_and_reductions_reduce(products: list[Product]) -> None:
    variants = list(variants_of(products))
    for variant in variants:
        assert variant.price.amount > 0 and variant.price.currency == "USD"
        if variant.list_price is not None:
            assert variant.list_price.amount > variant.price.amount
    assert 0.1 < sum(v.list_price is not None for v in variants) / len(variants) < 0.3


@pytest.mark.parametrize(
    ("amount", "expected"),
    [(0.2, "0.95"), (7.9, "7.95"), (24.6, "24.95"), (89.2, "89"), (126, "125"), (251, "249")],
)
def test_prices_end_as_shops_end_them(amount: float, expected: str) -> None:
    assert sensible(amount) == Decimal(expected)


def test_some_variants_cannot_be_bought_now(products: list[Product]) -> None:
    states = Counter(v.availability for v in variants_of(products))
    total = sum(states.values())
    assert 0.04 < states[Availability.OUT_OF_STOCK] / total < 0.2
    assert states[Availability.PREORDER] > 0
    assert any(0 < (v.quantity or 0) <= 5 for v in variants_of(products))


def test_products_were_added_over_two_years(stock: tuple[Stocked, ...]) -> None:
    ages = [NOW - s.added_at for s in stock]
    assert timedelta(days=1) < min(ages) < timedelta(days=40)
    assert timedelta(days=690) < max(ages) <= timedelta(days=730)


def test_tastes_and_qualities_come_from_the_agreed_lists(stock: tuple[Stocked, ...]) -> None:
    for stocked in stock:
        assert stocked.styles and set(stocked.styles) <= STYLES
        assert 4 <= len(stocked.qualities) <= 7 and set(stocked.qualities) <= ASPECTS
        assert all(-1 <= q <= 1 for q in stocked.qualities.values())
        assert stocked.product.rating is None


def test_appeal_has_a_long_tail(stock: tuple[Stocked, ...]) -> None:
    appeal = sorted((s.appeal for s in stock), reverse=True)
    assert appeal[-1] > 0
    assert sum(appeal[: len(appeal) // 10]) > 0.3 * sum(appeal)


def test_dearer_brands_are_dearer(stock: tuple[Stocked, ...]) -> None:
    prices = {
        s.product.brand: s.product.variants[0].price.amount for s in stock if s.kind == "jeans"
    }
    assert prices["Cirrel"] < prices["Marrowby"]


def test_one_line_of_kettles_is_there_to_fail(stock: tuple[Stocked, ...]) -> None:
    line = [s for s in stock if in_defect_line(s)]
    assert len(line) >= 4
    assert {s.product.brand for s in line} == {"Kaldro"}
    assert any(s.kind == "kettle" and not in_defect_line(s) for s in stock)


def test_some_products_differ_in_size_alone(products: list[Product]) -> None:
    stems = Counter(p.title.rpartition(", ")[0] for p in products if ", " in p.title)
    assert sum(n > 1 for n in stems.values()) >= 40


def test_model_numbers_of_a_brand_differ_by_a_digit(products: list[Product]) -> None:
    models = {v.mpn for v in variants_of(products) if v.mpn}
    assert all(re.fullmatch(r"[A-Z]{2}-\d{3}", m) for m in models)
    assert any(f"{m[:4]}{int(m[4]) + 1}0" in models for m in models)


@pytest.mark.parametrize("kind", kinds().values(), ids=lambda k: k.name)
def test_a_kind_names_known_brands_and_draws_only_what_it_tells(kind: Kind) -> None:
    assert set(kind.brands) <= set(brands())
    assert not kind.tell or len(kind.attributes[kind.tell]) > 1
    known = {name.lower() for name in kind.attributes}
    for article in kind.articles:
        for note in kind.notes:
            for text in note:
                names = {n.lower() for n in re.findall(r"\{([^}]+)\}", text)}
                left_out = {n.lower() for n, value in article.fixed.items() if not value}
                assert names <= (known | {n.lower() for n in article.fixed}) - left_out
