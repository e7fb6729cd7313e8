"""Shelves on the storefront's pages: what stands on them, why, and that clicks name the shelf."""

import re
from collections.abc import Iterator

import pytest

from shopkeeper.api import create_app
from shopkeeper.face import Shop
from shopkeeper.recommend import Slot, lists
from tests.api.conftest import TestClient


@pytest.fixture(scope="module")
def app(shop: Shop) -> Iterator[object]:
    shop.search.refresh()
    yield create_app(shop)


@pytest.fixture
def visitor(app: object) -> TestClient:
    return TestClient(app, base_url="https://shop.example", headers={"accept": "text/html"})  # type: ignore[arg-type]  # an ASGI application


def test_who_looked_at_a_lamp_is_shown_lamps_and_told_why(visitor: TestClient, shop: Shop) -> None:
    assert "Because you looked at" not in visitor.get("/").text
    visitor.get("/products/lamp-07")
    page = visitor.get("/").text
    assert "Because you looked at Reading lamp No 7" in page and "For you" in page
    assert "You looked at Reading lamp No 7" in page
    lamp, list_id, place = re.findall(r"/products/(lamp-\d+)\?q_id=(rec-\w+)&amp;pos=(\d)", page)[0]
    visitor.get(f"/products/{lamp}?q_id={list_id}&pos={place}")
    with shop.database.connection() as conn:
        kept = lists.get(conn, list_id).list
        clicked = conn.execute(
            "select object_id, position from events where query_id = %s and action = 'click'",
            [list_id],
        ).fetchall()
    assert kept.slot in (Slot.HOME, Slot.LOOKED)
    assert clicked == [(lamp, int(place))] and kept.items[int(place) - 1].product_id == lamp


def test_a_product_page_shows_what_is_like_it_and_never_itself(visitor: TestClient) -> None:
    page = visitor.get("/products/shirt-03").text
    shelf = page.partition('id="similar"')[2]
    assert "Summer shirt" in shelf and "/products/shirt-03?q_id=" not in shelf
    assert "Also: " in shelf


def test_pages_speak_of_reasons_in_the_language_of_the_visitor(visitor: TestClient) -> None:
    visitor.get("/products/lamp-07")
    page = visitor.get("/", headers={"accept-language": "zh"}).text
    assert "您看过“阅读灯7号”" in page
