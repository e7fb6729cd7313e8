"""Language models and embedders, fetched in the background (by people, and the assistant by the first start of a server)
and removed where nothing uses them."""

from collections import defaultdict
from contextlib import suppress

from shopkeeper import artifacts
from shopkeeper.errors import Conflict, Refused
from shopkeeper.jobs.queue import Jobs
from shopkeeper.jobs.records import JobId, JobState
from shopkeeper.jobs.tasks import FETCH_MODEL
from shopkeeper.models import assistant, hub
from shopkeeper.models.embed import EMBEDDERS
from shopkeeper.models.routing import LanguageModels
from shopkeeper.search import versions
from shopkeeper.settings import Settings
from shopkeeper.shop.database import Database

TITLE = "Language model "  # and its id
EMBEDDER = "Embedder "  # and its id
SEARCH = "search"  # what uses the embedder of the version in use


def fetch(jobs: Jobs, model: str, settings: Settings) -> JobId:
    """Fetch this model in the background. The job that is at it already, if there is one. Raises UnknownModel."""
    hub.find(model, settings.cache_folder)
    title = EMBEDDER if model in EMBEDDERS else TITLE
    return jobs.enqueue_once(FETCH_MODEL, title + model, model=model)


def offered(settings: Settings) -> list[hub.Entry]:
    """The language models and embedders that can be fetched or are here, in the order of the lock files."""
    known = hub.all_entries(settings.cache_folder).values()
    return [e for e in known if e.id in EMBEDDERS or e.format in ("gguf", "checkpoint")]


def in_use(database: Database, models: LanguageModels) -> dict[str, list[str]]:
    """Model -> what stands on it: names of engines, and `search` for the embedder of the version in use."""
    found: dict[str, list[str]] = defaultdict(list)
    for name, settings in models.engines().items():
        found[settings.model].append(name)
    with database.connection() as conn:
        version = artifacts.in_use(conn, versions.KIND)
    if version is not None:
        found[str(version.spec["embedder"])].append(SEARCH)
    return dict(found)


def remove(database: Database, settings: Settings, models: LanguageModels, model: str) -> bool:
    """Take a model and what it needs out of the cache; one of one's own is forgotten, and stays where it lies.

    False if it was not here. Raises Conflict if something stands on it, UnknownModel.
    """
    entry = hub.find(model, settings.cache_folder)
    if users := in_use(database, models).get(model):
        raise Conflict(
            f"{model} is in use: {', '.join(users)}",
            hint="take it out of the settings, or put another version of search to use",
        )
    taken = [hub.remove(name, settings.cache_folder) for name in (model, *entry.needs)]
    return any(taken)


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
