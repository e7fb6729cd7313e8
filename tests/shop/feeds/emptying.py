"""A database without records, as the fixture `db` gives it, in the middle of a test."""

from psycopg import sql

from shopkeeper.shop.database import Database

TABLES = (
    "products",
    "variants",
    "customers",
    "orders",
    "order_lines",
    "events",
    "queries",
    "reviews",
    "pages",
)


def emptied(db: Database) -> Database:
    """The database with all its records gone; imports and bad rows stay."""
    names = sql.SQL(", ").join(map(sql.Identifier, TABLES))
    with db.connection() as conn:
        conn.execute(sql.SQL("truncate {} cascade").format(names))
    return db
