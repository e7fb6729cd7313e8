"""What a version would have brought, had it served: asked again for the lists that were drawn, and judged by what followed.

Each list that was shown with its chances (`exploring.py`) is made anew by the version, for the same visitor with what they
had done by then, and stands or falls with the clicks on what was really shown (`counterfactual.py`).
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from shopkeeper.errors import Refused
from shopkeeper.recommend import lists, versions
from shopkeeper.recommend.counterfactual import Estimate, Logged, estimate
from shopkeeper.recommend.lists import Kept
from shopkeeper.recommend.live import Asked, Recommendations
from shopkeeper.recommend.slots import Slot, Visitor
from shopkeeper.shop.bulk import Connection
from shopkeeper.shop.database import Database

MOST = 20_000  # lists, the newest

Answer = Callable[[Visitor, datetime, int], Sequence[str]]  # who, when, how many -> product ids


def estimate_version(
    database: Database, served: Recommendations, data_folder: Path, version: int, *, days: int = 30
) -> Estimate:
    """What a version would have brought on the front page. Raises Refused where the logs cannot say, NotFound."""
    with database.connection() as conn:
        versions.get(conn, version)
        until = datetime.now(UTC)
        shown, clicked = _drawn(conn, until - timedelta(days=days), until)
    state = served.beside(versions.load(data_folder, version))

    def answer(visitor: Visitor, at: datetime, limit: int) -> Sequence[str]:
        asked = Asked(Slot.HOME, visitor, limit=limit, explain=False)
        found = served.preview(asked, state=state, at=at)
        return [item.product_id for item in found.items]

    return estimate_answers(shown, clicked, answer)


def estimate_answers(
    shown: Sequence[Kept], clicked: Sequence[frozenset[str]], answer: Answer
) -> Estimate:
    """The same for any way to answer. clicked: of each list, the items that were. Raises Refused."""
    if not shown:
        raise Refused(
            "no list was drawn, so nothing is known of what was not shown",
            hint='let some be drawn: set {"explore": 0.1} with `shopkeeper recommend controls home --set`',
        )
    places = max(len(kept.list.items) for kept in shown)
    reward, target = np.zeros((len(shown), places)), np.zeros((len(shown), places))
    chance = np.ones((len(shown), places))
    for row, (kept, clicks) in enumerate(zip(shown, clicked, strict=True)):
        ids = [item.product_id for item in kept.list.items]
        again = answer(kept.visitor, kept.list.made_at, len(ids))
        chance[row, : len(ids)] = kept.propensities
        reward[row, : len(ids)] = [item in clicks for item in ids]
        target[row, : len(again)] = [a == b for a, b in zip(ids, again, strict=False)]
    keys = {kept.visitor.key or kept.list.id: n for n, kept in enumerate(shown)}
    visitor = np.array([keys[kept.visitor.key or kept.list.id] for kept in shown], np.intp)
    return estimate(Logged(reward, chance, visitor), target)


def _drawn(
    conn: Connection, since: datetime, until: datetime
) -> tuple[list[Kept], list[frozenset[str]]]:
    """Lists of the front page that were shown with chances, and what was clicked on each."""
    rows = conn.execute(
        "select id from recommendations where slot = 'home' and made_at >= %s and made_at < %s and propensities <> '{}' "
        "order by made_at desc limit %s",
        [since, until, MOST],
    ).fetchall()
    wanted = {str(id_) for (id_,) in rows}
    clicked = {
        found.id: found.clicked
        for found in lists.outcomes(conn, since=since, until=until)
        if found.id in wanted
    }
    kept = [lists.get(conn, id_) for id_ in clicked]
    return kept, list(clicked.values())
