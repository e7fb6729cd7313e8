"""What the shop sells, as recommendation sees it: what is known of each product before anybody wants it, whether it can be
bought now, and what merchants weigh.

Read in one query for the whole catalogue or for a few products, so that a change costs little.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from shopkeeper.recommend.text import About
from shopkeeper.shop.bulk import Connection
from shopkeeper.text.normalise import normalise

BATCH = 5000
PRICE_LEVELS = 4  # of the products of one category, from the cheapest fourth to the dearest
MAX_VALUE = 80  # characters; a longer value is prose
# Attributes that tell sizes and colours of one thing apart; any value that begins with a digit does too.
APART = frozenset({
    "size", "color", "colour", "shade", "capacity", "volume", "weight", "length", "width", "height", "diameter",
    "pack", "count", "quantity", "pieces", "finish",
})  # fmt: skip

_SELECT = """
select p.id, p.title, p.brand, p.category, p.tags, p.attributes, p.status = 'active',
       extract(epoch from p.created_at)::float8,
       coalesce((select array_agg(t.value ->> 'title') from jsonb_each(p.translations) t), '{}'),
       v.buyable, v.price, v.cost, v.options
from products p left join lateral (
    select bool_or(sells) as buyable, min(price) filter (where sells) as price,
           avg(cost) filter (where sells) as cost, jsonb_agg(options) as options
    from (
        select availability in ('in_stock', 'preorder', 'backorder')
                   and coalesce(metadata ->> 'price', '') <> 'unknown' as sells,
               price::float8 as price, options,
               substring(metadata ->> 'cost_of_goods_sold' from '[0-9]+(?:[.][0-9]+)?')::float8 as cost
        from variants where product_id = p.id
    ) each_variant
) v on true
"""


@dataclass(frozen=True, slots=True)
class Good:
    """A product. values: brand, categories, tags and attributes as `name=value`. thing: the same for products that are
    one thing in several sizes or colours. price: the lowest that can be paid now, nan where none can; cost: what it costs the
    shop, nan where nobody said. sellable: shown, and can be bought now."""

    id: str
    title: str
    category: tuple[str, ...]
    brand: str
    words: str
    values: tuple[str, ...]
    thing: str
    sellable: bool
    price: float
    cost: float
    created_at: float

    @property
    def margin(self) -> float:
        """The share of the price that is left to the shop; nan where that is not known."""
        return (self.price - self.cost) / self.price if self.price > 0 else float("nan")


def read(conn: Connection, ids: Sequence[str] | None = None) -> Iterator[Good]:
    """All products in the order of their ids, those that are hidden or sold out too; or these alone."""
    with conn.cursor("goods") as cursor:
        cursor.itersize = BATCH
        if ids is None:
            cursor.execute(_SELECT + "order by p.id")
        else:
            cursor.execute(_SELECT + "where p.id = any(%s) order by p.id", [list(ids)])
        yield from map(_good, cursor)


def about(goods: Sequence[Good]) -> list[About]:
    """What is known of each: its words, its values, and where its price lies among those of its category."""
    levels = _price_levels(goods)
    return [
        About(good.words, (*good.values, *([f"price={level}"] if level >= 0 else [])))
        for good, level in zip(goods, levels, strict=True)
    ]


def _price_levels(goods: Sequence[Good]) -> list[int]:
    """The fourth of the prices of its narrowest category that each lies in; -1 where a price is not known or there are
    too few to say."""
    of: dict[tuple[str, ...], list[int]] = {}
    for place, good in enumerate(goods):
        if good.price == good.price:
            of.setdefault(good.category, []).append(place)
    found = [-1] * len(goods)
    for places in of.values():
        if len(places) >= PRICE_LEVELS:
            prices = np.array([goods[i].price for i in places])
            edges = np.quantile(prices, np.linspace(0, 1, PRICE_LEVELS + 1)[1:-1])
            for place, level in zip(places, np.searchsorted(edges, prices).tolist(), strict=True):
                found[place] = level
    return found


def _good(row: tuple[Any, ...]) -> Good:
    (
        id_, title, brand, category, tags, attributes, active, created, others,
        buyable, price, cost, options,
    ) = row  # fmt: skip
    pairs = [(name, v) for name, vs in attributes.items() for v in vs if 0 < len(v) <= MAX_VALUE]
    chosen = [(o["name"], o["value"]) for variant in options or () for o in variant]
    values = [f"brand={brand}"] if brand else []
    values += ["in=" + " > ".join(category[: n + 1]) for n in range(len(category))]
    values += [f"tag={tag}" for tag in tags] + [f"{name}={value}" for name, value in pairs]
    values += [f"{name}={value}" for name, value in dict.fromkeys(chosen)]
    return Good(
        id=id_, title=title, category=tuple(category), brand=brand,
        words=" . ".join(filter(None, [title, *category[-1:], *others])),
        values=tuple(values),
        thing=_thing(title, brand, [*chosen, *pairs]),
        sellable=bool(active and buyable),
        price=float("nan") if price is None else price,
        cost=float("nan") if cost is None else cost,
        created_at=created,
    )  # fmt: skip


def _thing(title: str, brand: str, pairs: Sequence[tuple[str, str]]) -> str:
    """Brand and title without the sizes and colours in it."""
    apart = {_spaced(v) for name, v in pairs if name.casefold() in APART or v[:1].isdigit()}
    text = _spaced(title)
    for value in sorted(apart, key=len, reverse=True):
        if value.strip():
            text = text.replace(value, " ")
    return f"{normalise(brand)} |{text.rstrip()}"


def _spaced(text: str) -> str:
    """The words of a text between single spaces, with one before and one after them."""
    return " " + " ".join(re.findall(r"\w+", normalise(text))) + " "
