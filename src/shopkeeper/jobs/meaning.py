"""Search by meaning, asked for: by people, and by the settings at the first start of a server."""

from contextlib import suppress

from shopkeeper.artifacts import State
from shopkeeper.errors import Refused
from shopkeeper.jobs.queue import Jobs
from shopkeeper.jobs.records import JobId, JobState
from shopkeeper.jobs.tasks import BUILD_SEARCH
from shopkeeper.models.embed import recommended
from shopkeeper.search import versions
from shopkeeper.settings import Settings
from shopkeeper.shop.database import Database

TITLE = "Search by meaning with "  # and the embedder's name
AUTO = "auto"


def build(jobs: Jobs, embedder: str, *, switch: bool = True) -> JobId:
    """Build a version of search with this embedder in the background. The job that is at it already, if there is one."""
    return jobs.enqueue_once(BUILD_SEARCH, TITLE + embedder, embedder=embedder, switch=switch)


def begin(jobs: Jobs, database: Database, settings: Settings) -> JobId | None:
    """Build the version that the settings want, if none like it was ever finished and nobody stopped its making.

    A merchant who went back to words alone is not overruled. What failed at an earlier start is tried again.
    """
    wanted = wanted_embedder(settings)
    if wanted is None or _was_finished(database, None if settings.embedder == AUTO else wanted):
        return None
    last = jobs.latest(BUILD_SEARCH)
    if last is None or last.arguments.get("embedder") != wanted or last.state is JobState.DONE:
        return build(jobs, wanted)
    if last.state is JobState.FAILED:
        with suppress(Refused):  # another program was quicker
            jobs.retry(last.id)
        return last.id
    return None


def wanted_embedder(settings: Settings) -> str | None:
    """The embedder that the settings name; None where search is to go by words, or none speaks the shop's language."""
    if settings.embedder != AUTO:
        return settings.embedder or None
    all_languages = {settings.language, *settings.languages}
    fitting = recommended(all_languages) or recommended({settings.language})
    return fitting[0] if fitting else None


def _was_finished(database: Database, embedder: str | None) -> bool:
    """True if some version of search was ever finished; of this embedder, if one is named."""
    with database.connection() as conn:
        found = versions.listing(conn)
    return any(
        v.state not in (State.BUILDING, State.FAILED) and embedder in (None, v.spec["embedder"])
        for v in found
    )
