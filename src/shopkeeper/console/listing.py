"""Which products the catalogue page lists, and in which order."""

from dataclasses import dataclass

from psycopg import sql

from shopkeeper.console.problems import OF_ALL, PROBLEMS
from shopkeeper.shop.database import Connection
from shopkeeper.shop.records import ProductId, ProductStatus

PAGE_SIZE = 50
MAX_WORDS = 8

SORTS = {
    "changed": "p.updated_at desc",
    "title": "lower(p.title)",
    "brand": "nullif(lower(p.brand), '') nulls last",
    "price": "v.lowest nulls last",
    "-price": "v.lowest desc nulls last",
    "stock": "v.pieces nulls last",
    "-stock": "v.pieces desc nulls last",
}


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of product ids, how many there are on all pages, and how many of each status without that filter."""

    total: int
    ids: list[ProductId]
    by_status: dict[str, int]


def listing(
    conn: Connection,
    *,
    query: str = "",
    status: str = "",
    problem: str = "",
    sort: str = "changed",
    page: int = 1,
) -> Listing:
    """Products by words of title, brand, id or SKU, by status, and by what they lack."""
    conditions, values = _words(query)
    if problem in PROBLEMS:
        conditions.append(sql.SQL(PROBLEMS[problem].condition))
    where = sql.SQL(" and ").join(conditions)
    order = SORTS.get(sort, SORTS["changed"])
    source = sql.SQL(OF_ALL if problem in PROBLEMS or "v." in order else "products p")
    counted = conn.execute(
        sql.SQL("select p.status, count(*) from {} where {} group by 1").format(source, where),
        values,
    ).fetchall()
    by_status = {s.value: 0 for s in ProductStatus} | dict(counted)
    chosen = [status] if status in by_status else list(by_status)
    total = sum(by_status[s] for s in chosen)
    last = max(1, -(-total // PAGE_SIZE))
    rows = conn.execute(
        sql.SQL(
            "select p.id from {} where {} and p.status = any(%s) order by {}, p.id limit %s offset %s"
        ).format(source, where, sql.SQL(order)),
        [*values, chosen, PAGE_SIZE, (min(page, last) - 1) * PAGE_SIZE],
    ).fetchall()
    return Listing(total, [row[0] for row in rows], by_status)


def _words(query: str) -> tuple[list[sql.Composable], list[object]]:
    conditions: list[sql.Composable] = [sql.SQL("true")]
    values: list[object] = []
    for word in query.split()[:MAX_WORDS]:
        conditions.append(
            sql.SQL(
                "(p.title ilike %s or p.brand ilike %s or p.translations::text ilike %s or p.id = %s or exists "
                "(select from variants v where v.product_id = p.id and %s in (v.sku, v.gtin, v.mpn, v.id)))"
            )
        )
        pattern = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        values += [pattern, pattern, pattern, word, word]
    return conditions, values
