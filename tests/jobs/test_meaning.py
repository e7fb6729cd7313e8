"""Search by meaning begins by itself, once, with the right embedder, and is not forced on anybody."""

from collections.abc import Callable

import pytest

from shopkeeper import artifacts
from shopkeeper.jobs import Job, Jobs, JobState, meaning
from shopkeeper.jobs.tasks import BUILD_SEARCH, shop_tasks
from shopkeeper.settings import Settings
from shopkeeper.shop.database import Database


@pytest.fixture
def auto(settings: Settings) -> Settings:
    """As settings are by default."""
    return settings.model_copy(update={"embedder": meaning.AUTO})


def made(db: Database, embedder: str) -> int:
    """A finished version."""
    with db.connection() as conn:
        version = artifacts.begin(conn, "search", {"embedder": embedder, "digest": embedder})
        artifacts.finish(conn, version.id, {})
    return version.id


@pytest.mark.parametrize(
    ("languages", "embedder"),
    [(("en", "zh"), "e5-small"), (("en",), "minilm-l6"), (("en", "xx"), "minilm-l6")],
)
def test_the_embedder_speaks_the_languages_of_the_shop(
    auto: Settings, languages: tuple[str, ...], embedder: str
) -> None:
    assert meaning.wanted_embedder(auto.model_copy(update={"languages": languages})) == embedder


def test_a_language_that_no_embedder_speaks_is_searched_by_words(auto: Settings) -> None:
    only = auto.model_copy(update={"language": "xx", "languages": ("xx",)})
    assert meaning.wanted_embedder(only) is None


def test_a_shop_begins_with_one_job_however_often_it_is_started(
    queue: Database, auto: Settings
) -> None:
    jobs = Jobs(queue)
    assert meaning.begin(jobs, queue, auto) is not None
    assert meaning.begin(jobs, queue, auto) is None
    (job,) = jobs.list()
    assert (job.kind, job.title) == (BUILD_SEARCH, "Search by meaning with e5-small")
    assert job.arguments == {"embedder": "e5-small", "switch": True}


def test_an_empty_setting_leaves_it_at_words(queue: Database, settings: Settings) -> None:
    off = settings.model_copy(update={"embedder": ""})
    assert meaning.begin(Jobs(queue), queue, off) is None


def test_who_went_back_to_words_is_not_overruled(queue: Database, auto: Settings) -> None:
    with queue.connection() as conn:
        artifacts.switch(conn, made(queue, "wordllama"))
        artifacts.roll_back(conn, "search")
    jobs = Jobs(queue)
    assert meaning.begin(jobs, queue, auto) is None
    named = auto.model_copy(update={"embedder": "minilm-l6"})
    assert meaning.begin(jobs, queue, named) is not None  # another one is another question


def test_what_was_stopped_stays_stopped_and_what_failed_is_tried_again(
    queue: Database, auto: Settings
) -> None:
    jobs = Jobs(queue)
    job = meaning.build(jobs, "e5-small")
    jobs.stop(job)
    assert meaning.begin(jobs, queue, auto) is None
    with queue.connection() as conn:
        conn.execute("update job_progress set state = 'failed' where id = %s", [job])
    assert meaning.begin(jobs, queue, auto) == job
    assert [j.state for j in jobs.list()] == [JobState.WAITING]


def test_asking_twice_is_one_job(queue: Database) -> None:
    jobs = Jobs(queue)
    assert meaning.build(jobs, "wordllama") == meaning.build(jobs, "wordllama")
    assert meaning.build(jobs, "minilm-l6") != meaning.build(jobs, "wordllama")
    assert jobs.latest(BUILD_SEARCH) is not None and jobs.latest("nothing") is None


def test_an_embedder_that_is_none_fails_with_those_there_are(
    queue: Database, settings: Settings, wait_for: Callable[..., Job]
) -> None:
    def no_search() -> None:
        raise AssertionError("the catalogue is not looked at before there is an embedder")

    jobs = Jobs(queue)
    jobs.start(shop_tasks(queue, settings, no_search, no_search), alone=True)  # type: ignore[arg-type]
    try:
        job = wait_for(jobs, meaning.build(jobs, "word2vec"), lambda j: j.state.over)
    finally:
        jobs.close()
    assert job.state is JobState.FAILED
    assert "there is no embedder 'word2vec'" in job.error and "e5-small" in job.error
