"""Writer of Shopify's product CSV in the new dialect.

Shopify has no column for ids, product pages, languages and metadata of ours: these go in metafields of our own
namespace, only where there is something to say, and our reader takes them back. Not held: translations, ratings,
pictures' order between products. Cells that a spreadsheet would run get an apostrophe, which our reader takes off.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

from shopkeeper.shop.feeds.assembling import price_is_known, variant_title
from shopkeeper.shop.feeds.delimited import formula_safe
from shopkeeper.shop.feeds.shopify import PATH_OF, rule, status_of, variant_id
from shopkeeper.shop.feeds.shopify_columns import (
    AVAILABILITY,
    COLUMNS,
    ID,
    IMAGE_ALT,
    LANGUAGE,
    NAMES,
    OURS,
    PRODUCT_METADATA,
    TITLE,
    URL,
    VALUES,
    VARIANT_METADATA,
    join_list,
    metafield,
    metafield_header,
)
from shopkeeper.shop.records import Product, ProductStatus, Variant

_POLICY = "Continue selling when out of stock"
Products = Callable[[], Iterable[Product]]
"""Gives the same products from the start each time: once for the columns, once for the rows."""


def write_products(products: Products, out: BinaryIO) -> int:
    """Write the products as CSV. Returns how many."""
    columns = _columns(products())
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(formula_safe, columns))
    count = 0
    for product in products():
        count += 1
        for row in _rows(product):
            writer.writerow([formula_safe(row.get(column, "")) for column in columns])
    text.flush()
    text.detach()
    return count


def _columns(products: Iterable[Product]) -> list[str]:
    """Shopify's own columns, and behind them the metafields that these products need."""
    found = dict.fromkeys(COLUMNS)
    for product in products:
        for row in _rows(product):
            found.update(dict.fromkeys(row))
    return list(found)


def _rows(product: Product) -> Iterator[dict[str, str]]:
    """One row a variant, then one for each picture that is left."""
    images = list(product.images)
    for i, variant in enumerate(product.variants):
        row = {"URL handle": product.handle or product.id}
        if i == 0:
            row |= _shared(product)
        row |= _own(product, variant)
        if i < len(images):
            row |= _image(product, i)
        yield row
    for i in range(len(product.variants), len(images)):
        yield {"URL handle": product.handle or product.id, **_image(product, i)}


def _image(product: Product, i: int) -> dict[str, str]:
    image = product.images[i]
    return {
        "Product image URL": image.url, "Image position": str(i + 1), "Image alt text": image.alt,
    }  # fmt: skip


def _shared(product: Product) -> dict[str, str]:
    metadata = dict(product.metadata)
    kind = metadata.get("Type", "")
    row = {
        "Title": product.title, "Description": product.description, "Vendor": product.brand,
        "Tags": ", ".join(product.tags),
    }  # fmt: skip
    if product.category and product.category != ((kind,) if kind else ()):
        row["Product category"] = " > ".join(product.category)
    row |= _published(product, metadata)
    for label, attribute in product.attributes.items():
        path = metadata.pop(PATH_OF + label, "")
        header = (
            f"{label} (product.metafields.{path})"
            if path
            else metafield_header(label, "product", "custom")
        )
        row[header] = join_list(attribute)
    handle = product.handle or product.id
    extra = {
        ID: product.id if product.id != handle else "",
        URL: product.url,
        LANGUAGE: product.language,
    }
    for key, text in {**metadata, **extra}.items():
        if text:
            row[key if key in PRODUCT_METADATA else metafield_header(key, "product", OURS)] = text
    names = dict.fromkeys(o.name for v in product.variants for o in v.options)
    for column, name in zip(NAMES, names, strict=False):
        row[column] = name
    if not names:
        row[NAMES[0]] = "Title"
    return row


def _published(product: Product, metadata: dict[str, str]) -> dict[str, str]:
    """Status and Published, in the words they came in as long as these still say the same."""
    key = "Published on online store"
    published = metadata.pop(key, "")
    status = "active" if product.status is ProductStatus.ACTIVE else product.status.value
    for shown in (status, "active"):
        if status_of({key: published} if published else {}, shown) is product.status:
            return {"Status": shown, key: published} if published else {"Status": shown}
    return {"Status": status, key: "TRUE" if product.status is ProductStatus.ACTIVE else "FALSE"}


def _own(product: Product, variant: Variant) -> dict[str, str]:
    metadata = dict(variant.metadata)
    row = {
        "SKU": variant.sku, "Barcode": variant.gtin,
        "Price": str(variant.price.amount) if price_is_known(variant) else "",
        "Compare-at price": "" if variant.list_price is None else str(variant.list_price.amount),
        "Google Shopping / Manufacturer part number (MPN)": variant.mpn,
        "Weight value (grams)": "" if variant.weight_grams is None else format(variant.weight_grams, "f"),
        "Variant image URL": variant.image.url if variant.image else "",
    }  # fmt: skip
    names = dict.fromkeys(o.name for v in product.variants for o in v.options)
    values = {o.name: o.value for o in variant.options}
    for column, name in zip(VALUES, names, strict=False):
        row[column] = values.get(name, "")
    if not names:
        row[VALUES[0]] = "Default Title"
    row |= _stock(variant, metadata)
    handle = product.handle or product.id
    extra = {
        ID: variant.id if variant.id != variant_id(handle, variant.options) else "",
        TITLE: variant.title if variant.title != variant_title(variant.options, product.title) else "",
        IMAGE_ALT: variant.image.alt if variant.image else "",
    }  # fmt: skip
    for key, text in {**metadata, **extra}.items():
        if text:
            plain = key in VARIANT_METADATA or (key == "Barcode" and not variant.gtin)
            whole = plain or (metafield(key) or ("", ""))[1] == "variant"
            row[key if whole else metafield_header(key, "variant", OURS)] = text
    return row


def _stock(variant: Variant, metadata: dict[str, str]) -> dict[str, str]:
    """Quantity, tracker and policy such that Shopify's rule gives the variant's availability."""
    name, quantity = "Inventory quantity", variant.quantity
    as_ruled = rule(metadata, quantity) is variant.availability
    if quantity is None and as_ruled:
        return {name: metadata.pop(name, "")}
    made = []
    row = {name: metadata.pop(name, "0") if quantity == 0 else str(quantity or 0)}
    if quantity is None:
        made.append(name)
    if not metadata.get("Inventory tracker"):
        row["Inventory tracker"] = "shopify"
        made.append("Inventory tracker")
    if not as_ruled and not metadata.get(_POLICY):
        row[_POLICY] = "CONTINUE" if variant.availability.buyable else "DENY"
        made.append(_POLICY)
    if made or not as_ruled:
        metadata[AVAILABILITY] = ";".join((variant.availability.value, *made))
    return row
