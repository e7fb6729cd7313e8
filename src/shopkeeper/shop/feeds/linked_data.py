"""JSON-LD as schema.org data come in it: graphs, lists, single values and objects, all where one expects any."""

import html
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from shopkeeper.shop.feeds.tables import plain_text

Node = Mapping[str, Any]
_PRODUCTS = ("Product", "ProductGroup", "IndividualProduct", "ProductModel", "Vehicle", "Book")
MAX_DEPTH = 12


def is_linked_data(data: Mapping[str, Any]) -> bool:
    """True for an object with the marks of JSON-LD."""
    return "@type" in data or "@graph" in data or "schema.org" in str(data.get("@context", ""))


def types_of(node: Node) -> tuple[str, ...]:
    """The node's types without their vocabulary: Product of http://schema.org/Product."""
    found = node.get("@type")
    names = found if isinstance(found, list) else [found]
    return tuple(str(n).rpartition("/")[2].rpartition(":")[2] for n in names if n)


def products(data: Any, depth: int = 0) -> Iterator[Node]:
    """The products in a value, not those inside products."""
    if depth > MAX_DEPTH:
        return
    if isinstance(data, list):
        for item in data:
            yield from products(item, depth + 1)
    elif isinstance(data, dict):
        if any(t in _PRODUCTS for t in types_of(data)):
            yield data
            return
        for value in data.values():
            if isinstance(value, dict | list):
                yield from products(value, depth + 1)


def nodes(node: Node, key: str) -> list[Node]:
    """The objects under a key, whether it holds one or a list."""
    found = node.get(key)
    listed = found if isinstance(found, list) else [found]
    return [item for item in listed if isinstance(item, dict)]


def text_of(value: Any) -> str:
    """The text of a value: itself, the first of a list, the name or value of an object."""
    if isinstance(value, list):
        return text_of(value[0]) if value else ""
    if isinstance(value, dict):
        return next(
            (
                t
                for k in ("@value", "name", "value", "url", "@id")
                if (t := plain_text(value.get(k)))
            ),
            "",
        )
    return html.unescape(plain_text(value)).strip()


def texts_of(value: Any, *keys: str) -> tuple[str, ...]:
    """The texts of a value or a list of them; of objects the first of these keys."""
    found = []
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            text = next((t for k in keys if (t := text_of(item.get(k)))), "")
        else:
            text = text_of(item)
        if text:
            found.append(text)
    return tuple(found)


def plain(value: Any) -> str:
    """Any value as text for metadata: objects as JSON."""
    if isinstance(value, dict | list):
        return orjson.dumps(value, default=str).decode() if value else ""
    return text_of(value)


def amount(offer: Node) -> tuple[str, str]:
    """Price and currency of an offer, from itself, the low price of many, or its specification."""
    currency = text_of(offer.get("priceCurrency")).upper()
    for key in ("price", "lowPrice"):
        if text := text_of(offer.get(key)):
            return text, currency
    for specification in nodes(offer, "priceSpecification"):
        if (text := text_of(specification.get("price"))) and not _is_list_price(specification):
            return text, text_of(specification.get("priceCurrency")).upper() or currency
    return "", currency


def list_price(offer: Node) -> str:
    """The price before a reduction, or empty."""
    found = (
        text_of(s.get("price")) for s in nodes(offer, "priceSpecification") if _is_list_price(s)
    )
    return next((t for t in found if t), "")


def _is_list_price(specification: Node) -> bool:
    kind = text_of(specification.get("priceType")).rpartition("/")[2]
    return kind in ("ListPrice", "StrikethroughPrice", "MSRP", "SRP")
