"""A queue without jobs, and how to wait for one."""

import time
from collections.abc import Callable, Iterator

import pytest

from shopkeeper.jobs import Job, Jobs
from shopkeeper.shop.database import Database


@pytest.fixture
def queue(db: Database) -> Iterator[Database]:
    """The empty database with an empty queue, before and after."""
    Jobs(db)
    _clear(db)
    yield db
    _clear(db)


def _clear(db: Database) -> None:
    with db.connection() as conn:
        conn.execute("truncate procrastinate_jobs, procrastinate_workers, job_progress cascade")


@pytest.fixture
def wait_for() -> Callable[..., Job]:
    """Wait until what is asked of a job holds, ten seconds at most."""

    def wait(jobs: Jobs, job: int, holds: Callable[[Job], bool]) -> Job:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            found = jobs.get(job)
            if holds(found):
                return found
            time.sleep(0.03)
        raise AssertionError(f"waited in vain: {jobs.get(job)}")

    return wait
