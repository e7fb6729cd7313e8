"""Lists for everybody: those that the live shop gives, one by one."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from shopkeeper.recommend import Asked, Recommendations, Slot, Visitor, batch, learning
from shopkeeper.shop.database import Database
from tests.recommend.lived_in import PEOPLE, fill


def test_everybody_gets_the_list_of_the_live_shop(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "BLOCK", 64)
    fill(db)
    learning.learn(db, tmp_path)
    now = datetime.now(UTC)
    served = Recommendations(
        db, find=lambda selection: [], folder=tmp_path, secret=b"", clock=lambda: now
    )
    served.refresh()
    with db.connection() as conn:
        found = {x.who: x for x in batch.lists_for(conn, served.state, limit=6, now=now)}
    assert len(found) == PEOPLE
    for who in [*list(found)[:12], *list(found)[-12:]]:
        visitor = Visitor(customer_id=who[1:]) if who[0] == "c" else Visitor(client_id=who[1:])
        live = served.ask(Asked(Slot.HOME, visitor, limit=6, record=False))
        assert found[who].products == tuple(item.product_id for item in live.items)
    letters = list(batch.for_emails(db, found.values()))
    assert len(letters) == sum(who[0] == "c" for who in found)
    assert all(letter["email"] and letter["products"] for letter in letters)
