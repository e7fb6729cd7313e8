"""Routes answered without FastAPI: the answers are those that FastAPI would give."""

from typing import Any

import pytest

from shopkeeper.api.quick import QuickRoutes, reader_of
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
]


def told(served: Served, path: str) -> tuple[int, Any]:
    """Status and body, less what is new each time."""
    answer = served.owner.get(path)
    body = answer.json()
    return answer.status_code, {
        name: value
        for name, value in body.items()
        if name not in ("query_id", "request_id", "took_ms")
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


def test_what_is_not_read_goes_to_fastapi(served: Served) -> None:
    answer = served.owner.post("/v1/search")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


def test_a_function_of_another_shape_is_refused() -> None:
    def suggest(shop: object, q: str = "") -> Any:
        return shop, q

    with pytest.raises(TypeError, match="suggest must take shop, caller and asked"):
        reader_of(suggest)
