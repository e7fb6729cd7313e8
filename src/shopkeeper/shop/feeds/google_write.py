"""Writer of Google Merchant feeds in XML (RSS 2.0).

Only what a shopper can see and buy goes out: active products, variants with a known price. What Google has no element
for (options of other names, attributes, metadata) goes in product details, from which our reader takes it back. Not
held: translations, and the texts of pictures.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO
from xml.sax.saxutils import escape

import orjson

from shopkeeper.shop.feeds.assembling import price_is_known, variant_title
from shopkeeper.shop.feeds.google_fields import (
    ATTRIBUTE,
    KEPT,
    NATIVE_BY_NAME,
    OPTION,
    OURS,
    PICTURES,
    PRODUCT_EXTRA,
    TAG,
    VARIANT_EXTRA,
)
from shopkeeper.shop.records import Availability, Product, ProductStatus, Variant

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0">\n<channel>\n'
    "<title>Products</title>\n<link>/</link>\n<description>Product feed</description>\n"
)
_TAIL = "</channel>\n</rss>\n"
_BAD = {i: None for i in range(32) if i not in (9, 10, 13)} | {0xFFFE: None, 0xFFFF: None}

Pairs = Iterator[tuple[str, str]]


def write_products(products: Iterable[Product], out: BinaryIO) -> int:
    """Write the products as a feed. Returns how many went out."""
    out.write(_HEAD.encode())
    count = 0
    for product in products:
        variants = [v for v in product.variants if price_is_known(v)]
        if product.status is not ProductStatus.ACTIVE or not variants:
            continue
        count += 1
        pictures = _pictures(product, variants)
        for variant in variants:
            item = _item(product, variant, grouped=_is_grouped(product), pictures=pictures)
            out.write(item.encode())
    out.write(_TAIL.encode())
    return count


def _is_grouped(product: Product) -> bool:
    return len(product.variants) > 1 or str(product.variants[0].id) != str(product.id)


def _pictures(product: Product, variants: Sequence[Variant]) -> str:
    """The product's pictures as JSON, where the items' links alone would give others or another order."""
    shown = dict.fromkeys(url for variant in variants for url in _links(product, variant))
    wanted = [image.url for image in product.images]
    return "" if list(shown) == wanted else orjson.dumps(wanted).decode()


def _links(product: Product, variant: Variant) -> list[str]:
    """The pictures of an item, its own one first."""
    urls = [image.url for image in product.images]
    if variant.image is not None:
        urls = [variant.image.url, *(u for u in urls if u != variant.image.url)]
    return urls


def _item(product: Product, variant: Variant, *, grouped: bool, pictures: str) -> str:
    lines = ["<item>"]
    for name, text in _elements(product, variant, grouped=grouped):
        if text:
            lines.append(f"<g:{name}>{_text(text)}</g:{name}>")
    for section, name, text in (*_details(product, variant), (OURS, PICTURES, pictures)):
        if text:
            lines.append(
                f"<g:product_detail><g:section_name>{section}</g:section_name>"
                f"<g:attribute_name>{_text(name)}</g:attribute_name>"
                f"<g:attribute_value>{_text(text)}</g:attribute_value></g:product_detail>"
            )
    lines.append("</item>\n")
    return "\n".join(lines)


def _text(text: str) -> str:
    return escape(text.translate(_BAD)).replace("\r", "&#13;")


def _elements(product: Product, variant: Variant, *, grouped: bool) -> Pairs:
    yield "id", variant.id
    if grouped:
        yield "item_group_id", product.id
    values = " / ".join(o.value for o in variant.options)
    yield "title", f"{product.title} - {values}" if values else product.title
    yield "description", product.description
    yield "link", product.url
    for i, url in enumerate(_links(product, variant)):
        yield "image_link" if i == 0 else "additional_image_link", url
    sold_out = variant.availability is Availability.DISCONTINUED
    yield "availability", "out_of_stock" if sold_out else variant.availability.value
    before = variant.list_price
    money = before or variant.price
    yield "price", f"{money.amount} {money.currency}"
    if before is not None:
        yield "sale_price", f"{variant.price.amount} {variant.price.currency}"
    yield "brand", product.brand
    yield "gtin", variant.gtin
    yield "mpn", variant.mpn
    yield "product_type", " > ".join(product.category)
    if variant.weight_grams is not None:
        yield "shipping_weight", f"{variant.weight_grams:f} g"
    for option in variant.options:
        if option.name in NATIVE_BY_NAME:
            yield NATIVE_BY_NAME[option.name], option.value
    for name, texts in product.attributes.items():
        if _has_element(product, name):
            yield NATIVE_BY_NAME[name], texts[0]
    for key, text in product.metadata.items():
        if key in KEPT:
            yield key, text


def _has_element(product: Product, name: str) -> bool:
    """True for an attribute of one value that is written as an element of its own."""
    options = {o.name for v in product.variants for o in v.options}
    return name in NATIVE_BY_NAME and len(product.attributes[name]) == 1 and name not in options


def _details(product: Product, variant: Variant) -> Iterator[tuple[str, str, str]]:
    for option in variant.options:
        yield OPTION, option.name, option.value
    for name, texts in product.attributes.items():
        if not _has_element(product, name):
            for text in texts:
                yield ATTRIBUTE, name, text
    for tag in product.tags:
        yield TAG, "tag", tag
    for key, text in product.metadata.items():
        if key not in KEPT:
            yield PRODUCT_EXTRA, key, text
    for key, text in variant.metadata.items():
        yield VARIANT_EXTRA, key, text
    usual = variant_title(variant.options, product.title)
    ours = {
        "sku": variant.sku, "handle": product.handle, "language": product.language,
        "quantity": "" if variant.quantity is None else str(variant.quantity),
        "availability": variant.availability.value
        if variant.availability is Availability.DISCONTINUED else "",
        "variant title": "" if variant.title == usual else variant.title,
        "variant image": variant.image.url if variant.image else "",
        "variant image alt": variant.image.alt if variant.image else "",
        "rating": ""
        if product.rating is None
        else f"{product.rating.value} {product.rating.count} {product.rating.scale_max}",
    }  # fmt: skip
    for key, text in ours.items():
        yield OURS, key, text
