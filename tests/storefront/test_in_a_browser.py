"""The storefront as people use it: by mouse, by keyboard, on a phone, in Chinese, in the dark, without scripts."""

import re

from playwright.sync_api import Browser, Page, expect

from shopkeeper.face import Shop
from shopkeeper.shop import events
from tests.browser import unfit, watched_page
from tests.storefront.shop import EVIL, LAMPS, SHIRTS

PAGES = ["/", "/search", "/search?q=shirt", "/search?q=shirt&f=brand%3AAcme", "/products/shirt-01", "/pages/shipping", "/pages", "/cart", "/nothing"]  # fmt: skip

# What stands on the pages in Latin letters and is no word of the pages: names, codes, and what was typed or written.
NOT_WORDS = ["English", "Shopkeeper", "Linden & Pine", "Linden", "Acme", "Birch", "US$", "GTIN", "SHIRT-01-BLUE-S", EVIL, "shirt", "Worn", "times, no complaint", "Good", "Ann"]  # fmt: skip


def count_said(page: Page) -> int:
    return int(re.sub(r"\D", "", page.locator("#found").inner_text()))


def test_from_words_to_the_cart(browser: Browser, base: str) -> None:
    with watched_page(browser, base) as page:
        page.goto("/")
        page.get_by_role("combobox", name="Search products").fill("summer shirt")
        page.keyboard.press("Enter")
        expect(page.locator("#found")).to_have_text(f"{SHIRTS} products")
        linen = page.get_by_label("Linen")
        promised = int(linen.locator("xpath=..").locator(".number").inner_text())
        linen.check()
        expect(page.locator("#found")).to_have_text(f"{promised} products")
        assert page.locator("#results .product").count() == promised
        assert "f=Material%3ALinen" in page.url
        expect(page.get_by_label("Linen")).to_be_focused()  # the list was drawn anew around it
        page.get_by_role("link", name="Summer shirt No 1", exact=True).click()
        page.get_by_role("link", name="Sand").click()
        page.get_by_role("link", name="M", exact=True).click()
        expect(page.locator(".options b")).to_have_text(["Sand", "M"])
        page.get_by_role("button", name="Add to cart").click()
        expect(page.locator(".cart-line")).to_contain_text("Sand, M")
        expect(page.locator(".sum .price")).to_have_text("$40.00")
        expect(page.locator(".in-cart")).to_have_text("1")


def test_what_is_taken_out_of_the_cart_can_be_put_back(browser: Browser, base: str) -> None:
    with watched_page(browser, base) as page:
        page.goto("/products/lamp-01")
        page.get_by_label("Quantity").fill("2")
        page.get_by_role("button", name="Add to cart").click()
        page.get_by_role("button", name="Remove").click()
        expect(page.get_by_role("heading", name="Your cart is empty")).to_be_visible()
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_label("Quantity of Reading lamp No 1")).to_have_value("2")
        page.get_by_label("Quantity of Reading lamp No 1").fill("3")
        page.get_by_label("Quantity of Reading lamp No 1").press("Tab")  # it sends itself
        expect(page.locator(".sum .price")).to_have_text("$63.00")


def test_filters_come_and_go_one_by_one(browser: Browser, base: str) -> None:
    with watched_page(browser, base) as page:
        page.goto("/search?q=lamp")
        page.get_by_label("Birch").check()
        expect(page.locator("#found")).to_have_text(f"{LAMPS // 3} products")
        page.get_by_label("from", exact=True).fill("30")
        page.get_by_label("from", exact=True).press("Enter")
        expect(page.locator(".chosen .chip")).to_have_count(3)  # both, and «clear all»
        assert count_said(page) < LAMPS // 3
        page.get_by_role("link", name="Brand: Birch").click()
        expect(page.locator(".chosen .chip")).to_have_count(1)
        page.get_by_label("Sort by").select_option("price_desc")
        expect(page.locator(".product h3").first).to_have_text("Reading lamp No 30")
        page.go_back()
        expect(page.get_by_label("Sort by")).to_have_value("relevance")


def test_a_page_without_results_says_what_would_find_something(browser: Browser, base: str) -> None:
    with watched_page(browser, base) as page:
        page.goto("/search?q=shirt&f=brand%3AAcme")
        way = page.get_by_role("link", name="Without “Brand: Acme”")
        promised = way.locator(".number").inner_text()
        way.click()
        expect(page.locator("#found")).to_have_text(promised)


def test_the_whole_way_by_keyboard(browser: Browser, base: str) -> None:
    with watched_page(browser, base) as page:
        page.goto("/")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
        page.keyboard.press("/")
        page.keyboard.type("lamp")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_contain_text("lamp")
        tab_to(page, "Birch")
        page.keyboard.press("Space")
        expect(page.locator("#found")).to_have_text(f"{LAMPS // 3} products")
        tab_to(page, "Reading lamp No 3")
        outline = page.evaluate("getComputedStyle(document.activeElement, '::after').outlineStyle")
        assert outline == "solid"  # who goes by keyboard sees where they are
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Reading lamp No 3")
        tab_to(page, "Add to cart")
        page.keyboard.press("Enter")
        expect(page.locator(".cart-line")).to_have_count(1)


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the focus is on what has this name."""
    for _ in range(60):
        page.keyboard.press("Tab")
        said = page.evaluate(
            "(document.activeElement.labels?.[0] ?? document.activeElement).innerText.trim()"
        )
        if said.split("\n")[0] == name:
            return
    raise AssertionError(f"the Tab key does not come to {name!r}")


def test_everything_works_without_scripts(browser: Browser, base: str) -> None:
    with watched_page(browser, base, scripts=False) as page:
        page.goto("/search?q=shirt")
        page.get_by_label("Cotton").check()
        page.locator("#filter-form").get_by_role("button", name="Apply").click()
        expect(page.locator("#found")).to_have_text(f"{SHIRTS // 2} products")
        page.get_by_label("Sort by").select_option("title")
        page.get_by_role("button", name="Apply").first.click()
        assert "f=Material%3ACotton" in page.url and "sort=title" in page.url
        page.locator(".product a").first.click()
        page.get_by_role("button", name="Add to cart").click()
        page.get_by_label(re.compile("Quantity of")).fill("2")
        page.get_by_role("button", name="Change").click()
        expect(page.locator(".sum .price")).to_have_text("$80.00")


def test_on_a_phone_the_filters_are_a_sheet(browser: Browser, base: str) -> None:
    with watched_page(browser, base, width=360) as page:
        page.goto("/search?q=shirt")
        expect(page.get_by_label("Linen")).to_be_hidden()
        page.get_by_role("button", name="Filters").click()
        page.get_by_label("Linen").check()
        expect(page.locator("#show-found")).to_have_text(f"Show {SHIRTS // 2} products")
        page.locator("#show-found").click()
        expect(page.get_by_label("Linen")).to_be_hidden()
        expect(page.locator("#found")).to_have_text(f"{SHIRTS // 2} products")


def test_a_product_that_means_harm_does_none(browser: Browser, base: str) -> None:
    with watched_page(browser, base) as page:
        for path in ("/search?category=Clothing&sort=title", "/products/evil%2F..%3F%3Cscript%3E", "/pages/returns", f"/search?q={EVIL}"):  # fmt: skip
            page.goto(path)
            assert page.evaluate("window.harm") is None, path
            assert (
                page.locator(
                    "main script, main iframe, main style, [onerror], [onclick], [onload]"
                ).count()
                == 0
            )
            assert page.locator("a[href^='javascript' i], img[src^='javascript' i]").count() == 0
            assert page.evaluate("getComputedStyle(document.body).display") != "none"
        page.goto("/products/evil%2F..%3F%3Cscript%3E")
        expect(page.get_by_role("heading", level=1)).to_have_text(EVIL)
        expect(page.locator(".prose")).to_contain_text("Harmless words")
        expect(page.locator(".prose form, .prose a")).to_have_count(0)


def test_pages_fit_their_screens_and_axe_finds_nothing_serious(
    browser: Browser, base: str, axe: str
) -> None:
    paths = [p for p in PAGES if p != "/nothing"] + ["/products/evil%2F..%3F%3Cscript%3E"]
    with watched_page(browser, base) as page:
        page.goto("/products/lamp-02")
        page.get_by_role("button", name="Add to cart").click()
        assert unfit(page, paths, axe, 640, 360, 320) == []  # 640: twice as large on one of 1280


def test_themes_follow_the_device_or_the_choice(browser: Browser, base: str) -> None:
    dark, light = "rgb(21, 23, 19)", "rgb(250, 249, 246)"
    with watched_page(browser, base, theme="dark") as page:
        page.goto("/search?q=lamp")
        expect(page.locator("html")).to_have_css("background-color", dark)
        page.get_by_role("link", name="Light", exact=True).click()
        expect(page.locator("html")).to_have_css("background-color", light)
        assert page.url.endswith("/search?q=lamp")


def test_in_chinese_nothing_stays_english(browser: Browser, base: str) -> None:
    with watched_page(browser, base, language="zh") as page:
        page.goto("/products/shirt-02")
        page.get_by_role("button", name="加入购物车").click()
        for path in PAGES[:-1]:
            page.goto(path)
            assert page.locator("html").get_attribute("lang") == "zh"
            said = page.locator("body").inner_text() + page.title()
            for data in NOT_WORDS:
                said = said.replace(data, " ")
            assert re.findall(r"[A-Za-z]{2,}", said) == [], path
        page.get_by_role("link", name="English").first.click()
        assert page.locator("html").get_attribute("lang") == "en"


def test_what_visitors_do_is_noted_with_the_search_it_came_from(
    browser: Browser, base: str, shop: Shop
) -> None:
    with watched_page(browser, base) as page:
        page.goto("/search?q=reading+lamp")
        third = page.locator(".product a").nth(2)
        title = third.inner_text()
        third.click()
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        page.reload()
        page.get_by_role("button", name="Add to cart").click()
        page.goto("/")
        expect(page.get_by_role("heading", name="Seen lately")).to_be_visible()
        visit = next(c["value"] for c in page.context.cookies() if c["name"] == "visit")
    with shop.database.connection() as conn:
        mine = sorted(
            (e for e in events.iterate(conn) if e.session_id == visit), key=lambda e: e.at
        )
        queries = {q.id: q for q in events.iterate_queries(conn)}
    assert [e.action for e in mine] == ["search", "view", "click", "view", "add_to_cart"]
    query = queries[mine[0].query_id or mine[1].query_id]  # type: ignore[index]
    assert query.user_query == "reading lamp"
    click = mine[2]
    assert (click.query_id, click.position) == (query.id, 3)
    assert query.hits[2] == click.object_id
    assert {e.query_id for e in mine} == {query.id}
