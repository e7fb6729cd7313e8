"""How long lists are kept one by one. After that the sums of their day remain, and the lists go.

What was counted stays what is told: `lists.credit` adds the sums to what it counts itself, and `trials.settle` keeps what an
experiment counted that ended. A click takes over the credit for its item from earlier clicks of the same visitor, on
whichever list; so all old lists of a visitor go together, and stay as long as one of them was clicked lately or belongs
to an experiment that is not settled.
"""

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta

from shopkeeper.recommend import lists, trials
from shopkeeper.recommend.lists import Outcome
from shopkeeper.shop.database import Database

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

_SPENT = """
with old as (
    select id, experiment, coalesce(customer_id, nullif(client_id, ''), nullif(session_id, ''), id) as visitor
    from recommendations where made_at < %(until)s
), staying as (
    select visitor from old where exists (
        select from events e where e.query_id = old.id and e.action in ('click', 'view') and e.at >= %(until)s)
    union
    select visitor from old join recommendation_experiments x on x.name = old.experiment where x.counted is null
)
select id from old where visitor not in (select visitor from staying)
"""


def forget(database: Database, *, keep_days: int, window: timedelta, now: datetime) -> int:
    """Put away the lists of whole days that ended `keep_days` ago; returns how many. All of them, or none if it is cut short.

    window: for how long what is bought is credited to a click; no list goes earlier than that.
    """
    until = first_kept(now, max(timedelta(days=keep_days), window))
    with database.connection() as conn:
        trials.settle(conn, before=until)
        spent = {str(id_) for (id_,) in conn.execute(_SPENT, {"until": until})}
        by_day: dict[date, list[Outcome]] = defaultdict(list)
        # A list made later may have taken over the credit for an item.
        for found in lists.outcomes(conn, since=LONG_AGO, until=until, window=window, later=window):
            if found.id in spent:
                by_day[found.made_at.astimezone(UTC).date()].append(found)
        for day, outcomes in by_day.items():
            lists.keep_sums(conn, day, lists.summed(outcomes))
        conn.execute("delete from recommendations where id = any(%s)", [list(spent)])
    return len(spent)


def first_kept(now: datetime, keep: timedelta) -> datetime:
    """The moment from which on lists are kept one by one: the begin of a day."""
    return datetime.combine((now - keep).astimezone(UTC).date(), time(), UTC)
