"""Customers, events, queries, reviews and pages out of any table, by a mapping of its columns.

What has no id gets one from its own content, so that the same row is the same record the next time too. Columns that
no field holds are kept as metadata (of events and queries: as attributes; pages have neither and lose them, said in
the report).
"""

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import TypeVar

from shopkeeper.shop.feeds import values
from shopkeeper.shop.feeds.mapping import SETTINGS, columns_of, getter
from shopkeeper.shop.feeds.plain import listed
from shopkeeper.shop.feeds.rows import BadRow, Options, RowError, row_text
from shopkeeper.shop.feeds.seen import Seen
from shopkeeper.shop.feeds.source import Source
from shopkeeper.shop.feeds.tables import Row, table
from shopkeeper.shop.records import (
    Address,
    Customer,
    CustomerId,
    Event,
    EventId,
    Page,
    PageId,
    PageKind,
    ProductId,
    Query,
    QueryId,
    Review,
    ReviewId,
    VariantId,
)

T = TypeVar("T")
_LINES = ("line1", "line2", "city", "region", "postcode", "country")


def read_customers(source: Source, options: Options) -> Iterator[Customer | BadRow]:
    """Customers of the table."""
    return _read(source, options, _customer)


def read_events(source: Source, options: Options) -> Iterator[Event | BadRow]:
    """Events of the table."""
    return _read(source, options, _event)


def read_queries(source: Source, options: Options) -> Iterator[Query | BadRow]:
    """Queries of the table."""
    return _read(source, options, _query)


def read_reviews(source: Source, options: Options) -> Iterator[Review | BadRow]:
    """Reviews of the table."""
    return _read(source, options, _review)


def read_pages(source: Source, options: Options) -> Iterator[Page | BadRow]:
    """Pages of the table: answers to questions, unless a column says what they are."""
    return _read(source, options, _page)


class _Cells:
    """One row through the mapping."""

    def __init__(self, reader: "_Names", row: Row) -> None:
        self._reader = reader
        self._row = row
        self.options = reader.options

    def text(self, field: str) -> str:
        """The text of a field, or blank."""
        get = self._reader.get.get(field)
        return "" if get is None else get(self._row.cells)

    def name(self, field: str) -> str:
        """The column that holds a field, for messages."""
        return self._reader.options.mapping.get(field, field)

    def id(self, field: str, *, required: bool = False) -> str:
        """The text of a field that is a key."""
        return values.identifier(self.name(field), self.text(field), required=required)

    def at(self, field: str) -> datetime | None:
        """The moment of a field, None if blank."""
        text = self.text(field)
        return values.when(self.name(field), text) if text else None

    def moment(self, field: str) -> datetime:
        """The moment of a field that must be there."""
        return values.when(self.name(field), self.text(field))

    def number(self, field: str) -> Decimal | None:
        """The number of a field, None if blank."""
        text = self.text(field)
        decimal = self._reader.options.mapping.get("decimal", ".")
        return (
            values.plain(values.number(self.name(field), text, decimal=decimal)) if text else None
        )

    def rest(self) -> dict[str, str]:
        """What no field holds."""
        return {c: text for c in self._reader.rest if (text := self._row.cells.get(c, "").strip())}

    def own_id(self) -> str:
        """The id in its column, or one made from the row's content."""
        return self.id("id") or self._reader.made_id(self._row)


class _Names:
    """The mapping of a table."""

    def __init__(self, options: Options, columns: tuple[str, ...]) -> None:
        self.options = options
        fields = {f: e for f, e in options.mapping.items() if f not in SETTINGS}
        self.get = {f: getter(e, columns) for f, e in fields.items()}
        used = {c for e in fields.values() for c in columns_of(e, columns)}
        self.rest = [c for c in columns if c not in used]
        self._columns = columns
        self._seen = Seen()

    def made_id(self, row: Row) -> str:
        """The same for the same content; a second row of the very same content gets a number behind."""
        content = "\x1f".join(row.cells.get(c, "") for c in self._columns)
        return numbered(sha256(content.encode("utf-8", "replace")).hexdigest()[:24], self._seen)


def numbered(key: str, seen: Seen) -> str:
    """The key, with a number behind from its second coming on."""
    times = seen.count(key)
    return key if times == 1 else f"{key}-{times}"


def _read(source: Source, options: Options, make: Callable[[_Cells], T]) -> Iterator[T | BadRow]:
    found = table(source, options.notes)
    names = _Names(options, found.columns)
    for row in found.rows():
        if isinstance(row, BadRow):
            yield row
            continue
        try:
            yield make(_Cells(names, row))
        except RowError as error:
            yield error.at(row.line, row_text(row.cells))


def _customer(cells: _Cells) -> Customer:
    parts = {field: cells.text(field) for field in _LINES}
    first, last = cells.text("first_name"), cells.text("last_name")
    if not (first or last):
        first, _, last = cells.text("name").partition(" ")
    address = Address(**parts) if any(parts.values()) else None
    return Customer(
        id=CustomerId(cells.id("id", required=True)), email=cells.id("email"), first_name=first,
        last_name=last.strip(), phone=cells.text("phone"), language=cells.text("language")[:20],
        addresses=() if address is None else (address,), created_at=cells.at("created_at"),
        metadata=cells.rest(),
    )  # fmt: skip


def _event(cells: _Cells) -> Event:
    position = cells.text("position")
    object_id = cells.id("object_id")
    customer, query = cells.id("customer_id"), cells.id("query_id")
    return Event(
        id=EventId(cells.own_id()), action=cells.id("action", required=True), at=cells.moment("at"),
        session_id=cells.id("session_id"), client_id=cells.id("client_id"),
        customer_id=CustomerId(customer) if customer else None,
        query_id=QueryId(query) if query else None, user_query=cells.text("user_query"),
        object_id=object_id, object_id_type="product" if object_id else "",
        position=values.quantity(cells.name("position"), position) if position else None,
        attributes=cells.rest(),
    )  # fmt: skip


def _query(cells: _Cells) -> Query:
    words = cells.text("user_query")
    if not words:
        raise RowError(cells.name("user_query"), "is blank", "write what was searched for")
    return Query(
        id=QueryId(cells.own_id()), user_query=words, at=cells.moment("at"),
        client_id=cells.id("client_id"), session_id=cells.id("session_id"),
        hits=listed(cells.text("hits")), attributes=cells.rest(),
    )  # fmt: skip


def _review(cells: _Cells) -> Review:
    text = cells.text("text")
    rating = cells.number("rating")
    if not text and rating is None:
        raise RowError(cells.name("text"), "is blank", "a review needs words or a rating")
    customer, variant = cells.id("customer_id"), cells.id("variant_id")
    scale = cells.number("scale_max") or (
        Decimal(5) if rating is None or rating <= 5 else Decimal(10 if rating <= 10 else 100)
    )
    if (rating is not None and not 0 <= rating <= scale) or not 0 < scale <= 1000:
        raise RowError(
            cells.name("rating"),
            f"{cells.text('rating')[:20]!r} is no rating",
            f"write 0 to {scale}",
        )
    said = cells.text("verified")
    return Review(
        id=ReviewId(cells.own_id()), product_id=ProductId(cells.id("product_id", required=True)),
        text=text, rating=rating, scale_max=scale, title=cells.text("title"),
        author=cells.text("author"), author_email=cells.text("author_email"),
        customer_id=CustomerId(customer) if customer else None,
        variant_id=VariantId(variant) if variant else None, language=cells.text("language")[:20],
        posted_at=cells.at("posted_at"),
        verified=values.boolean(cells.name("verified"), said) if said else False,
        metadata=cells.rest(),
    )  # fmt: skip


def _page(cells: _Cells) -> Page:
    title, body = cells.text("title"), cells.text("body")
    for field, text in (("title", title), ("body", body)):
        if not text:
            raise RowError(cells.name(field), "is blank", "every page needs one")
    kind = page_kind(cells.name("kind"), cells.text("kind") or "faq")
    language = cells.text("language")[:20] or cells.options.language
    slug = cells.id("slug") or slug_of(title)
    if cells.rest():
        cells.options.notes.add(f"columns that pages do not have: {', '.join(cells.rest())}"[:200])
    return Page(
        id=PageId(cells.id("id") or f"{slug}-{language}"), kind=kind, slug=slug, title=title, body=body,
        language=language, updated_at=cells.at("updated_at"),
    )  # fmt: skip


def page_kind(field: str, text: str) -> PageKind:
    """What a page is for, by its word."""
    try:
        return PageKind(text.strip().lower())
    except ValueError:
        raise RowError(
            field, f"{text[:40]!r} is no kind of page", "write policy, faq or guide"
        ) from None


def slug_of(title: str) -> str:
    """A title as part of an address, in any script; a hash where nothing is left of it."""
    slug = re.sub(r"\W+", "-", title.lower()).strip("-")[:80].strip("-")
    return slug or sha256(title.encode()).hexdigest()[:12]
