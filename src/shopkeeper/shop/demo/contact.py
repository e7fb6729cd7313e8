"""What customers write to the demo shop, as events with the action `contact`; some of it wants to steal."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from shopkeeper.shop.demo.phrases import expand, table
from shopkeeper.shop.demo.purchases import Purchase
from shopkeeper.shop.demo.trouble import stealing_link
from shopkeeper.shop.records import Event, EventId

MESSAGES, SCAMS, DAYS = 320, 14, 180


def contacts(
    rng: random.Random, purchases: Sequence[Purchase], now: datetime
) -> tuple[list[Event], list[EventId]]:
    """Messages of the last months, and the ids of those that are not what they claim to be."""
    start = now - timedelta(days=DAYS)
    recent = [p for p in purchases if p.order.placed_at is not None and p.order.placed_at >= start]
    events = [_question(rng, rng.choice(recent), now) for _ in range(MESSAGES)]
    scams = [_scam(rng, rng.choice(recent), now) for _ in range(SCAMS)]
    return events + scams, [e.id for e in scams]


def _question(rng: random.Random, purchase: Purchase, now: datetime) -> Event:
    placed_at = purchase.order.placed_at or now
    line = purchase.order.lines[0]
    words = table("trouble")["contact"][purchase.person.language]
    sized = any(o.name == "Size" for o in line.options) and rng.random() < 0.3
    template = rng.choice(words["size" if sized else "lines"])
    text = expand(rng, template, {}).format(order=purchase.order.id, product=line.title)
    at = min(
        placed_at + timedelta(days=rng.uniform(0.1, 25)),
        now - timedelta(minutes=rng.randint(5, 900)),
    )
    return _message(rng, at, text, purchase, known=True)


def _scam(rng: random.Random, purchase: Purchase, now: datetime) -> Event:
    template = rng.choice(table("trouble")["contact"][purchase.person.language]["phishing"])
    text = template.format(order=purchase.order.id, link=stealing_link(rng))
    at = now - timedelta(days=rng.uniform(0.2, DAYS))
    return _message(rng, at, text, purchase, known=rng.random() < 0.3)


def _message(
    rng: random.Random, at: datetime, text: str, purchase: Purchase, *, known: bool
) -> Event:
    visitor = f"{rng.getrandbits(128):032x}"
    return Event(
        id=EventId(f"{rng.getrandbits(96):024x}"),
        action="contact",
        at=at.replace(microsecond=0),
        session_id=visitor,
        client_id=visitor,
        customer_id=purchase.person.customer.id if known else None,
        application="storefront",
        message=text,
    )
