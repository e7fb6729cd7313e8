"""Shelves of the whole shop: what many look at, what is reduced, what comes first of an order, and a varied choice of it."""

from shopkeeper.search.engine import ProductSearch
from shopkeeper.search.records import SearchRequest, Sort
from shopkeeper.shop import products
from shopkeeper.shop.database import Connection
from shopkeeper.shop.records import ProductId

SHELF = 5
CANDIDATES = 40  # for a shelf, of which it shows various ones
POPULAR_DAYS = 30


def popular(conn: Connection, limit: int = CANDIDATES) -> list[ProductId]:
    """Products that most visits of the shop's latest month looked at or bought."""
    rows = conn.execute(
        "select object_id from events join products on products.id = object_id "
        "where object_id_type = 'product' and products.status = 'active' "
        "and at > (select max(at) from events) - make_interval(days => %s) "
        "and action in ('view', 'click', 'add_to_cart', 'purchase') "
        "group by object_id order by count(distinct session_id) desc, object_id limit %s",
        [POPULAR_DAYS, limit],
    ).fetchall()
    return [ProductId(row[0]) for row in rows]


def reduced(conn: Connection, limit: int = CANDIDATES) -> list[ProductId]:
    """Products whose price is lowered most."""
    rows = conn.execute(
        "select product_id from variants join products on products.id = product_id "
        "where list_price > price and products.status = 'active' and availability = 'in_stock' "
        "group by product_id order by max(1 - price / list_price) desc, product_id limit %s",
        [limit],
    ).fetchall()
    return [ProductId(row[0]) for row in rows]


def first_by(
    search: ProductSearch, language: str, sort: Sort, limit: int = CANDIDATES
) -> list[ProductId]:
    """Products that can be bought, the first of an order."""
    found = search.search(
        SearchRequest(sort=sort, limit=limit, available_only=True, language=language)
    )
    return [hit.product_id for hit in found.hits]


def varied(
    conn: Connection, ids: list[ProductId], *, size: int = SHELF, rated: bool = False
) -> list[ProductId]:
    """So many: the first of each category, then what else there is, in their order.

    rated: only what somebody has rated.
    """
    found = {
        i: product
        for i, product in products.get_many(conn, ids).items()
        if not rated or (product.rating is not None and product.rating.count)
    }
    first: dict[tuple[str, ...], ProductId] = {}
    for product in found.values():
        first.setdefault(product.category, product.id)
    chosen = set(list(first.values())[:size])
    others = [i for i in found if i not in chosen][: size - len(chosen)]
    return [i for i in found if i in chosen or i in others]
