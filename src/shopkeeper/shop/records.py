"""The shop's records: what a product, customer, order, event, review and page is.

Products and variants have the shape of the Universal Commerce Protocol (version 2026-04-08), events and queries
that of User Behaviour Insights 1.3, so that what comes in can go out. Records are plain values: reading feeds is in
`feeds/`, storing in the file of queries beside this one. `to_json` and `from_json` are the one way to and from JSON.

Terms: a *product* is what a shopper compares, a *variant* what is put in the cart (one size, one colour). Ids are
the shop's own and stable. `metadata` keeps what a feed says and no field here holds, so that it is not lost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, NewType, TypeVar

from pydantic import TypeAdapter

ProductId = NewType("ProductId", str)
VariantId = NewType("VariantId", str)
CustomerId = NewType("CustomerId", str)
OrderId = NewType("OrderId", str)
EventId = NewType("EventId", str)
QueryId = NewType("QueryId", str)
ReviewId = NewType("ReviewId", str)
PageId = NewType("PageId", str)

MAX_AMOUNT = Decimal("1e12")  # numeric(18, 4) in the database
CENTS = Decimal("0.01")


def trimmed(amount: Decimal) -> Decimal:
    """The amount with the decimals it needs, at least two: 9.9000 -> 9.90, 1.2345 stays. One number, one text."""
    short = amount.normalize()
    exponent = short.as_tuple().exponent
    return short.quantize(CENTS) if isinstance(exponent, int) and exponent > -2 else short


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of a currency (ISO 4217 code). Never a float; at most four decimals, below 10^12 either way."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not self.amount.is_finite() or abs(self.amount) >= MAX_AMOUNT:
            raise ValueError(f"amount {self.amount} is not a number below {MAX_AMOUNT}")
        amount = trimmed(self.amount)
        if int(amount.as_tuple().exponent) < -4:
            raise ValueError(f"amount {self.amount} has more than four decimals")
        object.__setattr__(self, "amount", amount)
        if not (len(self.currency) == 3 and self.currency.isascii() and self.currency.isupper()):
            raise ValueError(f"currency {self.currency!r} is not a three-letter code such as USD")


def _check_one_currency(price: Money, *others: Money | None) -> None:
    """Amounts that are compared or added have one currency; the database keeps it once."""
    for other in others:
        if other is not None and other.currency != price.currency:
            raise ValueError(f"prices in {price.currency} and {other.currency} on one line")


class ProductStatus(StrEnum):
    """Whether shoppers see a product: only active ones."""

    ACTIVE = "active"
    DRAFT = "draft"
    ARCHIVED = "archived"


class Availability(StrEnum):
    """Whether a variant can be bought now."""

    IN_STOCK = "in_stock"
    OUT_OF_STOCK = "out_of_stock"
    PREORDER = "preorder"
    BACKORDER = "backorder"
    DISCONTINUED = "discontinued"

    @property
    def buyable(self) -> bool:
        """True if it can be put in the cart today."""
        return self in (Availability.IN_STOCK, Availability.PREORDER, Availability.BACKORDER)


@dataclass(frozen=True, slots=True)
class Image:
    """A picture by URL (absolute, or a path of this shop)."""

    url: str
    alt: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """One choice that makes a variant: Size = M."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Rating:
    """Mean of `count` ratings on a scale up to `scale_max`."""

    value: Decimal
    count: int
    scale_max: Decimal = Decimal(5)


@dataclass(frozen=True, slots=True)
class Variant:
    """What is bought: a price, a stock, the options that set it apart.

    quantity: pieces in stock, None when the shop does not count. list_price: the price before a reduction.
    gtin: 8 to 14 digits as written in the feed; `gtin14` of `shop.gtin` makes them comparable.
    """

    id: VariantId
    title: str
    price: Money
    sku: str = ""
    gtin: str = ""
    mpn: str = ""
    options: tuple[Option, ...] = ()
    list_price: Money | None = None
    availability: Availability = Availability.IN_STOCK
    quantity: int | None = None
    image: Image | None = None
    weight_grams: Decimal | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_one_currency(self.price, self.list_price)

    @property
    def for_sale(self) -> bool:
        """True if it can be bought now and is not known to be used up."""
        return self.availability.buyable and self.quantity != 0


@dataclass(frozen=True, slots=True)
class Translation:
    """A product's words in another language than its own. Option and attribute names and values are keyed by the
    original: {"Color": "颜色", "blue": "蓝色"}."""

    title: str
    description: str = ""
    category: tuple[str, ...] = ()
    terms: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Product:
    """What a shopper compares. Has at least one variant.

    description: HTML as the feed gave it; cleaned when shown. category: from the widest to the narrowest.
    attributes: name -> values, what all variants share ("Material": ("cotton",)). language: BCP 47.
    translations: BCP 47 -> words.
    """

    id: ProductId
    title: str
    variants: tuple[Variant, ...]
    handle: str = ""
    url: str = ""
    description: str = ""
    brand: str = ""
    category: tuple[str, ...] = ()
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    images: tuple[Image, ...] = ()
    language: str = "en"
    rating: Rating | None = None
    status: ProductStatus = ProductStatus.ACTIVE
    translations: Mapping[str, Translation] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Address:
    """Where to send something. `country` as the feed writes it, ISO 3166 alpha-2 where it can be."""

    line1: str = ""
    line2: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""
    name: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class PaymentMethod:
    """A way to pay that a customer keeps with the shop. No card number is ever stored."""

    id: str
    kind: str  # credit_card, gift_card, paypal, …
    brand: str = ""
    last_four: str = ""
    balance: Money | None = None


@dataclass(frozen=True, slots=True)
class Customer:
    """A person who has an account or has bought."""

    id: CustomerId
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    phone: str = ""
    language: str = ""
    addresses: tuple[Address, ...] = ()
    payment_methods: tuple[PaymentMethod, ...] = ()
    created_at: datetime | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of an order, in the words and prices of that day.

    total: paid for the line after discounts. unit_price: None where the feed tells only the total.
    product_id and variant_id may name products that the shop no longer has.
    """

    product_id: ProductId
    quantity: int
    total: Money
    variant_id: VariantId | None = None
    title: str = ""
    unit_price: Money | None = None
    discount: Money | None = None
    options: tuple[Option, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_one_currency(self.total, self.unit_price, self.discount)


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that moved: `kind` is payment or refund, the amount positive."""

    kind: str
    amount: Money
    method_id: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StatusChange:
    """An entry of an order's history."""

    status: str
    at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Fulfilment:
    """A parcel: its tracking ids and the variants in it."""

    tracking_ids: tuple[str, ...] = ()
    variant_ids: tuple[VariantId, ...] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """What a customer bought. `status` in the shop's own words (pending, processed, delivered, cancelled, …)."""

    id: OrderId
    customer_id: CustomerId
    lines: tuple[OrderLine, ...]
    status: str = ""
    placed_at: datetime | None = None
    payments: tuple[Payment, ...] = ()
    fulfilments: tuple[Fulfilment, ...] = ()
    history: tuple[StatusChange, ...] = ()
    shipping_address: Address | None = None
    billing_address: Address | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """Something a visitor did: an event of UBI 1.3.

    action: UBI `action_name`; this shop's own are search, impression, view, click, add_to_cart, remove_from_cart,
    purchase and rate, others are kept as they come. object_id: usually a product id (`object_id_type` "product").
    position: ordinal in the list it was shown in, from 1.
    """

    id: EventId
    action: str
    at: datetime
    session_id: str = ""
    client_id: str = ""
    customer_id: CustomerId | None = None
    query_id: QueryId | None = None
    user_query: str = ""
    object_id: str = ""
    object_id_type: str = ""
    position: int | None = None
    application: str = ""
    message: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Query:
    """A search as it was asked and answered: a query of UBI 1.3. `hits`: object ids in the order shown."""

    id: QueryId
    user_query: str
    at: datetime
    client_id: str = ""
    session_id: str = ""
    application: str = ""
    response_id: str = ""
    object_id_field: str = "product_id"
    hits: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Review:
    """What a buyer wrote. rating: on a scale up to scale_max, None where only words were left."""

    id: ReviewId
    product_id: ProductId
    text: str
    rating: Decimal | None = None
    scale_max: Decimal = Decimal(5)
    title: str = ""
    author: str = ""
    author_email: str = ""
    customer_id: CustomerId | None = None
    variant_id: VariantId | None = None
    language: str = ""
    posted_at: datetime | None = None
    verified: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)


class PageKind(StrEnum):
    """What a page is for."""

    POLICY = "policy"
    FAQ = "faq"
    GUIDE = "guide"


@dataclass(frozen=True, slots=True)
class Page:
    """A text of the shop: a policy, a question with its answer, a guide. `body` is Markdown.

    One page in two languages is two records that share `slug`.
    """

    id: PageId
    kind: PageKind
    slug: str
    title: str
    body: str
    language: str = "en"
    updated_at: datetime | None = None


Record = TypeVar("Record", Product, Variant, Customer, Order, Event, Query, Review, Page)


_ADAPTERS: dict[type, TypeAdapter[Any]] = {}  # made when first asked for: importing stays quick


def adapter(kind: type[Record]) -> TypeAdapter[Record]:
    """The pydantic adapter of a record class: validation, JSON and JSON Schema."""
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def from_row(kind: type[Record], columns: Sequence[str], row: Sequence[Any]) -> Record:
    """The record of a database row whose columns are the record's fields."""
    return adapter(kind).validate_python(dict(zip(columns, row, strict=True)))


def to_json(record: Record) -> bytes:
    """The record as canonical JSON: every field, in the order of the class, amounts as strings, times in UTC."""
    return adapter(type(record)).dump_json(record)


def from_json(kind: type[Record], data: bytes | str) -> Record:
    """The record that `to_json` wrote. Raises pydantic.ValidationError (a ValueError) naming field and reason."""
    return adapter(kind).validate_json(data)
