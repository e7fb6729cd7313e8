"""The pages about search as merchants use them: a rule seen before it is kept, an undo, no scripts, a phone, the dark."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from shopkeeper import rules
from shopkeeper.face import Shop
from shopkeeper.rules import Action, Condition, Rule, Selection
from shopkeeper.search import synonyms
from shopkeeper.search.synonyms import parse_line
from tests.browser import unfit, watched_page
from tests.console.test_in_a_browser import tab_to
from tests.storefront.shop import EVIL

SEARCH = "/console/search"
PAGES = [f"{SEARCH}{rest}" for rest in ("?q=lamp", "?q=lamp+zeppelin&against=plain", "/queries", "/queries?show=empty", "/synonyms", "/rules", "/rules/new?query=lamp&ids=lamp-01", "/versions", "/tag?word=anorak&find=shirt")]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def said(shop: Shop) -> None:
    """What the merchant has said already."""
    with shop.database.connection() as conn:
        synonyms.save(conn, parse_line("zeppelin, lamp"))
        rules.save(conn, Rule(EVIL, Action.HIDE, Selection(("shirt-01",)), Condition("shirt")))


def hits(page: Page, side: int) -> list[str]:
    """Titles of one side of what a rule does."""
    return page.locator("#effect .hit-list").nth(side).locator("li a").all_inner_texts()


def test_a_rule_is_seen_as_it_is_written_kept_and_removed(
    browser: Browser, base: str, shop: Shop
) -> None:
    with watched_page(browser, base) as page:
        page.goto(f"{SEARCH}/rules/new")
        page.get_by_label("Words", exact=True).fill("lamp")
        page.get_by_label("Find a product to add").fill("summer shirt no 7")
        page.locator("#found li", has_text="Summer shirt No 7").get_by_role("button").click()
        expect(page.locator(".picked li")).to_have_count(1)
        expect(page.locator("#effect .hit-list li a").nth(12)).to_have_text("Summer shirt No 7")
        assert "Summer shirt No 7" not in hits(page, 0)
        page.get_by_label("Hide").check()
        expect(page.locator("#effect")).to_contain_text("Nothing moves among the first 12.")
        page.get_by_label("Pin").check()
        page.get_by_label("Place of the first").fill("2")
        page.get_by_label("Place of the first").blur()
        expect(page.locator("#effect .hit-list li a").nth(13)).to_have_text("Summer shirt No 7")
        page.get_by_label("What you call it").fill("warm light")
        with page.expect_response(
            f"**{SEARCH}/rules/new"
        ):  # or leaving the page would cut it short
            page.get_by_label("What you call it").blur()
        page.get_by_role("button", name="Keep it").click()
        expect(page.locator(".notice")).to_contain_text("Kept: warm light. It holds already.")
        page.locator(".rules li", has_text="warm light").get_by_role(
            "button", name="Remove"
        ).click()
        page.get_by_role("button", name="Undo").click()
        expect(page.locator(".rules")).to_contain_text("warm light")
        with shop.database.connection() as conn:
            assert rules.listing(conn)[-1][1].place == 2


def test_a_synonym_tells_what_it_changes_while_it_is_typed(browser: Browser, base: str) -> None:
    with watched_page(browser, base) as page:
        page.goto(f"{SEARCH}/synonyms")
        tab_to(page, "#lines")
        page.keyboard.type("sarafan => shirt")
        expect(page.locator("#tried")).to_contain_text("0 → 12 products")
        tab_to(page, "#new button.primary")
        page.keyboard.press("Enter")
        expect(page.locator(".lines")).to_contain_text("sarafan => shirt")
        page.locator(".lines li", has_text="sarafan").get_by_role("button", name="Remove").click()
        page.locator("#undo").get_by_role("button", name="Undo").click()
        expect(page.locator(".lines")).to_contain_text("sarafan => shirt")


def test_all_of_it_works_without_scripts(browser: Browser, base: str) -> None:
    with watched_page(browser, base, scripts=False) as page:
        page.goto(f"{SEARCH}/rules/new?query=lamp")
        page.get_by_label("Find a product to add").fill("summer shirt no 9")
        page.get_by_role("button", name="Find", exact=True).click()
        page.locator("#found li", has_text="Summer shirt No 9").get_by_role("button").click()
        assert hits(page, 1)[0] == "Summer shirt No 9"
        page.get_by_role("button", name="Keep it").click()
        expect(page.locator(".rules")).to_contain_text("“Summer shirt No 9” → pinned to place 1")
        page.goto(f"{SEARCH}?q=lamp")
        page.get_by_label("Beside it").select_option("words")
        page.locator("main").get_by_role("button", name="Search").click()
        expect(page.locator(".beside section")).to_have_count(2)


def test_pages_fit_their_screens_and_axe_finds_nothing_serious(
    browser: Browser, base: str, axe: str
) -> None:
    with watched_page(browser, base) as page:
        assert unfit(page, PAGES, axe, 768, 320) == []
        assert page.evaluate("window.harm") is None


def test_in_chinese_nothing_stays_english(browser: Browser, base: str) -> None:
    with watched_page(browser, base, language="zh") as page:
        for path in ("/queries?show=empty", "/synonyms", "/rules/new", "/tag"):
            page.goto(SEARCH + path)
            text = page.locator("body").inner_text()
            for name in ("English", "Shopkeeper", "SKU", "UTC", "zeppelin", "lamp", "sarafan", "shirt", "waterproof", "anorak"):  # fmt: skip
                text = text.replace(name, "")
            assert re.findall(r"[A-Za-z]{3,}", text) == [], path
