"""Reader of DummyJSON products with the reviews nested in them.

A product of this form has one variant; its options, dimensions and terms are attributes and metadata. A review has no
id of its own: it gets one from its product, author, time and place in the list.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import orjson

from shopkeeper.shop.feeds import assembling, json_values, values
from shopkeeper.shop.feeds.rows import MARKS, BadRow, Options, RowError
from shopkeeper.shop.feeds.source import Source
from shopkeeper.shop.feeds.tables import plain_text
from shopkeeper.shop.records import (
    Image,
    Product,
    ProductId,
    Rating,
    Review,
    ReviewId,
    Variant,
    VariantId,
)

_LIFTED = frozenset({
    "id", "title", "description", "category", "price", "rating", "stock", "tags", "brand", "sku", "weight",
    "availabilityStatus", "reviews", "meta", "images", *MARKS,
})  # fmt: skip
_ATTRIBUTES = {
    "warrantyInformation": "Warranty", "shippingInformation": "Shipping", "returnPolicy": "Returns",
}  # fmt: skip


def is_dummyjson(data: dict[str, Any]) -> bool:
    """True for a JSON object with the marks of this form."""
    return {"id", "title", "price", "availabilityStatus", "meta"} <= set(data)


def read_products(source: Source, options: Options) -> Iterator[Product | BadRow]:
    """Products of the file."""
    for value in json_values.records(source):
        if isinstance(value, BadRow):
            yield value
            continue
        try:
            yield _product(value.data, value.line, options)
        except RowError as error:
            yield error.at(value.line, _raw(value.data))


def read_reviews(source: Source, options: Options) -> Iterator[Review | BadRow]:
    """Reviews of the file's products, those of a product that does not go in included."""
    for value in json_values.records(source):
        if isinstance(value, BadRow):
            continue  # told when reading the products
        reviews = value.data.get("reviews")
        if not isinstance(reviews, list):
            continue
        for place, data in enumerate(reviews):
            try:
                yield _review(value.data, data, place, options)
            except RowError as error:
                yield error.at(value.line, _raw({"id": value.data.get("id"), "reviews": [data]}))


def _raw(data: Any) -> str:
    return orjson.dumps(data).decode()


def _text(data: dict[str, Any], key: str) -> str:
    return plain_text(data.get(key)).strip()


def _product(data: dict[str, Any], line: int, options: Options) -> Product:
    identity = values.identifier("id", _text(data, "id"))
    title = _text(data, "title")
    if not title:
        raise RowError("title", "is blank", "every product needs one")
    metadata = {
        k: plain_text(v) for k, v in data.items() if k not in _LIFTED and k not in _ATTRIBUTES
    }
    meta = data.get("meta")
    extra = meta if isinstance(meta, dict) else {}
    metadata |= {k: plain_text(v) for k, v in extra.items() if k != "barcode"}
    images = data.get("images")
    found = [plain_text(i) for i in images] if isinstance(images, list) else []
    if not found and data.get("thumbnail"):
        found = [_text(data, "thumbnail")]
    tags = data.get("tags")
    category = _text(data, "category")
    return Product(
        id=ProductId(identity), title=title, variants=(_variant(data, extra, line, options),),
        description=_text(data, "description"),
        brand=values.identifier("brand", _text(data, "brand"), required=False),
        category=(category,) if category else (),
        attributes={name: (text,) for key, name in _ATTRIBUTES.items() if (text := _text(data, key))},
        tags=tuple(plain_text(t) for t in tags) if isinstance(tags, list) else (),
        images=tuple(Image(url, title) for url in found if url), language=options.language,
        rating=_rating(data), metadata={k: v for k, v in metadata.items() if v},
    )  # fmt: skip


def _variant(data: dict[str, Any], meta: dict[str, Any], line: int, options: Options) -> Variant:
    if not _text(data, "price"):
        raise RowError("price", "is blank", "write the price")
    price = values.price("price", _text(data, "price"), options.currency)
    quantity, kept = assembling.stock("stock", _text(data, "stock"), options.notes, line)
    gtin, unsound = assembling.code("barcode", plain_text(meta.get("barcode")), options.notes, line)
    said = _text(data, "availabilityStatus")
    identity = VariantId(values.identifier("id", _text(data, "id")))
    metadata = kept | unsound
    weight = _text(data, "weight")
    if weight:
        metadata["weight"] = weight  # without a unit: no number of grams
    return Variant(
        id=identity, title=_text(data, "title"), price=price,
        sku=values.identifier("sku", _text(data, "sku"), required=False), gtin=gtin,
        availability=(
            values.availability("availabilityStatus", said) if said else assembling.available(quantity)
        ),
        quantity=quantity, metadata=metadata,
    )  # fmt: skip


def _rating(data: dict[str, Any]) -> Rating | None:
    text = _text(data, "rating")
    if not text:
        return None
    value = values.number("rating", text)
    if not 0 <= value <= 5:
        raise RowError("rating", f"{text[:20]!r} is no rating", "write 0 to 5")
    reviews = data.get("reviews")
    return Rating(values.plain(value), len(reviews) if isinstance(reviews, list) else 0)


def _review(product: dict[str, Any], data: Any, place: int, options: Options) -> Review:
    if not isinstance(data, dict):
        raise RowError("reviews", "is not a JSON object", 'write {"rating": 5, "comment": "…"}')
    product_id = values.identifier("id", _text(product, "id"))
    at, rating = _text(data, "date"), _text(data, "rating")
    author = _text(data, "reviewerName")
    text = _text(data, "comment")
    made = "\x1f".join((product_id, author, at, text, str(place)))
    value = values.plain(values.number("rating", rating)) if rating else None
    if value is not None and not 0 <= value <= 5:
        raise RowError("rating", f"{rating[:20]!r} is no rating", "write 0 to 5")
    if value is None and not text:
        raise RowError("comment", "is blank", "a review needs words or a rating")
    email = values.identifier("reviewerEmail", _text(data, "reviewerEmail"), required=False)
    return Review(
        id=ReviewId(f"{product_id[:200]}-{sha256(made.encode()).hexdigest()[:16]}"),
        product_id=ProductId(product_id), text=text, rating=value, author=author, author_email=email,
        language=options.language, posted_at=values.when("date", at) if at else None,
    )  # fmt: skip
