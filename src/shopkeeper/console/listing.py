"""Which products the catalogue page lists."""

from dataclasses import dataclass

from psycopg import sql

from shopkeeper.console.overview import PROBLEMS
from shopkeeper.shop.database import Connection
from shopkeeper.shop.records import ProductId, ProductStatus

PAGE_SIZE = 30


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of product ids, and how many there are on all pages."""

    total: int
    ids: list[ProductId]


def listing(
    conn: Connection, *, query: str = "", status: str = "", problem: str = "", page: int = 1
) -> Listing:
    """Products by words of title, brand, id or SKU, by status, and by what they lack; the newest first."""
    conditions = [sql.SQL("true")]
    values: list[object] = []
    for word in query.split()[:8]:
        conditions.append(
            sql.SQL(
                "(p.title ilike %s or p.brand ilike %s or p.id = %s or exists "
                "(select from variants v where v.product_id = p.id and (v.sku = %s or v.gtin = %s or v.id = %s)))"
            )
        )
        pattern = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        values += [pattern, pattern, word, word, word, word]
    if status in {s.value for s in ProductStatus}:
        conditions.append(sql.SQL("p.status = %s"))
        values.append(status)
    if problem in PROBLEMS:
        conditions.append(sql.SQL(PROBLEMS[problem]))  # type: ignore[arg-type]  # our own text
    where = sql.SQL(" and ").join(conditions)
    total = conn.execute(
        sql.SQL("select count(*) from products p where {}").format(where), values
    ).fetchone()
    rows = conn.execute(
        sql.SQL(
            "select p.id from products p where {} order by p.updated_at desc, p.id limit %s offset %s"
        ).format(where),
        [*values, PAGE_SIZE, (page - 1) * PAGE_SIZE],
    ).fetchall()
    assert total is not None
    return Listing(total[0], [row[0] for row in rows])
