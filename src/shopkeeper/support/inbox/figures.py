"""How customer service fares, in counts that are not flattered: what became of conversations, why people were called, and
how long customers waited for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from shopkeeper.support import outcomes
from shopkeeper.support.cases import Reason
from shopkeeper.support.outcomes import Outcomes
from shopkeeper.support.service import Support


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of the last days. reasons: why a person answered -> how often, the commonest first. waited: median time
    until somebody took a conversation that was handed over while somebody was there; None where none was. taken: of how
    many that is; away: how many were handed over while nobody was there. unanswered: questions that nothing answered."""

    days: int
    outcomes: Outcomes
    reasons: Mapping[Reason, int]
    waited: timedelta | None
    taken: int
    away: int
    unanswered: int


def figures(support: Support, days: int) -> Figures:
    """The figures of the last days."""
    now = support.clock()
    since = now - timedelta(days=days)
    with support.database.connection() as conn:
        ended = outcomes.count(conn, since=since, now=now)
        reasons = conn.execute(
            "select reason, count(*) from support_cases where asked_at >= %s group by reason order by 2 desc, 1",
            [since],
        ).fetchall()
        waits = conn.execute(
            "select percentile_cont(0.5) within group (order by extract(epoch from taken_at - asked_at)) "
            "filter (where open_hours and taken_at is not null), "
            "count(*) filter (where open_hours and taken_at is not null), count(*) filter (where not open_hours) "
            "from support_cases where reason <> 'taken' and asked_at >= %s",
            [since],
        ).fetchone()
        asked = conn.execute(
            "select count(*) from support_questions where at >= %s", [since]
        ).fetchone()
    assert waits is not None and asked is not None
    seconds, taken, away = waits
    waited = None if seconds is None else timedelta(seconds=float(seconds))
    return Figures(
        days, ended, {Reason(r): n for r, n in reasons}, waited, taken, away, int(asked[0])
    )
