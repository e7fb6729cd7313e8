"""Language models, fetched in the background: by people, and the assistant by the first start of a server."""

from contextlib import suppress

from shopkeeper.errors import Refused
from shopkeeper.jobs.queue import Jobs
from shopkeeper.jobs.records import JobId, JobState
from shopkeeper.jobs.tasks import FETCH_MODEL
from shopkeeper.models import assistant, hub
from shopkeeper.settings import Settings

TITLE = "Language model "  # and its id


def fetch(jobs: Jobs, model: str, settings: Settings) -> JobId:
    """Fetch this model in the background. The job that is at it already, if there is one. Raises UnknownModel."""
    hub.find(model, settings.cache_folder)
    return jobs.enqueue_once(FETCH_MODEL, TITLE + model, model=model)


def begin(jobs: Jobs, settings: Settings) -> JobId | None:
    """Fetch the assistant that the settings want, if it is not here and nobody stopped its coming. Raises UnknownModel.

    None where there is nothing to do. What failed at an earlier start is tried again.
    """
    wanted = assistant.chosen(settings)
    if wanted is None or settings.offline or assistant.here(settings) is not None:
        return None
    last = jobs.latest(FETCH_MODEL, model=wanted)
    if last is None or last.state is JobState.DONE:
        return fetch(jobs, wanted, settings)
    if last.state is JobState.FAILED:
        with suppress(Refused):  # another program was quicker
            jobs.retry(last.id)
    return None if last.state is JobState.STOPPED else last.id
