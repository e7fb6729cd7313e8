"""The retail shop of tau-bench in a shop of ours: imported by the feeds, judged by its own rules, and rewound.

`Rewinding` is one transaction for a whole run: a savepoint a step, so that nothing waits for a disk, and everything is
as before after `rewind`.
"""

import gzip
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from shopkeeper.face import Shop
from shopkeeper.settings import load_settings
from shopkeeper.shop import order_requests, orders
from shopkeeper.shop.bulk import Connection
from shopkeeper.shop.records import Address, CustomerId, Order
from shopkeeper.support import Action, ActionKind, Conversation, Support

FOLDER = Path("support") / "tau-retail"
POLICY = Path(__file__).with_name("tau_policy.toml")
START = datetime(2024, 5, 15, 15, 0, tzinfo=UTC)
KINDS = {
    "cancel_pending_order": ActionKind.CANCEL,
    "modify_pending_order_items": ActionKind.CHANGE_ITEMS,
    "modify_pending_order_address": ActionKind.CHANGE_ADDRESS,
    "modify_pending_order_payment": ActionKind.CHANGE_PAYMENT,
    "modify_user_address": ActionKind.CHANGE_PROFILE_ADDRESS,
    "return_delivered_order_items": ActionKind.RETURN,
    "exchange_delivered_order_items": ActionKind.EXCHANGE,
}
"""The benchmark's writing tools, and what each is here."""

Write = tuple[str, dict[str, Any]]
"""Name and arguments of a writing tool, as the tasks give them."""


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        """Let time pass."""
        self.now += timedelta(**by)


class Rewinding:
    """A database whose steps are savepoints of one transaction on one connection, one way to the server and back each."""

    def __init__(self, url: str) -> None:
        self.conn: Connection = psycopg.connect(url, options="-c timezone=UTC")
        self._inside = False  # there is a savepoint of a step before

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """One step: kept at the end, undone on an exception."""
        self.conn.execute("release step; savepoint step" if self._inside else "savepoint step")
        self._inside = True
        try:
            yield self.conn
        except BaseException:
            self.conn.execute("rollback to step")
            raise

    def mark(self) -> None:
        """Where `back` goes to."""
        self.conn.execute("savepoint mark")
        self._inside = False

    def back(self) -> None:
        """Undo everything since `mark`."""
        self.conn.execute("rollback to mark")
        self._inside = False

    def rewind(self) -> None:
        """Undo everything since the beginning, or since `keep`."""
        self.conn.rollback()
        self._inside = False

    def keep(self) -> None:
        """Make everything so far the new beginning."""
        self.conn.commit()
        self._inside = False

    def close(self) -> None:
        """Leave."""
        self.conn.close()


class NoMail:
    """Keeps the last message instead of sending it."""

    def __init__(self) -> None:
        self.last = ""

    def send(self, to: str, subject: str, body: str) -> None:
        """Remember it."""
        self.last = f"{to}\n{subject}\n{body}"


@dataclass
class TauShop:
    """The shop, its clock, and the raw data it was made from."""

    database: Rewinding
    support: Support
    clock: Clock
    mail: NoMail
    raw: dict[str, Any]

    def conversation(self, customer_id: str) -> Conversation:
        """A conversation in which this customer is matched."""
        made = self.support.open()
        made.identify(email=self.raw["users"][customer_id]["email"])
        return made


def read(data: Path, name: str) -> Any:
    """A file of the data set."""
    with gzip.open(data / FOLDER / f"{name}.json.gz") as file:
        return json.load(file)


@contextmanager
def tau_shop(data: Path) -> Iterator[TauShop]:
    """The shop, in a folder of its own that is gone afterwards."""
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        Path(folder).chmod(0o755)
        settings = load_settings(data_folder=Path(folder), pool_size=2, embedder="", assistant="")
        with Shop.open(settings=settings) as shop:
            for kind in ("products", "customers", "orders"):
                report = shop.import_file(data / FOLDER / "db.json.gz", kind, format="tau")
                if report.quarantined:
                    raise RuntimeError(f"{report.quarantined} {kind} could not be read")
            database, clock, mail = Rewinding(shop.database.url), Clock(), NoMail()
            support = Support(database, b"k" * 32, mail, clock=clock)
            support.set_policy(POLICY.read_text(encoding="utf-8"))
            database.keep()
            try:
                yield TauShop(database, support, clock, mail, read(data, "db"))
            finally:
                database.close()


def _memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def action(write: Write) -> Action:
    """A write of the benchmark as an action of ours."""
    name, given = write
    kind = KINDS[name]
    if kind in (ActionKind.CHANGE_ADDRESS, ActionKind.CHANGE_PROFILE_ADDRESS):
        return Action(kind, order_id=given.get("order_id", ""), address=address(given))
    return Action(
        kind,
        order_id=given["order_id"],
        items=tuple(given.get("item_ids", ())),
        new_items=tuple(given.get("new_item_ids", ())),
        method_id=given.get("payment_method_id", ""),
        reason=given.get("reason", ""),
    )


def address(given: Mapping[str, str]) -> Address:
    """An address in the benchmark's words."""
    return Address(
        line1=given["address1"], line2=given["address2"], city=given["city"],
        region=given["state"], postcode=given["zip"], country=given["country"],
    )  # fmt: skip


def writes_of(task: Mapping[str, Any]) -> list[Write]:
    """The writes of a task, of either version, in order."""
    if "evaluation_criteria" in task:
        done = [(a["name"], a["arguments"]) for a in task["evaluation_criteria"]["actions"]]
    else:
        done = [(a["name"], a["kwargs"]) for a in task["actions"]]
    return [(name, given) for name, given in done if name in KINDS]


def customer_of(raw: Mapping[str, Any], write: Write) -> str:
    """Whose records a write is about."""
    given = write[1]
    return str(given.get("user_id") or raw["orders"][given["order_id"]]["user_id"])


def state_of(conn: Connection, order_ids: Sequence[str], customer_ids: Sequence[str]) -> Any:
    """Orders and customers of our shop in the form of the benchmark's database."""
    requests = order_requests.of_orders(conn, order_ids)
    found = orders.get_many(conn, order_ids)
    return {
        "orders": {str(i): _order(o, requests) for i, o in found.items()},
        "users": {c: _customer(conn, CustomerId(c)) for c in customer_ids},
    }


def _order(order: Order, requests: Sequence[order_requests.OrderRequest]) -> dict[str, Any]:
    raw: dict[str, Any] = {
        "status": order.status,
        "address": raw_address(order.shipping_address),
        "items": [
            [line.product_id, line.variant_id, str(line.total.amount), {o.name: o.value for o in line.options}]
            for line in order.lines
            for _ in range(line.quantity)
        ],
        "payments": [[p.kind, str(p.amount.amount), p.method_id] for p in order.payments],
    }  # fmt: skip
    if order.status == "cancelled" and order.history[-1].note:
        raw["cancel_reason"] = order.history[-1].note
    for request in (r for r in requests if r.order_id == order.id):
        raw[request.kind.value] = [
            sorted(i.item_id for i in request.items),
            sorted(i.new_item_id for i in request.items if i.new_item_id),
            request.method_id,
        ]
        if request.kind is order_requests.RequestKind.EXCHANGE:
            raw["difference"] = f"{-request.refund.amount:.2f}"
    return raw


def raw_address(found: Address | None) -> list[str]:
    """An address as a list."""
    assert found is not None
    return [found.line1, found.line2, found.city, found.region, found.postcode, found.country]


def _customer(conn: Connection, customer_id: CustomerId) -> dict[str, Any]:
    from shopkeeper.shop import customers

    customer = customers.get(conn, customer_id)
    return {
        "address": raw_address(customer.addresses[0]),
        "balances": {
            m.id: str(m.balance.amount) for m in customer.payment_methods if m.balance is not None
        },
    }


def digests(conn: Connection) -> dict[str, bytes]:
    """Every order, customer and product by the hash of its content."""
    rows = conn.execute(
        "select 'o' || id, hash from orders union all select 'c' || id, hash from customers "
        "union all select 'p' || id, hash from products"
    ).fetchall()
    return {key: bytes(digest) for key, digest in rows}
