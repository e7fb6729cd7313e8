"""A person taken out of the shop's records, on their wish: what they did goes, what was sold stays under nobody's name.

Gone are the customer, and the events, queries and lists of recommendations of every visit in which they were signed
in, and of their devices unless somebody else signed in there too. Orders keep what was sold and paid, without customer and addresses; reviews keep
their words, without their writer. Whatever is learnt afterwards (recommendation, search) knows nothing of them.
"""

from dataclasses import dataclass

from shopkeeper.errors import NotFound
from shopkeeper.shop.bulk import Connection

NOBODY = ""  # the customer of an order whose customer was erased


@dataclass(frozen=True, slots=True)
class Erased:
    """How many records went (events, queries) or lost their person (orders, reviews)."""

    events: int
    queries: int
    orders: int
    reviews: int


def erase_customer(conn: Connection, customer_id: str) -> Erased:
    """Take a person out of all records. Raises NotFound if nothing names them."""
    known: dict[str, object] = {"id": customer_id, "nobody": NOBODY}
    sessions = _names(conn, "session_id", known)
    clients = _names(conn, "client_id", known)
    known |= {"sessions": sessions, "clients": clients}
    queries = conn.execute(
        "delete from queries where session_id = any(%(sessions)s) or client_id = any(%(clients)s)",
        known,
    ).rowcount
    events = conn.execute(
        "delete from events where customer_id = %(id)s or (customer_id is null "
        "and (session_id = any(%(sessions)s) or client_id = any(%(clients)s)))",
        known,
    ).rowcount
    conn.execute(
        "delete from recommendations where customer_id = %(id)s or (customer_id is null "
        "and (session_id = any(%(sessions)s) or client_id = any(%(clients)s)))",
        known,
    )
    orders = conn.execute(
        "update orders set customer_id = %(nobody)s, shipping_address = null, billing_address = null, metadata = '{}' "
        "where customer_id = %(id)s",
        known,
    ).rowcount
    reviews = conn.execute(
        "update reviews set customer_id = null, author = '', author_email = '' where customer_id = %(id)s",
        known,
    ).rowcount
    conn.execute(  # letters from their address, also where they never said who they are
        "delete from support_conversations where id in (select conversation_id from support_mail m join customers c "
        "on lower(m.address) = lower(c.email) where c.id = %(id)s)",
        known,
    )
    gone = conn.execute("delete from customers where id = %(id)s", known).rowcount
    if not (gone or events or orders or reviews):
        raise NotFound(f"nothing names a customer {customer_id!r}", hint="ids are case-sensitive")
    return Erased(events, queries, orders, reviews)


def _names(conn: Connection, column: str, known: dict[str, object]) -> list[str]:
    """Sessions or devices in which this customer and nobody else signed in."""
    rows = conn.execute(
        f"select {column} from events where {column} in "  # noqa: S608  # our own column names
        f"(select {column} from events where customer_id = %(id)s and {column} <> '') "
        f"group by {column} having count(distinct customer_id) = 1",
        known,
    )
    return [str(name) for (name,) in rows.fetchall()]
