"""Reader of schema.org data (JSON-LD) in saved pages of a shop: one page, a folder of them, or the JSON alone.

Product and ProductGroup become products, hasVariant its variants, offers prices; reviews come by `read_reviews`. The
same product on several pages goes in once a page, and the last page wins, as visiting them in order would.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

import orjson

from shopkeeper.errors import FeedError
from shopkeeper.shop.feeds import assembling, json_values, linked_data, values
from shopkeeper.shop.feeds.linked_data import Node, nodes, text_of, texts_of
from shopkeeper.shop.feeds.rows import MARKS, BadRow, Options, RowError, printable
from shopkeeper.shop.feeds.source import MAX_LINE, FolderSource, Source, files_of
from shopkeeper.shop.records import (
    Availability,
    Image,
    Money,
    Option,
    Product,
    ProductId,
    Rating,
    Review,
    ReviewId,
    Variant,
    VariantId,
)

SUFFIXES = (".html", ".htm", ".xhtml")
_OPTIONS = ("color", "size", "material", "pattern", "suggestedGender", "suggestedAge")
_CODES = ("gtin", "gtin14", "gtin13", "gtin12", "gtin8", "isbn")
_LIFTED = {
    "@id", "@type", "@context", "name", "description", "sku", "mpn", "brand", "category", "image", "url", "offers",
    "aggregateRating", "review", "reviews", "hasVariant", "productGroupID", "variesBy", "weight",
    "additionalProperty", "productID", "isVariantOf", "inProductGroupWithID", *_CODES, *_OPTIONS, *MARKS,
}  # fmt: skip

is_linked_data = linked_data.is_linked_data


def holds(source: Source, kind: str) -> bool:
    """True if there may be records of the kind."""
    if kind == "products" or isinstance(source, FolderSource):
        return True
    head = source.head(4_000_000)
    return b'"review"' in head or b'"reviews"' in head


def read_products(source: Source, options: Options) -> Iterator[Product | BadRow]:
    """Products of the pages, in the order of the files' names."""
    for page in _pages(source):
        if isinstance(page, BadRow):
            yield page
            continue
        line, data = page
        for node in linked_data.products(data):
            try:
                yield _product(node, line, options)
            except RowError as error:
                yield error.at(line, orjson.dumps(node, default=str).decode())


def read_reviews(source: Source, options: Options) -> Iterator[Review | BadRow]:
    """Reviews on the pages."""
    for page in _pages(source):
        if isinstance(page, BadRow):
            continue  # told when reading the products
        line, data = page
        for node in linked_data.products(data):
            for review in (*nodes(node, "review"), *nodes(node, "reviews")):
                try:
                    yield _review(node, review, options)
                except RowError as error:
                    raw = {
                        "@type": "Product",
                        "name": node.get("name"),
                        "sku": node.get("sku"),
                        "review": review,
                    }
                    yield error.at(line, orjson.dumps(raw, default=str).decode())


def _pages(source: Source) -> Iterator[tuple[int, Any] | BadRow]:
    """The JSON-LD values of all files with their lines."""
    for file in files_of(source, SUFFIXES):
        try:
            if json_values.looks_like_json(file):
                for value in json_values.records(file):
                    yield value if isinstance(value, BadRow) else (value.line, value.data)
            else:
                yield from _scripts(file)
        except FeedError as error:
            if not isinstance(source, FolderSource):
                raise
            yield BadRow(1, str(file.path.name), error.message, error.hint, "")


def _scripts(file: Source) -> Iterator[tuple[int, Any] | BadRow]:
    if file.look.size > 4 * MAX_LINE:
        raise FeedError(f"{file.path} is a page of {file.look.size:,} bytes", hint="save it again")
    with file.text() as text:
        page = printable(text.read())
    found = _Scripts()
    found.feed(page)
    found.close()
    for line, script in found.scripts:
        cleaned = re.sub(
            r"\A\s*(<!--|//<!\[CDATA\[|<!\[CDATA\[)|(-->|//\]\]>|\]\]>)\s*\Z", "", script
        )
        try:
            yield line, json_values.loads(cleaned)
        except RowError as error:
            yield error.at(line, script)


class _Scripts(HTMLParser):
    """Collects the JSON-LD scripts of a page with their lines."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.scripts: list[tuple[int, str]] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script" and (dict(attrs).get("type") or "").lower().startswith(
            "application/ld+json"
        ):
            self._inside = True
            self.scripts.append((self.getpos()[0], ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._inside = False

    def parse_marked_section(self, i: int, report: int = 1) -> int:
        """A section such as `<![CDATA[`, of which the standard library would fail on some, passed over."""
        return self.parse_bogus_comment(i)

    def handle_data(self, data: str) -> None:
        if self._inside:
            line, text = self.scripts[-1]
            self.scripts[-1] = (line, text + data)


def _identity(node: Node) -> str:
    """The product's id: its group's, its own, its SKU, its address, or its name made short."""
    for key in ("productGroupID", "inProductGroupWithID", "productID", "sku"):
        if text := text_of(node.get(key)):
            return values.identifier(key, text)
    for text in (text_of(node.get("url")), text_of(node.get("@id"))):
        path = re.sub(r"[?#].*", "", text).rstrip("/").rpartition("/")[2]
        if path:
            return values.identifier("url", path[:300])
    return values.identifier(
        "name", re.sub(r"\W+", "-", text_of(node.get("name")).lower()).strip("-")[:200]
    )


def _product(node: Node, line: int, options: Options) -> Product:
    title = text_of(node.get("name"))
    if not title:
        raise RowError("name", "is missing", "every product needs one")
    identity = _identity(node)
    members = nodes(node, "hasVariant")
    names = _told_apart(members)
    variants = (
        [_variant(v, node, title, names, line, options) for v in members]
        if members
        else _offered(node, identity, title, line, options)
    )
    unique, again = assembling.unique_variants((v, line) for v in variants)
    if again:
        raise RowError("hasVariant", f"{again[0][1][:60]!r} comes twice", "give each its own sku")
    assembling.same_currency(unique)
    category = node.get("category")
    path = text_of(category[0] if isinstance(category, list) and category else category)
    return Product(
        id=ProductId(identity), title=title, variants=tuple(unique), url=text_of(node.get("url")),
        description=text_of(node.get("description")),
        brand=values.identifier("brand", text_of(node.get("brand"))[:200], required=False),
        category=assembling.path(path.replace("/", ">") if ">" not in path else path, ">"),
        attributes=_attributes(node, names),
        images=tuple(Image(url) for url in dict.fromkeys(texts_of(node.get("image"), "url", "contentUrl"))),
        language=text_of(node.get("inLanguage"))[:20] or options.language, rating=_rating(node),
        metadata={
            k: t[:20_000] for k, v in node.items() if k not in _LIFTED and (t := linked_data.plain(v))
        },
    )  # fmt: skip


def _told_apart(members: list[Node]) -> list[str]:
    return [k for k in _OPTIONS if len({text_of(m.get(k)) for m in members}) > 1]


def _offered(node: Node, identity: str, title: str, line: int, options: Options) -> list[Variant]:
    """The variants of a product without hasVariant: one, or one for each offer with an SKU of its own."""
    offers = [o for o in nodes(node, "offers") for o in (nodes(o, "offers") or [o])]
    skus = [text_of(o.get("sku")) for o in offers]
    if len(offers) > 1 and all(skus) and len(set(skus)) == len(offers):
        return [
            _made(
                node,
                offer,
                values.identifier("sku", sku),
                text_of(offer.get("name")) or title,
                (),
                line,
                options,
            )
            for offer, sku in zip(offers, skus, strict=True)
        ]
    offer = min(offers, key=lambda o: _rank(o)) if offers else {}
    return [_made(node, offer, identity, title, (), line, options)]


def _rank(offer: Node) -> Decimal:
    """Of several offers without SKUs the cheapest that can be read."""
    try:
        return values.price("price", linked_data.amount(offer)[0], "USD").amount
    except RowError:
        return Decimal("1e12")


def _variant(
    node: Node, group: Node, title: str, names: list[str], line: int, options: Options
) -> Variant:
    chosen = tuple(Option(_shown(k), t) for k in names if (t := text_of(node.get(k))))
    offers = [o for o in nodes(node, "offers") for o in (nodes(o, "offers") or [o])]
    offer = min(offers, key=_rank) if offers else next(iter(nodes(group, "offers")), {})
    identity = (
        text_of(node.get("sku")) or text_of(node.get("productID")) or text_of(node.get("@id"))
    )
    if not identity:
        identity = "/".join((_identity(group), *(o.value for o in chosen)))
    name = assembling.variant_title(chosen, text_of(node.get("name")) or title)
    return _made(node, offer, values.identifier("sku", identity), name, chosen, line, options)


def _made(
    node: Node, offer: Node, identity: str, title: str, chosen: tuple[Option, ...], line: int, options: Options
) -> Variant:  # fmt: skip
    amount, currency = linked_data.amount(offer)
    metadata: dict[str, str] = {}
    if amount:
        if currency and not re.fullmatch("[A-Z]{3}", currency):
            raise RowError("priceCurrency", f"{currency[:20]!r} is no currency", "write USD")
        price = values.price("price", amount, currency or options.currency)
    elif offer:
        raise RowError("price", "is missing in the offer", "every offer needs one")
    else:
        metadata[assembling.PRICE_UNKNOWN[0]] = assembling.PRICE_UNKNOWN[1]
        price = assembling.no_price(options.currency)
    before = linked_data.list_price(offer)
    code = next((t for k in _CODES for t in (text_of(node.get(k)), text_of(offer.get(k))) if t), "")
    gtin, unsound = assembling.code("gtin", code, options.notes, line)
    said = text_of(offer.get("availability"))
    images = texts_of(node.get("image"), "url", "contentUrl") if chosen else ()
    return Variant(
        id=VariantId(identity), title=title, price=price, options=chosen, gtin=gtin,
        sku=values.identifier("sku", text_of(offer.get("sku")) or text_of(node.get("sku")), required=False),
        mpn=values.identifier("mpn", text_of(node.get("mpn")), required=False),
        list_price=_before(before, price), image=Image(images[0]) if images else None,
        availability=values.availability("availability", said) if said else Availability.IN_STOCK,
        weight_grams=_weight(node), metadata=metadata | unsound,
    )  # fmt: skip


def _before(text: str, price: Money) -> Money | None:
    if not text:
        return None
    found = values.price("priceSpecification", text, price.currency)
    return found if found.amount > price.amount and found.currency == price.currency else None


def _weight(node: Node) -> Decimal | None:
    found = node.get("weight")
    if isinstance(found, dict):
        unit = {"GRM": "g", "KGM": "kg", "LBR": "lb", "ONZ": "oz"}.get(
            text_of(found.get("unitCode")), text_of(found.get("unitText"))
        )
        text = f"{text_of(found.get('value'))} {unit}".strip()
    else:
        text = text_of(found)
    try:
        return values.grams("weight", text) if text else None
    except RowError:
        return None


def _shown(key: str) -> str:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", key.removeprefix("suggested"))
    return words[:1].upper() + words[1:]


def _attributes(node: Node, told_apart: list[str]) -> dict[str, tuple[str, ...]]:
    found = {_shown(k): texts_of(node.get(k), "name") for k in _OPTIONS if k not in told_apart}
    for extra in nodes(node, "additionalProperty"):
        name = text_of(extra.get("name"))
        if name:
            unit = text_of(extra.get("unitText"))
            texts = tuple(
                f"{t} {unit}".strip() for t in texts_of(extra.get("value"), "name", "value")
            )
            found[name] = (*found.get(name, ()), *texts)
    return {name: texts for name, texts in found.items() if texts}


def _rating(node: Node) -> Rating | None:
    found = next(iter(nodes(node, "aggregateRating")), None)
    if found is None or not text_of(found.get("ratingValue")):
        return None
    value = values.number("ratingValue", text_of(found.get("ratingValue")))
    scale = values.number("bestRating", text_of(found.get("bestRating")) or "5")
    count = text_of(found.get("ratingCount")) or text_of(found.get("reviewCount")) or "0"
    if not 0 <= value <= scale <= 1000:
        raise RowError("ratingValue", f"{value} is not within 0 and {scale}", "check the rating")
    return Rating(
        values.plain(value), max(values.quantity("ratingCount", count), 0), values.plain(scale)
    )


def _review(product: Node, node: Node, options: Options) -> Review:
    product_id = _identity(product)
    text = text_of(node.get("reviewBody")) or text_of(node.get("description"))
    rating = next(iter(nodes(node, "reviewRating")), {})
    said = text_of(rating.get("ratingValue"))
    scale = values.number("bestRating", text_of(rating.get("bestRating")) or "5")
    value = values.plain(values.number("ratingValue", said)) if said else None
    if value is None and not text:
        raise RowError("reviewBody", "is missing", "a review needs words or a rating")
    if not 0 < scale <= 1000 or (value is not None and not 0 <= value <= scale):
        raise RowError(
            "ratingValue", f"{said[:20]!r} is not within 0 and {scale}", "check the rating"
        )
    author, at = text_of(node.get("author")), text_of(node.get("datePublished"))
    made = "\x1f".join((product_id, author, at, text, said))
    return Review(
        id=ReviewId(f"{product_id[:200]}-{sha256(made.encode()).hexdigest()[:16]}"),
        product_id=ProductId(product_id), text=text, rating=value, scale_max=values.plain(scale),
        title=text_of(node.get("name")) or text_of(node.get("headline")), author=author,
        language=text_of(node.get("inLanguage"))[:20] or options.language,
        posted_at=values.when("datePublished", at) if at else None,
    )  # fmt: skip
