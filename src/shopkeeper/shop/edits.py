"""Changes that people make to products by hand: checked, written down with what was before, and undone.

A change is one value as text, as it stands in a form: `price` "12.50", `quantity` "" for a stock that is not counted.
Texts, because what was before must be shown, compared and put back as it was typed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from shopkeeper.errors import NotFound, Refused
from shopkeeper.shop import bulk, products
from shopkeeper.shop.database import Connection
from shopkeeper.shop.feeds.assembling import PRICE_UNKNOWN, no_price, price_is_known
from shopkeeper.shop.records import (
    Availability,
    Money,
    Product,
    ProductStatus,
    Variant,
)

MAX_TITLE = 500
MAX_BRAND = 200
MAX_DESCRIPTION = 100_000
MAX_TAGS = 250
MAX_QUANTITY = 2**31 - 1  # integer in the database

Key = tuple[str, str]
"""(variant id, field); the variant id is empty for a value of the product itself."""


@dataclass(frozen=True, slots=True)
class Change:
    """One value that was changed. variant_id: empty for a value of the product itself."""

    variant_id: str
    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Edit:
    """What was changed of a product at once. made_by: id of a key, empty for the owner of the machine."""

    id: int
    product_id: str
    changes: tuple[Change, ...]
    made_by: str
    made_at: datetime
    undone_at: datetime | None


class BadValues(Refused):
    """Some values cannot be. problems: what is wrong with each."""

    def __init__(self, problems: Mapping[Key, str]) -> None:
        super().__init__("nothing was saved", hint="mend the marked values")
        self.problems = problems


def values_of(product: Product) -> dict[Key, str]:
    """Everything of a product that can be changed by hand."""
    found = {("", field): read(product) for field, (read, _) in _OF_PRODUCT.items()}
    for variant in product.variants:
        found |= {(variant.id, field): read(variant) for field, (read, _) in _OF_VARIANT.items()}
    return found


def change(
    conn: Connection, product_id: str, wanted: Mapping[Key, str], *, by: str = ""
) -> Edit | None:
    """Give values of a product new texts; those that are as they were count for nothing. None if all are.

    Raises NotFound, and BadValues if any cannot be: then none is changed.
    """
    product = _locked(conn, product_id)
    now = values_of(product)
    typed = [
        Change(*key, now[key], text)
        for key, text in wanted.items()
        if key in now and now[key] != text
    ]
    new = _changed(product, typed)
    after = values_of(new)  # as it is kept: 12.5 is 12.50
    changes = tuple(
        replace(made, after=after[key])
        for made in typed
        if now[key := (made.variant_id, made.field)] != after[key]
    )
    if not changes:
        return None
    products.upsert(conn, [new])
    row = conn.execute(
        "insert into edits (product_id, changes, made_by) values (%s, %s, %s) returning id, made_at",
        [product_id, bulk.jsonb([asdict(c) for c in changes]), by],
    ).fetchone()
    assert row is not None
    return Edit(row[0], product_id, changes, by, row[1], None)


def undo(conn: Connection, edit_id: int) -> Edit:
    """Put back what was before an edit. Raises NotFound, and Refused if a value was changed again since."""
    found = get(conn, edit_id)
    product = _locked(conn, found.product_id)
    if found.undone_at is not None:
        return found
    now = values_of(product)
    for made in found.changes:
        if now.get((made.variant_id, made.field)) != made.after:
            raise Refused(
                f"{made.field} was changed again since, so this cannot be undone",
                hint="undo the later change first, or write the value you want",
            )
    back = tuple(Change(c.variant_id, c.field, c.after, c.before) for c in found.changes)
    products.upsert(conn, [_changed(product, back)])
    conn.execute("update edits set undone_at = clock_timestamp() where id = %s", [edit_id])
    return get(conn, edit_id)


def get(conn: Connection, edit_id: int) -> Edit:
    """The edit with this id. Raises NotFound."""
    rows = _select(conn, "id = %s", [edit_id])
    if not rows:
        raise NotFound(f"there is no edit {edit_id}")
    return rows[0]


def of_product(conn: Connection, product_id: str, *, limit: int = 20) -> list[Edit]:
    """What was changed of a product by hand, the newest first."""
    return _select(conn, "product_id = %s order by id desc limit %s", [product_id, limit])


def _select(conn: Connection, where: str, values: Sequence[Any]) -> list[Edit]:
    rows = conn.execute(
        f"select id, product_id, changes, made_by, made_at, undone_at from edits where {where}",  # noqa: S608  # our own text
        values,
    ).fetchall()
    return [
        Edit(id_, product_id, tuple(Change(**c) for c in changes), by, made_at, undone_at)
        for id_, product_id, changes, by, made_at, undone_at in rows
    ]


def _locked(conn: Connection, product_id: str) -> Product:
    conn.execute("select from products where id = %s for update", [product_id])
    return products.get(conn, product_id)


def _changed(product: Product, changes: Sequence[Change]) -> Product:
    """The product with the values after. Raises BadValues."""
    variants = {str(v.id): v for v in product.variants}
    problems: dict[Key, str] = {}
    for made in changes:
        try:
            if made.variant_id:
                write_variant = _OF_VARIANT[made.field][1]
                variants[made.variant_id] = write_variant(variants[made.variant_id], made.after)
            else:
                product = _OF_PRODUCT[made.field][1](product, made.after)
        except ValueError as error:
            problems[(made.variant_id, made.field)] = str(error)
    if problems:
        raise BadValues(problems)
    return replace(product, variants=tuple(variants.values()))


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text.strip())
    except InvalidOperation:
        raise ValueError("is not a number: write 12.50") from None
    if not amount.is_finite() or amount < 0:
        raise ValueError("is not a price: write 12.50")
    return amount


def _read_price(variant: Variant) -> str:
    return str(variant.price.amount) if price_is_known(variant) else ""


def _write_price(variant: Variant, text: str) -> Variant:
    name, unknown = PRICE_UNKNOWN
    if not text.strip():
        if price_is_known(variant) and variant.price.amount:
            raise ValueError("is missing: write 12.50")
        known = {**variant.metadata, name: unknown}
        return replace(variant, price=no_price(variant.price.currency), metadata=known)
    rest = {k: v for k, v in variant.metadata.items() if (k, v) != PRICE_UNKNOWN}
    return replace(variant, price=Money(_amount(text), variant.price.currency), metadata=rest)


def _read_list_price(variant: Variant) -> str:
    return "" if variant.list_price is None else str(variant.list_price.amount)


def _write_list_price(variant: Variant, text: str) -> Variant:
    price = Money(_amount(text), variant.price.currency) if text.strip() else None
    return replace(variant, list_price=price)


def _write_quantity(variant: Variant, text: str) -> Variant:
    count = text.strip()
    if not count:
        return replace(variant, quantity=None)
    if not (count.isascii() and count.isdigit() and int(count[:12]) <= MAX_QUANTITY):
        raise ValueError("is not a number of pieces: write 12, or nothing if they are not counted")
    return replace(variant, quantity=int(count))


def _one_of(kind: type[Availability] | type[ProductStatus], text: str) -> str:
    known = [member.value for member in kind]
    if text not in known:
        raise ValueError(f"is none of {', '.join(known)}")
    return text


def _short(text: str, limit: int) -> str:
    if len(text) > limit:
        raise ValueError(f"is longer than {limit:,} characters")
    return text.strip()


def _write_title(product: Product, text: str) -> Product:
    if not text.strip():
        raise ValueError("is missing")
    return replace(product, title=_short(text, MAX_TITLE))


def _write_tags(product: Product, text: str) -> Product:
    tags = [t for tag in text.replace("，", ",").split(",") if (t := _short(tag, MAX_BRAND))]
    if len(tags) > MAX_TAGS:
        raise ValueError(f"are more than {MAX_TAGS}")
    return replace(product, tags=tuple(dict.fromkeys(tags)))


_OF_PRODUCT: dict[
    str, tuple[Callable[[Product], str], Callable[[Product, str], Product]]
] = {
    "title": (lambda p: p.title, _write_title),
    "brand": (lambda p: p.brand, lambda p, t: replace(p, brand=_short(t, MAX_BRAND))),
    "status": (lambda p: p.status.value, lambda p, t: replace(p, status=ProductStatus(_one_of(ProductStatus, t)))),
    "tags": (lambda p: ", ".join(p.tags), _write_tags),
    "description": (lambda p: p.description.replace("\r\n", "\n"), lambda p, t: replace(p, description=_short(t, MAX_DESCRIPTION))),
}  # fmt: skip
_OF_VARIANT: dict[
    str, tuple[Callable[[Variant], str], Callable[[Variant, str], Variant]]
] = {
    "price": (_read_price, _write_price),
    "list_price": (_read_list_price, _write_list_price),
    "quantity": (lambda v: "" if v.quantity is None else str(v.quantity), _write_quantity),
    "availability": (
        lambda v: v.availability.value,
        lambda v, t: replace(v, availability=Availability(_one_of(Availability, t))),
    ),
}  # fmt: skip
