"""The page on attention: its states over HTTP, and as it is used in a browser."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from shopkeeper.face import Shop
from shopkeeper.models.explaining import DEFAULT, Explainer
from shopkeeper.settings import EngineSettings
from tests.browser import findings, watched_page
from tests.console.conftest import TestClient
from tests.models.engines.reference.conftest import Checkpoints, checkpoints, one_thread
from tests.models.engines.reference.tiny import SENTENCES

__all__ = ["checkpoints", "one_thread"]


PATH = "/console/attention"
TEXT = "The capital of France is"


def engines(checkpoints: Checkpoints) -> dict[str, EngineSettings]:
    return {
        name: EngineSettings(kind="transformers", model=str(checkpoints[name]), threads=1)
        for name in ("gpt2", "t5")
    }


@pytest.fixture(autouse=True)
def explainer(shop: Shop, checkpoints: Checkpoints, tmp_path_factory: Any) -> Iterator[Explainer]:
    """The shop's explainer, for two tiny models of its settings and nothing fetched."""
    settings = shop.settings.model_copy(
        update={"engines": engines(checkpoints), "cache_folder": tmp_path_factory.mktemp("empty")}
    )
    made = Explainer(settings)
    shop.explainer = made
    yield made
    made.close()
    del shop.explainer


def test_without_a_text_the_page_says_what_it_is_for(client: TestClient) -> None:
    page = client.get(PATH)
    assert page.status_code == 200
    assert "softmax(QKᵀ/√d)" in page.text
    assert f"{PATH}?text=The+capital+of+France+is&amp;model=gpt2" in page.text


def test_a_text_is_shown_as_a_heat_map_with_its_table_and_guesses(client: TestClient) -> None:
    page = client.get(PATH, params={"text": TEXT, "layer": "1", "head": "2"}).text
    assert "gpt2 takes “Paris” to come next" in page
    assert "Layer 1, head 2" in page
    assert "<title>“The” looks at “The”: 1.00</title>" in page
    assert "“The” looks at “ capital”" not in page, "a decoder does not look ahead"
    assert page.count('aria-hidden="true"><rect class="ground"') == 4, "all heads of the layer"


def test_rollout_and_the_parts_of_an_encoder_decoder(client: TestClient) -> None:
    rolled = client.get(PATH, params={"text": TEXT, "show": "rollout"}).text
    assert "up to layer 2 (rollout)" in rolled
    across = client.get(PATH, params={"text": TEXT, "model": "t5"}).text
    assert '<option value="cross" selected>answer over text</option>' in across
    assert 'value="rollout"' not in across
    itself = client.get(
        PATH, params={"text": TEXT, "model": "t5", "part": "encoder", "show": "rollout"}
    )
    assert '<option value="rollout" selected>' in itself.text


@pytest.mark.parametrize(
    "query",
    ["layer=99&head=-1", "layer=x&head=9999", "part=nothing", "model=/etc/passwd", "show=x"],
)
def test_nonsense_shows_the_map_all_the_same(client: TestClient, query: str) -> None:
    assert 'class="cell"' in client.get(f"{PATH}?text=The+sky&{query}").text


def test_what_is_written_is_shown_as_text(client: TestClient) -> None:
    page = client.get(PATH, params={"text": "<script>alert(1)</script>"}).text
    assert "<script>alert" not in page


def test_a_long_text_is_refused_in_words(client: TestClient) -> None:
    page = client.get(PATH, params={"text": " ".join(SENTENCES)})
    assert "longer than 48 tokens" in page.text


def test_without_the_extra_the_page_says_what_to_install(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "shopkeeper.models.engines.reference.engine", None)
    page = client.get(PATH, params={"text": TEXT}).text
    assert "PyTorch and Transformers, which are not installed" in page
    assert "pip install &#34;shopkeeper[train]&#34;" in page


def test_without_a_model_the_page_says_how_to_fetch_one(
    client: TestClient, shop: Shop, tmp_path: Path
) -> None:
    shop.explainer = Explainer(
        shop.settings.model_copy(update={"cache_folder": tmp_path, "engines": {}})
    )
    page = client.get(PATH).text
    assert f"shopkeeper models pull {DEFAULT}" in page
    assert f"shopkeeper models pull {DEFAULT}" in client.get(PATH, params={"text": TEXT}).text


def test_layers_and_heads_are_picked_in_the_browser(browser: Browser, base: str) -> None:
    with watched_page(browser, base) as page:
        page.goto(PATH)
        page.get_by_label("Text").fill(TEXT)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Layer 2, mean of 4 heads")).to_be_visible()
        page.get_by_label("Layer", exact=True).select_option("1")
        expect(page.get_by_role("heading", name="Layer 1, mean of 4 heads")).to_be_visible()
        page.get_by_role("link", name="Head 3").press("Enter")
        expect(page.get_by_role("heading", name="Layer 1, head 3")).to_be_visible()
        expect(page.get_by_label("Head", exact=True)).to_have_value("3")
        page.get_by_label("Shown").select_option("rollout")
        expect(page.get_by_role("heading", name="up to layer 1 (rollout)")).to_be_visible()
        page.go_back()
        expect(page.get_by_role("heading", name="Layer 1, head 3")).to_be_visible()


@pytest.mark.parametrize(
    ("language", "theme", "width"), [("en", "light", 1280), ("zh", "dark", 360)]
)
def test_everybody_can_use_it(
    browser: Browser, base: str, axe: str, language: str, theme: str, width: int
) -> None:
    with watched_page(browser, base, language=language, theme=theme, width=width) as page:
        page.goto(f"{PATH}?text=The+capital+of+France+is&lang={language}")
        assert findings(page, axe) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_it_works_without_scripts(browser: Browser, base: str) -> None:
    with watched_page(browser, base, scripts=False) as page:
        page.goto(f"{PATH}?text=The+capital+of+France+is")
        page.get_by_label("Head", exact=True).select_option("2")
        page.get_by_role("button", name="Show").click()
        expect(page.get_by_role("heading", name="Layer 2, head 2")).to_be_visible()
