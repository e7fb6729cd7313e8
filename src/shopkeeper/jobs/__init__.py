"""Background work: what comes in is a kind and arguments, what goes out is a job that people can watch.

`queue.Jobs` is the door. `store` keeps jobs in the database beside procrastinate's queue (`schema`), `worker` runs
them in a thread, `progress` is what a task reports through, `tasks` are the kinds of work that a shop knows, `meaning`
asks for search by meaning, `recommending` for recommendations trained anew and `fetching` for language models, `uploads`
are the files that wait to be imported.
"""

from shopkeeper.jobs.progress import Progress, StopRequested
from shopkeeper.jobs.queue import Jobs
from shopkeeper.jobs.records import Job, JobId, JobState
from shopkeeper.jobs.worker import Task

__all__ = ["Job", "JobId", "JobState", "Jobs", "Progress", "StopRequested", "Task"]
