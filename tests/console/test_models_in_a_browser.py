"""The pages about language models as they are used: two answers that stream side by side, stopped, without scripts."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from shopkeeper.face import Shop
from shopkeeper.models import hub
from shopkeeper.settings import EngineSettings
from shopkeeper.shop import model_scores
from shopkeeper.shop.embedded import EmbeddedServer
from shopkeeper.shop.model_scores import ModelScore
from tests.browser import cache_folder, findings, new_shop, watched_page
from tests.console.test_in_a_browser import tab_to
from tests.models.engines.bad_server import MODEL, World, serving
from tests.storefront.shop import EVIL, fill

MODELS = "/console/models"
SMALL = "smollm2-135m"
PAGES = [f"{MODELS}{rest}" for rest in ("", f"/get/{SMALL}", "/try", "/scores", "/spend")]
CROWDED = PAGES[0], PAGES[3]  # with every colour and form that there is


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with serving() as world:
        yield world


@pytest.fixture(scope="module")
def shop(
    server: EmbeddedServer, world: World, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    """The small shop with engines that repeat what they are told, one of which stalls, and scores."""
    folder: Path = tmp_path_factory.mktemp("shop")
    with new_shop(server, "t_console_models_browser", folder, demo=True) as opened:
        engines = {
            name: EngineSettings(kind="openai", model=MODEL, url=world.url(does))
            for name, does in (("echo", "well"), ("slow", "stall"))
        }
        engines["small"] = EngineSettings(kind="llama.cpp", model=SMALL, parallel=1, threads=1)
        opened.settings = opened.settings.model_copy(update={"engines": engines})
        fill(opened)
        with opened.database.connection() as conn:
            score = ModelScore("echo", EVIL, "attributes", "F1", 0.5, 0.4, 0.6, 20, failed=3)
            model_scores.add(conn, [score])
        yield opened


def ask(page: Page, prompt: str, *, left: str, right: str) -> None:
    """Fill the form and send it by keyboard."""
    page.get_by_label("Left", exact=True).select_option(left)
    page.get_by_label("Right", exact=True).select_option(right)
    tab_to(page, "#prompt")
    page.keyboard.type(prompt)
    tab_to(page, "#try button.primary")
    page.keyboard.press("Enter")


def test_what_a_model_writes_is_shown_as_text(browser: Browser, base: str) -> None:
    with watched_page(browser, base) as page:
        page.goto(f"{MODELS}/try")
        ask(page, EVIL, left="echo", right="-")
        left = page.locator("[data-side=first]")
        expect(left.locator("[data-text]")).to_have_text(f"You said: {EVIL}")
        expect(left.locator("[data-figures]")).to_contain_text("5 tokens written")
        assert page.locator("[data-text] *").count() == 0
        assert page.evaluate("window.harm") is None


def test_an_answer_is_stopped_by_keyboard(browser: Browser, base: str) -> None:
    with watched_page(browser, base) as page:
        page.goto(f"{MODELS}/try")
        ask(page, "hello", left="echo", right="slow")
        expect(page.locator("[data-side=first] [data-text]")).to_have_text("You said: hello")
        right = page.locator("[data-side=second] [data-figures]")
        expect(right).to_have_text("writing …")
        tab_to(page, "[data-stop]")
        page.keyboard.press("Enter")
        expect(right).to_have_text("stopped")
        expect(page.locator("[data-stop]")).to_be_hidden()


def test_two_models_write_side_by_side(browser: Browser, base: str) -> None:
    if hub.path_here(SMALL, cache_folder()) is None:
        pytest.skip(f"{SMALL} is not fetched: shopkeeper models pull {SMALL}")
    with watched_page(browser, base) as page:
        page.goto(f"{MODELS}/try")
        page.get_by_label("Tokens at most").fill("8")
        ask(page, "The capital of France is", left="small", right="echo")
        page.set_default_timeout(60_000)
        left = page.locator("[data-side=first] [data-figures]")
        expect(left).to_contain_text("tokens read", timeout=60_000)
        expect(page.locator("[data-side=first] [data-text]")).not_to_be_empty()
        expect(page.locator("[data-side=second] [data-text]")).to_contain_text("capital")


def test_it_works_without_scripts(browser: Browser, base: str) -> None:
    with watched_page(browser, base, scripts=False) as page:
        page.goto(f"{MODELS}/try")
        page.get_by_label("Left", exact=True).select_option("echo")
        page.get_by_label("Right", exact=True).select_option("none")
        page.get_by_label("Prompt").fill("hello")
        page.get_by_role("button", name="Ask").click()
        expect(page.locator("[data-side=first] [data-text]")).to_have_text("You said: hello")


@pytest.mark.parametrize(
    ("language", "theme", "width"), [("en", "light", 1280), ("zh", "dark", 320)]
)
def test_everybody_can_use_it(
    browser: Browser, base: str, axe: str, language: str, theme: str, width: int
) -> None:
    with watched_page(browser, base, language=language, theme=theme, width=width) as page:
        for path in PAGES:
            page.goto(path)
            if theme == "light" or path in CROWDED:
                assert findings(page, axe) == [], path
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{path} is {wide} px wide on {width}"
        assert page.evaluate("window.harm") is None
