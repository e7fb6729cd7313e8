"""Reader of WooCommerce's product CSV: simple and variable products, and variations that name their parent.

A variation names its parent as `id:123` or by SKU; its attributes are the options, those of the parent that no
variation uses are what all share. What no field holds is kept as metadata.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

from shopkeeper.errors import FeedError
from shopkeeper.shop.feeds import assembling, values
from shopkeeper.shop.feeds.grouping import grouped
from shopkeeper.shop.feeds.rows import BadRow, Options, RowError, row_text
from shopkeeper.shop.feeds.seen import Seen
from shopkeeper.shop.feeds.source import Source
from shopkeeper.shop.feeds.tables import Row, Table, table
from shopkeeper.shop.feeds.woocommerce_columns import (
    LIFTED,
    attribute,
    is_woocommerce,
    split_list,
    weight_unit,
)
from shopkeeper.shop.records import (
    Availability,
    Image,
    Money,
    Option,
    Product,
    ProductId,
    ProductStatus,
    Variant,
    VariantId,
)

_STATUS = {"1": ProductStatus.ACTIVE, "0": ProductStatus.DRAFT, "-1": ProductStatus.DRAFT}


def read_products(source: Source, options: Options) -> Iterator[Product | BadRow]:
    """Products of the file."""
    found = table(source, options.notes)
    if not is_woocommerce(found.columns):
        raise FeedError(
            f"{source.path} is no WooCommerce product CSV",
            hint="it needs the columns Type, Name and Regular price; try --format plain",
        )
    reader = _Reader(found, options)
    for group in grouped(reader.rows, reader.key):
        if isinstance(group, BadRow):
            yield group
        else:
            yield from reader.product(group)


class _Reader:
    def __init__(self, found: Table, options: Options) -> None:
        self._table = found
        self._options = options
        self._columns = {c.strip().lower(): c for c in found.columns}
        self._weight = next(((c, u) for c in self._columns if (u := weight_unit(c))), None)
        parts = [(c, a) for c in self._columns if (a := attribute(c))]
        self._attributes = {
            n: {p: c for c, (m, p) in parts if m == n} for n in sorted({a[0] for _, a in parts})
        }
        used = LIFTED | {c for c, _ in parts} | ({self._weight[0]} if self._weight else set())
        self._others = [c for c in self._columns if c not in used]
        self._seen = Seen()
        prices = [
            t
            for r in found.sample()
            for c in ("Regular price", "Sale price")
            if (t := r.get(c, ""))
        ]
        self._decimal = values.decimal_mark(prices)
        self._parents = self._known_parents()

    def rows(self) -> Iterator[Row | BadRow]:
        """The rows under lower-case names."""
        for row in self._table.rows():
            if isinstance(row, BadRow):
                yield row
            else:
                yield Row(row.line, {low: row.cells[c].strip() for low, c in self._columns.items()})

    def _known_parents(self) -> dict[str, str]:
        """How variations may name each variable product -> its key."""
        found: dict[str, str] = {}
        for row in self.rows():
            if isinstance(row, Row) and "variable" in row.cells.get("type", "").lower():
                key = self._own_key(row)
                for name in (f"id:{row.cells.get('id', '')}", row.cells.get("sku", "")):
                    found.setdefault(name, key)
        return found

    def key(self, row: Row) -> str:
        """What the rows of one product have in common."""
        kind = row.cells.get("type", "").lower()
        if "variation" in kind:
            parent = row.cells.get("parent", "")
            return self._parents.get(parent, parent and f"parent {parent}")
        return self._own_key(row) if "variable" in kind else ""

    @staticmethod
    def _own_key(row: Row) -> str:
        cells = row.cells
        return f"id:{cells['id']}" if cells.get("id") else cells.get("sku") or cells.get("name", "")

    def product(self, rows: list[Row]) -> Iterator[Product | BadRow]:
        """The product of these rows, and the rows that do not go in."""
        kinds = [row.cells.get("type", "").lower() for row in rows]
        parents = [row for row, kind in zip(rows, kinds, strict=True) if "variation" not in kind]
        variations = [row for row, kind in zip(rows, kinds, strict=True) if "variation" in kind]
        if len(parents) > 1:
            for row in parents[1:]:
                yield self._bad(row, RowError("ID", "comes twice", "keep the row that is right"))
        parent = parents[0] if parents else None
        if parent is None and not self._options.merging:
            for row in variations:
                name = row.cells.get("parent", "")[:60]
                reason = f"{name!r} is not in this file" if name else "is blank"
                yield self._bad(
                    row, RowError("Parent", reason, "add the row of the variable product")
                )
            return
        try:
            if parent is not None and not parent.cells.get("name"):
                raise RowError("Name", "is blank", "every product needs one")
            identity = (
                self._identity(parent) if parent is not None else self._parent_id(variations[0])
            )
            if parent is not None and self._seen.count(identity) > 1 and not self._options.merging:
                raise RowError("ID", f"{identity[:60]!r} came before", "keep the row that is right")
        except RowError as error:
            yield from (self._bad(row, error) for row in rows)
            return
        yield from self._family(identity, parent, variations)

    def _family(
        self, identity: str, parent: Row | None, variations: list[Row]
    ) -> Iterator[Product | BadRow]:
        title = parent.cells["name"] if parent is not None else ""
        names = [n for row in variations for n in self._attribute_values(row.cells)]
        variants: list[tuple[Variant, int]] = []
        rows = {row.line: row for row in variations or ([parent] if parent else [])}
        for row in rows.values():
            try:
                options: tuple[Option, ...] = ()
                own = identity
                if variations:
                    options = tuple(
                        Option(n, v[0]) for n, v in self._attribute_values(row.cells).items()
                    )
                    own = self._variation_id(row, identity, options)
                variants.append((self._variant(row, own, options, title), row.line))
            except RowError as error:
                yield self._bad(row, error)
        unique, again = assembling.unique_variants(variants)
        for line, name in again:
            yield self._bad(rows[line], RowError("ID", f"{name[:60]!r} comes twice", "keep one"))
        if unique:
            try:
                assembling.same_currency(unique)
                yield self._assembled(identity, parent, set(names), unique)
            except RowError as error:
                yield from (self._bad(row, error) for row in rows.values())
        elif parent is not None and variations:
            childless = RowError("Parent", "none of its variations could be read", "mend them")
            yield self._bad(parent, childless)

    def _bad(self, row: Row, error: RowError) -> BadRow:
        cells = {self._columns[low]: text for low, text in row.cells.items()}
        return error.at(row.line, row_text(cells))

    def _identity(self, row: Row) -> str:
        cells = row.cells
        text = (
            cells.get("id")
            or cells.get("sku")
            or re.sub(r"\W+", "-", cells["name"].lower()).strip("-")
        )
        return values.identifier("ID", text[:200] if not cells.get("id") else text)

    @staticmethod
    def _parent_id(row: Row) -> str:
        parent = row.cells.get("parent", "")
        return values.identifier("Parent", parent.removeprefix("id:"))

    def _variation_id(self, row: Row, identity: str, options: tuple[Option, ...]) -> str:
        cells = row.cells
        text = (
            cells.get("id") or cells.get("sku") or "/".join((identity, *(o.value for o in options)))
        )
        return values.identifier("ID", text)

    def _attribute_values(self, cells: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
        found = {}
        for parts in self._attributes.values():
            name = cells.get(parts.get("name", ""), "")
            texts = split_list(cells.get(parts.get("value(s)", ""), ""))
            if name and texts:
                found[name] = texts
        return found

    def _variant(self, row: Row, identity: str, options: tuple[Option, ...], title: str) -> Variant:
        cells, notes = row.cells, self._options.notes
        price, before = self._prices(cells)
        quantity, kept = assembling.stock("Stock", cells.get("stock", ""), notes, row.line)
        code = "gtin, upc, ean, or isbn"
        gtin, unsound = assembling.code(code, cells.get(code, ""), notes, row.line)
        metadata = kept | unsound
        images = split_list(cells.get("images", ""))
        if options:
            metadata |= {self._columns[c]: cells[c] for c in self._others if cells[c]}
        return Variant(
            id=VariantId(identity), title=assembling.variant_title(options, title), price=price,
            list_price=before, sku=values.identifier("SKU", cells.get("sku", ""), required=False), gtin=gtin,
            options=options, availability=_availability(cells, quantity), quantity=quantity,
            image=Image(images[0]) if options and images else None, weight_grams=self._grams(cells),
            metadata=metadata,
        )  # fmt: skip

    def _prices(self, cells: Mapping[str, str]) -> tuple[Money, Money | None]:
        regular, sale = cells.get("regular price", ""), cells.get("sale price", "")
        if not (regular or sale):
            raise RowError("Regular price", "is blank", "write the price")
        currency = self._options.currency
        if not sale:
            return values.price("Regular price", regular, currency, self._decimal), None
        price = values.price("Sale price", sale, currency, self._decimal)
        before = assembling.list_price("Regular price", regular, price, decimal=self._decimal)
        return price, before

    def _grams(self, cells: Mapping[str, str]) -> Decimal | None:
        if self._weight is None or not cells.get(self._weight[0]):
            return None
        column, unit = self._weight
        return values.grams(self._columns[column], cells[column], unit=unit, decimal=self._decimal)

    def _assembled(
        self, identity: str, parent: Row | None, options: set[str], variants: list[Variant]
    ) -> Product:
        cells = parent.cells if parent is not None else {}
        metadata = {self._columns[c]: cells[c] for c in self._others if cells.get(c)}
        long, short = cells.get("description", ""), cells.get("short description", "")
        if long and short:
            metadata["Short description"] = short
        paths = [assembling.path(p, ">") for p in split_list(cells.get("categories", ""))]
        if len(paths) > 1:
            metadata["Categories"] = cells["categories"]
        attributes = self._attribute_values(cells)
        return Product(
            id=ProductId(identity), title=cells.get("name", ""), variants=tuple(variants),
            description=long or short,
            brand=values.identifier("Brands", cells.get("brands", ""), required=False),
            category=max(paths, key=len, default=()),
            attributes={n: v for n, v in attributes.items() if n not in options},
            tags=split_list(cells.get("tags", "")),
            images=tuple(Image(url) for url in split_list(cells.get("images", ""))),
            language=self._options.language,
            status=_STATUS.get(cells.get("published", "1"), ProductStatus.ACTIVE), metadata=metadata,
        )  # fmt: skip


def _availability(cells: Mapping[str, str], quantity: int | None) -> Availability:
    later = cells.get("backorders allowed?", "").lower() in ("1", "notify", "yes")
    if quantity is not None:
        return (
            Availability.IN_STOCK
            if quantity
            else Availability.BACKORDER
            if later
            else Availability.OUT_OF_STOCK
        )
    said = cells.get("in stock?", "").lower()
    if said == "backorder":
        return Availability.BACKORDER
    if said:
        return (
            Availability.IN_STOCK
            if values.boolean("In stock?", said)
            else Availability.OUT_OF_STOCK
        )
    return Availability.IN_STOCK
