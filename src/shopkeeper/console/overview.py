"""What the first page of the console tells: counts, what needs doing, searches that found nothing, visits."""

from dataclasses import dataclass
from datetime import date

from psycopg import sql

from shopkeeper.shop.database import Connection

# What a shopper misses in a product, as a condition on `products p`.
PROBLEMS = {
    "picture": "p.images = '[]'",
    "description": "p.description = ''",
    "brand": "p.brand = ''",
    "category": "p.category = '{}'",
    "material": "not (p.attributes ?| array['Material', 'material', '材质'])",
    "price": "exists (select from variants v where v.product_id = p.id and v.metadata ->> 'price' = 'unknown')",
    "stock": "not exists (select from variants v where v.product_id = p.id "
    "and v.availability in ('in_stock', 'preorder', 'backorder'))",
    "chinese": "not (p.translations ? 'zh') and p.language <> 'zh'",
    "gtin": "exists (select from variants v where v.product_id = p.id and v.gtin = '')",
}


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of everything there are."""

    products: int
    active: int
    variants: int
    sold_out: int
    orders: int
    customers: int
    reviews: int
    events: int


@dataclass(frozen=True, slots=True)
class Todo:
    """Products that lack something."""

    problem: str
    count: int


def counts(conn: Connection) -> Counts:
    """How many of everything there are."""
    row = conn.execute(
        "select (select count(*) from products), (select count(*) from products where status = 'active'), "
        "(select count(*) from variants), (select count(*) from variants where availability in "
        "('out_of_stock', 'discontinued')), (select count(*) from orders), (select count(*) from customers), "
        "(select count(*) from reviews), (select count(*) from events)"
    ).fetchone()
    assert row is not None
    return Counts(*row)


def todo(conn: Connection) -> list[Todo]:
    """What active products lack, the most frequent first."""
    parts = sql.SQL(", ").join(
        sql.SQL("count(*) filter (where {})").format(sql.SQL(condition))  # type: ignore[arg-type]  # our own text
        for condition in PROBLEMS.values()
    )
    row = conn.execute(
        sql.SQL("select {} from products p where p.status = 'active'").format(parts)
    ).fetchone()
    assert row is not None
    found = [Todo(problem, n) for problem, n in zip(PROBLEMS, row, strict=True) if n]
    return sorted(found, key=lambda item: -item.count)


def empty_searches(conn: Connection, limit: int = 8) -> list[tuple[str, int]]:
    """Words that were searched for without a result in the latest 30 days, the most frequent first."""
    rows = conn.execute(
        "select lower(user_query), count(*) from queries where hits = '{}' "
        "and at > now() - interval '30 days' group by 1 order by 2 desc, 1 limit %s",
        [limit],
    ).fetchall()
    return [(query, n) for query, n in rows]


def visits(conn: Connection) -> list[tuple[date, int]]:
    """Visits a day on the last seven days that had any."""
    rows = conn.execute(
        "select at::date, count(distinct session_id) from events "
        "where at > (select max(at) from events) - interval '40 days' group by 1 order by 1 desc limit 7"
    ).fetchall()
    return [(day, n) for day, n in reversed(rows)]
