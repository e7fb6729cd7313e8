"""Hypothesis strategies for every kind of record: whatever a feed may bring that the database must keep."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from shopkeeper.shop.records import (
    Address,
    Availability,
    Customer,
    CustomerId,
    Event,
    EventId,
    Fulfilment,
    Image,
    Money,
    Option,
    Order,
    OrderId,
    OrderLine,
    Page,
    PageId,
    PageKind,
    Payment,
    PaymentMethod,
    Product,
    ProductId,
    ProductStatus,
    Query,
    QueryId,
    Rating,
    Review,
    ReviewId,
    StatusChange,
    Translation,
    Variant,
    VariantId,
)

# Everything but NUL and half characters, with a liking for what breaks quoting.
texts = st.text(
    st.characters(codec="utf-8", exclude_characters="\0")
    | st.sampled_from("\t\n\r\\\"'{}[],;%_颜色é😀"),
    max_size=20,
)
names = texts.filter(bool)
ids = st.text(st.sampled_from("abcXYZ019-_ /é颜\\\"'"), min_size=1, max_size=8)
times = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
mappings = st.dictionaries(names, texts, max_size=3)
amounts = st.decimals(Decimal("-999999999999.9999"), Decimal("999999999999.9999"), places=4)
currencies = st.sampled_from(["USD", "EUR", "CNY", "JPY", "KWD"])
money = st.builds(Money, amounts, currencies)
decimals = st.decimals(Decimal(0), Decimal(1000), places=2)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(-1e9, 1e9) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=5,
)


def tuples_of(
    items: st.SearchStrategy[Any], *, size: int = 3
) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(items, max_size=size).map(tuple)


@st.composite
def variants(draw: st.DrawFn, variant_id: str) -> Variant:
    price = draw(money)
    return Variant(
        id=VariantId(variant_id), title=draw(texts), price=price, sku=draw(texts), gtin=draw(texts),
        mpn=draw(texts), options=draw(tuples_of(st.builds(Option, texts, texts))),
        list_price=draw(st.none() | st.builds(Money, amounts, st.just(price.currency))),
        availability=draw(st.sampled_from(Availability)),
        quantity=draw(st.none() | st.integers(-(2**31), 2**31 - 1)),
        image=draw(st.none() | st.builds(Image, texts, texts)),
        weight_grams=draw(st.none() | decimals), metadata=draw(mappings),
    )  # fmt: skip


@st.composite
def products(draw: st.DrawFn) -> Product:
    product_id = draw(ids)
    count = draw(st.integers(1, 3))
    return Product(
        id=ProductId(product_id), title=draw(texts),
        variants=tuple(draw(variants(f"{product_id}:{n}")) for n in range(count)),
        handle=draw(texts), url=draw(texts), description=draw(texts), brand=draw(texts),
        category=draw(tuples_of(texts)),
        attributes=draw(st.dictionaries(names, tuples_of(texts), max_size=3)),
        tags=draw(tuples_of(texts)), images=draw(tuples_of(st.builds(Image, texts, texts))),
        language=draw(texts), rating=draw(st.none() | st.builds(Rating, decimals, st.integers(0, 10**9), decimals)),
        status=draw(st.sampled_from(ProductStatus)),
        translations=draw(st.dictionaries(names, st.builds(Translation, texts, texts, tuples_of(texts), mappings), max_size=2)),
        metadata=draw(mappings),
    )  # fmt: skip


addresses = st.builds(Address, *[texts] * 8)
customers = st.builds(
    Customer, ids.map(CustomerId), texts, texts, texts, texts, texts, tuples_of(addresses),
    tuples_of(st.builds(PaymentMethod, texts, texts, texts, texts, st.none() | money)),
    st.none() | times, mappings,
)  # fmt: skip


@st.composite
def order_lines(draw: st.DrawFn) -> OrderLine:
    total = draw(money)
    same = st.none() | st.builds(Money, amounts, st.just(total.currency))
    return OrderLine(
        product_id=ProductId(draw(texts)), quantity=draw(st.integers(-1000, 1000)), total=total,
        variant_id=draw(st.none() | texts.map(VariantId)), title=draw(texts), unit_price=draw(same),
        discount=draw(same), options=draw(tuples_of(st.builds(Option, texts, texts))),
        metadata=draw(mappings),
    )  # fmt: skip


orders = st.builds(
    Order, ids.map(OrderId), ids.map(CustomerId), tuples_of(order_lines(), size=4), texts,
    st.none() | times, tuples_of(st.builds(Payment, texts, money, texts, st.none() | times)),
    tuples_of(st.builds(Fulfilment, tuples_of(texts), tuples_of(texts.map(VariantId)))),
    tuples_of(st.builds(StatusChange, texts, st.none() | times, texts)),
    st.none() | addresses, st.none() | addresses, mappings,
)  # fmt: skip
events = st.builds(
    Event, ids.map(EventId), texts, times, texts, texts, st.none() | texts.map(CustomerId),
    st.none() | texts.map(QueryId), texts, texts, texts, st.none() | st.integers(1, 2**31 - 1), texts,
    texts, st.dictionaries(names, values, max_size=3),
)  # fmt: skip
queries = st.builds(
    Query, ids.map(QueryId), texts, times, texts, texts, texts, texts, texts, tuples_of(texts),
    st.dictionaries(names, values, max_size=3),
)  # fmt: skip
reviews = st.builds(
    Review, ids.map(ReviewId), texts.map(ProductId), texts, st.none() | decimals, decimals, texts, texts,
    texts, st.none() | texts.map(CustomerId), st.none() | texts.map(VariantId), texts,
    st.none() | times, st.booleans(), mappings,
)  # fmt: skip
pages = st.builds(
    Page, ids.map(PageId), st.sampled_from(PageKind), texts, texts, texts, texts, st.none() | times
)
