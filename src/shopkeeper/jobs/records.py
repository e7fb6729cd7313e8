"""What a background job is, as the console, the API and the command line show it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType

JobId = NewType("JobId", int)


class JobState(StrEnum):
    """Where a job stands. An interrupted one is taken up again by itself, a stopped or failed one only on request."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"

    @property
    def over(self) -> bool:
        """True if nothing more happens unless somebody asks for it."""
        return self in (JobState.DONE, JobState.FAILED, JobState.STOPPED)


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of background work and how far it is.

    done and total count `unit`s (rows, bytes, products); total is None while unknown. started_from: how many were
    done before the present run, so that the rate is that of this run. interruptions: how often the program ended
    under it and it was continued. result: what came out, for instance the id of an import.
    """

    id: JobId
    kind: str
    title: str
    state: JobState
    created_at: datetime
    arguments: Mapping[str, Any] = field(default_factory=dict)
    interruptions: int = 0
    started_from: int = 0
    done: int = 0
    total: int | None = None
    unit: str = ""
    message: str = ""
    result: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    started_at: datetime | None = None
    beat_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def rate(self) -> float | None:
        """Units a second in the present run, None until there is something to measure."""
        last = self.finished_at or self.beat_at
        if self.started_at is None or last is None:
            return None
        seconds = (last - self.started_at).total_seconds()
        moved = self.done - self.started_from
        return moved / seconds if seconds > 0 and moved > 0 else None

    @property
    def eta_s(self) -> float | None:
        """Seconds until done at the present rate, None when that cannot be said."""
        rate = self.rate
        if self.state is not JobState.RUNNING or rate is None or self.total is None:
            return None
        return max(0.0, (self.total - self.done) / rate)
