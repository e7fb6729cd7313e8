"""Products out of any table, by a mapping of its columns (see `mapping`).

A catalogue without a price column goes in all the same, its variants marked as of unknown price; where there is a
price column, a row without a price is a bad row. Rows of a group (a column that says which rows belong to one
product) become the variants of one product. A code that is no id of the shop's own (a UPC) may come twice with other
content: the second row goes in under the code with `-2`, so that none is lost.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

import orjson

from shopkeeper.shop.feeds import assembling, values
from shopkeeper.shop.feeds.grouping import grouped
from shopkeeper.shop.feeds.mapping import ATTRIBUTE, Getter, blank, columns_of, getter
from shopkeeper.shop.feeds.rows import BadRow, Options, RowError, row_text
from shopkeeper.shop.feeds.seen import Seen
from shopkeeper.shop.feeds.source import Source
from shopkeeper.shop.feeds.tables import Row, Table, table
from shopkeeper.shop.records import (
    Image,
    Money,
    Option,
    Product,
    ProductId,
    ProductStatus,
    Rating,
    Variant,
    VariantId,
)

_LIST = re.compile(r"\s*[|;\n]\s*|,\s+|,(?=https?:)")
_STATUS = {
    "draft": ProductStatus.DRAFT, "inactive": ProductStatus.DRAFT, "hidden": ProductStatus.DRAFT,
    "false": ProductStatus.DRAFT, "0": ProductStatus.DRAFT, "no": ProductStatus.DRAFT, "下架": ProductStatus.DRAFT,
    "unpublished": ProductStatus.DRAFT, "archived": ProductStatus.ARCHIVED, "deleted": ProductStatus.ARCHIVED,
}  # fmt: skip


def read_products(source: Source, options: Options) -> Iterator[Product | BadRow]:
    """Products of the table."""
    found = table(source, options.notes)
    reader = _Reader(found, options)
    if "group" not in options.mapping:
        for row in found.rows():
            if isinstance(row, BadRow):
                yield row
            elif reader.is_new(row):
                yield reader.single(row)
        return
    group = reader.get("group")
    for rows in grouped(found.rows, lambda row: group(row.cells)):
        yield from [rows] if isinstance(rows, BadRow) else reader.family(rows)


class _Reader:
    """Rows of one table to products."""

    def __init__(self, found: Table, options: Options) -> None:
        self._options = options
        mapping = options.mapping
        self._get = {
            f: getter(e, found.columns)
            for f, e in mapping.items()
            if f not in ("decimal", "separator")
        }
        self._attributes = [
            (f.removeprefix(ATTRIBUTE), g) for f, g in self._get.items() if f.startswith(ATTRIBUTE)
        ]
        self._names = dict(mapping)
        self._decimal = mapping.get("decimal", ".")
        self._separator = mapping.get("separator", " > ")
        self._seen, self._rows = Seen(), Seen()
        used = {
            c for f, e in mapping.items() if f in self._get for c in columns_of(e, found.columns)
        }
        # Of a column put together, only what was taken is used up; the rest stays as metadata.
        self._alternatives = {
            f: columns_of(e, found.columns)
            for f, e in mapping.items()
            if f in self._get and " | " in e
        }
        self._elsewhere = {
            c
            for f, e in mapping.items()
            if f in self._get and " | " not in e
            for c in columns_of(e, found.columns)
        }
        self._metadata = [c for c in found.columns if c not in used]
        if "price" not in mapping:
            options.notes.add(
                "no column was taken for the price, so the products go in without one (price=COLUMN names it)"
            )
        # An id column of the shop's own may not repeat; a code of the maker's may.
        self._own_ids = mapping.get("id") not in (mapping.get("gtin"), None)

    def get(self, field: str) -> Getter:
        """The text of a field in a row's cells; blank if no column holds it."""
        return self._get.get(field, blank)

    def is_new(self, row: Row) -> bool:
        """False for a row that came before in just the same words: once is enough."""
        if self._rows.count(tuple(row.cells.values())) == 1:
            return True
        self._options.notes.add(
            "rows that came before in just the same words are passed over", row.line
        )
        return False

    def single(self, row: Row) -> Product | BadRow:
        """A row that is a product of its own."""
        try:
            identity = self._identity(row)
            variant = self._variant(row, VariantId(identity), ())
            return self._product(row, ProductId(identity), identity, [variant])
        except RowError as error:
            return self._bad(row, error)

    def family(self, rows: list[Row]) -> Iterator[Product | BadRow]:
        """Rows that are the variants of one product; rows without a group stand alone."""
        name = self.get("group")(rows[0].cells)
        if not name:
            yield from map(self.single, filter(self.is_new, rows))
            return
        variants: list[tuple[Variant, int]] = []
        by_line = {row.line: row for row in rows}
        first: Row | None = None
        for row in filter(self.is_new, rows):
            try:
                identity = self._identity(row)
                if not self.get("title")(row.cells) and not self._options.merging:
                    raise RowError(self._names["title"], "is blank", "every product needs a title")
                variants.append(
                    (self._variant(row, VariantId(identity), self._option_values(row)), row.line)
                )
                first = first or row
            except RowError as error:
                yield self._bad(row, error)
        unique, again = assembling.unique_variants(variants)
        for line, twice in again:
            comes_twice = RowError(
                self._names.get("id", ""), f"{twice!r} comes twice", "keep the right one"
            )
            yield self._bad(by_line[line], comes_twice)
        if first is not None:
            try:
                product_id = values.identifier(self._names["group"], name)
                assembling.same_currency(unique)
                yield self._product(first, ProductId(product_id), product_id, unique)
            except RowError as error:
                yield from (self._bad(by_line[line], error) for _, line in variants)

    def _bad(self, row: Row, error: RowError) -> BadRow:
        return error.at(row.line, row_text(row.cells))

    def _identity(self, row: Row) -> str:
        """The row's id: its column, else a code, else the title made short. The same twice is told or numbered."""
        field = self._names.get("id", "")
        text = self.get("id")(row.cells)
        if not text:
            if self._own_ids:
                raise RowError(field, "is blank", "every product needs its own")
            text = re.sub(r"\W+", "-", self.get("title")(row.cells).lower()).strip("-")[:150]
        found = values.identifier(field or "id", text)
        times = self._seen.count(found)
        if times == 1 or self._options.merging:
            return found
        if self._own_ids:
            raise RowError(
                field, f"{found[:60]!r} came before in this file", "keep the row that is right"
            )
        self._options.notes.add(
            f"{field or 'titles'} that came before with other content: taken in with a number behind",
            row.line,
        )
        return f"{found}-{times}"

    def _option_values(self, row: Row) -> tuple[Option, ...]:
        found = []
        for field, get in self._get.items():
            if field.startswith("option:") and (text := get(row.cells)):
                found.append(Option(field.removeprefix("option:"), text))
        return tuple(found)

    def _variant(self, row: Row, identity: VariantId, options: tuple[Option, ...]) -> Variant:
        cells, notes = row.cells, self._options.notes
        metadata: dict[str, str] = {}
        price = self._price(cells, metadata)
        quantity, kept = assembling.stock(
            self._names.get("quantity", ""), self.get("quantity")(cells), notes, row.line
        )
        gtin, unsound = assembling.code(
            self._names.get("gtin", ""), self.get("gtin")(cells), notes, row.line
        )
        said = self.get("availability")(cells)
        weight = self.get("weight")(cells)
        return Variant(
            id=identity, title=assembling.variant_title(options, self._title(cells)), price=price,
            sku=self._code(cells, "sku"), gtin=gtin, mpn=self._code(cells, "mpn"), options=options,
            list_price=self._list_price(cells, price),
            availability=(
                values.availability(self._names["availability"], said) if said
                else assembling.available(quantity)
            ),
            quantity=quantity, weight_grams=self._weight(weight), metadata=metadata | kept | unsound,
        )  # fmt: skip

    def _price(self, cells: Mapping[str, str], metadata: dict[str, str]) -> Money:
        currency = self.get("currency")(cells).upper() or self._options.currency
        if "price" not in self._names:
            metadata[assembling.PRICE_UNKNOWN[0]] = assembling.PRICE_UNKNOWN[1]
            return assembling.no_price(currency)
        name = self._names["price"]
        text = self.get("price")(cells)
        if not text:
            raise RowError(name, "is blank", "write the price")
        if not re.fullmatch("[A-Z]{3}", currency):
            raise RowError(
                self._names["currency"], f"{currency[:20]!r} is no currency", "write USD"
            )
        return values.price(name, text, currency, self._decimal)

    def _list_price(self, cells: Mapping[str, str], price: Money) -> Money | None:
        text = self.get("list_price")(cells)
        if not text:
            return None
        found = values.price(self._names["list_price"], text, price.currency, self._decimal)
        return found if found.currency == price.currency and found.amount > price.amount else None

    def _weight(self, text: str) -> Decimal | None:
        if not text:
            return None
        unit = "kg" if "kg" in self._names["weight"].lower() else "g"
        return values.grams(self._names["weight"], text, unit=unit, decimal=self._decimal)

    def _code(self, cells: Mapping[str, str], field: str) -> str:
        return values.identifier(self._names.get(field, ""), self.get(field)(cells), required=False)

    def _title(self, cells: Mapping[str, str]) -> str:
        return self.get("title")(cells)

    def _product(
        self, row: Row, identity: ProductId, handle: str, variants: Sequence[Variant]
    ) -> Product:
        cells = row.cells
        title = self._title(cells)
        if not title and not self._options.merging:
            raise RowError(self._names["title"], "is blank", "every product needs a title")
        return Product(
            id=identity, title=title, variants=tuple(variants),
            handle=self._code(cells, "handle"),
            url=self.get("url")(cells), description=self.get("description")(cells),
            brand=self._code(cells, "brand"),
            category=assembling.path(self.get("category")(cells), self._separator),
            attributes=self._shown_attributes(cells),
            tags=listed(self.get("tags")(cells)),
            images=tuple(Image(url) for url in listed(self.get("images")(cells))),
            language=self.get("language")(cells)[:20] or self._options.language,
            rating=self._rating(cells),
            status=_STATUS.get(self.get("status")(cells).lower(), ProductStatus.ACTIVE),
            metadata=self._leftovers(cells),
        )  # fmt: skip

    def _shown_attributes(self, cells: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
        found = {name: listed(text) for name, get in self._attributes if (text := get(cells))}
        return {name: texts for name, texts in found.items() if texts}

    def _leftovers(self, cells: Mapping[str, str]) -> dict[str, str]:
        found = {c: text for c in self._metadata if (text := cells.get(c, "").strip())}
        for field, columns in self._alternatives.items():
            taken = self._get[field](cells)
            for column in columns:
                text = cells.get(column, "").strip()
                if text and text not in taken and column not in self._elsewhere:
                    found[column] = text
        return found

    def _rating(self, cells: Mapping[str, str]) -> Rating | None:
        text = self.get("rating")(cells)
        if not text:
            return None
        value = values.number(self._names["rating"], text, decimal=self._decimal)
        count = self.get("rating_count")(cells)
        number = values.quantity(self._names["rating_count"], count) if count else 0
        scale = Decimal(5) if value <= 5 else Decimal(10) if value <= 10 else Decimal(100)
        if not 0 <= value <= 100 or number < 0:
            raise RowError(self._names["rating"], f"{text[:40]!r} is no rating", "write 4.5")
        return Rating(values.plain(value), number, scale)


def listed(text: str) -> tuple[str, ...]:
    """The values of a cell that holds several: JSON, or parted by `|`, `;`, new lines, or comma and blank."""
    text = text.strip()
    if not text:
        return ()
    if text[0] == "[" and text[-1] == "]":
        try:
            loaded = orjson.loads(text)
        except orjson.JSONDecodeError:
            loaded = None
        if isinstance(loaded, list):
            return tuple(
                str(v).strip()
                for v in loaded
                if isinstance(v, str | int | float) and str(v).strip()
            )
    return tuple(p for part in _LIST.split(text) if (p := part.strip()))
