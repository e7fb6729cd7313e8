"""The storefront's pages by request: what they say, keep and leave out."""

import re
from collections.abc import Iterator
from urllib.parse import quote, unquote

import pytest

from shopkeeper.api import create_app
from shopkeeper.face import Shop
from shopkeeper.search import FacetValue
from shopkeeper.search.shelves import popular
from shopkeeper.shop import events
from shopkeeper.shop.records import Event, ProductId
from shopkeeper.storefront import cart, shelves
from shopkeeper.storefront.narrowing import in_order
from shopkeeper.storefront.options import choices_of
from shopkeeper.storefront.suggesting import typed_and_rest
from shopkeeper.storefront.swatches import hue_of
from shopkeeper.storefront.texts import summary_of, without_title
from tests.api.conftest import TestClient
from tests.storefront.shop import LAMPS, SHIRTS, evil, shirts


@pytest.fixture(scope="module")
def app(shop: Shop) -> Iterator[object]:
    shop.search.refresh()
    yield create_app(shop)


@pytest.fixture
def visitor(app: object) -> TestClient:
    """A browser of a new visitor."""
    return TestClient(app, base_url="https://shop.example", headers={"accept": "text/html"}, raise_server_exceptions=False)  # type: ignore[arg-type]  # fmt: skip


def noted(shop: Shop, client: TestClient) -> list[Event]:
    """What this visitor did, in order."""
    session = client.cookies.get("visit")
    with shop.database.connection() as conn:
        return sorted(
            (e for e in events.iterate(conn) if session and e.session_id == session),
            key=lambda e: e.at,
        )


def add(client: TestClient, variant: str, **more: str) -> None:
    client.post("/cart", data={"variant": variant, **more})


def test_each_facet_counts_what_ticking_it_shows(visitor: TestClient) -> None:
    page = visitor.get("/search?q=shirt").text
    ticks = re.findall(r'value="([^"]+:[^"]+)">.*?<span class="number">(\d+)</span>', page)
    assert len(ticks) >= 6
    for value, count in ticks:
        shown = visitor.get(f"/search?q=shirt&f={quote(value.replace('&#39;', chr(39)))}").text
        assert shown.count('<li class="product') == int(count), value


def test_pages_are_numbered_and_one_behind_the_last_shows_the_last(visitor: TestClient) -> None:
    second = visitor.get("/search?q=lamp&page=2").text
    assert second.count('<li class="product') == LAMPS - 24
    assert visitor.get("/search?q=lamp&page=99").text.count('<li class="product') == LAMPS - 24
    assert 'aria-current="page"' in second and 'rel="prev"' in second and 'rel="next"' not in second


@pytest.mark.parametrize(
    "query",
    ["page=-1", "page=9e9", "min=x", "min=-5&max=nan", "sort=none", "f=nonsense", "f=:", "category=&category=x", "available=maybe", "q=" + "x" * 600, "f=a:b&" * 90],
)  # fmt: skip
def test_an_address_that_makes_no_sense_is_still_a_page(visitor: TestClient, query: str) -> None:
    assert visitor.get(f"/search?{query}").status_code == 200


def test_drafts_are_unknown_to_shoppers(visitor: TestClient) -> None:
    assert visitor.get("/products/draft").status_code == 404
    assert "Secret lamp" not in visitor.get("/search?q=secret").text
    assert visitor.post("/cart", data={"variant": "draft"}).status_code == 404


def test_each_option_leads_to_the_nearest_variant_and_says_what_is_sold_out() -> None:
    product = next(shirts())
    chosen = next(v for v in product.variants if v.title == "Blue / M")
    color, size = choices_of(product, chosen, {"Color": "Farbe"}, {"q_id": "q1"})
    assert (color.label, color.chosen, size.chosen) == ("Farbe", "Blue", "M")
    urls = {value.label: unquote(value.url) for value in color.values}
    assert urls["Red"].endswith("variant=shirt-01-Red-M&q_id=q1#buy")
    assert [value.buyable for value in color.values] == [True, False, True]
    assert [bool(value.hue) for value in (*color.values, *size.values)] == [True] * 3 + [False] * 2


def test_a_colour_is_known_by_its_name_or_its_last_word() -> None:
    assert hue_of("Color", "Sage green") == "#9cae8c"
    assert hue_of("Colour", "Royal BLUE") == hue_of("Color", "blue") != ""
    assert hue_of("Size", "blue") == hue_of("Color", "striped") == hue_of("Color", "") == ""


def test_a_product_page_shows_price_facts_and_what_was_promised(visitor: TestClient) -> None:
    page = visitor.get("/products/shirt-01").text
    for text in ("$40.00", "$50.00", "−20%", "Linen", "SHIRT-01-BLUE-S", "only 3 left", "Orders leave within a day.", "Send it back within 30 days."):  # fmt: skip
        assert text in page, text


def test_reviews_are_told_in_short_and_can_be_narrowed_by_stars(visitor: TestClient) -> None:
    page = visitor.get("/products/shirt-01").text
    assert page.count('<article class="review">') == 6
    assert re.search(r'class="mean">4\.4<', page)
    fours = visitor.get("/products/shirt-01?stars=4").text
    assert fours.count('<article class="review">') == 2 and "Worn 3 times" in fours
    rest = visitor.get("/products/shirt-01?page=2").text
    assert rest.count('<article class="review">') == 2


@pytest.mark.parametrize("query", ["stars=9", "stars=x", "page=-2", "page=77", "picture=5", "pos=²", "variant=none"])  # fmt: skip
def test_a_product_page_bears_any_address(visitor: TestClient, query: str) -> None:
    page = visitor.get(f"/products/shirt-01?{query}")
    assert page.status_code == 200 and "Worn" in page.text


def test_an_id_with_slashes_and_marks_has_a_page_and_a_picture(visitor: TestClient) -> None:
    address = quote(evil().id, safe="")
    assert visitor.get(f"/products/{address}").status_code == 200
    drawn = visitor.get(f"/pictures/{address}.svg")
    assert drawn.headers["content-type"] == "image/svg+xml"
    assert "sandbox" in drawn.headers["content-security-policy"]


def test_only_a_first_visit_gets_a_cookie_and_who_asks_not_to_be_followed_gets_none(
    visitor: TestClient, app: object
) -> None:
    first = visitor.get("/products/lamp-01")
    assert (
        "httponly" in first.headers["set-cookie"].lower()
        and "Secure" in first.headers["set-cookie"]
    )
    assert "set-cookie" not in visitor.get("/products/lamp-02").headers
    quiet = TestClient(app, headers={"sec-gpc": "1", "accept": "text/html"})  # type: ignore[arg-type]
    assert "set-cookie" not in quiet.get("/products/lamp-01").headers


def test_a_click_counts_once_however_often_the_page_is_read(
    visitor: TestClient, shop: Shop
) -> None:
    found = visitor.get("/search?q=lamp").text
    address = re.findall(r'href="(/products/[^"]+pos=2)"', found)[0].replace("&amp;", "&")
    visitor.get(address)
    visitor.get(address)
    assert [e.action for e in noted(shop, visitor)] == ["search", "view", "click", "view"]


def test_listings_without_words_credit_no_search(visitor: TestClient) -> None:
    assert "q_id=" not in visitor.get("/search?category=Home").text


def test_the_cart_believes_nothing_but_ids_and_numbers(visitor: TestClient) -> None:
    add(visitor, "lamp-01", quantity="2")
    add(visitor, "lamp-01", quantity="500")
    page = visitor.get("/cart").text
    assert 'value="99"' in page and "$2,079.00" in page and "only 3 left" in page
    visitor.cookies.clear()
    visitor.cookies.set("cart", "bm9uc2Vuc2U")
    assert "Your cart is empty" in visitor.get("/cart").text


def test_what_cannot_be_bought_does_not_get_into_the_cart(visitor: TestClient) -> None:
    answer = visitor.post("/cart", data={"variant": "shirt-01-Red-M"}, follow_redirects=False)
    assert answer.headers["location"].startswith("/products/shirt-01")
    assert "cart" not in visitor.cookies
    assert visitor.post("/cart", data={"variant": "nonsense"}).status_code == 404


def test_another_sites_page_cannot_fill_the_cart(visitor: TestClient) -> None:
    headers = {"sec-fetch-site": "cross-site"}
    assert visitor.post("/cart", data={"variant": "lamp-01"}, headers=headers).status_code == 403


def test_taking_out_is_noted_and_can_be_undone(visitor: TestClient, shop: Shop) -> None:
    add(visitor, "lamp-03", quantity="2", q_id="q9")
    page = visitor.post("/cart/change", data={"variant": "lamp-03", "remove": "1"}).text
    assert "was taken out" in page and 'name="quantity" value="2"' in page
    happened = [(e.action, e.query_id, e.attributes) for e in noted(shop, visitor)]
    details = {"variant_id": "lamp-03", "quantity": 2}
    assert happened == [("add_to_cart", "q9", details), ("remove_from_cart", None, details)]


def test_a_full_cart_says_so(visitor: TestClient) -> None:
    for n in range(1, LAMPS + 1):
        add(visitor, f"lamp-{n:02}")
    answer = visitor.post("/cart", data={"variant": "shirt-01-Blue-S"})
    assert "Your cart is full" in answer.text


@pytest.mark.parametrize(
    "cookie", ["", "x", "e30", "W10", "eyJhIjoxZTl9", "bnVsbA", "%00", "e" * 5000]
)
def test_any_cookie_is_a_cart(cookie: str) -> None:
    assert cart.read(cookie) == {}


def test_home_shows_what_was_seen_and_what_is_reduced(visitor: TestClient) -> None:
    assert "Seen lately" not in visitor.get("/").text
    visitor.get("/products/lamp-07")
    page = visitor.get("/").text
    assert "Seen lately" in page and "Reading lamp No 7" in page
    assert "Reduced" in page and "−20%" in page


def test_what_is_popular_needs_enough_visits(shop: Shop) -> None:
    with shop.database.connection() as conn:
        ids = [ProductId("lamp-05"), ProductId("draft"), ProductId("gone")]
        conn.execute("truncate events")
        for n, id_ in enumerate(ids):
            conn.execute(
                "insert into events (id, action, at, session_id, object_id, object_id_type) values (%s, 'view', now(), 's', %s, 'product')",
                [f"e{n}", id_],
            )
        assert popular(conn) == ["lamp-05"]  # neither drafts nor what is gone


def test_what_is_kept_is_asked_anew_when_old_or_when_the_catalogue_changed() -> None:
    now, asked = [0.0], []
    kept = shelves.Kept(clock=lambda: now[0])

    def ask() -> int:
        asked.append(now[0])
        return len(asked)

    first, second = object(), object()
    assert [kept.get("k", first, ask), kept.get("k", first, ask)] == [1, 1]
    assert kept.get("k", second, ask) == 2
    now[0] = shelves.KEPT_S
    assert kept.get("k", second, ask) == 3


def test_sizes_and_numbers_stand_in_their_order_and_others_by_count() -> None:
    def ordered(*values: str) -> list[str]:
        found = [FacetValue(v, n, selected=n == 0, label=v) for n, v in enumerate(values)]
        return [v.value for v in in_order(found)]

    assert ordered("XL", "S", "m", "XXS") == ["XXS", "S", "m", "XL"]
    assert ordered("10 cm", "9.5 cm", "100 cm") == ["9.5 cm", "10 cm", "100 cm"]
    assert ordered("10 cm", "9 kg", "M") == ["M", "9 kg", "10 cm"]


def test_a_text_is_shown_in_the_visitors_language_with_its_marks(visitor: TestClient) -> None:
    page = visitor.get("/pages/shipping").text
    assert page.count("<h1>Shipping</h1>") == 1 and "<strong>three</strong>" in page
    assert "<h1>配送</h1>" in visitor.get("/pages/shipping?lang=zh").text
    assert visitor.get("/pages/none").status_code == 404


@pytest.mark.parametrize(
    ("body", "summary"),
    [
        ("# Head\n\nOne. Two.", "One."), ("- list\n\n**Bold** [link](x) here", "Bold link here"),
        ("满 60 元免运费。其他另算。", "满 60 元免运费。"), ("", ""), ("x" * 200, ""), ("| a |\n|---|", ""), ("€4.90 a parcel! Yes.", "€4.90 a parcel!"),
    ],
)  # fmt: skip
def test_a_policy_in_one_sentence(body: str, summary: str) -> None:
    assert summary_of(body) == summary


def test_a_title_is_not_said_twice() -> None:
    assert without_title("# Returns\nText", "Returns").strip() == "Text"
    assert without_title("# Other\nText", "Returns") == "# Other\nText"


def test_a_card_tells_colours_only_where_there_is_a_choice(shop: Shop, visitor: TestClient) -> None:
    assert visitor.get("/search?q=shirt").text.count("In 3 colours") == SHIRTS
    assert "colours" not in visitor.get("/search?q=lamp").text


def test_a_whole_page_is_sent_in_less_than_50_kb(visitor: TestClient) -> None:
    for path in ("/", "/search?q=shirt", "/products/shirt-01"):
        page = visitor.get(path)
        parts = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)
        assert len(parts) >= 4
        sent = [page, *(visitor.get(part) for part in parts)]
        weight = sum(int(answer.headers["content-length"]) for answer in sent)
        assert weight < 50_000, f"{path} weighs {weight:,} bytes"
        assert len(page.content) < 100_000


def test_only_what_somebody_rated_is_loved(visitor: TestClient) -> None:
    page = visitor.get("/").text
    shelf = page.partition("Loved by buyers")[2].partition("</section>")[0]
    assert re.findall(r"Summer shirt No \d+|Reading lamp No \d+", shelf) == ["Summer shirt No 1"]


def test_the_demo_shops_name_is_not_put_on_other_shops(visitor: TestClient) -> None:
    assert "Linden &amp; Pine" not in visitor.get("/").text


def test_typing_errors_are_mended_and_words_can_be_taken_as_typed(visitor: TestClient) -> None:
    page = visitor.get("/search?q=raeding+lamp").text
    assert "Results for “reading lamp”" in page and "You typed “raeding lamp”." in page
    assert f"{LAMPS} products" in page and "<mark>Reading</mark>" in page
    (typed,) = re.findall(r'href="([^"]+)">Search for just that', page)
    just = visitor.get(typed.replace("&amp;", "&")).text
    assert "Results for “raeding lamp”" in just and "No product has “raeding”" in just
    (meant,) = re.findall(r'href="([^"]+)">Did you mean “reading lamp”\?', just)
    assert meant == "/search?q=reading+lamp"
    assert "exact" in just.split('id="filter-form"')[1].split('id="facet-list"')[0]


def test_a_search_that_finds_nothing_leads_on(visitor: TestClient) -> None:
    page = visitor.get("/search?q=qqqqqqqq").text
    assert "Nothing matches" in page and "Or look around:" in page
    assert 'class="chip" href="/search?category=Home"' in page


def test_suggestions_are_lines_in_the_visitors_language(visitor: TestClient) -> None:
    page = visitor.get("/suggest?q=lam&lang=zh")
    assert page.headers["cache-control"] == "private, max-age=60"
    assert "灯具" in page.text and "在家居中" in page.text and "cookie" not in page.headers
    assert visitor.get("/suggest").text.strip() == visitor.get("/suggest?q=%20").text.strip() == ""


def test_what_was_typed_is_told_from_the_rest() -> None:
    assert [(p.text, p.matches) for p in typed_and_rest("Linen shirt", " LINEN  s")] == [("Linen s", True), ("hirt", False)]  # fmt: skip
    assert [p.text for p in typed_and_rest("İstanbul", "i")] == ["İstanbul"]
    assert [p.text for p in typed_and_rest("Linen", "")] == ["Linen"]


def test_suggested_products_that_mean_harm_do_none(visitor: TestClient) -> None:
    page = visitor.get("/suggest?q=%3Cscript").text
    assert evil().title not in page and "<script" not in page
