"""Reader of Shopify's product CSV, old and new headers: one row a variant, joined by handle.

The first row of a product carries what all share; rows with only a picture add it. What no field of ours holds is
kept as metadata under its column's (new) name, so that the writer can put it back.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

from shopkeeper.errors import FeedError
from shopkeeper.shop.feeds import assembling, values
from shopkeeper.shop.feeds.grouping import grouped
from shopkeeper.shop.feeds.rows import BadRow, Options, RowError, row_text
from shopkeeper.shop.feeds.shopify_columns import (
    AVAILABILITY,
    ID,
    IMAGE_ALT,
    LANGUAGE,
    LIFTED,
    NAMES,
    OURS,
    TITLE,
    URL,
    VALUES,
    VARIANT_COLUMNS,
    canonical,
    is_shopify,
    metafield,
    metafield_header,
    split_list,
)
from shopkeeper.shop.feeds.source import Source
from shopkeeper.shop.feeds.tables import Row, Table, table
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

_POLICY = "Continue selling when out of stock"
PATH_OF = "Metafield / "  # metadata: under which namespace.key an attribute came


def read_products(source: Source, options: Options) -> Iterator[Product | BadRow]:
    """Products of the file, in the order in which their last rows come."""
    found = table(source, options.notes)
    names = {column: canonical(column) for column in found.columns}
    if not is_shopify(found.columns):
        raise FeedError(
            f"{source.path} is no Shopify product CSV",
            hint="it needs the columns Handle (or URL handle) and Title; try --format plain",
        )
    reader = _Reader(found, names, options)
    for group in grouped(reader.rows, _handle):
        yield from [group] if isinstance(group, BadRow) else reader.product(group)


def _handle(row: Row) -> str:
    return row.cells["URL handle"]


class _Reader:
    def __init__(self, found: Table, names: Mapping[str, str], options: Options) -> None:
        self._table = found
        self._names = names
        self._options = options
        self._metafields = {c: m for c in names.values() if (m := metafield(c)) is not None}
        self._priced = "Price" in names.values()
        self._others = [c for c in names.values() if c not in LIFTED and c not in self._metafields]

    def rows(self) -> Iterator[Row | BadRow]:
        """The rows under the new names of their columns, each with a handle."""
        back = {new: old for old, new in self._names.items()}
        for row in self._table.rows():
            if isinstance(row, BadRow):
                yield row
                continue
            cells = {new: row.cells[old].strip() for new, old in back.items()}
            try:
                cells["URL handle"] = values.identifier(
                    "Handle", cells["URL handle"] or _slug(cells["Title"])
                )
            except RowError as error:
                yield error.at(row.line, row_text(row.cells))
                continue
            yield Row(row.line, cells)

    def product(self, rows: list[Row]) -> Iterator[Product | BadRow]:
        """The product of these rows, and the rows that do not go in."""
        bad: list[BadRow] = []
        head = next((r for r in rows if r.cells["Title"]), rows[0])
        inherited = self._inherited(rows, head)
        if not head.cells["Title"] and not self._options.merging:
            for row in rows:
                error = RowError(
                    "Title", "no row of this product has one", "write it in its first row"
                )
                yield self._bad(row, error, inherited)
            return
        variants: list[tuple[Variant, int]] = []
        kept: dict[int, Row] = {}
        images: list[tuple[int, int, Image]] = []
        for row in rows:
            kept[row.line] = row
            images += self._image(row, len(images))
            if not self._is_variant(row, head):
                continue
            try:
                variants.append((self._variant(row, head, inherited), row.line))
            except RowError as error:
                bad.append(self._bad(row, error, inherited))
        unique, again = assembling.unique_variants(variants)
        for line, name in again:
            twice = RowError(
                "Option1 value", f"the variant {name!r} comes twice", "give it other options"
            )
            bad.append(self._bad(kept[line], twice, inherited))
        if unique:
            try:
                assembling.same_currency(unique)
                yield self._assembled(
                    head, rows, unique, [i for _, _, i in sorted(images, key=lambda x: x[:2])]
                )
            except RowError as error:
                bad += [
                    self._bad(row, error, inherited)
                    for row in rows
                    if row.line not in {b.line for b in bad}
                ]
        elif not bad:
            bare = RowError("Price", "this product has no variant", "add a row with a price")
            bad.append(self._bad(head, bare, inherited))
        yield from sorted(bad, key=lambda b: b.line)

    def _inherited(self, rows: list[Row], head: Row) -> dict[str, str]:
        """What rows take from those above them: title and the names of options."""
        found = {"Title": head.cells["Title"]}
        for name in NAMES:
            text = next((t for r in rows if (t := r.cells.get(name, ""))), "")
            if text:
                found[name] = text
        return found

    def _bad(self, row: Row, error: RowError, inherited: Mapping[str, str]) -> BadRow:
        """The bad row, completed so that it can be mended and read again on its own."""
        cells = {old: row.cells[new] or inherited.get(new, "") for old, new in self._names.items()}
        back = {new: old for old, new in self._names.items()}
        named = RowError(back.get(error.field, error.field), error.reason, error.hint)
        return named.at(row.line, row_text(cells))

    @staticmethod
    def _is_variant(row: Row, head: Row) -> bool:
        cells = row.cells
        return bool(
            row is head
            or cells.get("Price")
            or cells.get("SKU")
            or any(cells.get(value) for value in VALUES)
        )

    def _image(self, row: Row, count: int) -> list[tuple[int, int, Image]]:
        url = row.cells.get("Product image URL", "")
        if not url:
            return []
        position = row.cells.get("Image position", "")
        place = (
            int(position)
            if position.isascii() and position.isdigit() and len(position) < 6
            else count + 1
        )
        return [(place, count, Image(url, row.cells.get("Image alt text", "")))]

    def _variant(self, row: Row, head: Row, inherited: Mapping[str, str]) -> Variant:
        cells = row.cells
        options = self._variant_options(cells, inherited)
        metadata = {c: cells[c] for c in self._others if c in VARIANT_COLUMNS and cells[c]}
        metadata |= self._metafield_texts(cells, "variant")
        if metadata.get(_POLICY):
            metadata[_POLICY] = metadata[_POLICY].upper()
        quantity, kept = self._stock(cells, row.line)
        gtin, unsound = assembling.code(
            "Barcode", cells.get("Barcode", ""), self._options.notes, row.line
        )
        metadata |= kept | unsound
        availability, made = _availability(metadata, quantity)
        for column in made:
            metadata.pop(column, None)
        picture = cells.get("Variant image URL", "")
        mpn = "Google Shopping / Manufacturer part number (MPN)"
        identity = metadata.pop(ID, "") or variant_id(cells["URL handle"], options)
        title = metadata.pop(TITLE, "") or assembling.variant_title(options, head.cells["Title"])
        alt = metadata.pop(IMAGE_ALT, "")
        price = self._price(cells, metadata)
        return Variant(
            id=VariantId(values.identifier("Option1 value", identity)), title=title,
            price=price, options=options, gtin=gtin,
            sku=values.identifier("SKU", cells.get("SKU", ""), required=False),
            mpn=values.identifier(mpn, cells.get(mpn, ""), required=False),
            list_price=assembling.list_price(
                "Compare-at price", cells.get("Compare-at price", ""), price
            ),
            availability=availability, quantity=None if "Inventory quantity" in made else quantity,
            image=Image(picture, alt) if picture else None,
            weight_grams=_weight(cells.get("Weight value (grams)", "")), metadata=metadata,
        )  # fmt: skip

    def _stock(self, cells: Mapping[str, str], line: int) -> tuple[int | None, dict[str, str]]:
        """Pieces in stock; none are counted where the tracker's column is blank, whatever the quantity says."""
        name = "Inventory quantity"
        quantity, kept = assembling.stock(name, cells.get(name, ""), self._options.notes, line)
        if quantity is not None and not cells.get("Inventory tracker", "not given"):
            return None, {name: cells[name]}
        return quantity, kept

    def _price(self, cells: Mapping[str, str], metadata: dict[str, str]) -> Money:
        key, unknown = assembling.PRICE_UNKNOWN
        if not self._priced or (metadata.get(key) == unknown and not cells["Price"]):
            metadata[key] = unknown
            return assembling.no_price(self._options.currency)
        if not cells["Price"]:
            raise RowError("Price", "is blank", "write what this variant costs")
        return values.price("Price", cells["Price"], self._options.currency)

    def _metafield_texts(self, cells: Mapping[str, str], owner: str) -> dict[str, str]:
        """Metadata out of metafields: ours under their label, a variant's others under their whole header."""
        found = {}
        for column, (label, whose, path) in self._metafields.items():
            if whose == owner and cells[column]:
                if path.startswith(OURS + "."):
                    found[label] = cells[column]
                elif owner == "variant":
                    found[column] = cells[column]
        return found

    @staticmethod
    def _variant_options(
        cells: Mapping[str, str], inherited: Mapping[str, str]
    ) -> tuple[Option, ...]:
        found = []
        unvalued = ""
        for name_column, value_column in zip(NAMES, VALUES, strict=True):
            name = cells.get(name_column, "") or inherited.get(name_column, "")
            value = cells.get(value_column, "")
            if value and not name:
                raise RowError(
                    name_column, "is blank", f"name the option that {value[:40]!r} is a value of"
                )
            if value and (name, value) != ("Title", "Default Title"):
                found.append(Option(name, value))
            elif name and not value and name != "Title":
                unvalued = unvalued or value_column
        if unvalued and not found:
            raise RowError(unvalued, "is blank", "write which variant this row is")
        return tuple(found)

    def _assembled(
        self, head: Row, rows: list[Row], variants: list[Variant], images: list[Image]
    ) -> Product:
        cells = head.cells
        attributes: dict[str, tuple[str, ...]] = {}
        metadata = self._product_metadata(head, rows) | self._metafield_texts(cells, "product")
        for column, (label, owner, path) in self._metafields.items():
            if owner == "product" and cells[column] and not path.startswith(OURS + "."):
                attributes[label] = split_list(cells[column])
                if metafield_header(label, owner, "custom") != column:
                    metadata[PATH_OF + label] = path
        category = assembling.path(cells.get("Product category", ""), ">")
        handle = cells["URL handle"]
        return Product(
            id=ProductId(values.identifier("Handle", metadata.pop(ID, "") or handle)),
            title=cells["Title"], variants=tuple(variants), handle=handle, url=metadata.pop(URL, ""),
            description=cells.get("Description", ""),
            brand=values.identifier("Vendor", cells.get("Vendor", ""), required=False),
            category=category or assembling.path(metadata.get("Type", ""), ""),
            attributes=attributes,
            tags=tuple(t.strip() for t in cells.get("Tags", "").split(",") if t.strip()),
            images=tuple(images), language=metadata.pop(LANGUAGE, "") or self._options.language,
            status=status_of(metadata, cells.get("Status", "")), metadata=metadata,
        )  # fmt: skip

    def _product_metadata(self, head: Row, rows: list[Row]) -> dict[str, str]:
        found = {}
        for column in self._others:
            if column not in VARIANT_COLUMNS:
                text = head.cells[column] or next((t for r in rows if (t := r.cells[column])), "")
                if text:
                    found[column] = text
        return found


def variant_id(handle: str, options: tuple[Option, ...]) -> str:
    """The id of a variant that comes without one: its product's handle and its options."""
    return "/".join((handle, *(o.value for o in options)))


def _slug(title: str) -> str:
    return re.sub(r"[^\w]+", "-", title.lower()).strip("-")[:200]


def _weight(text: str) -> Decimal | None:
    return values.grams("Weight value (grams)", text) if text else None


def _availability(metadata: dict[str, str], quantity: int | None) -> tuple[Availability, list[str]]:
    """Shopify's rule: what is not tracked can be bought; what is, while there is some or the policy says continue.

    Our own writer may say it outright, and which columns it filled in for Shopify's sake: these are no data.
    """
    said, *made = metadata.pop(AVAILABILITY, "").split(";")
    if said:
        return values.availability(AVAILABILITY, said), made
    return rule(metadata, quantity), []


def rule(metadata: Mapping[str, str], quantity: int | None) -> Availability:
    """The availability that Shopify's quantity and policy mean; quantity None: not tracked."""
    if quantity is None or quantity > 0:
        return Availability.IN_STOCK
    if metadata.get(_POLICY) in ("CONTINUE", "TRUE"):
        return Availability.BACKORDER
    return Availability.OUT_OF_STOCK


def status_of(metadata: Mapping[str, str], text: str) -> ProductStatus:
    status = text.lower()
    if status == "archived":
        return ProductStatus.ARCHIVED
    published = metadata.get("Published on online store", "true").lower()
    if status in ("draft", "unlisted", "inactive") or published in ("false", "no", "0"):
        return ProductStatus.DRAFT
    return ProductStatus.ACTIVE
