"""The OpenAPI description, held against the application: generated requests to every route, with every kind of key.

Whatever is asked, the answer is one that the description knows, and never a server error.
"""

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode
from schemathesis.python.asgi import ASGIClient
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.types import ASGIApp, Receive, Scope, Send

from shopkeeper.api import openapi_schema
from tests.api.conftest import ORIGIN, Served, a_product, put
from tests.conftest import thorough

# Requests to each route. Without a key all are turned away before anything is read.
EXAMPLES = {"nobody": 1, "publishable": 2, "secret": 4}
MORE = 20  # times as many in a thorough run
CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def requests() -> list[st.SearchStrategy[Any]]:
    """What each route can be asked, valid and invalid; made once for all who ask."""
    routes: Any = schemathesis.openapi.from_dict(openapi_schema()).get_all_operations()
    return [requests_to(route.ok()) for route in routes]


def requests_to(operation: Any) -> st.SearchStrategy[Any]:
    return st.one_of(
        [
            operation.as_strategy(generation_mode=mode)
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
            if mode is GenerationMode.POSITIVE or operation.query or operation.body
        ]
    )


@pytest.mark.parametrize("who", list(EXAMPLES))
def test_every_route_answers_as_described(
    serve: Callable[..., Served], requests: list[st.SearchStrategy[Any]], who: str
) -> None:
    served = serve(requests_per_second=1e9)
    put(served.shop, a_product(1), a_product(2))
    headers = {
        "nobody": {},
        "publishable": {"authorization": f"Bearer {served.publishable}", "origin": ORIGIN},
        "secret": {"authorization": f"Bearer {served.secret}"},
    }[who]
    app: Any = without_lifespan(served.app)
    with ASGIClient(app) as client:
        for cases in requests:
            ask(cases, client, headers, EXAMPLES[who] * (MORE if thorough() else 1))
    assert len(requests) > 40


def without_lifespan(app: ASGIApp) -> ASGIApp:
    """The application with nothing running in the background: the client would leave that running for good."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            raise NotImplementedError
        await app(scope, receive, send)

    return serve


def ask(
    cases: st.SearchStrategy[Any], client: ASGIClient, headers: dict[str, str], examples: int
) -> None:
    """Send some of these requests, and check each answer."""

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(cases)
    def send(case: Any) -> None:
        case.headers.update(headers)
        response = case.call(session=client, base_url="http://testserver")
        case.validate_response(response, checks=CHECKS)

    send()
