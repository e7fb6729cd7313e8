"""What all pages share: cleaned text, formats, policy, packing, static files, languages and themes."""

import gzip
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from shopkeeper.pages import formats, static
from shopkeeper.pages.environment import clean, markdown, redirect
from shopkeeper.pages.links import SearchLinks, page_number
from shopkeeper.pages.products import may_show, offer_of
from shopkeeper.shop.database import Database
from shopkeeper.shop.embedded import EmbeddedServer
from shopkeeper.shop.records import Availability, Image, Money, Variant, VariantId
from tests.api.conftest import Served, serve, served

__all__ = ["serve", "served"]

HARMFUL = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<a href='javascript:alert(1)'>x</a>",
    "<svg onload=alert(1)>", "<style>*{display:none}</style>", "<iframe src='//evil.example'></iframe>",
    "<p onclick=alert(1) style='position:fixed'>x</p>", "<form action='//evil.example'><input></form>",
    "<math><mi xlink:href='data:x'>", "<<script>script>alert(1)</script>", "<object data=x></object>",
]  # fmt: skip


@pytest.mark.parametrize("markup", HARMFUL)
def test_a_description_keeps_nothing_that_acts(markup: str) -> None:
    kept = str(clean(f"<p>before</p>{markup}<p>after</p>"))
    assert kept.startswith("<p>before</p>")
    assert re.search(r"<(?!/?(p|b)>)|on\w+=|javascript|style", kept) is None, kept


def test_a_description_keeps_its_lists_and_tables() -> None:
    markup = '<ul><li>one</li></ul><table><tbody><tr><td colspan="2">x</td></tr></tbody></table>'
    assert str(clean(markup)) == markup


def test_a_text_of_the_shop_is_markdown_whose_links_lead_to_pages_only() -> None:
    shown = str(markdown("# Hi\n\n[good](https://a.example) [bad](javascript:alert(1)) <b>x</b>"))
    assert "<h1>Hi</h1>" in shown and 'href="https://a.example"' in shown
    assert 'href="javascript' not in shown and "&lt;b&gt;" in shown


def test_money_numbers_and_days_are_written_as_each_language_does() -> None:
    yuan = Money(Decimal("1200"), "CNY")
    assert formats.money(yuan, "zh") == "¥1,200.00"
    assert formats.money(yuan, "en") == "CN¥1,200.00"
    assert formats.money(Money(Decimal("1200"), "JPY"), "en") == "¥1,200"
    at = datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert (formats.day(at, "en"), formats.day(at, "zh")) == ("Mar 1, 2026", "2026年3月1日")
    assert formats.number(1234.5, "de") == "1.234,5"
    assert formats.number(7, "no-such-language") == "7"


@pytest.mark.parametrize(
    "path", ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:x", ""]
)
def test_going_on_never_leads_to_another_site(path: str) -> None:
    assert redirect(path).headers["location"] == "/"


def test_going_on_keeps_a_page_with_its_query() -> None:
    assert redirect("/search?q=tea&f=Color%3AB").headers["location"] == "/search?q=tea&f=Color%3AB"
    assert "\n" not in redirect("/a\nset-cookie: x=1").headers["location"]


def test_a_picture_is_shown_by_https_or_from_this_shop() -> None:
    good = ["https://cdn.example/a.png", "/pictures/a.svg"]
    bad = [
        "http://a.example/a.png",
        "//a.example/a.png",
        "/\\a.example",
        "javascript:1",
        "data:image/svg+xml,x",
        "",
    ]
    assert [may_show(Image(url)) for url in good + bad] == [True] * 2 + [False] * 6


def variant(
    price: str, *, before: str = "", sold_out: bool = False, unknown: bool = False
) -> Variant:
    return Variant(
        VariantId(price), "", Money(Decimal(price), "USD"),
        list_price=Money(Decimal(before), "USD") if before else None,
        availability=Availability.OUT_OF_STOCK if sold_out else Availability.IN_STOCK,
        metadata={"price": "unknown"} if unknown else {},
    )  # fmt: skip


def test_a_price_is_what_can_be_paid_today() -> None:
    offer = offer_of([variant("30"), variant("20", before="25"), variant("5", sold_out=True)])
    assert offer.low and offer.high and offer.before
    amounts = [str(money.amount) for money in (offer.low, offer.high, offer.before)]
    assert amounts == ["20.00", "30.00", "25.00"]
    assert offer.percent == 20
    assert offer_of([variant("0", unknown=True)]).low is None
    sold_out = offer_of([variant("5", sold_out=True)])
    assert sold_out.low and sold_out.low.amount == 5


def test_pages_around_the_one_shown_and_both_ends() -> None:
    links = SearchLinks(query="tea", page=6)
    assert [n for n, _ in links.numbered(12)] == [1, 0, 5, 6, 7, 0, 12]
    assert links.numbered(12)[0][1] == "/search?q=tea"
    assert [n for n, _ in SearchLinks().numbered(2)] == [1, 2]


@pytest.mark.parametrize("text", ["", "0", "-1", "x", "²", "9" * 30, "1e3", "401"])
def test_a_page_that_is_none_is_the_first(text: str) -> None:
    assert page_number(text, 400) == 1


def test_an_address_survives_its_round_trip() -> None:
    links = SearchLinks(
        query="tea & cake", filters=(("Color", "a:b"), ("brand", "Ü")), category=("A > B", "C"),
        price_min="1.5", available_only=True, page=3,
    )  # fmt: skip
    assert SearchLinks.of_url(links.url) == links


def test_pages_carry_a_policy_without_exceptions_for_scripts_and_styles(served: Served) -> None:
    for path in ("/", "/search?q=x", "/cart", "/nothing-here"):
        answer = served.client(accept="text/html").get(path)
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self'; style-src 'self'" in policy and "unsafe" not in policy
        assert re.search(r"<script>|<style|\son\w+=|\sstyle=", answer.text) is None


def test_errors_are_pages_to_browsers_and_json_to_programs(served: Served) -> None:
    page = served.client(accept="text/html,*/*").get("/products/none")
    assert page.status_code == 404 and "<h1>This page is not here</h1>" in page.text
    assert "&#39;none&#39;" not in page.text  # what the program calls it is nothing to a shopper
    data = served.client().get("/products/none")
    assert (data.status_code, data.json()["code"]) == (404, "not_found")
    assert served.client(accept="text/html").get("/v1/products").json()["code"] == "unauthorized"


def test_a_page_for_an_error_needs_no_database(served: Served, server: EmbeddedServer) -> None:
    served.shop.database = Database(server.url, pool_size=2)
    served.shop.database.close()
    answer = served.client(accept="text/html").get("/pages/shipping")
    assert answer.status_code == 503
    assert (
        "The shop is away for a moment" in answer.text
        and answer.headers["x-request-id"] in answer.text
    )


def test_static_files_are_kept_for_ever_under_an_address_of_their_own(served: Served) -> None:
    address = static.url("style.css")
    plain = served.client(**{"accept-encoding": "identity"}).get(address)
    packed = served.client(**{"accept-encoding": "gzip"}).get(address)
    assert "immutable" in plain.headers["cache-control"]
    assert packed.headers["content-encoding"] == "gzip" and packed.content == plain.content
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 2
    for wrong in (
        "/static/000000000000/style.css",
        address.replace("style", "../environment"),
        address + "x",
    ):
        assert served.client().get(wrong).status_code == 404


@pytest.mark.parametrize("name", ["../words.py", "style.py", "a/b.css", "none.css", ""])
def test_only_files_of_the_pages_are_served(name: str) -> None:
    assert static.file(name) is None


def test_language_and_theme_are_remembered_and_nothing_else_is(served: Served) -> None:
    client = served.client()
    answer = client.get("/preferences?lang=zh&theme=dark&next=/cart", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/cart")
    page = client.get("/cart").text
    assert '<html lang="zh" data-theme="dark">' in page
    client.get("/preferences?lang=xx&theme=pink")
    assert '<html lang="zh" data-theme="dark">' in client.get("/cart").text


def test_the_browser_says_the_language_at_first(served: Served) -> None:
    page = served.client(**{"accept-language": "fr-FR, zh-CN;q=0.8, en;q=0.5"}).get("/cart")
    assert '<html lang="zh">' in page.text
    assert "Accept-Language" in page.headers["vary"]


def test_packed_pages_say_the_same(serve: Callable[..., Served]) -> None:
    client = serve().client(**{"accept-encoding": "gzip"})
    with client.stream("GET", "/cart") as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw).startswith(b"<!doctype html>")
