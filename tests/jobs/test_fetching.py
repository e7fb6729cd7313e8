"""The assistant comes by itself: once, not where it is not wanted, and what failed is tried again."""

from collections.abc import Callable
from pathlib import Path

import pytest

from shopkeeper.errors import UnknownModel
from shopkeeper.jobs import Job, Jobs, JobState, fetching
from shopkeeper.jobs.tasks import FETCH_MODEL, shop_tasks
from shopkeeper.models import assistant, hub
from shopkeeper.models.lock import Wheel
from shopkeeper.settings import Settings
from shopkeeper.shop.database import Database
from tests.models.bad_hub import SOURCE, Hub, cut, serving, whole
from tests.models.world import BODY, entry_of, only_index, use

SMALL = assistant.RECOMMENDED[-1][0]


@pytest.fixture
def wanted(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """As settings are by default, with a cache of its own and a small file as the assistant."""
    entry = entry_of(SOURCE, Wheel("absent==9", "a"), name=SMALL)
    use(monkeypatch, entry, entry_of(SOURCE, name="other"))
    monkeypatch.setattr(assistant, "RECOMMENDED", ((SMALL, 0),))
    return settings.model_copy(update={"assistant": "auto", "cache_folder": tmp_path / "cache"})


def test_a_shop_begins_with_one_job_however_often_it_is_started(
    queue: Database, wanted: Settings
) -> None:
    jobs = Jobs(queue)
    job = fetching.begin(jobs, wanted)
    assert job is not None and fetching.begin(jobs, wanted) == job
    (found,) = jobs.list()
    assert (found.kind, found.title) == (FETCH_MODEL, f"Language model {SMALL}")
    assert found.arguments == {"model": SMALL}


@pytest.mark.parametrize("change", [{"assistant": ""}, {"offline": True}])
def test_who_wants_none_or_no_network_gets_no_job(
    queue: Database, wanted: Settings, change: dict[str, object]
) -> None:
    assert fetching.begin(Jobs(queue), wanted.model_copy(update=change)) is None
    assert Jobs(queue).list() == []


def test_what_is_here_is_not_fetched(queue: Database, wanted: Settings) -> None:
    path = hub.place(hub.entry(SMALL), wanted.cache_folder)
    path.parent.mkdir(parents=True)
    path.write_bytes(BODY)
    assert fetching.begin(Jobs(queue), wanted) is None


def test_a_name_that_is_none_is_an_error(queue: Database, wanted: Settings) -> None:
    with pytest.raises(UnknownModel, match="nonsense"):
        fetching.begin(Jobs(queue), wanted.model_copy(update={"assistant": "nonsense"}))


def test_what_was_stopped_stays_stopped_and_what_failed_is_tried_again(
    queue: Database, wanted: Settings
) -> None:
    jobs = Jobs(queue)
    job = fetching.begin(jobs, wanted)
    assert job is not None
    jobs.stop(job)
    fetching.fetch(jobs, "other", wanted)  # by hand, which is another question
    assert fetching.begin(jobs, wanted) is None
    with queue.connection() as conn:
        conn.execute("update job_progress set state = 'failed' where id = %s", [job])
    assert fetching.begin(jobs, wanted) == job
    assert jobs.get(job).state is JobState.WAITING


def test_it_comes_with_progress_and_is_used_from_then_on(
    queue: Database, wanted: Settings, wait_for: Callable[..., Job]
) -> None:
    with serving() as server:
        server.answers = [cut, whole]
        job = run(queue, at(server, wanted), wait_for)
    assert (job.state, job.done, job.total, job.unit) == (JobState.DONE, 2100, 2100, "bytes")
    path = assistant.here(wanted)
    assert path is not None and path.read_bytes() == BODY


def test_a_failure_says_what_each_source_answered(
    queue: Database,
    wanted: Settings,
    wait_for: Callable[..., Job],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in only_index(tmp_path).items():
        monkeypatch.setenv(name, value)
    with serving() as server:
        server.answers = [lambda request, _: request.send_error(404)]
        job = run(queue, at(server, wanted), wait_for)
    assert job.state is JobState.FAILED
    assert "answered 404" in job.error and "absent==9" in job.error
    assert assistant.here(wanted) is None


def at(server: Hub, settings: Settings) -> Settings:
    return settings.model_copy(update={"hub_url": server.url})


def run(queue: Database, settings: Settings, wait_for: Callable[..., Job]) -> Job:
    """The job of the assistant, run to its end."""

    def no_search() -> None:
        raise AssertionError("the catalogue is not needed")

    jobs = Jobs(queue)
    job = fetching.begin(jobs, settings)
    jobs.start(shop_tasks(queue, settings, no_search, no_search), alone=True)  # type: ignore[arg-type]
    try:
        return wait_for(jobs, job, lambda found: found.state.over)
    finally:
        jobs.close()
