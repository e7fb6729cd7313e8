"""Lists over HTTP: by whom they may be asked for, what they name, what is kept of them."""

from collections.abc import Callable

import pytest

from shopkeeper.shop.database import Database
from tests.api.conftest import Served
from tests.recommend.lived_in import fill

LOOK = {
    "id": "look-1", "action": "view", "at": "2026-01-01T10:00:00Z", "session_id": "a-session-of-a-guest",
    "object_id": "spade-3", "object_id_type": "product",
}  # fmt: skip


@pytest.fixture
def served(db: Database, serve: Callable[..., Served]) -> Served:
    fill(db)
    return serve()


def test_a_page_posts_a_look_and_gets_a_list_with_its_reason(served: Served) -> None:
    assert served.page.post("/v1/events", json=[LOOK]).status_code == 202
    answer = served.page.get(
        "/v1/recommend/because-you-looked?session_id=a-session-of-a-guest&limit=3"
    )
    found = answer.json()
    assert answer.status_code == 200 and found["recorded"] and found["anchors"] == ["spade-3"]
    assert [item["position"] for item in found["items"]] == [1, 2, 3]
    first = found["items"][0]
    assert first["product"]["id"] == first["product_id"] and "score" not in first
    assert first["reasons"][0]["why"] == "looked"
    assert first["reasons"][0]["product_id"] == "spade-3"
    kept = served.owner.get(f"/v1/recommendations/lists/{found['id']}").json()
    assert kept["items"] == [item["product_id"] for item in found["items"]]


def test_what_is_not_for_a_page_is_refused_and_what_is_wrong_is_named(served: Served) -> None:
    page, owner = served.page, served.owner
    assert page.get("/v1/recommend/home?customer_id=c0").status_code == 403
    assert page.get("/v1/recommendations/credit").status_code == 403
    assert owner.get("/v1/recommend/home?customer_id=c0").status_code == 200
    unknown = owner.get("/v1/recommend/similar?product_id=nothing")
    assert unknown.status_code == 404 and unknown.json()["code"] == "not_found"
    wrong = owner.get("/v1/recommend/similar?product_id=spade-1&limit=0")
    assert wrong.status_code == 422 and wrong.json()["errors"][0]["field"] == "query.limit"
    assert owner.get("/v1/recommend/cart").status_code == 422


def test_every_slot_has_a_route(served: Served) -> None:
    for path, slot in (
        ("home", "home"),
        ("similar?product_id=spade-1", "similar"),
        ("bought-together?product_id=spade-1", "bought_together"),
        ("cart?product_id=spade-1&product_id=scarf-1", "cart"),
        ("because-you-looked?customer_id=c0", "because_you_looked"),
        ("again?customer_id=c0", "again"),
    ):
        answer = served.owner.get(f"/v1/recommend/{path}")
        assert answer.status_code == 200 and answer.json()["slot"] == slot
        assert not answer.json()["recorded"]


def test_controls_are_set_looked_at_and_reset(served: Served) -> None:
    owner, path = served.owner, "/v1/recommendations/controls/home"
    body = {"slot": "home", "controls": {"per_category": 1}, "limit": 9}
    seen = owner.post("/v1/recommendations/preview", json=body).json()["items"]
    assert len({item["product"]["category"][0] for item in seen}) == len(seen)
    assert owner.put(path, json={"diversity": 0.5}).json()["slots"]["home"]["diversity"] == 0.5
    assert owner.put(path, json={"diversity": 5}).status_code == 422
    assert owner.delete(path).json()["slots"]["home"]["diversity"] != 0.5
    assert owner.get("/v1/recommendations/credit").json()["items"] == []
