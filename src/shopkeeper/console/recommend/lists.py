"""What any shopper gets and why: by what serves, or by two versions beside each other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from shopkeeper.artifacts import State
from shopkeeper.console.page import show
from shopkeeper.console.recommend.experiments import SLOTS
from shopkeeper.console.search.comparing import Mark, difference, marks
from shopkeeper.errors import ShopkeeperError
from shopkeeper.pages import Visit, visit_of
from shopkeeper.pages.products import picture_of, translation_of
from shopkeeper.recommend import Asked, Reason, RecommendedList, Slot, Visitor, Why, versions
from shopkeeper.shop.bulk import Connection
from shopkeeper.shop.records import Product, ProductId

router = APIRouter(default_response_class=HTMLResponse)

PATH = "/console/recommend"
SHOWN = 10
SHOPPERS = 8  # that are offered, the latest
DID = 8  # events of the shopper that are told, the latest
OFFERED = (Slot.HOME, Slot.LOOKED, Slot.AGAIN)  # slots that ask for a shopper alone
ACTIONS = {
    "view": "looked at", "click": "clicked on", "add_to_cart": "put in the cart", "purchase": "bought", "rate": "rated",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shopper:
    """Whom lists are for. name: as they are called here; key: in addresses."""

    visitor: Visitor
    name: str
    key: str


@dataclass(frozen=True, slots=True)
class Row:
    """A product of a list. why: its reasons, in words."""

    number: int
    product: Product
    title: str
    picture: str
    score: float
    why: tuple[str, ...]
    rules: tuple[str, ...]
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """One version's list."""

    name: str
    rows: tuple[Row, ...]
    took_ms: float
    problem: str = ""
    hint: str = ""


@router.get("/recommend")
def lists_page(request: Request) -> Response:
    """A shopper's list with its reasons, beside what another version would show."""
    visit = visit_of(request)
    asked = request.query_params.get("who", "").strip()[:300]
    chosen = request.query_params.get("slot", Slot.HOME)
    slot = Slot(chosen) if chosen in OFFERED else Slot.HOME
    against = request.query_params.get("against", "")
    with visit.shop.database.connection() as conn:
        shopper = _shopper(conn, asked)
        offered = _latest(conn)
        did = _did(conn, shopper.visitor) if shopper else []
        known = [v for v in versions.listing(conn) if v.state in (State.READY, State.RETIRED)]
    if shopper is None and not asked:
        shopper = Shopper(Visitor(), "", "")
    other = next((v.id for v in known if str(v.id) == against), None)
    sides = [] if shopper is None else _sides(visit, shopper, slot, other)
    titles = _titles(visit, [item for _, item in did])
    changed = difference(*(tuple(r.product.id for r in side.rows) for side in sides)) if len(sides) == 2 else None  # fmt: skip
    return show(
        visit, "recommend/lists.html", title=visit.t("Recommend"), answer=_sentence(visit, shopper, asked, sides),
        asked=asked, shopper=shopper, offered=offered, slot=slot.value, sides=sides, changed=changed, choices=known,
        slots={s.value: visit.t(SLOTS[s]) for s in OFFERED}, against=other,
        did=[(visit.t(ACTIONS[action]), item, titles.get(item, item)) for action, item in did],
    )  # fmt: skip


def _sentence(visit: Visit, shopper: Shopper | None, asked: str, sides: Sequence[Side]) -> str:
    if shopper is None:
        return visit.t("Nobody is known as “{name}”.", name=asked)
    if not shopper.key:
        return visit.t("This is what a visitor gets of whom nothing is known. Choose a shopper to see theirs.")  # fmt: skip
    what = visit.counted("1 product", "{n} products", len(sides[0].rows))
    return visit.t("{products} for {name}, and why.", products=what, name=shopper.name)


def _shopper(conn: Connection, asked: str) -> Shopper | None:
    """A customer by id or address, or a device by the id in its events."""
    if not asked:
        return None
    row = conn.execute(
        "select id, first_name, last_name from customers where id = %(asked)s "
        "or (email <> '' and lower(email) = lower(%(asked)s)) order by id limit 1",
        {"asked": asked},
    ).fetchone()
    if row is not None:
        name = " ".join(part for part in row[1:] if part) or row[0]
        return Shopper(Visitor(customer_id=row[0]), name, row[0])
    row = conn.execute("select 1 from events where client_id = %s limit 1", [asked]).fetchone()
    return None if row is None else Shopper(Visitor(client_id=asked), asked, asked)


def _latest(conn: Connection) -> list[tuple[str, str]]:
    """Shoppers who were here last: key and name."""
    rows = conn.execute(
        "select c.id, c.first_name, c.last_name from ("
        "select customer_id, max(at) as at from (select customer_id, at from events where customer_id is not null "
        "order by at desc limit 500) newest group by 1) seen join customers c on c.id = seen.customer_id "
        "order by seen.at desc limit %s",
        [SHOPPERS],
    ).fetchall()
    return [(key, " ".join(part for part in names if part) or key) for key, *names in rows]


def _did(conn: Connection, visitor: Visitor) -> list[tuple[str, str]]:
    """What a shopper did last: action and product."""
    column, value = ("customer_id", visitor.customer_id) if visitor.customer_id else ("client_id", visitor.client_id)  # fmt: skip
    rows = conn.execute(
        f"select action, object_id from events where {column} = %s and object_id <> '' and action = any(%s) "  # noqa: S608
        "order by at desc limit %s",
        [value, list(ACTIONS), DID],
    ).fetchall()
    return [(str(action), str(item)) for action, item in rows]


def _sides(visit: Visit, shopper: Shopper, slot: Slot, other: int | None) -> list[Side]:
    asked = Asked(slot, shopper.visitor, limit=SHOWN, record=False)
    served = visit.shop.recommend.state.scorer.model.made.version
    name = visit.t("Version {n}, in use", n=served) if served else visit.t("As shoppers get it")
    sides = [_side(visit, name, lambda: visit.shop.recommend.preview(asked))]
    if other is not None:
        folder = visit.shop.settings.data_folder
        name = visit.t("Version {n}", n=other)
        sides.append(
            _side(
                visit,
                name,
                lambda: visit.shop.recommend.preview(
                    asked, state=visit.shop.recommend.beside(versions.load(folder, other))
                ),
            )
        )
        ids = [[row.product.id for row in side.rows] for side in sides]
        sides = [_marked(sides[0], marks(ids[0], ids[1])), _marked(sides[1], marks(ids[1], ids[0]))]
    return sides


def _side(visit: Visit, name: str, ask: Callable[[], RecommendedList]) -> Side:
    try:
        found = ask()
    except ShopkeeperError as error:
        return Side(name, (), 0.0, error.message, error.hint)
    wanted = [item.product_id for item in found.items]
    wanted += [r.product_id for item in found.items for r in item.reasons if r.product_id]
    known = visit.shop.search.products(wanted)
    titles = {str(i): translation_of(p, visit.language).title for i, p in known.items()}
    rows = [
        Row(
            number, product, titles[item.product_id], picture_of(product), item.score,
            tuple(_why(visit, reason, titles) for reason in item.reasons), item.rules,
        )
        for number, item in enumerate(found.items, 1)
        if (product := known.get(ProductId(item.product_id))) is not None
    ]  # fmt: skip
    return Side(name, tuple(rows), found.took_ms)


def _marked(side: Side, told: Sequence[Mark]) -> Side:
    rows = tuple(replace(row, mark=mark) for row, mark in zip(side.rows, told, strict=True))
    return replace(side, rows=rows)


def _why(visit: Visit, reason: Reason, titles: dict[str, str]) -> str:
    """A reason in the merchant's words."""
    t, of = visit.t, titles.get(reason.product_id, reason.product_id)
    words = ", ".join(reason.words)
    told = {
        Why.LOOKED: lambda: t("looked at {title}", title=of),
        Why.BOUGHT: lambda: t("bought {title}", title=of),
        Why.CART: lambda: t("has {title} in the cart", title=of),
        Why.THIS: lambda: t("goes with {title}", title=of),
        Why.SEARCHED: lambda: t("searched for “{words}”", words=" ".join(reason.words)),
        Why.POPULAR: lambda: visit.counted("1 person had it", "{n} people had it", reason.people),
        Why.AGAIN: lambda: visit.counted("bought it once", "bought it {n} times", reason.times),
        Why.PINNED: lambda: t("pinned by the rule {name}", name=reason.rule),
    }[reason.why]()
    if reason.product_id and reason.people:
        told += " · " + visit.counted("1 person had both", "{n} people had both", reason.people)
    if reason.product_id and words:
        told += " · " + t("both: {words}", words=words)
    return told


def _titles(visit: Visit, ids: Sequence[str]) -> dict[str, str]:
    known = visit.shop.search.products(ids)
    return {str(i): translation_of(p, visit.language).title for i, p in known.items()}
