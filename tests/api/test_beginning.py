"""A server that starts gets to search by meaning by itself, and says why where it cannot."""

import time
from collections.abc import Callable
from pathlib import Path

from shopkeeper.jobs import Job
from shopkeeper.models.embed import fetch_embedder
from shopkeeper.settings import Settings
from tests.api.conftest import Served, a_product, put


def ended(served: Served) -> Job:
    """The one job there is, when it is over."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        (job,) = served.shop.jobs.list()
        if job.state.over:
            return job
        time.sleep(0.05)
    raise AssertionError(f"waited in vain for {job}")


def adopted(served: Served) -> str:
    """The embedder in use, once there is one."""
    deadline = time.monotonic() + 30
    while not served.shop.search.embedder and time.monotonic() < deadline:
        time.sleep(0.05)
    return served.shop.search.embedder


def test_meaning_comes_without_a_restart(serve: Callable[..., Served], settings: Settings) -> None:
    fetch_embedder("wordllama", settings.cache_folder)
    served = serve(embedder="wordllama")
    put(served.shop, a_product(1), a_product(2))
    with served.owner as client:
        assert (
            client.get("/v1/search", params={"q": "mug"}).json()["total"] == 2
        )  # at once, by words
        job = ended(served)
        assert (job.state.value, job.error, job.total) == ("done", "", 2)
        assert adopted(served) == "wordllama"
        assert client.get("/v1/search", params={"q": "beaker"}).json()["meaning_weight"] > 0
        versions = client.get("/v1/search/versions").json()["items"]
    assert [version["state"] for version in versions].count("in_use") == 1


def test_a_start_without_a_network_goes_by_words_and_says_why(
    serve: Callable[..., Served], tmp_path: Path
) -> None:
    served = serve(embedder="wordllama", cache_folder=tmp_path, offline=True)
    put(served.shop, a_product(1))
    with served.owner as client:
        job = ended(served)
        assert client.get("/v1/search", params={"q": "mug"}).json()["total"] == 1
    assert job.state.value == "failed"
    assert "could not be fetched" in job.error and "offline is set" in job.error
