"""What the storefront's pages read of the shop beside single records: departments, shelves, ratings, footer pages."""

from dataclasses import dataclass
from decimal import Decimal

from shopkeeper.search import FacetValue, ProductSearch, SearchRequest, Sort
from shopkeeper.shop.database import Connection
from shopkeeper.shop.records import PageKind, ProductId

SHELF = 6
POPULAR_DAYS = 30


@dataclass(frozen=True, slots=True)
class FooterPage:
    """A page to link to."""

    slug: str
    title: str


def departments(search: ProductSearch, language: str) -> tuple[FacetValue, ...]:
    """The widest categories, the fullest first."""
    return search.search(SearchRequest(limit=0, language=language)).categories


def popular(conn: Connection, limit: int = SHELF) -> list[ProductId]:
    """Products that most visits of the shop's latest month looked at or bought."""
    rows = conn.execute(
        "select object_id from events where object_id_type = 'product' "
        "and at > (select max(at) from events) - make_interval(days => %s) "
        "and action in ('view', 'click', 'add_to_cart', 'purchase') "
        "group by object_id order by count(distinct session_id) desc, object_id limit %s",
        [POPULAR_DAYS, limit],
    ).fetchall()
    return [ProductId(row[0]) for row in rows]


def reduced(conn: Connection, limit: int = SHELF) -> list[ProductId]:
    """Products whose price is lowered most."""
    rows = conn.execute(
        "select product_id from variants join products on products.id = product_id "
        "where list_price > price and products.status = 'active' and availability = 'in_stock' "
        "group by product_id order by max(1 - price / list_price) desc, product_id limit %s",
        [limit],
    ).fetchall()
    return [ProductId(row[0]) for row in rows]


def best_rated(search: ProductSearch, language: str, limit: int = SHELF) -> list[ProductId]:
    """Products that buyers like best."""
    found = search.search(
        SearchRequest(sort=Sort.RATING, limit=limit, available_only=True, language=language)
    )
    return [hit.product_id for hit in found.hits]


def newest(search: ProductSearch, language: str, limit: int = SHELF) -> list[ProductId]:
    """Products that came last."""
    found = search.search(
        SearchRequest(sort=Sort.NEWEST, limit=limit, available_only=True, language=language)
    )
    return [hit.product_id for hit in found.hits]


def footer_pages(
    conn: Connection, language: str, kind: PageKind = PageKind.POLICY, limit: int = 8
) -> list[FooterPage]:
    """Pages of a kind, each in the visitor's language where it has it."""
    rows = conn.execute(
        "select distinct on (slug) slug, title from pages where kind = %s order by slug, language <> %s limit %s",
        [kind.value, language, limit],
    ).fetchall()
    return [FooterPage(*row) for row in rows]


def spread_of_ratings(conn: Connection, product_id: str) -> tuple[int, list[tuple[int, int]]]:
    """How many reviews there are, and how many gave five stars, four, … one."""
    rows = conn.execute(
        "select greatest(1, round(rating / scale_max * 5)), count(*) from reviews where product_id = %s group by 1",
        [product_id],
    ).fetchall()
    by_star = {None if star is None else int(Decimal(star)): n for star, n in rows}
    return sum(by_star.values()), [(star, by_star.get(star, 0)) for star in (5, 4, 3, 2, 1)]
