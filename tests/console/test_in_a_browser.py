"""The console as merchants use it: a whole import, an undo, the keyboard, a phone, Chinese, the dark, no scripts."""

import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from shopkeeper.api.keys import KeyKind, create
from shopkeeper.face import Shop
from tests.browser import findings, served, unfit, watched_page
from tests.storefront.shop import EVIL

PAGES = ["/console", "/console/catalogue", "/console/catalogue/shirt-01", "/console/catalogue/evil%2F..%3F%3Cscript%3E", "/console/import", "/console/search?q=lamp", "/console/sales", "/console/jobs", "/console/keys", "/console/login"]  # fmt: skip
TABLE = "Artikel,Bezeichnung,Preis,Lager\nA1,Tea bowl,12.50,4\nA2,Rice bowl,dear,5\nA3,Soup bowl,9.90,some\nA4,Fruit bowl,30.00,1\n"  # fmt: skip


def bring(page: Page, path: Path) -> None:
    """Upload a file and wait for the look at it."""
    page.goto("/console/import")
    page.get_by_label("File", exact=True).set_input_files(path)
    page.get_by_label("What it holds").select_option("products")
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(path.name)


def test_a_file_with_bad_rows_goes_in_is_mended_and_goes_in_whole(
    browser: Browser, base: str, shop: Shop, tmp_path: Path
) -> None:
    path = tmp_path / "bowls.csv"
    path.write_text(TABLE, encoding="utf-8")
    with watched_page(browser, base) as page:
        bring(page, path)
        page.locator("#more-fields summary").click()
        for field, column in (("title", "Bezeichnung"), ("id", "Artikel"), ("price", "Preis")):
            page.locator(f"#map-{field}").select_option(column)
            expect(page.locator(f"tr:has(#map-{field}) .sample").first).to_be_visible()
        page.locator("#map-quantity").focus()
        page.locator("#map-quantity").select_option("Lager")
        expect(page.locator("#answer")).to_contain_text("Of 4 entries, 2 cannot be read")
        expect(page.locator("#map-quantity")).to_be_focused()  # though the list was drawn anew
        expect(page.locator("#look")).to_contain_text('"dear" is not a price')
        page.get_by_role("button", name="Import it").click()
        page.get_by_role("link", name="See the report").click()
        expect(page.locator("main")).to_contain_text(
            "2 entries are in the shop. 2 were kept aside."
        )
        with page.expect_download() as download:
            page.get_by_role("link", name="Download the rows").click()
        mended = tmp_path / "mended.csv"
        text = Path(download.value.path()).read_text(encoding="utf-8")
        mended.write_text(text.replace("dear", "8.00", 1).replace("some", "7", 1), encoding="utf-8")
        page.get_by_label("Bring the file back").set_input_files(mended)
        page.get_by_role("button", name="Look at it").click()
        expect(page.locator("main")).to_contain_text("These are rows kept aside from bowls.csv.")
        expect(page.locator("#answer")).to_contain_text("All 2 entries can be read.")
        page.get_by_role("button", name="Import it").click()
        page.get_by_role("link", name="See the report").click()
        expect(page.get_by_role("heading", name="Every row went in")).to_be_visible()
    assert shop.product("A3").variants[0].quantity == 7
    assert shop.find("bowl").total == 4


def test_a_price_is_changed_and_put_back(browser: Browser, base: str, shop: Shop) -> None:
    with watched_page(browser, base) as page:
        page.goto("/console/catalogue/lamp-03")
        page.get_by_label("Price,").fill("19.9")
        page.get_by_role("button", name="Save prices and stock").click()
        expect(page.locator("#saved")).to_contain_text("23.00 → 19.90")
        assert str(shop.product("lamp-03").variants[0].price.amount) == "19.90"
        page.locator("#saved").get_by_role("button", name="Undo").click()
        expect(page.locator("#saved")).to_contain_text("Undone.")
        expect(page.get_by_label("Price,")).to_have_value("23.00")
        page.reload()
        assert str(shop.product("lamp-03").variants[0].price.amount) == "23.00"


def test_a_job_is_followed_to_its_end_without_touching_anything(
    browser: Browser, base: str
) -> None:
    with watched_page(browser, base) as page:
        page.goto("/console/jobs")
        page.get_by_role("button", name="Rebuild the word index").click()
        expect(page.locator("#job .badge")).to_have_text("Done")
        expect(page.get_by_role("button", name="Stop")).to_have_count(0)
        page.get_by_role("link", name="‹ Jobs").click()
        expect(page.locator("tbody tr").first).to_contain_text("Done")


def test_the_whole_way_by_keyboard(browser: Browser, base: str) -> None:
    with watched_page(browser, base) as page:
        page.goto("/console")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
        page.keyboard.press("/")
        page.keyboard.type("Summer shirt No 9")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Catalogue")
        tab_to(page, "a.with-thumb")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Summer shirt No 9")
        tab_to(page, "#brand")
        page.keyboard.press("Control+a")
        page.keyboard.type("Oak")
        page.keyboard.press("Enter")
        expect(page.locator("#saved")).to_contain_text("Linden → Oak")
        tab_to(page, "#saved button")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"  # who goes by keyboard sees where they are
        page.keyboard.press("Enter")
        expect(page.locator("#brand")).to_have_value("Linden")


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus is on what matches."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"the Tab key does not come to {selector}")


def test_everything_works_without_scripts(browser: Browser, base: str, tmp_path: Path) -> None:
    path = tmp_path / "plates.csv"
    path.write_text("Nr,Was,Preis\nP1,Plate,4.00\n", encoding="utf-8")
    with watched_page(browser, base, scripts=False) as page:
        bring(page, path)
        page.locator("#map-title").select_option("Was")
        page.get_by_role("button", name="Look again").click()
        expect(page.locator("#look")).to_contain_text("Plate")
        expect(page.locator("#map-title")).to_have_value("Was")
        page.get_by_role("button", name="Import it").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Import of plates.csv")
        while not page.get_by_role("link", name="See the report").count():
            page.reload()
        page.goto("/console/search?q=plate")
        page.get_by_label("Sort by").select_option("price_asc")
        page.locator("main").get_by_role("button", name="Search").click()
        assert "sort=price_asc" in page.url


def test_signing_in_and_out(browser: Browser, shop: Shop) -> None:
    with shop.database.connection() as conn:
        _, key = create(conn, KeyKind.SECRET, "browser")
    closed = Shop(shop.settings, shop.database)
    with served(closed) as base, watched_page(browser, base) as page:
        page.goto("/console/keys")
        page.get_by_label("Secret key").fill(key)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Keys")
        expect(page.locator("tr", has_text="browser")).to_contain_text(
            "you are signed in with this one"
        )
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_label("Secret key")).to_be_focused()
    closed.stop()


def test_a_product_that_means_harm_does_none(browser: Browser, base: str) -> None:
    with watched_page(browser, base) as page:
        for path in ("/console/catalogue?sort=title", PAGES[3], f"/console/search?q={EVIL}"):
            page.goto(path)
            assert page.evaluate("window.harm") is None, path
            assert (
                page.locator("main script, main iframe, main style, main svg[onload]").count() == 0
            )
            assert page.locator("[onerror], [onclick], a[href^='javascript' i]").count() == 0
        page.goto(PAGES[3])
        expect(page.get_by_role("heading", level=1)).to_have_text(EVIL)


def test_pages_fit_their_screens_and_axe_finds_nothing_serious(
    browser: Browser, base: str, axe: str, tmp_path: Path
) -> None:
    path = tmp_path / "bowls.csv"
    path.write_text(TABLE, encoding="utf-8")
    with watched_page(browser, base) as page:
        assert unfit(page, PAGES, axe, 640, 360, 320) == []  # 640: twice as large on one of 1280
        bring(page, path)
        assert findings(page, axe) == []


def test_in_chinese_nothing_stays_english(browser: Browser, base: str, tmp_path: Path) -> None:
    names = ["English", "Shopkeeper", "SKU", "GTIN", "ID", "HTML", "Shopify", "WooCommerce", "Google Merchant", "XML", "JSON lines", "CSV", "JSONL", "JSON", "Parquet", "UBI", "GA4", "schema.org", "gzip", "MB", "API", "https://shop.example", "US$"]  # fmt: skip
    with watched_page(browser, base, language="zh") as page:
        for path in ("/console", "/console/import", "/console/keys", "/console/jobs", "/console/login", "/console/catalogue?q=nothing-like-this"):  # fmt: skip
            page.goto(path)
            text = re.sub(r"[sp]k_live_\w*", "", page.locator("body").inner_text())
            for name in [*names, "nothing-like-this", "waterproof anorak", "shopkeeper keys create", "bowls.csv", "mended.csv", "plates.csv", "browser"]:  # fmt: skip
                text = text.replace(name, "")
            assert re.findall(r"[A-Za-z]{3,}", text) == [], path
