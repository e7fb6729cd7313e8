"""The recommender trained anew in the background, by people, and by itself when enough has happened since; lists that
are older than the settings keep them put away once a day."""

from datetime import UTC, datetime, timedelta

from shopkeeper.jobs.queue import Jobs
from shopkeeper.jobs.records import Job, JobId
from shopkeeper.jobs.tasks import FORGET_LISTS, TRAIN_RECOMMENDER
from shopkeeper.recommend import retention, versions
from shopkeeper.recommend.behaviour import ACTIONS
from shopkeeper.settings import Settings
from shopkeeper.shop.bulk import Connection
from shopkeeper.shop.database import Database

TITLE = "Recommendations trained anew"
FORGOTTEN = "Old lists of recommendations added up"
FORGET_EVERY = timedelta(days=1)
ENOUGH = 100  # events since the last training, for another to be worth it


def train(jobs: Jobs, *, switch: bool = True) -> JobId:
    """Train in the background. The job that is at it already, if there is one."""
    return jobs.enqueue_once(TRAIN_RECOMMENDER, TITLE, switch=switch)


def train_if_due(jobs: Jobs, database: Database, settings: Settings) -> JobId | None:
    """Train if the last time is as long ago as the settings say, and people have done enough since."""
    if not settings.retrain_hours:
        return None
    last = jobs.latest(TRAIN_RECOMMENDER)
    if last is not None and not _is_past(last, timedelta(hours=settings.retrain_hours)):
        return None
    with database.connection() as conn:
        if _events_since_training(conn) < ENOUGH:
            return None
    return train(jobs)


def forget_if_due(jobs: Jobs, database: Database, settings: Settings) -> JobId | None:
    """Put old lists away, once a day and only where there are any."""
    last = jobs.latest(FORGET_LISTS)
    if last is not None and not _is_past(last, FORGET_EVERY):
        return None
    until = retention.first_kept(datetime.now(UTC), timedelta(days=settings.keep_lists_days))
    with database.connection() as conn:
        row = conn.execute(
            "select 1 from recommendations where made_at < %s limit 1", [until]
        ).fetchone()
    return None if row is None else jobs.enqueue_once(FORGET_LISTS, FORGOTTEN)


def _is_past(last: Job, wait: timedelta) -> bool:
    return last.state.over and (last.finished_at or last.created_at) + wait <= datetime.now(UTC)


def _events_since_training(conn: Connection) -> int:
    """Events that no version has seen; no more than `ENOUGH` are counted."""
    known = versions.listing(conn)
    until = max((float(v.spec["until"]) for v in known), default=0.0)
    row = conn.execute(
        "select count(*) from (select 1 from events where at > to_timestamp(%s) and at <= now() "
        "and action = any(%s) and object_id <> '' limit %s) found",
        [until, list(ACTIONS), ENOUGH],
    ).fetchone()
    return int(row[0]) if row else 0
