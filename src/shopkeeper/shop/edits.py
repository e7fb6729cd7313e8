"""Changes that people make to products by hand: checked, written down with what was before, and undone.

In comes text, as it stands in a form: `price` "12.50", `quantity` "" for a stock that is not counted. What is kept of
a change is both what was shown and the value itself, so that an undo puts back exactly what was there, also what
nobody could have typed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Generic, TypeVar

from shopkeeper.errors import NotFound, Refused
from shopkeeper.shop import bulk, products
from shopkeeper.shop.database import Connection
from shopkeeper.shop.feeds.assembling import PRICE_UNKNOWN, no_price, price_is_known
from shopkeeper.shop.records import (
    MAX_AMOUNT,
    Availability,
    Money,
    Product,
    ProductStatus,
    Variant,
    trimmed,
)

R = TypeVar("R", Product, Variant)

MAX_TITLE = 500
MAX_BRAND = 200
MAX_DESCRIPTION = 100_000
MAX_TAGS = 250
MAX_TAG = 200  # characters
SMALLEST = Decimal("0.0001")
MAX_QUANTITY = 2**31 - 1  # integer in the database

Key = tuple[str, str]
"""(variant id, field); the variant id is empty for a value of the product itself."""


@dataclass(frozen=True, slots=True)
class Change:
    """One value that was changed. variant_id: empty for a value of the product itself.

    before and after: as they are shown. was and now: as they are kept, so that undoing loses nothing.
    """

    variant_id: str
    field: str
    before: str
    after: str
    was: Any
    now: Any


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
    """Everything of a product that can be changed by hand, as it is shown."""
    found = {("", name): field.show(field.get(product)) for name, field in _OF_PRODUCT.items()}
    for variant in product.variants:
        found |= {(variant.id, name): f.show(f.get(variant)) for name, f in _OF_VARIANT.items()}
    return found


def change(
    conn: Connection, product_id: str, wanted: Mapping[Key, str], *, by: str = ""
) -> Edit | None:
    """Give values of a product new texts; those that are as they were count for nothing. None if all are.

    Raises NotFound, and BadValues if any cannot be: then none is changed.
    """
    product = _locked(conn, product_id)
    changes = _changes(product, wanted)
    if not changes:
        return None
    products.upsert(conn, [_with(product, [(c, c.now) for c in changes])])
    row = conn.execute(
        "insert into edits (product_id, changes, made_by) values (%s, %s, %s) returning id, made_at",
        [product_id, bulk.jsonb([asdict(c) for c in changes]), by],
    ).fetchone()
    assert row is not None
    return Edit(row[0], product_id, changes, by, row[1], None)


def _changes(product: Product, wanted: Mapping[Key, str]) -> tuple[Change, ...]:
    """What the texts change. Raises BadValues."""
    shown = values_of(product)
    changes = []
    problems: dict[Key, str] = {}
    for key, text in wanted.items():
        if key not in shown or text == shown[key]:
            continue
        field = _field(key)
        was = _value(product, key)
        try:
            now = field.parse(text)
        except ValueError as error:
            problems[key] = str(error)
            continue
        if now != was:
            changes.append(Change(*key, shown[key], field.show(now), was, now))
    if problems:
        raise BadValues(problems)
    return tuple(changes)


def undo(conn: Connection, edit_id: int) -> Edit:
    """Put back what was before an edit. Raises NotFound, and Refused if a value was changed again since."""
    found = get(conn, edit_id)
    product = _locked(conn, found.product_id)
    found = get(conn, edit_id)  # as it is now that nobody else can touch the product
    if found.undone_at is not None:
        return found
    for made in found.changes:
        if _value(product, (made.variant_id, made.field)) != made.now:
            raise Refused(
                "a value was changed again since, so this cannot be undone",
                hint="undo the later change first, or write the value you want",
            )
    products.upsert(conn, [_with(product, [(c, c.was) for c in found.changes])])
    conn.execute("update edits set undone_at = clock_timestamp() where id = %s", [edit_id])
    return get(conn, edit_id)


def _field(key: Key) -> "_Field[Product] | _Field[Variant]":
    variant_id, name = key
    return _OF_VARIANT[name] if variant_id else _OF_PRODUCT[name]


def _value(product: Product, key: Key) -> Any:
    """What a product has there; what equals nothing where it has no such variant any more."""
    variant_id, name = key
    if not variant_id:
        return _OF_PRODUCT[name].get(product)
    variant = next((v for v in product.variants if v.id == variant_id), None)
    return object() if variant is None else _OF_VARIANT[name].get(variant)


def _with(product: Product, values: Sequence[tuple[Change, Any]]) -> Product:
    """The product with these values in the places of these changes."""
    variants = {str(v.id): v for v in product.variants}
    for made, value in values:
        if made.variant_id:
            variants[made.variant_id] = _OF_VARIANT[made.field].put(
                variants[made.variant_id], value
            )
        else:
            product = _OF_PRODUCT[made.field].put(product, value)
    return replace(product, variants=tuple(variants.values()))


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


@dataclass(frozen=True, slots=True)
class _Field(Generic[R]):
    """One value of a record: read and written as JSON keeps it, shown and typed as text. parse raises ValueError."""

    get: Callable[[R], Any]
    put: Callable[[R, Any], R]
    parse: Callable[[str], Any]
    show: Callable[[Any], str] = str


def _amount(text: str) -> str:
    try:
        amount = Decimal(text.strip())
    except InvalidOperation:
        raise ValueError("is not a number: write 12.50") from None
    if not amount.is_finite() or amount < 0:
        raise ValueError("is not a price: write 12.50")
    if amount >= MAX_AMOUNT or amount != amount.quantize(SMALLEST):
        raise ValueError("is too large or has more than four decimals: write 12.50")
    return str(trimmed(amount))


def _price(text: str) -> str:
    if not text.strip():
        raise ValueError("is missing: write 12.50")
    return _amount(text)


def _put_price(variant: Variant, amount: str | None) -> Variant:
    """None: the price is not known."""
    rest = {k: v for k, v in variant.metadata.items() if (k, v) != PRICE_UNKNOWN}
    if amount is None:
        known = dict([*rest.items(), PRICE_UNKNOWN])
        return replace(variant, price=no_price(variant.price.currency), metadata=known)
    return replace(variant, price=_money(variant, amount), metadata=rest)


def _money(variant: Variant, amount: str) -> Money:
    return Money(Decimal(amount), variant.price.currency)


def _quantity(text: str) -> int | None:
    count = text.strip()
    if not count:
        return None
    if not (count.isascii() and count.isdigit() and int(count[:12]) <= MAX_QUANTITY):
        raise ValueError("is not a number of pieces: write 12, or nothing if they are not counted")
    return int(count)


def _one_of(kind: type[StrEnum]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in {member.value for member in kind}:
            raise ValueError(f"is none of {', '.join(kind)}")
        return text

    return parse


def _short(limit: int) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if len(text) > limit:
            raise ValueError("is too long")
        return text.strip()

    return parse


def _title(text: str) -> str:
    if not text.strip():
        raise ValueError("is missing")
    return _short(MAX_TITLE)(text)


def _tags(text: str) -> list[str]:
    tags = [tag.strip() for tag in text.replace("，", ",").split(",")]
    if len(tags) > MAX_TAGS or any(len(tag) > MAX_TAG for tag in tags):
        raise ValueError("is too long")
    return list(dict.fromkeys(filter(None, tags)))


def _or_blank(value: Any) -> str:
    return "" if value is None else str(value)


_OF_PRODUCT: Mapping[str, _Field[Product]] = {
    "title": _Field(lambda p: p.title, lambda p, v: replace(p, title=v), _title),
    "brand": _Field(lambda p: p.brand, lambda p, v: replace(p, brand=v), _short(MAX_BRAND)),
    "status": _Field(
        lambda p: p.status.value, lambda p, v: replace(p, status=ProductStatus(v)), _one_of(ProductStatus)
    ),
    "tags": _Field(lambda p: list(p.tags), lambda p, v: replace(p, tags=tuple(v)), _tags, ", ".join),
    "description": _Field(
        lambda p: p.description, lambda p, v: replace(p, description=v), _short(MAX_DESCRIPTION),
        lambda v: str(v).replace("\r\n", "\n"),  # as browsers give it back
    ),
}  # fmt: skip
_OF_VARIANT: Mapping[str, _Field[Variant]] = {
    "price": _Field(
        lambda v: str(v.price.amount) if price_is_known(v) else None, _put_price, _price, _or_blank
    ),
    "list_price": _Field(
        lambda v: None if v.list_price is None else str(v.list_price.amount),
        lambda v, amount: replace(v, list_price=None if amount is None else _money(v, amount)),
        lambda text: _amount(text) if text.strip() else None, _or_blank,
    ),
    "quantity": _Field(lambda v: v.quantity, lambda v, n: replace(v, quantity=n), _quantity, _or_blank),
    "availability": _Field(
        lambda v: v.availability.value, lambda v, text: replace(v, availability=Availability(text)),
        _one_of(Availability),
    ),
}  # fmt: skip
