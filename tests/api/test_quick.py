"""Routes answered without FastAPI: the answers are those that FastAPI would give."""

from typing import Any

import pytest
from fastapi import APIRouter
from starlette.requests import Request

from shopkeeper.api.quick import QuickRoutes, reader_of
from shopkeeper.api.routes import recommend, search
from tests.api.conftest import Served, a_product, put

ASKED = [
    "/v1/search?q=blue+mug&limit=2&sort=price_asc",
    "/v1/search?q=mug&q=blue&filter=brand:Acme&filter=Color:blue&category=Home&mend=false",
    "/v1/search?price_min=1.5&price_max=10&available=true&explain=1&nobody=knows",
    "/v1/search?limit=-1&offset=x&sort=best&filter=" + 501 * "a",
    "/v1/search?price_min=NaN&record=perhaps&way=",
    "/v1/search?filter=without-a-colon",
    "/v1/suggest?q=mu",
    "/v1/suggest?limit=0&products=21",
    "/v1/recommend/home?session_id=s&limit=2&in_cart=p1&in_cart=p2",
    "/v1/recommend/similar?product_id=nothing",
    "/v1/recommend/similar?limit=51&record=perhaps",
    "/v1/recommend/cart?product_id=p1&product_id=p2",
]


def told(served: Served, path: str) -> tuple[int, Any]:
    """Status and body, less what is new each time."""
    answer = served.owner.get(path)
    body = answer.json()
    return answer.status_code, {
        name: value
        for name, value in body.items()
        if name not in ("query_id", "request_id", "took_ms", "id")
    }


@pytest.mark.parametrize("path", ASKED)
def test_answers_are_those_of_fastapi(
    served: Served, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(served.shop, *(a_product(n) for n in (1, 2, 3)))
    served.shop.search.refresh()
    quickly = told(served, path)
    monkeypatch.setattr(QuickRoutes, "has", lambda _routes, _request: False)
    assert quickly == told(served, path)


@pytest.mark.parametrize("route", [*search.router.routes, *recommend.router.routes], ids=str)
def test_each_route_that_is_asked_often_is_answered_quickly(served: Served, route: Any) -> None:
    scope = {"type": "http", "method": "GET", "path": f"/v1{route.path}", "headers": []}
    assert served.app.state.quick.has(Request(scope))


def test_a_route_that_would_be_answered_slowly_is_refused(served: Served) -> None:
    nested = APIRouter()
    nested.include_router(search.router)
    with pytest.raises(TypeError, match="no route of its own"):
        QuickRoutes([nested], served.shop, prefix="/v1")


def test_what_is_not_read_goes_to_fastapi(served: Served) -> None:
    answer = served.owner.post("/v1/search")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


def test_a_function_of_another_shape_is_refused() -> None:
    def suggest(shop: object, q: str = "") -> Any:
        return shop, q

    with pytest.raises(TypeError, match="suggest must take shop, caller and asked"):
        reader_of(suggest)
