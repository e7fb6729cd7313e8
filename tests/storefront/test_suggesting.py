"""Suggestions below the search box: by keyboard, by mouse, for screen readers, and what they are without a script."""

import re

from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import findings, watched_page


def box(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Search products")


def options(page: Page) -> Locator:
    return page.get_by_role("listbox", name="Suggestions").get_by_role("option")


def chosen(page: Page) -> str:
    """The line that a screen reader would say, by its words alone."""
    named = box(page).get_attribute("aria-activedescendant") or "none"
    line = page.locator(f"#{named}")
    assert line.get_attribute("aria-selected") == "true"
    return line.locator("span").first.inner_text()


def test_suggestions_are_gone_through_by_keyboard(browser: Browser, base: str) -> None:
    with watched_page(browser, base) as page:
        page.goto("/")
        expect(box(page)).to_have_attribute("aria-expanded", "false")
        page.keyboard.press("/")
        page.keyboard.type("lam")
        expect(box(page)).to_have_attribute("aria-expanded", "true")
        count = options(page).count()
        expect(page.locator(".searchbox [role=status]")).to_have_text(f"{count} suggestions")
        page.keyboard.press("ArrowDown")
        assert chosen(page) == "Lamps"
        expect(box(page)).to_be_focused()
        page.keyboard.press("ArrowUp")  # back in the box
        expect(box(page)).not_to_have_attribute("aria-activedescendant", re.compile("."))
        page.keyboard.press("ArrowUp")  # from the box to the last line
        assert box(page).get_attribute("aria-activedescendant") == f"suggestion-{count}"
        page.keyboard.press("Escape")
        expect(page.locator(".suggestions")).to_be_hidden()
        expect(box(page)).to_have_value("lam")
        page.keyboard.press("ArrowDown")  # opens it again
        expect(page.locator(".suggestions")).to_be_visible()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Lamps")
        assert "category=Home&category=Lamps" in page.url


def test_enter_without_a_choice_searches_for_what_was_typed(browser: Browser, base: str) -> None:
    with watched_page(browser, base) as page:
        page.goto("/")
        box(page).fill("lamp")
        expect(page.locator(".suggestions")).to_be_visible()
        box(page).press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Results for “lamp”")


def test_a_product_is_suggested_with_its_picture_and_price(browser: Browser, base: str) -> None:
    with watched_page(browser, base) as page:
        page.goto("/")
        box(page).fill("reading lamp no 7")
        line = options(page).filter(has=page.locator("img"))
        expect(line).to_have_count(1)
        expect(line).to_contain_text("$27.00")
        line.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Reading lamp No 7")


def test_leaving_the_box_closes_the_list(browser: Browser, base: str) -> None:
    with watched_page(browser, base) as page:
        page.goto("/")
        box(page).fill("acme")
        expect(options(page).first).to_contain_text("Brand")
        box(page).press("Tab")
        expect(page.locator(".suggestions")).to_be_hidden()
        with page.expect_response(re.compile(r"/suggest\?q=qqqq")):
            box(page).fill("qqqq")
        expect(page.locator(".suggestions")).to_be_hidden()


def test_the_open_list_is_accessible(browser: Browser, base: str, axe: str) -> None:
    with watched_page(browser, base) as page:
        page.goto("/")
        box(page).fill("reading")
        expect(options(page).first).to_be_visible()
        box(page).press("ArrowDown")
        assert findings(page, axe) == []


def test_on_a_phone_the_list_stays_on_the_screen(browser: Browser, base: str) -> None:
    with watched_page(browser, base, width=360) as page:
        page.goto("/")
        box(page).fill("reading lamp")
        expect(options(page).first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_in_chinese_the_list_speaks_chinese(browser: Browser, base: str) -> None:
    with watched_page(browser, base, language="zh") as page:
        page.goto("/")
        page.get_by_role("combobox").first.fill("灯")
        lines = page.get_by_role("listbox", name="搜索建议").get_by_role("option")
        expect(lines.first).to_have_text(re.compile("灯具 ?在家居中"))
        expect(lines.last).to_contain_text("阅读灯")


def test_without_scripts_the_box_is_a_plain_search_field(browser: Browser, base: str) -> None:
    with watched_page(browser, base, scripts=False) as page:
        page.goto("/")
        page.get_by_role("searchbox").fill("lamp")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Results for “lamp”")
