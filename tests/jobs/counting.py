"""A task that counts in the database, one committed row at a time, and a program that runs it until killed.

Run as `python -m tests.jobs.counting URL`.
"""

import sys
import time
from collections.abc import Mapping
from typing import Any

from shopkeeper.jobs import Jobs, Progress
from shopkeeper.jobs.worker import Task
from shopkeeper.shop.database import Database


def counting(database: Database) -> Task:
    """A task that writes the numbers below `to`, going on behind the last one written."""

    def count(progress: Progress, *, to: int, pause_s: float = 0.0) -> Mapping[str, Any]:
        with database.connection() as conn:
            conn.execute("create table if not exists counted (number integer primary key)")
            row = conn.execute("select coalesce(max(number) + 1, 0) from counted").fetchone()
        assert row is not None
        for number in range(row[0], to):
            with database.connection() as conn:
                conn.execute("insert into counted values (%s)", [number])
            progress.report(number + 1, to, "numbers", f"at {number}")
            time.sleep(pause_s)
        return {"counted": to - row[0]}

    return count


def main() -> None:
    """Run jobs until killed."""
    database = Database(sys.argv[1], pool_size=4)
    Jobs(database).start({"count": counting(database)})
    time.sleep(60)


if __name__ == "__main__":
    main()
