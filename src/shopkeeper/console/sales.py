"""Visits, orders and revenue by the week, and what sold best: the read model of Home and Sales, and its page.

A week is seven days counted back from the last day with an order or event, so that none is half over. Cancelled
orders do not count.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from shopkeeper.console.page import show
from shopkeeper.pages import Visit, formats, visit_of
from shopkeeper.pages.products import picture_of, translation_of
from shopkeeper.shop import products
from shopkeeper.shop.database import Connection
from shopkeeper.shop.records import Money, ProductId

router = APIRouter(default_response_class=HTMLResponse)

WEEKS = 12
ZERO = Decimal(0)
LATELY = 4  # weeks that are set against as many before
BEST = 12
_SOLD = "lower(o.status) not in ('cancelled', 'canceled', 'voided', 'refunded')"


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days from `start`."""

    start: datetime
    visits: int
    orders: int
    revenue: Money


@dataclass(frozen=True, slots=True)
class Sales:
    """Weeks, the oldest first; none where there is neither an order nor an event. until: the last day counted."""

    weeks: tuple[Week, ...] = ()
    until: datetime | None = None

    @property
    def stale_days(self) -> int:
        """How many days ago the last day counted is."""
        return 0 if self.until is None else (datetime.now(UTC) - self.until).days


@dataclass(frozen=True, slots=True)
class Trend:
    """One figure over the weeks: its sum of the latest four, of the four before, and a bar for each week."""

    title: str
    told: str
    now: Decimal
    before: Decimal
    points: tuple[tuple[str, Decimal, str], ...]


@dataclass(frozen=True, slots=True)
class Sold:
    """What was sold of a product in the latest four weeks."""

    product_id: str
    title: str
    pieces: int
    revenue: Money


def sales(conn: Connection, currency: str) -> Sales:
    """The latest twelve weeks. currency: the one told of; orders in others count, their money does not."""
    end = _end(conn)
    if end is None:
        return Sales()
    values = {"end": end, "begin": end - timedelta(weeks=WEEKS), "currency": currency}
    ago = "floor(extract(epoch from (%(end)s - {})) / 604800)::int"
    visits = _by_week(
        conn,
        f"select {ago.format('at')}, count(distinct session_id) from events "  # noqa: S608  # our own text
        "where at >= %(begin)s and at < %(end)s group by 1",
        values,
    )
    orders = _by_week(
        conn,
        f"select {ago.format('o.placed_at')}, count(*) from orders o "  # noqa: S608  # our own text
        f"where o.placed_at >= %(begin)s and o.placed_at < %(end)s and {_SOLD} group by 1",
        values,
    )
    revenue = _by_week(
        conn,
        f"select {ago.format('o.placed_at')}, sum(l.total) from orders o "  # noqa: S608  # our own text
        "join order_lines l on l.order_id = o.id where o.placed_at >= %(begin)s and o.placed_at < %(end)s "
        f"and l.currency = %(currency)s and {_SOLD} group by 1",
        values,
    )
    weeks = tuple(
        Week(
            end - timedelta(weeks=n + 1),
            int(visits.get(n, 0)),
            int(orders.get(n, 0)),
            Money(Decimal(revenue.get(n, 0)), currency),
        )
        for n in reversed(range(WEEKS))
    )
    return Sales(weeks, end - timedelta(days=1))


def _end(conn: Connection) -> datetime | None:
    """Midnight after the last day with an order or an event; what claims to come from the future does not count."""
    row = conn.execute(
        "select greatest((select at from events where at <= now() order by at desc limit 1), "
        "(select placed_at from orders where placed_at <= now() order by placed_at desc limit 1))"
    ).fetchone()
    if row is None or row[0] is None:
        return None
    return datetime.combine(row[0].date(), time(), UTC) + timedelta(days=1)


def _by_week(conn: Connection, query: str, values: dict[str, object]) -> dict[int, int | Decimal]:
    """Weeks ago -> number."""
    return dict(conn.execute(query.encode(), values).fetchall())


def best_sellers(conn: Connection, currency: str, until: datetime) -> list[Sold]:
    """What brought most in the latest four weeks."""
    end = until + timedelta(days=1)
    rows = conn.execute(
        "select l.product_id, max(l.title), sum(l.quantity), sum(l.total) from orders o "  # noqa: S608  # our own text
        "join order_lines l on l.order_id = o.id where o.placed_at >= %s and o.placed_at < %s "
        f"and l.currency = %s and {_SOLD} group by 1 order by 4 desc, 1 limit %s",
        [end - timedelta(weeks=LATELY), end, currency, BEST],
    ).fetchall()
    return [Sold(id_, title, pieces, Money(total, currency)) for id_, title, pieces, total in rows]


def trends(visit: Visit, found: Sales) -> list[Trend]:
    """Visits, orders and revenue, as the charts show them."""
    if not found.weeks:
        return []
    currency = found.weeks[-1].revenue.currency

    def whole(value: Decimal) -> str:
        return formats.number(value, visit.language)

    def money(value: Decimal) -> str:
        return formats.money(Money(value, currency), visit.language)

    def trend(title: str, values: list[Decimal], told: Callable[[Decimal], str]) -> Trend:
        now, before = sum(values[-LATELY:], ZERO), sum(values[-2 * LATELY : -LATELY], ZERO)
        names = [formats.day(week.start, visit.language) for week in found.weeks]
        points = tuple((n, v, told(v)) for n, v in zip(names, values, strict=True))
        return Trend(visit.t(title), told(now), now, before, points)

    return [
        trend("Visits", [Decimal(week.visits) for week in found.weeks], whole),
        trend("Orders", [Decimal(week.orders) for week in found.weeks], whole),
        trend("Revenue", [week.revenue.amount for week in found.weeks], money),
    ]


@router.get("/sales")
def sales_page(request: Request) -> Response:
    """Visits, orders and revenue by the week, and what sold best."""
    visit = visit_of(request)
    currency = visit.shop.settings.currency
    with visit.shop.database.connection() as conn:
        found = sales(conn, currency)
        best = best_sellers(conn, currency, found.until) if found.until else []
        known = products.get_many(conn, [sold.product_id for sold in best])
    shown = trends(visit, found)
    rows = [
        {
            "sold": sold,
            "title": translation_of(product, visit.language).title if product else sold.title or sold.product_id,
            "picture": picture_of(product) if product else "",
        }
        for sold in best
        for product in [known.get(ProductId(sold.product_id))]
    ]  # fmt: skip
    return show(
        visit,
        "sales.html",
        title=visit.t("Sales"),
        sales=found,
        best=rows,
        revenue=shown[2] if shown else None,
        orders=int(shown[1].now) if shown else 0,
    )
