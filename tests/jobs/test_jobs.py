"""Background jobs: what they show, how they end, and that a killed program loses none."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from shopkeeper.errors import FeedError, MigrationError, NotFound, Refused
from shopkeeper.jobs import Job, Jobs, JobState, Progress, Task, schema, store
from shopkeeper.shop.database import Database
from tests.jobs.counting import counting

Wait = Callable[[Jobs, int, Callable[[Job], bool]], Job]


@pytest.fixture
def counted(queue: Database) -> Iterator[Database]:
    """The queue's database, and no table of numbers afterwards."""
    with queue.connection() as conn:
        conn.execute("drop table if exists counted")
    yield queue
    with queue.connection() as conn:
        conn.execute("drop table if exists counted")


def is_over(job: Job) -> bool:
    return job.state.over


@contextmanager
def running(db: Database, **tasks: Task) -> Iterator[Jobs]:
    """Jobs that run, and stop in time afterwards."""
    jobs = Jobs(db)
    jobs.start(tasks, alone=True)
    try:
        yield jobs
    finally:
        assert jobs.close()


def test_a_job_runs_to_its_end_and_keeps_its_result(counted: Database, wait_for: Wait) -> None:
    with running(counted, count=counting(counted)) as jobs:
        job = wait_for(jobs, jobs.enqueue("count", "Counting", to=5), is_over)
    assert (job.state, job.done, job.total, job.unit) == (JobState.DONE, 5, 5, "numbers")
    assert job.result == {"counted": 5}
    assert job.error == ""


def test_progress_shows_rate_and_time_left(counted: Database, wait_for: Wait) -> None:
    with running(counted, count=counting(counted)) as jobs:
        job = jobs.enqueue("count", "Counting", to=5000, pause_s=0.005)
        seen = wait_for(jobs, job, lambda j: j.done > 100)
    assert seen.state is JobState.RUNNING
    assert seen.rate is not None and 20 < seen.rate < 250
    assert seen.eta_s == pytest.approx((5000 - seen.done) / seen.rate)


def test_a_failure_says_what_was_wrong_and_can_be_retried(queue: Database, wait_for: Wait) -> None:
    mended = threading.Event()

    def fail(progress: Progress) -> Mapping[str, Any] | None:
        if not mended.is_set():
            raise FeedError("prices.csv:3: no price", hint="add one")
        return None

    with running(queue, fail=fail) as jobs:
        job = jobs.enqueue("fail", "Failing")
        failed = wait_for(jobs, job, is_over)
        assert (failed.state, failed.error) == (JobState.FAILED, "prices.csv:3: no price (add one)")
        mended.set()
        jobs.retry(job)
        assert wait_for(jobs, job, is_over).state is JobState.DONE


def test_an_unexpected_error_shows_no_traceback(
    queue: Database, wait_for: Wait, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(progress: Progress) -> None:
        raise RuntimeError("password=hunter2")

    with running(queue, fail=fail) as jobs:
        failed = wait_for(jobs, jobs.enqueue("fail", "Failing"), is_over)
    assert failed.error == "an unexpected error: RuntimeError (the program's log has the details)"
    assert "hunter2" in caplog.text


def test_a_running_job_stops_on_request(counted: Database, wait_for: Wait) -> None:
    with running(counted, count=counting(counted)) as jobs:
        job = jobs.enqueue("count", "Counting", to=100_000, pause_s=0.002)
        wait_for(jobs, job, lambda j: j.done > 0)
        jobs.stop(job)
        stopped = wait_for(jobs, job, is_over)
        assert stopped.state is JobState.STOPPED
        with pytest.raises(Refused, match="is stopped"):
            jobs.stop(job)


def test_a_waiting_job_can_be_taken_out_of_the_queue(queue: Database) -> None:
    jobs = Jobs(queue)
    job = jobs.enqueue("count", "Counting", to=1)
    assert jobs.stop(job).state is JobState.STOPPED
    assert jobs.retry(job).state is JobState.WAITING
    with pytest.raises(Refused, match="is waiting"):
        jobs.retry(job)


def test_an_unknown_job_is_not_found(queue: Database) -> None:
    jobs = Jobs(queue)
    for ask in (jobs.get, jobs.stop, jobs.retry):
        with pytest.raises(NotFound):
            ask(4711)


def test_closing_is_quick_and_the_next_start_continues(counted: Database, wait_for: Wait) -> None:
    with running(counted, count=counting(counted)) as jobs:
        job = jobs.enqueue("count", "Counting", to=400, pause_s=0.005)
        wait_for(jobs, job, lambda j: j.done > 0)
        begun = time.monotonic()
        assert jobs.close()
        assert time.monotonic() - begun < 2
    assert jobs.get(job).state is JobState.INTERRUPTED
    with running(counted, count=counting(counted)) as jobs:
        done = wait_for(jobs, job, is_over)
    assert (done.state, done.interruptions) == (JobState.DONE, 1)
    assert 0 < done.result["counted"] < 400  # the first run's numbers were not done twice


def test_the_job_of_a_killed_program_is_continued(counted: Database, wait_for: Wait) -> None:
    jobs = Jobs(counted)
    job = jobs.enqueue("count", "Counting", to=300, pause_s=0.01)
    command = [sys.executable, "-m", "tests.jobs.counting", counted.url]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root) as program:
        wait_for(jobs, job, lambda j: j.done > 20)
        os.kill(program.pid, signal.SIGKILL)
        program.wait()
    with running(counted, count=counting(counted)) as jobs:
        continued = wait_for(jobs, job, lambda j: j.interruptions == 1)
        assert continued.state in (JobState.INTERRUPTED, JobState.WAITING, JobState.RUNNING)
        done = wait_for(jobs, job, is_over)
    assert done.state is JobState.DONE
    with counted.connection() as conn:
        assert conn.execute("select count(*) from counted").fetchone() == (300,)


def test_a_silent_worker_loses_its_job_and_a_living_one_keeps_it(queue: Database) -> None:
    jobs = Jobs(queue)
    job = jobs.enqueue("count", "Counting", to=1)
    with queue.connection() as conn:
        worker = conn.execute("select worker_id from procrastinate_register_worker_v1()").fetchone()
        assert worker is not None
        conn.execute("select procrastinate_fetch_job_v2(null, %s)", [worker[0]])
        assert store.recover(conn, silent_s=10, attempts=5) == []
        conn.execute("update procrastinate_workers set last_heartbeat = now() - interval '11 s'")
        assert store.recover(conn, silent_s=10, attempts=5) == [job]
    assert jobs.get(job).state is JobState.INTERRUPTED


def test_a_job_that_ends_the_program_again_and_again_is_given_up(queue: Database) -> None:
    jobs = Jobs(queue)
    job = jobs.enqueue("count", "Counting", to=1)
    with queue.connection() as conn:
        for _ in range(3):
            conn.execute(
                "update procrastinate_jobs set status = 'doing' where queue_name = 'shopkeeper'"
            )
            store.recover(conn, silent_s=0, attempts=2)
    found = jobs.get(job)
    assert found.state is JobState.FAILED
    assert "ended 3 times" in found.error


def test_a_job_is_enqueued_with_its_queue_row_or_not_at_all(queue: Database) -> None:
    jobs = Jobs(queue)
    with queue.connection() as conn:
        conn.execute("alter function procrastinate_defer_jobs_v1 rename to away")
    try:
        with pytest.raises(psycopg.errors.UndefinedFunction):
            jobs.enqueue("count", "Counting", to=1)
    finally:
        with queue.connection() as conn:
            conn.execute("alter function away rename to procrastinate_defer_jobs_v1")
    assert jobs.list() == []


def test_the_list_is_paged_newest_first(queue: Database) -> None:
    jobs = Jobs(queue)
    ids = [jobs.enqueue("count", f"Job {n}", to=1) for n in range(5)]
    first = [job.id for job in jobs.list(limit=2)]
    assert first == ids[:2:-1]
    assert [job.id for job in jobs.list(limit=10, before=first[-1])] == ids[2::-1]


def test_the_queue_schema_of_an_older_version_is_brought_up_to_date(
    empty_database_url: str,
) -> None:
    steps = schema.steps()
    older = next(n for n, step in enumerate(steps) if step > "03.03")
    with psycopg.connect(empty_database_url) as conn:
        for step in steps[:older]:
            conn.execute(schema.text(step).encode())
        comment = sql.SQL("comment on table procrastinate_jobs is {}")
        conn.execute(comment.format(sql.Literal(steps[older - 1])))
        schema.apply(conn)
        schema.apply(conn)
        assert conn.execute("select to_regproc('procrastinate_retry_job_v2')::text").fetchone() == (
            "procrastinate_retry_job_v2",
        )


def test_a_queue_newer_than_the_program_is_refused(empty_database_url: str) -> None:
    with psycopg.connect(empty_database_url) as conn:
        schema.apply(conn)
        conn.execute("comment on table procrastinate_jobs is '99.00.00_01_pre_x.sql'")
        with pytest.raises(MigrationError, match="newer"):
            schema.apply(conn)
