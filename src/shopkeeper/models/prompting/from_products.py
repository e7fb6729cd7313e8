"""Rows with right answers made of a shop's own products, to measure models on what they will be asked.

Attributes: of title and description the model has to read what the catalogue already knows; a value that the words do
not give is expected to be left out. Queries: what a shopper would type for a product, made of its category, one of its
attributes and a bound on its price, and so known beforehand.
"""

from collections.abc import Iterable
from decimal import ROUND_UP, Decimal
from typing import Any

from shopkeeper.models.prompting.task import Example
from shopkeeper.models.prompting.tasks.reading import (
    Meaning,
    Query,
    Titled,
    Wanted,
    attributes_type,
)
from shopkeeper.shop.records import Product, ProductStatus
from shopkeeper.text.normalise import normalise, plain_text

MOST_TEXT = 500  # characters of title and description
MOST_VALUE = 60
MOST_ATTRIBUTES = 6
STEP = 10  # bounds of prices are round numbers


def text_of(product: Product) -> str:
    """Title and description as plain words."""
    return f"{product.title}. {plain_text(product.description)}"[:MOST_TEXT].strip()


def attribute_rows(products: Iterable[Product]) -> list[Example[Any, Any]]:
    """For the task `attributes`: one row of each product whose words give one of its attributes at least."""
    rows = []
    for product in _shown(products):
        text = text_of(product)
        values = dict(list(_single(product).items())[:MOST_ATTRIBUTES])
        given = normalise(text)
        found = {name: value if normalise(value) in given else None for name, value in values.items()}  # fmt: skip
        if any(found.values()):
            asked = Titled(title=text, attributes=tuple(found))
            rows.append(Example(asked, attributes_type(tuple(found)).model_validate(found)))
    return rows


def query_rows(products: Iterable[Product]) -> list[Example[Any, Any]]:
    """For the task `query`: one row of each product that has a category and an attribute."""
    rows = []
    for product in _shown(products):
        values = [(n, v) for n, v in _single(product).items() if not any(c.isdigit() for c in v)]
        if not product.category or not values:
            continue
        name, value = values[0]
        kind, most = product.category[-1].lower(), _bound(product)
        value = value.lower()
        chinese = product.language.startswith("zh")
        typed = f"{most}元以下 {value} {kind}" if chinese else f"{value} {kind} under {most}"
        meaning = Meaning(
            product=kind[:80], attributes=(Wanted(name=name[:40], value=value),), price_max=most
        )
        rows.append(Example(Query(query=typed[:200]), meaning))
    return rows


def _shown(products: Iterable[Product]) -> Iterable[Product]:
    return (each for each in products if each.status is ProductStatus.ACTIVE and each.title)


def _single(product: Product) -> dict[str, str]:
    """Attributes with one short value."""
    return {
        name: values[0]
        for name, values in product.attributes.items()
        if name and len(values) == 1 and 0 < len(values[0]) <= MOST_VALUE
    }


def _bound(product: Product) -> Decimal:
    """A round price above that of every variant."""
    highest = max(variant.price.amount for variant in product.variants)
    return ((highest / STEP).to_integral_value(ROUND_UP) + 1) * STEP
