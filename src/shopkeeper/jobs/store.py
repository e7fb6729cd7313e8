"""Jobs in the database: the table that people look at, and where a job stands in procrastinate's queue.

The queue row says who must run; the row in `job_progress` says what it is and how far it got, and stays when the
queue row is gone.
"""

from typing import Any

from procrastinate import App, SyncPsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job as QueuedJob
from psycopg.rows import dict_row

from shopkeeper.errors import NotFound
from shopkeeper.jobs.records import Job, JobId, JobState
from shopkeeper.shop.bulk import Connection, jsonb

QUEUE = "shopkeeper"
TASK = "shopkeeper.run"

# Defers inside our own transactions; this connector never opens a connection of its own.
_deferrer = App(connector=SyncPsycopgConnector()).job_manager

_COLUMNS = (
    "id, kind, title, state, created_at, arguments, interruptions, started_from, done, total, unit, message, "
    "result, error, started_at, beat_at, finished_at"
)


def create(conn: Connection, kind: str, title: str, arguments: dict[str, Any]) -> JobId:
    """Write a job and put it in the queue, both or neither."""
    row = conn.execute(
        "insert into job_progress (kind, title, arguments, state) values (%s, %s, %s, 'waiting') returning id",
        [kind, title, jsonb(arguments)],
    ).fetchone()
    assert row is not None
    job = JobId(row[0])
    _defer(conn, job)
    return job


def _defer(conn: Connection, job: JobId) -> None:
    wanted = QueuedJob(
        queue=QUEUE, task_name=TASK, lock=None, queueing_lock=None, task_kwargs={"job": job}
    )
    try:
        queued = _deferrer.defer_job(wanted, connection=conn)
    except (
        ConnectorException
    ) as error:  # so that whoever holds the connection sees the server's own error
        if error.__cause__ is None:
            raise
        raise error.__cause__ from error
    conn.execute("update job_progress set queue_id = %s where id = %s", [queued.id, job])


def create_once(conn: Connection, kind: str, title: str, arguments: dict[str, Any]) -> JobId:
    """The job that does just this and is not over yet; a new one if there is none."""
    conn.execute("select pg_advisory_xact_lock(hashtext(%s))", [f"shopkeeper job {kind}"])
    row = conn.execute(
        "select id from job_progress where kind = %s and arguments = %s "
        "and state in ('waiting', 'running', 'interrupted') order by id limit 1",
        [kind, jsonb(arguments)],
    ).fetchone()
    return create(conn, kind, title, arguments) if row is None else JobId(row[0])


def latest(conn: Connection, kind: str, arguments: dict[str, Any]) -> Job | None:
    """The newest job of a kind with these among its arguments."""
    row = conn.execute(
        "select max(id) from job_progress where kind = %s and arguments @> %s",
        [kind, jsonb(arguments)],
    ).fetchone()
    return None if row is None or row[0] is None else get(conn, row[0])


def get(conn: Connection, job: int) -> Job:
    """The job with this id. Raises NotFound."""
    with conn.cursor(row_factory=dict_row) as cursor:
        query = f"select {_COLUMNS} from job_progress where id = %s"  # noqa: S608  # our own column names
        row = cursor.execute(query, [job]).fetchone()
    if row is None:
        raise NotFound(f"no job has the id {job}", hint="`shopkeeper jobs list` shows them all")
    return _job(row)


def recent(conn: Connection, *, limit: int, before: int | None) -> list[Job]:
    """The newest jobs first, from below the id `before`."""
    with conn.cursor(row_factory=dict_row) as cursor:
        query = (
            f"select {_COLUMNS} from job_progress "  # noqa: S608  # our own column names
            "where %(before)s::bigint is null or id < %(before)s order by id desc limit %(limit)s"
        )
        rows = cursor.execute(query, {"before": before, "limit": limit}).fetchall()
    return [_job(row) for row in rows]


def _job(row: dict[str, Any]) -> Job:
    return Job(**row | {"state": JobState(row["state"])})


def begin(conn: Connection, job: int) -> Job:
    """Mark a job as running from now. Raises NotFound."""
    conn.execute(
        "update job_progress set state = 'running', started_at = clock_timestamp(), "
        "beat_at = clock_timestamp(), started_from = done, finished_at = null, error = '' where id = %s",
        [job],
    )
    return get(conn, job)


def progress(
    conn: Connection, job: int, *, done: int, total: int | None, unit: str, message: str
) -> None:
    """Write how far a running job is. A job that begins anew below where it was counts from there."""
    conn.execute(
        "update job_progress set done = %s, total = %s, unit = %s, message = %s, "
        "started_from = least(started_from, %s), beat_at = clock_timestamp() where id = %s",
        [done, total, unit, message, done, job],
    )


def finish(
    conn: Connection,
    job: int,
    state: JobState,
    *,
    error: str = "",
    message: str | None = None,
    result: dict[str, Any] | None = None,
) -> None:
    """Mark a job as over."""
    conn.execute(
        "update job_progress set state = %s, error = %s, message = coalesce(%s, message), result = %s, "
        "finished_at = clock_timestamp() where id = %s",
        [state.value, error, message, jsonb(result or {}), job],
    )


def interrupt(conn: Connection, job: int, *, error: str = "") -> None:
    """Mark a job as cut short; the queue brings it back."""
    conn.execute(
        "update job_progress set state = 'interrupted', interruptions = interruptions + 1, error = %s "
        "where id = %s",
        [error, job],
    )


def again(conn: Connection, job: int) -> bool:
    """Put a failed or stopped job back in the queue. False if it is in no such state. Raises NotFound."""
    changed = conn.execute(
        "update job_progress set state = 'waiting', error = '', finished_at = null "
        "where id = %s and state in ('failed', 'stopped')",
        [job],
    ).rowcount
    if changed:
        _defer(conn, JobId(job))
        return True
    get(conn, job)
    return False


def ask_to_stop(conn: Connection, job: int) -> bool:
    """Take a waiting job out of the queue, tell a running one to stop. False if it is over. Raises NotFound."""
    row = conn.execute(
        "select queue_id, state from job_progress where id = %s for update", [job]
    ).fetchone()
    if row is None:
        get(conn, job)
        return False
    queue_id, state = row
    if JobState(state).over or queue_id is None:
        return False
    if conn.execute(
        "delete from procrastinate_jobs where id = %s and status = 'todo'", [queue_id]
    ).rowcount:
        finish(conn, job, JobState.STOPPED)
        return True
    return _deferrer.cancel_job_by_id(queue_id, abort=True, connection=conn)


def recover(conn: Connection, *, silent_s: float, attempts: int) -> list[JobId]:
    """Put jobs back in the queue whose worker has not been heard of for `silent_s` seconds.

    One that was cut short `attempts` times is given up: what it does may be what ends the program. Returns the jobs
    put back.
    """
    rows = conn.execute(
        "with lost as ("
        " select j.id, j.attempts from procrastinate_jobs j"
        " left join procrastinate_workers w on w.id = j.worker_id"
        " where j.status = 'doing' and j.queue_name = %s"
        " and (w.id is null or w.last_heartbeat <= clock_timestamp() - make_interval(secs => %s))"
        " for update of j skip locked)"
        " select p.id, l.id, l.attempts from lost l join job_progress p on p.queue_id = l.id",
        [QUEUE, silent_s],
    ).fetchall()
    back = []
    for job, queue_id, tries in rows:
        if tries >= attempts:
            conn.execute("delete from procrastinate_jobs where id = %s", [queue_id])
            text = (
                f"the program ended {tries + 1} times while this job ran, so it is not tried again"
            )
            finish(conn, job, JobState.FAILED, error=text)
            continue
        interrupt(conn, job)
        conn.execute(
            "select procrastinate_retry_job_v2(%s, clock_timestamp(), null, null, null)", [queue_id]
        )
        back.append(JobId(job))
    _close_lost(conn)
    return back


def _close_lost(conn: Connection) -> None:
    """A job that no queue row stands for any more cannot end by itself."""
    conn.execute(
        "update job_progress p set state = 'failed', finished_at = clock_timestamp(), "
        "error = 'this job fell out of the queue; try it again' "
        "where state in ('waiting', 'running', 'interrupted') and not exists ("
        " select from procrastinate_jobs j where j.id = p.queue_id and j.status in ('todo', 'doing'))"
    )
