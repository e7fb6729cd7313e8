"""The workshop's pages: trainings, their curves, and stopping one."""

import pytest

from shopkeeper.face import Shop
from shopkeeper.shop import training_runs
from shopkeeper.shop.training_runs import Point
from tests.console.conftest import TestClient


@pytest.fixture
def run(shop: Shop) -> int:
    """A run under way, with what it has said so far."""
    with shop.database.connection() as conn:
        conn.execute("delete from training_runs")
        settings = {"family": "gpt2", "recipe": {"steps": 200}}
        number = training_runs.begin(
            conn, "first", kind="pretrain", folder="/runs/first", settings=settings, steps=200
        )
        said = [
            Point(step, "step", {"loss": 8 - step / 20, "learning_rate": 1e-3, "tokens_per_s": 1234.0, "eta_s": 240.0})
            for step in range(10, 101, 10)
        ]  # fmt: skip
        measured = [
            Point(step, "evaluated", {"loss": 6.5, "bits_per_byte": 2.5}) for step in (50, 100)
        ]
        sample = Point(100, "sampled", {}, "The blue ⟶ <b>shirt</b>")
        training_runs.add(conn, number, [Point(0, "started", {}), *said, *measured, sample])
    return number


def test_without_a_run_the_page_says_how_one_begins(client: TestClient, shop: Shop) -> None:
    with shop.database.connection() as conn:
        conn.execute("delete from training_runs")
    text = client.get("/console/workshop").text
    assert "No model was trained yet" in text and "shopkeeper lm pretrain first" in text


def test_a_run_under_way_is_listed_and_shown_live(client: TestClient, run: int) -> None:
    listed = client.get("/console/workshop").text
    assert "1 model is in training." in listed and "100 / 200" in listed and "6.5" in listed
    text = client.get("/console/workshop/first").text
    for part in (
        "step 100 of 200", "about 4 min left", "Bits per byte", "1,234", 'hx-trigger="every 2s"', "<button>Stop</button>",
        "The blue ⟶ &lt;b&gt;shirt&lt;/b&gt;", "recipe.steps", 'aria-label="Loss by steps; training 3; held-out text 6.5"',
    ):  # fmt: skip
        assert part in text


def test_a_run_is_asked_to_stop(client: TestClient, run: int, shop: Shop) -> None:
    text = client.post("/console/workshop/first/stop").text
    assert (
        "It ends after its step, with a checkpoint." in text and "<button>Stop</button>" not in text
    )
    with shop.database.connection() as conn:
        training_runs.end(conn, run, "stopped", best="step-00000100")
    text = client.post("/console/workshop/first/stop").text  # twice is no error
    assert "Stopped with a checkpoint" in text and "hx-trigger" not in text
    assert "Best checkpoint: step-00000100" in text


def test_a_run_that_failed_says_why(client: TestClient, run: int, shop: Shop) -> None:
    with shop.database.connection() as conn:
        training_runs.end(conn, run, "failed", reason="the loss became nan <here>")
    assert "the loss became nan &lt;here&gt;" in client.get("/console/workshop/first").text
    assert "1 run did not end well" in client.get("/console/workshop").text


def test_a_killed_run_says_that_it_goes_on(client: TestClient, run: int, shop: Shop) -> None:
    with shop.database.connection() as conn:
        conn.execute("update training_runs set seen_at = now() - interval '5 min'")
    text = client.get("/console/workshop/first").text
    assert "Interrupted" in text and "goes on from its last checkpoint" in text


def test_the_pages_speak_chinese(client: TestClient, run: int) -> None:
    text = client.get("/console/workshop/first?lang=zh").text
    assert "第 100 步，共 200 步" in text and "学习过程" in text


def test_an_unknown_run_is_not_found(client: TestClient) -> None:
    assert client.get("/console/workshop/none").status_code == 404
    assert client.post("/console/workshop/none/stop").status_code == 404
