"""A shop that is open: what was just done counts, what sells out goes, what came is there, and clicks are credited."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shopkeeper import rules
from shopkeeper.errors import NotFound
from shopkeeper.recommend import (
    Asked,
    Controls,
    Recommendations,
    Slot,
    Visitor,
    Why,
    fitting,
    goods,
    lists,
)
from shopkeeper.recommend import controls as said
from shopkeeper.rules import Action, Condition, Rule, Selection
from shopkeeper.shop import events, products
from shopkeeper.shop.database import Database
from shopkeeper.shop.erasing import erase_customer
from shopkeeper.shop.records import Availability, Event, EventId, ProductId, VariantId
from tests.recommend.lived_in import KINDS, fill, product

GUEST = Visitor(session_id="guest-session", client_id="guest-device")


@pytest.fixture
def shop(db: Database, tmp_path: Path) -> Iterator[Recommendations]:
    """Recommendation over the small shop, without threads: each answer follows the database."""
    fill(db)
    with db.connection() as conn:
        said.save(conn, Slot.HOME, Controls())  # as many of a kind as there are
    opened = Recommendations(db, find=lambda chosen: chosen.ids, folder=tmp_path, secret=b"secret")
    yield opened
    opened.close()


def look(db: Database, item: str, *, action: str = "view", **more: object) -> None:
    """An event of the guest, now."""
    now = datetime.now(UTC)
    event = Event(
        EventId(f"{action} {item} {now}"), action, now, GUEST.session_id, GUEST.client_id,
        object_id=item, object_id_type="product" if item else "",
    )  # fmt: skip
    with db.connection() as conn:
        events.add(conn, [replace(event, **more)])  # type: ignore[arg-type]


def ids(found: object) -> list[str]:
    return [item.product_id for item in found.items]  # type: ignore[attr-defined]


def test_what_was_just_done_counts_in_the_next_answer(db: Database, shop: Recommendations) -> None:
    before = shop.home(GUEST)
    assert {r.why for item in before.items for r in item.reasons} == {Why.POPULAR}
    look(db, "spade-3")
    found = shop.home(GUEST, limit=5)
    assert all(i.startswith("spade-") for i in ids(found)) and "spade-3" not in ids(found)
    reason = found.items[0].reasons[0]
    assert (reason.why, reason.product_id) == (Why.LOOKED, "spade-3") and reason.weight > 0
    look(db, "teapot-1")
    assert shop.because_you_looked(GUEST).anchors == ("teapot-1",)
    look(db, "", action="search", user_query="scarf")
    searched = shop.home(GUEST).items[0]
    assert searched.product_id.startswith("scarf-") and searched.reasons[0].words == ("scarf",)


def test_what_sells_out_goes_at_once_and_what_is_new_reaches_the_right_people(
    db: Database, shop: Recommendations
) -> None:
    look(db, "spade-3")
    first = ids(shop.home(GUEST))[0]
    gone = product(12 + int(first.partition("-")[2]))
    variant = replace(gone.variants[0], availability=Availability.OUT_OF_STOCK)
    fresh = replace(
        product(12), id=ProductId("spade-new"), title="spade number99",
        variants=(replace(product(12).variants[0], id=VariantId("v-new")),),
    )  # fmt: skip
    with db.connection() as conn:
        products.upsert(conn, [replace(gone, variants=(variant,)), fresh])
    found = ids(shop.home(GUEST, limit=12))
    assert first not in found and "spade-new" in found
    with db.connection() as conn:
        products.delete(conn, ["spade-new"])
    assert "spade-new" not in ids(shop.home(GUEST, limit=12))


def test_rules_hold_in_the_lists_they_name_and_can_be_looked_at_before(
    db: Database, shop: Recommendations
) -> None:
    look(db, "spade-3")
    first, *_ = ids(shop.home(GUEST))
    hide = Rule("no spade today", Action.HIDE, Selection(ids=(first,)), Condition(lists=("home",)))
    pin = Rule("teapots", Action.PIN, Selection(ids=("teapot-2",)), Condition(lists=("home",)))
    asked = Asked(Slot.HOME, GUEST)
    seen = shop.preview(asked, rules=[hide, pin])
    assert first not in ids(seen) and ids(seen)[0] == "teapot-2"
    assert seen.items[0].reasons[0].why is Why.PINNED
    assert ids(shop.home(GUEST))[0] == first
    with db.connection() as conn:
        rules.save(conn, hide)
        rules.save(
            conn, replace(pin, condition=Condition())
        )  # a pin without a list is about search
        said.save(conn, Slot.HOME, Controls(per_category=1))
    found = ids(shop.home(GUEST))
    assert first not in found and len({i.partition("-")[0] for i in found}) == len(found)
    assert first in ids(shop.similar("spade-3"))


def test_until_a_model_is_fitted_nothing_is_called_alike_for_being_popular(
    db: Database, shop: Recommendations
) -> None:
    with db.connection() as conn:
        shop.use(fitting.popular(conn, list(goods.read(conn))))
    look(db, "spade-3")
    assert ids(shop.home(GUEST))
    assert not ids(shop.because_you_looked(GUEST)) and not ids(shop.similar("spade-3"))
    assert not ids(shop.bought_together("spade-3"))


def test_every_slot_answers_its_own_question(shop: Recommendations) -> None:
    assert all(i.startswith("scarf-") for i in ids(shop.similar("scarf-1", limit=5)))
    assert not any(i.startswith("scarf-") for i in ids(shop.cart(["scarf-1"])))
    assert not any(i.startswith("scarf-") for i in ids(shop.bought_together("scarf-1")))
    assert shop.because_you_looked(Visitor()).items == ()
    assert shop.cart([]).items == () and shop.again("nobody").items == ()
    with pytest.raises(NotFound, match="no product has the id 'nothing'"):
        shop.similar("nothing")


def test_clicks_and_what_is_bought_after_them_are_credited_to_the_last_list(
    db: Database, shop: Recommendations
) -> None:
    since = datetime.now(UTC) - timedelta(minutes=1)
    look(db, "spade-3")
    earlier, later = shop.home(GUEST), shop.home(GUEST)
    for found in (earlier, later):
        look(db, ids(found)[0], action="click", query_id=found.id, position=1)
    look(db, ids(later)[0], action="purchase")
    with db.connection() as conn:
        kept = lists.get(conn, later.id)
        assert kept.visitor == GUEST and ids(kept.list) == ids(later)
        until = datetime.now(UTC) + timedelta(minutes=1)
        (home,) = lists.credit(conn, since=since, until=until)
        assert (home.lists, home.clicks, home.carts, home.bought) == (2, 2, 0, 1)
        bought = {o.id: o.bought for o in lists.outcomes(conn, since=since, until=until)}
    assert not bought[earlier.id] and bought[later.id] == {ids(later)[0]}


def test_a_list_that_is_not_to_be_kept_is_not(db: Database, shop: Recommendations) -> None:
    found = shop.ask(Asked(Slot.SIMILAR, GUEST, ("scarf-1",), record=False))
    with db.connection() as conn, pytest.raises(NotFound, match="no list of recommendations"):
        lists.get(conn, found.id)


def test_of_who_was_erased_nothing_speaks_any_more(db: Database, shop: Recommendations) -> None:
    known = Visitor(customer_id="c0")
    assert any(r.why in (Why.LOOKED, Why.BOUGHT) for i in shop.home(known).items for r in i.reasons)
    with db.connection() as conn:
        erase_customer(conn, "c0")
    assert {r.why for i in shop.home(known).items for r in i.reasons} == {Why.POPULAR}


def test_what_was_bought_often_is_offered_again(db: Database, shop: Recommendations) -> None:
    with db.connection() as conn:
        conn.execute(
            "insert into orders (id, customer_id, placed_at, hash) values ('again', 'c0', now() - interval '9 days', '')"
        )
        conn.execute(
            "insert into order_lines (order_id, position, product_id, quantity, total, currency) "
            "select 'again', 0, product_id, 1, 9.9, 'USD' from order_lines where order_id = 'o0'"
        )
    (item,) = shop.again("c0").items
    assert item.reasons[0].why is Why.AGAIN and item.reasons[0].times == 2


def test_a_taste_orders_what_others_found(db: Database, shop: Recommendations) -> None:
    assert shop.taste(GUEST, ["scarf-1", "spade-1"]) == {}
    look(db, "spade-3")
    taste = shop.taste(GUEST, ["scarf-1", "spade-1", f"{KINDS[2]}-1"])
    assert max(taste, key=taste.__getitem__) == "spade-1" and max(taste.values()) == 1.0


def wait_for(done: Callable[[], bool]) -> None:
    """Until the background has done something."""
    for _ in range(3000):
        if done():
            return
        time.sleep(0.02)
    raise AssertionError("it was not done")


def test_a_server_fits_a_model_by_itself_and_follows_the_shop(
    db: Database, shop: Recommendations
) -> None:
    shop.start()
    wait_for(lambda: shop.state.scorer.model.made.events > 0)
    gone = product(0)
    variant = replace(gone.variants[0], availability=Availability.OUT_OF_STOCK)
    hide = Rule("no spade", Action.HIDE, Selection(ids=("spade-1",)))
    with db.connection() as conn:
        products.upsert(conn, [replace(gone, variants=(variant,))])
        rules.save(conn, hide)
    wait_for(lambda: not shop.state.shelf.sellable[shop.state.shelf.place["scarf-0"]])
    wait_for(lambda: bool(shop.state.rules))
    found = shop.home(GUEST, limit=36)
    assert not {"scarf-0", "spade-1"} & set(ids(found))
    shop.close()  # writes what waits
    with db.connection() as conn:
        assert ids(lists.get(conn, found.id).list) == ids(found)
