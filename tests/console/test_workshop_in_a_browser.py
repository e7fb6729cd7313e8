"""A training as it is watched: the curve grows by itself, the page fits and is open to everybody."""

import pytest
from playwright.sync_api import Browser, expect

from shopkeeper.face import Shop
from shopkeeper.shop import training_runs
from shopkeeper.shop.training_runs import Point
from tests.browser import unfit, watched_page

PATH = "/console/workshop/first"


def steps(*numbers: int) -> list[Point]:
    said = {"learning_rate": 1e-3, "tokens_per_s": 1234.0, "eta_s": 240.0}
    return [Point(n, "step", {"loss": 8 - n / 20, **said}) for n in numbers]


@pytest.fixture
def run(shop: Shop) -> int:
    with shop.database.connection() as conn:
        conn.execute("delete from training_runs")
        number = training_runs.begin(
            conn,
            "first",
            kind="pretrain",
            folder="/runs/first",
            settings={"family": "gpt2"},
            steps=200,
        )
        measured = [
            Point(step, "evaluated", {"loss": 7.5, "perplexity": 1808.0}) for step in (5, 10)
        ]
        training_runs.add(
            conn, number, [*steps(5, 10), *measured, Point(10, "sampled", {}, "A ⟶ b")]
        )
    return number


def test_a_training_is_watched_and_stopped(
    browser: Browser, base: str, shop: Shop, run: int
) -> None:
    with watched_page(browser, base) as page:
        page.goto("/console/workshop")
        page.get_by_role("link", name="first").click()
        expect(page.get_by_role("status")).to_contain_text("step 10 of 200")
        page.locator("#settings summary").click()
        with shop.database.connection() as conn:
            training_runs.add(conn, run, steps(15, 20))
        expect(page.get_by_role("status")).to_contain_text("step 20 of 200")
        expect(page.get_by_role("img", name="Loss by steps; training 7;")).to_be_visible()
        expect(page.locator("#settings td")).to_be_visible()  # what was opened stays open
        page.get_by_role("button", name="Stop").click()
        expect(page.locator("main")).to_contain_text("It ends after its step")
    with shop.database.connection() as conn:
        assert training_runs.seen(conn, run)


def test_the_pages_are_open_to_everybody_and_fit(
    browser: Browser, base: str, axe: str, run: int
) -> None:
    with watched_page(browser, base) as page:
        assert unfit(page, ("/console/workshop", PATH), axe, 320) == []
