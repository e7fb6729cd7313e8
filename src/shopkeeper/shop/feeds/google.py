"""Reader of Google Merchant feeds: items that share an item_group_id are the variants of one product.

Options are what tells the items of a group apart (colour, size, …); what they share are attributes. Elements that no
field holds are kept as metadata: of the product when all its items agree, of the variant otherwise.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import orjson

from shopkeeper.shop.feeds import assembling, google_xml, tables, values
from shopkeeper.shop.feeds.google_fields import (
    ATTRIBUTE,
    LIFTED,
    NATIVE,
    OPTION,
    OURS,
    PICTURES,
    PRODUCT_EXTRA,
    SECTIONS,
    TAG,
    VARIANT_EXTRA,
    Item,
    is_google_table,
    item_of_cells,
)
from shopkeeper.shop.feeds.google_xml import is_xml
from shopkeeper.shop.feeds.grouping import grouped
from shopkeeper.shop.feeds.rows import MARKS, NOT_DATA, BadRow, Options, RowError, row_text
from shopkeeper.shop.feeds.seen import Seen
from shopkeeper.shop.feeds.source import Source
from shopkeeper.shop.feeds.tables import Row
from shopkeeper.shop.records import (
    Availability,
    Image,
    Option,
    Product,
    ProductId,
    Rating,
    Variant,
    VariantId,
)

__all__ = ["first_marks", "is_google_table", "is_xml", "read_products"]

_RAW = "\0raw"  # cell in which an XML item travels through the grouping


def read_products(source: Source, options: Options) -> Iterator[Product | BadRow]:
    """Products of the feed."""
    if is_xml(source.head(8192)):

        def rows() -> Iterator[Row | BadRow]:
            for item in google_xml.items(source):
                yield item if isinstance(item, BadRow) else _as_row(item)
    else:
        rows = tables.table(source, options.notes).rows
    reader = _Reader(options)
    for group in grouped(rows, lambda row: _item(row).text("item_group_id")):
        if isinstance(group, BadRow):
            yield group
        elif _item(group[0]).text("item_group_id"):
            yield from reader.product([_item(row) for row in group])
        else:
            for row in group:
                yield from reader.product([_item(row)])


def first_marks(source: Source) -> dict[str, str] | None:
    """The marks of the first item, if the feed is one of mended rows."""
    for item in google_xml.items(source):
        if isinstance(item, Item):
            found = {name: item.text(name) for name in MARKS}
            return found if found["_line"] else None
    return None


def _as_row(item: Item) -> Row:
    """An item in the form in which rows wait for the rest of their group."""
    cells: dict[str, Any] = {_RAW: item.raw, "fields": item.fields, "details": item.details}
    return Row(item.line, cells)


def _item(row: Row) -> Item:
    cells: Mapping[str, Any] = row.cells
    if _RAW in cells:
        details = [(s, n, v) for s, n, v in cells["details"]]
        return Item(row.line, cells[_RAW], cells["fields"], details)
    return item_of_cells(row.line, row_text(row.cells), row.cells)


class _Reader:
    def __init__(self, options: Options) -> None:
        self._options = options
        self._seen = Seen()

    def product(self, items: list[Item]) -> Iterator[Product | BadRow]:
        """The product of these items, and the items that do not go in."""
        told = _told_options(items)
        variants: list[Variant] = []
        good: list[Item] = []
        for item in items:
            try:
                variants.append(self._variant(item, told))
                good.append(item)
            except RowError as error:
                yield error.at(item.line, item.raw)
        if not good:
            return
        try:
            assembling.same_currency(variants)
            yield self._assembled(good, variants, told)
        except RowError as error:
            yield from (error.at(item.line, item.raw) for item in good)

    def _variant(self, item: Item, told: Sequence[str]) -> Variant:
        notes, currency = self._options.notes, self._options.currency
        identity = values.identifier("id", item.text("id"))
        if not (item.text("title") or self._options.merging):
            raise RowError("title", "is blank", "every item needs one")
        if not item.text("price"):
            raise RowError("price", "is missing", "every item needs a price such as 12.50 USD")
        price = values.price("price", item.text("price"), currency)
        sale = item.text("sale_price")
        before = None
        if sale:
            price, before = values.price("sale_price", sale, price.currency), price
            if before.currency != price.currency:
                raise RowError("sale_price", "is in another currency than the price", "use one")
        said = item.text("availability")
        if not said:
            notes.add("items without availability count as in stock", item.line)
        gtin, unsound = assembling.code("gtin", item.text("gtin"), notes, item.line)
        weight = item.text("shipping_weight")
        ours = dict(item.section(OURS))
        if self._seen.count(identity) > 1 and not self._options.merging:
            raise RowError(
                "id", f"{identity[:60]!r} came before in this file", "keep the right item"
            )
        options = _options(item, told)
        count = ours.get("quantity", "")
        availability = ours.get("availability") or said
        return Variant(
            id=VariantId(identity),
            title=ours.get("variant title") or assembling.variant_title(options, _title(item, options)),
            price=price, list_price=before, options=options, gtin=gtin,
            sku=values.identifier("sku", ours.get("sku", "") or item.text("sku"), required=False),
            mpn=values.identifier("mpn", item.text("mpn"), required=False),
            availability=(
                values.availability("availability", availability) if availability else Availability.IN_STOCK
            ),
            quantity=values.quantity("quantity", count) if count else None,
            image=Image(ours["variant image"], ours.get("variant image alt", ""))
            if "variant image" in ours else None,
            weight_grams=values.grams("shipping_weight", weight) if weight else None,
            metadata=unsound | dict(item.section(VARIANT_EXTRA)),
        )  # fmt: skip

    def _assembled(
        self, items: list[Item], variants: list[Variant], told: Sequence[str]
    ) -> Product:
        first = items[0]
        ours = dict(first.section(OURS))
        group = first.text("item_group_id") or first.text("id")
        shared, variants = _leftovers(items, variants)
        links = [
            u
            for i in items
            for u in (*i.fields.get("image_link", ()), *i.fields.get("additional_image_link", ()))
        ]
        if not ours:
            variants = _pictured(items, variants)
        told_urls = _told_pictures(ours)
        urls = list(dict.fromkeys(u for u in links if u)) if told_urls is None else told_urls
        category = first.text("product_type") or first.text("google_product_category")
        return Product(
            id=ProductId(values.identifier("item_group_id", group)),
            title=_title(first, variants[0].options), variants=tuple(variants),
            handle=values.identifier("handle", ours.get("handle", ""), required=False),
            url=first.text("link"), description=first.text("description"),
            brand=values.identifier("brand", first.text("brand"), required=False),
            category=assembling.path(category, ">"), attributes=_attributes(items, told),
            tags=tuple(v for _, v in first.section(TAG)),
            images=tuple(Image(url) for url in urls),
            language=ours.get("language", "") or self._options.language, rating=_rating(ours),
            metadata=shared | dict(first.section(PRODUCT_EXTRA)),
        )  # fmt: skip


def _told_options(items: Sequence[Item]) -> list[str]:
    """Elements that are options in this group: those in which its items differ."""
    if any(item.section(OPTION) for item in items) or len(items) < 2:
        return []
    return [key for key in NATIVE if len({item.text(key) for item in items}) > 1]


def _options(item: Item, told: Sequence[str]) -> tuple[Option, ...]:
    named = item.section(OPTION)
    if named:
        return tuple(Option(name, value) for name, value in named if name and value)
    return tuple(Option(NATIVE[key], text) for key in told if (text := item.text(key)))


def _title(item: Item, options: Sequence[Option]) -> str:
    """The item's title without its options at the end."""
    title = item.text("title")
    suffix = " - " + " / ".join(o.value for o in options)
    return title.removesuffix(suffix) if options else title


def _attributes(items: Sequence[Item], told: Sequence[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    first = items[0]
    options = {name for name, _ in first.section(OPTION)}
    for key, name in NATIVE.items():
        if key not in told and name not in options and (text := first.text(key)):
            found[name] = [text]
    for section, name, value in first.details:
        known = section in SECTIONS
        if (section == ATTRIBUTE or not known) and name and value:
            texts = found.setdefault(name, [])
            if value not in texts or section == ATTRIBUTE:
                texts.append(value)
    return {name: tuple(texts) for name, texts in found.items()}


def _leftovers(
    items: Sequence[Item], variants: Sequence[Variant]
) -> tuple[dict[str, str], list[Variant]]:
    """Elements without a field: the shared ones, and the variants with their own."""
    names = dict.fromkeys(
        n for i in items for n in i.fields if n not in LIFTED and n not in NOT_DATA and n != "sku"
    )
    shared: dict[str, str] = {}
    own: list[dict[str, str]] = [{} for _ in items]
    for name in names:
        texts = [" | ".join(t for t in item.fields.get(name, ()) if t) for item in items]
        if len(set(texts)) == 1:
            if texts[0]:
                shared[name] = texts[0]
            continue
        for i, text in enumerate(texts):
            if text:
                own[i][name] = text
    if not items[0].text("product_type"):
        shared.pop("google_product_category", None)  # it is the category then
    return shared, [replace(v, metadata={**own[i], **v.metadata}) for i, v in enumerate(variants)]


def _pictured(items: Sequence[Item], variants: Sequence[Variant]) -> list[Variant]:
    """The variants with their own pictures, where the items of a group show different ones."""
    links = [item.text("image_link") for item in items]
    if len(set(links)) < 2:
        return list(variants)
    return [
        v if v.image or not link else replace(v, image=Image(link))
        for v, link in zip(variants, links, strict=True)
    ]


def _told_pictures(ours: Mapping[str, str]) -> list[str] | None:
    """The pictures that our own writer names, None where it does not."""
    try:
        told = orjson.loads(ours.get(PICTURES, ""))
    except orjson.JSONDecodeError:
        return None
    return [t for t in told if isinstance(t, str)] if isinstance(told, list) else None


def _rating(ours: Mapping[str, str]) -> Rating | None:
    text = ours.get("rating", "")
    if not text:
        return None
    parts = text.split(" ")
    if len(parts) != 3:
        return None
    value, scale = values.number("rating", parts[0]), values.number("rating", parts[2])
    return Rating(value, values.quantity("rating", parts[1]), scale or Decimal(5))
