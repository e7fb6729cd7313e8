"""Every page of the console over HTTP: what it says first, and what it does with addresses that make no sense."""

import re
from html.parser import HTMLParser

import pytest

from shopkeeper.face import Shop
from shopkeeper.shop import products
from tests.console.conftest import TestClient
from tests.console.shop import LOST
from tests.storefront.shop import LAMPS

PAGES = ["/console", "/console/catalogue", "/console/catalogue/lamp-01", "/console/catalogue/evil%2F..%3F%3Cscript%3E", "/console/import", "/console/search", "/console/search?q=lamp", "/console/sales", "/console/attention", "/console/workshop", "/console/jobs", "/console/keys", "/console/login"]  # fmt: skip
NONSENSE = ["?page=999999999999999999", "?page=-1", "?page=x", "?q=%F0%9F%98%80", "?q=" + "a" * 2000, "?sort=x&status=y&problem=z", "?f=%3A%3A&min=1e999&max=NaN", "?lang=xx&theme=yy", "?before=999999999999999999", "?saved=x"]  # fmt: skip


class Tags(HTMLParser):
    """The tags of a page with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.mark.parametrize("path", PAGES)
def test_pages_answer_under_a_strict_policy_and_need_no_exception(
    client: TestClient, path: str
) -> None:
    page = client.get(path)
    assert page.status_code == 200 and "<h1>" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for tag, attributes in Tags(page.text).found:
        assert tag not in ("style", "iframe") and (tag != "script" or attributes.get("src"))
        assert not any(name.startswith("on") or name == "style" for name in attributes)
        for name in ("href", "src", "action", "formaction"):
            assert (attributes.get(name) or "/").startswith(("/", "?", "#")), attributes


@pytest.mark.parametrize("query", NONSENSE)
def test_nonsense_in_an_address_shows_the_page_all_the_same(client: TestClient, query: str) -> None:
    for path in [p for p in PAGES if "?" not in p]:
        assert client.get(path + query).status_code == 200, path + query


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/console/catalogue/nothing", 404),
        ("/console/imports/7", 404),
        ("/console/imports/7/bad-rows", 404),
        ("/console/jobs/7", 404),
        ("/console/import/0123456789abcdef", 404),
        ("/console/import/..%2f..%2fpostgres", 404),
        ("/console/imports/99999999999999999999", 422),
        ("/console/jobs/x", 422),
        ("/console/catalogue/" + "a" * 400, 422),
        ("/console/catalogue/a%00b", 422),
        ("/console/nothing", 404),
    ],
)
def test_what_is_not_there_is_said_on_a_page(client: TestClient, path: str, status: int) -> None:
    page = client.get(path)
    assert page.status_code == status
    assert "role=alert" in page.text and 'aria-label="Console"' in page.text  # and one can go on


def test_home_says_how_much_there_is_and_what_to_do_first(client: TestClient) -> None:
    text = client.get("/console").text
    assert "44 products in the shop." in text
    assert "/console/catalogue?problem=category&amp;status=active" not in text  # none lacks one
    assert "/console/catalogue?problem=gtin" not in text  # no product has one: it is no gap
    assert f'href="/console/search?q={LOST.replace(" ", "%20")}">{LOST}</a>' in text
    assert "3 times" in text


def test_every_count_of_what_is_missing_opens_as_many_products(client: TestClient) -> None:
    todo = re.findall(
        r'href="(/console/catalogue\?problem=[^"]+)">(\d+) ', client.get("/console").text
    )
    assert todo
    for address, told in todo:
        page = client.get(address.replace("&amp;", "&")).text
        assert page.count('<tr><td><a class="with-thumb"') == int(told), address


def test_sales_leave_cancelled_orders_out_and_compare_whole_weeks(client: TestClient) -> None:
    text = client.get("/console/sales").text
    assert "$1,134.00 from 27 orders in the last four weeks." in text  # 28 days, one cancelled
    assert "Reading lamp No 1" in text and "54" in text  # pieces


def test_the_search_tester_says_why_and_how_long(client: TestClient) -> None:
    text = client.get("/console/search?q=lamp").text
    assert re.search(rf"“lamp” finds {LAMPS} products in [\d.]+ ms\.", text)
    assert re.search(r"<mark>lamp</mark> in title <span class=\"muted\">\+\d+\.\d\d</span>", text)
    assert "exact code" in client.get("/console/search?q=lamp-07").text


def test_a_facet_of_the_search_tester_shows_what_it_counts(client: TestClient) -> None:
    text = client.get("/console/search?q=lamp").text
    found = re.search(
        r'href="(/console/search\?q=lamp&amp;f=brand%3AAcme)"[^>]*><span>Acme</span><span class="count">(\d+)',
        text,
    )
    assert found is not None
    assert f"finds {found[2]} products" in client.get(found[1].replace("&amp;", "&")).text


def test_words_that_no_product_has_are_named(client: TestClient) -> None:
    text = client.get("/console/search?q=lamp+zeppelin").text
    assert "No product has “zeppelin”." in text
    assert "Nothing matches" in client.get("/console/search?q=zeppelin").text


def test_the_catalogue_is_searched_filtered_and_sorted(client: TestClient) -> None:
    def titles(query: str) -> list[str]:
        return re.findall(
            r'<a class="with-thumb"[^>]*>.*?<span>(.*?)<span',
            client.get(f"/console/catalogue{query}").text,
        )

    assert titles("?q=SHIRT-03-BLUE-S") == ["Summer shirt No 3"]
    assert titles("?status=draft") == ["Secret lamp"]
    assert len(titles("?q=100%25")) == 0  # a percent sign is no wildcard
    assert titles("?q=lamp+birch&sort=price")[:2] == ["Reading lamp No 3", "Reading lamp No 6"]
    assert titles("?q=lamp&sort=-price")[0] == "Reading lamp No 30"
    assert "夏季衬衫3号" in client.get("/console/catalogue?q=夏季衬衫3号&lang=zh").text


def test_what_products_cost_and_have_goes_out_as_files(client: TestClient, shop: Shop) -> None:
    lines = client.get("/console/export?format=jsonl")
    with shop.database.connection() as conn:
        assert lines.text.count("\n") == products.count(conn)
    assert (
        "products.csv"
        in client.get("/console/export?format=shopify").headers["content-disposition"]
    )
    assert client.get("/console/export?format=../../secret").status_code == 200  # as JSON lines


def test_a_shop_without_anything_says_how_to_begin(client: TestClient, shop: Shop) -> None:
    with shop.database.connection() as conn:
        conn.execute("alter table products rename to away")
        conn.execute("create table products (like away including all)")
        conn.execute("alter table orders rename to orders_away")
        conn.execute("create table orders (like orders_away including all)")
        conn.execute("alter table events rename to events_away")
        conn.execute("create table events (like events_away including all)")
    try:
        assert "This shop has no products yet." in client.get("/console").text
        assert "No products yet" in client.get("/console/catalogue").text
        assert "There are no orders and no visits yet." in client.get("/console/sales").text
    finally:
        with shop.database.connection() as conn:
            for name in ("products", "orders", "events"):
                old = "away" if name == "products" else f"{name}_away"
                conn.execute(f"drop table {name}")
                conn.execute(f"alter table {old} rename to {name}")
