"""Reader of the retail shop of tau-bench: products with variants, customers, orders, in one document or in one each.

Records are the members of tables (`{"9523456873": {…}}`), alone or below `products`, `users` and `orders`.
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import orjson

from shopkeeper.errors import FeedError
from shopkeeper.shop.feeds import assembling, json_values, values
from shopkeeper.shop.feeds.json_values import Value
from shopkeeper.shop.feeds.rows import MARKS, BadRow, Options, RowError
from shopkeeper.shop.feeds.source import Source
from shopkeeper.shop.feeds.tables import plain_text
from shopkeeper.shop.records import (
    Address,
    Availability,
    Customer,
    CustomerId,
    Fulfilment,
    Money,
    Option,
    Order,
    OrderId,
    OrderLine,
    Payment,
    PaymentMethod,
    Product,
    ProductId,
    StatusChange,
    Variant,
    VariantId,
)

T = TypeVar("T")
_MARKS = {
    "products": {"product_id", "variants"}, "customers": {"user_id", "payment_methods"},
    "orders": {"order_id", "items", "payment_history"},
}  # fmt: skip
# v1 of the users has no user_id inside: it is the member's name.
_USER = {"name", "payment_methods", "address"}


def is_tau(data: dict[str, Any]) -> bool:
    """True for a record of this shop."""
    return _kind(data) is not None


def _kind(data: dict[str, Any]) -> str | None:
    for kind, marks in _MARKS.items():
        if marks <= set(data):
            return kind
    return "customers" if set(data) >= _USER else None


def kinds(source: Source) -> tuple[str, ...]:
    """The kinds of records in the file."""
    found: dict[str, None] = {}
    try:
        for value in json_values.records(source):
            if isinstance(value, Value) and (kind := _kind(value.data)) is not None:
                found[kind] = None
            if len(found) == 3:
                break
    except FeedError:
        pass  # the reader will say it
    return tuple(found)


def read_products(source: Source, options: Options) -> Iterator[Product | BadRow]:
    """Products of the file."""
    return _read(source, "products", lambda v: _product(v.data, options))


def read_customers(source: Source, options: Options) -> Iterator[Customer | BadRow]:
    """Customers of the file."""
    return _read(source, "customers", lambda v: _customer(v, options))


def read_orders(source: Source, options: Options) -> Iterator[Order | BadRow]:
    """Orders of the file."""
    return _read(source, "orders", lambda v: _order(v.data, options))


def _read(source: Source, kind: str, make: Callable[[Value], T]) -> Iterator[T | BadRow]:
    for value in json_values.records(source):
        if isinstance(value, BadRow):
            yield value
            continue
        found = _kind(value.data)
        if found is None:
            error = RowError("", "is no product, customer or order", "compare it with the others")
            yield error.at(value.line, orjson.dumps(value.data).decode())
        elif found == kind:
            try:
                yield make(value)
            except RowError as error:
                yield error.at(value.line, orjson.dumps(value.data).decode())


def _object(data: Any, field: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise RowError(field, "is not a JSON object", 'write {"name": value, …}')
    return data


def _objects(data: Any, field: str) -> list[dict[str, Any]]:
    if not isinstance(data, list):
        raise RowError(field, "is not a list", "write [{…}, …]")
    return [_object(d, field) for d in data]


def _texts(data: Any, field: str) -> tuple[str, ...]:
    if not isinstance(data, list):
        raise RowError(field, "is not a list", 'write ["…", …]')
    return tuple(plain_text(d) for d in data)


def _id(data: dict[str, Any], field: str) -> str:
    return values.identifier(field, plain_text(data.get(field)))


def _amount(data: dict[str, Any], field: str, options: Options) -> Money:
    return values.price(field, plain_text(data.get(field)), options.currency)


def _options(data: dict[str, Any]) -> tuple[Option, ...]:
    return tuple(
        Option(k, plain_text(v)) for k, v in _object(data.get("options") or {}, "options").items()
    )


def _product(data: dict[str, Any], options: Options) -> Product:
    title = plain_text(data.get("name")).strip()
    if not title:
        raise RowError("name", "is blank", "every product needs one")
    variants = [
        _variant(_object(v, "variants"), title, options)
        for v in _object(data["variants"], "variants").values()
    ]
    if not variants:
        raise RowError("variants", "is empty", "a product has at least one variant")
    unique, again = assembling.unique_variants((v, 0) for v in variants)
    if again:
        raise RowError("variants", f"{again[0][1][:60]!r} comes twice", "give each its own item_id")
    assembling.same_currency(unique)
    return Product(
        id=ProductId(_id(data, "product_id")), title=title, variants=tuple(unique),
        language=options.language,
    )  # fmt: skip


def _variant(data: dict[str, Any], title: str, options: Options) -> Variant:
    chosen = _options(data)
    available = values.boolean("available", plain_text(data.get("available", True)))
    return Variant(
        id=VariantId(_id(data, "item_id")), title=assembling.variant_title(chosen, title),
        price=_amount(data, "price", options), options=chosen,
        availability=Availability.IN_STOCK if available else Availability.OUT_OF_STOCK,
    )  # fmt: skip


def _address(data: Any) -> Address:
    found = {k: plain_text(v) for k, v in _object(data, "address").items()}
    return Address(
        line1=found.get("address1", ""), line2=found.get("address2", ""), city=found.get("city", ""),
        region=found.get("state", ""), postcode=found.get("zip", ""), country=found.get("country", ""),
    )  # fmt: skip


def _customer(value: Value, options: Options) -> Customer:
    data = value.data
    name = _object(data.get("name"), "name")
    identity = plain_text(data.get("user_id")) or (value.path[-1] if value.path else "")
    methods = _object(data["payment_methods"], "payment_methods")
    return Customer(
        id=CustomerId(values.identifier("user_id", identity)),
        email=values.identifier("email", plain_text(data.get("email")), required=False),
        first_name=plain_text(name.get("first_name")), last_name=plain_text(name.get("last_name")),
        addresses=(_address(data["address"]),) if data.get("address") else (),
        payment_methods=tuple(_method(k, _object(m, k), options) for k, m in methods.items()),
    )  # fmt: skip


def _method(name: str, data: dict[str, Any], options: Options) -> PaymentMethod:
    return PaymentMethod(
        id=plain_text(data.get("id")) or name, kind=plain_text(data.get("source")),
        brand=plain_text(data.get("brand")), last_four=plain_text(data.get("last_four"))[-4:],
        balance=_amount(data, "balance", options) if data.get("balance") is not None else None,
    )  # fmt: skip


def _order(data: dict[str, Any], options: Options) -> Order:
    status = plain_text(data.get("status"))[:200]
    lines = tuple(_line(item, options) for item in _objects(data["items"], "items"))
    if not lines:
        raise RowError("items", "is empty", "an order has at least one line")
    if len({line.total.currency for line in lines}) > 1:
        raise RowError("items", "are in several currencies", "one order has one currency")
    return Order(
        id=OrderId(_id(data, "order_id")), customer_id=CustomerId(_id(data, "user_id")), lines=lines,
        status=status, history=(StatusChange(status),) if status else (),
        payments=tuple(_payment(p, options) for p in _objects(data["payment_history"], "payment_history")),
        fulfilments=tuple(_parcel(f) for f in _objects(data.get("fulfillments") or [], "fulfillments")),
        shipping_address=_address(data["address"]) if data.get("address") else None,
        metadata={
            k: plain_text(v) for k, v in data.items()
            if k not in ("order_id", "user_id", "items", "status", "payment_history", "fulfillments", "address", *MARKS)
        },
    )  # fmt: skip


def _line(data: dict[str, Any], options: Options) -> OrderLine:
    price = _amount(data, "price", options)
    variant = plain_text(data.get("item_id"))
    return OrderLine(
        product_id=ProductId(_id(data, "product_id")), quantity=1, total=price, unit_price=price,
        variant_id=VariantId(values.identifier("item_id", variant)) if variant else None,
        title=plain_text(data.get("name")), options=_options(data),
    )  # fmt: skip


def _payment(data: dict[str, Any], options: Options) -> Payment:
    return Payment(
        kind=plain_text(data.get("transaction_type")), amount=_amount(data, "amount", options),
        method_id=plain_text(data.get("payment_method_id")),
    )  # fmt: skip


def _parcel(data: dict[str, Any]) -> Fulfilment:
    return Fulfilment(
        tracking_ids=_texts(data.get("tracking_id") or [], "tracking_id"),
        variant_ids=tuple(VariantId(i) for i in _texts(data.get("item_ids") or [], "item_ids")),
    )  # fmt: skip
