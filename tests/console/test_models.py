"""The pages about language models over HTTP: what is here, fetching and removing, trying, measuring, spending."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from shopkeeper.face import Shop
from shopkeeper.jobs import measuring
from shopkeeper.jobs.tasks import FETCH_MODEL
from shopkeeper.models import hub
from shopkeeper.models.lock import Wheel
from shopkeeper.settings import BudgetSettings, EngineSettings
from shopkeeper.shop import model_scores
from shopkeeper.shop.embedded import EmbeddedServer
from shopkeeper.shop.model_scores import ModelScore
from tests.browser import new_shop
from tests.console.conftest import TestClient
from tests.models.engines.bad_server import MODEL, World, serving
from tests.models.world import entry_of, use
from tests.storefront.shop import EVIL, fill

MODELS = "/console/models"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with serving() as world:
        yield world


@pytest.fixture(scope="module")
def shop(
    server: EmbeddedServer, world: World, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    """The small shop with an engine that repeats what it is told, one that is away, and a model that can be fetched."""
    folder: Path = tmp_path_factory.mktemp("shop")
    offered = [
        entry_of(Wheel("absent==9", "a"), name=name, format="gguf", body=name.encode())
        for name in ("tiny", "kept")
    ]
    with (
        pytest.MonkeyPatch.context() as patch,
        new_shop(server, "t_console_models", folder, demo=True) as opened,
    ):
        use(patch, *offered, hub.entry("htmx"))
        opened.settings = opened.settings.model_copy(
            update={
                "cache_folder": folder / "cache",
                "engines": {
                    "echo": EngineSettings(
                        kind="openai", model=MODEL, url=world.url("well"), input_price=1.0
                    ),
                    "away": EngineSettings(kind="openai", model=EVIL, url=world.url("500")),
                    "lost": EngineSettings(kind="llama.cpp", model="kept"),
                },
                "routes": {"support": ("echo", "away")},
                "budgets": {"support": BudgetSettings(tokens_per_day=100)},
            }
        )
        fill(opened)
        yield opened


def put_here(shop: Shop, name: str) -> Path:
    path = hub.place(hub.entry(name), shop.settings.cache_folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(name.encode())
    return path


def events(text: str) -> list[tuple[str, dict[str, str]]]:
    """Names and data of the events of a stream."""
    pairs = [event.split("\n") for event in text.split("\n\n") if event]
    return [(name.removeprefix("event: "), json.loads(data[6:])) for name, data in pairs]


def test_engines_and_routes_are_told_with_what_is_wrong(client: TestClient) -> None:
    page = client.get(MODELS).text
    assert "lost gives no answers: not ready" in page
    assert "the model kept of the engine lost is not here" in page
    assert "<li>echo</li><li>away</li>" in page and "every other purpose" in page
    assert "<script>window.harm" not in page and "&lt;script&gt;window.harm" in page


def test_a_model_is_fetched_only_after_licence_and_maker_were_shown(
    client: TestClient, shop: Shop
) -> None:
    assert f"{MODELS}/get/tiny" in client.get(MODELS).text
    entry = hub.entry("tiny")
    told = client.get(f"{MODELS}/get/tiny").text
    assert f"{entry.licence}, stated by {entry.stated_by}" in told and entry.sha256 in told
    assert not [job for job in shop.jobs.list() if job.kind == FETCH_MODEL]
    page = client.post(f"{MODELS}/get/tiny")
    job = int(page.url.path.rpartition("/")[2])
    assert shop.jobs.get(job).arguments == {"model": "tiny"}
    assert f'action="/console/jobs/{job}/stop"' in client.get(MODELS).text
    shop.jobs.stop(job)
    assert client.get(f"{MODELS}/get/nonsense").status_code == 404


def test_what_is_in_use_is_not_removed_and_the_rest_is(client: TestClient, shop: Shop) -> None:
    kept, tiny = put_here(shop, "kept"), put_here(shop, "tiny")
    page = client.get(MODELS).text
    assert "in use: lost" in page and f"{MODELS}/remove/tiny" in page
    assert f"{MODELS}/remove/kept" not in page
    refused = client.post(f"{MODELS}/remove/kept")
    assert refused.status_code == 409 and "kept is in use: lost" in refused.text and kept.exists()
    assert client.post(f"{MODELS}/remove/tiny").status_code == 200
    assert not tiny.exists()
    kept.unlink()


def test_an_answer_is_streamed_as_data_and_never_as_html(client: TestClient) -> None:
    form = {"model": "echo", "prompt": EVIL, "tokens": "20", "temperature": "0.5"}
    answer = client.post(f"{MODELS}/try/stream", data=form)
    assert answer.headers["content-type"].startswith("text/event-stream")
    told = events(answer.text)
    assert "".join(data["text"] for name, data in told if name == "piece") == f"You said: {EVIL}"
    assert told[-1][0] == "end" and "5 tokens written" in told[-1][1]["figures"]
    assert "7 tokens read" in told[-1][1]["figures"]


def test_an_engine_that_fails_says_so_in_the_stream(client: TestClient) -> None:
    for name in ("away", "lost", "/etc/passwd", ""):
        form = {"model": name, "prompt": "hello", "tokens": "nonsense", "temperature": "nan"}
        ((kind, data),) = events(client.post(f"{MODELS}/try/stream", data=form).text)
        assert kind == "failed" and data["problem"]


def test_without_scripts_the_form_waits_for_both(client: TestClient) -> None:
    form = {"first": "echo", "second": "away", "prompt": EVIL, "tokens": "99999"}
    page = client.post(f"{MODELS}/try", data=form).text
    assert "You said: &lt;script&gt;window.harm" in page and "<script>window.harm" not in page
    assert "5 tokens written" in page and 'role="alert" >' in page
    assert 'value="1024"' in page, "the most that may be asked for"


def test_another_sites_page_may_not_ask(client: TestClient) -> None:
    form = {"model": "echo", "prompt": "hello"}
    headers = {"origin": "https://evil.example"}
    answer = client.post(f"{MODELS}/try/stream", data=form, headers=headers)
    assert answer.status_code in (401, 403) or "/login" in str(answer.url)


def test_what_was_used_is_told_beside_the_budgets(client: TestClient, shop: Shop) -> None:
    client.post(f"{MODELS}/try/stream", data={"model": "echo", "prompt": "hello"})
    page = client.get(f"{MODELS}/spend").text
    assert "try" in page and "of money" in page
    support = next(one for one in shop.models.spending() if one.purpose == "support")
    assert (support.tokens_left, support.money_left) == (100, None)
    everything = shop.models.spending()[-1]
    assert everything.purpose == "all" and everything.spent.money > Decimal(0)


def test_scores_are_shown_with_interval_and_day(client: TestClient, shop: Shop) -> None:
    assert "Nothing is measured yet" in client.get(f"{MODELS}/scores").text
    with shop.database.connection() as conn:
        model_scores.add(
            conn,
            [
                ModelScore("echo", MODEL, "attributes", "F1", 0.5, 0.4, 0.6, 20, failed=3),
                ModelScore("echo", MODEL, "attributes", "F1", 0.75, 0.7, 0.8, 20),
                ModelScore("away", EVIL, "attributes", "F1", 0.25, 0.1, 0.4, 20, failed=1),
                ModelScore("echo", MODEL, "writing", "tokens/s", 31.5, 30, 32, 3),
            ],
        )
    page = client.get(f"{MODELS}/scores").text
    assert "0.75" in page and "0.70–0.80" in page and "0.50" not in page, "the last one counts"
    assert "31.5" in page and "1 without an answer" in page and "<script>window" not in page
    assert "echo reads attributes best." in page


def test_measuring_begins_a_job_for_models_that_there_are(client: TestClient, shop: Shop) -> None:
    assert client.post(f"{MODELS}/scores", data={"models": ["nonsense"]}).status_code == 422
    page = client.post(f"{MODELS}/scores", data={"models": ["echo", "x"], "sample": "10"})
    job = shop.jobs.get(int(page.url.path.rpartition("/")[2]))
    assert (job.kind, job.arguments["models"]) == (measuring.MEASURE_MODELS, ["echo"])
    assert "Measuring echo" in page.text and "Under way" in client.get(f"{MODELS}/scores").text
    shop.jobs.stop(job.id)
