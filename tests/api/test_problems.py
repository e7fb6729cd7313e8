"""Errors: one shape, driven through every route that can fail, and nothing in it that is nobody's business."""

import json
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import psycopg
import pytest
from psycopg_pool import PoolTimeout
from starlette.exceptions import HTTPException

from shopkeeper import errors
from shopkeeper.api import openapi_schema
from shopkeeper.api.gateway import speaks_openai
from shopkeeper.api.problems import KINDS, MEDIA_TYPE, Problem, RateLimited, kind_of
from shopkeeper.settings import Settings
from shopkeeper.shop.database import Database
from shopkeeper.shop.embedded import EmbeddedServer
from tests.api.conftest import Served

JSON = {"content-type": "application/json"}


def operations(*methods: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path with something in place of ids, and description of every route under /v1."""
    for path, described in openapi_schema()["paths"].items():
        for method, operation in described.items():
            if path.startswith("/v1") and (not methods or method in methods):
                yield method.upper(), re.sub(r"\{\w+\}", "424242", path), operation


def check(answer: httpx2.Response, status: int, code: str) -> Problem:
    """The problem of an answer, after a look at everything that each must have."""
    where = f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
    assert answer.headers["content-type"] == MEDIA_TYPE, where
    problem = Problem.model_validate_json(answer.content)
    openai = {"error"} if speaks_openai(answer.request.url.path) else set()
    assert set(answer.json()) == set(Problem.model_fields) | openai, where
    assert (answer.status_code, problem.status, problem.code) == (status, status, code), where
    assert problem.type == f"urn:shopkeeper:problem:{code}"
    assert problem.title and (problem.detail or status == 500), where
    assert problem.instance == answer.request.url.path
    assert problem.request_id == answer.headers["x-request-id"]
    assert "Traceback" not in answer.text and ".py" not in answer.text
    if status in (429, 503):
        assert int(answer.headers["retry-after"]) >= 1
    if status == 401:
        assert answer.headers["www-authenticate"].startswith("Bearer")
    return problem


def test_every_route_without_a_key(served: Served) -> None:
    client = served.client()
    for method, path, _ in operations():
        check(client.request(method, path), 401, "unauthorized")


def test_every_route_that_names_something_that_is_not_there(served: Served) -> None:
    asked = 0
    fixed_few = ("/v1/exports", "/v1/recommendations/controls")  # names that a program knows
    for method, path, _ in operations("get", "delete"):
        if "424242" in path and not path.startswith(fixed_few):
            check(served.owner.request(method, path), 404, "not_found")
            asked += 1
    assert asked > 10


def test_every_path_with_a_method_it_does_not_have(served: Served) -> None:
    for _, path, _ in operations():
        answer = served.owner.patch(path, json={})
        check(answer, 405, "method_not_allowed")
        assert answer.headers["allow"]


def test_a_path_that_is_none(served: Served) -> None:
    for path in ("/v1", "/v1/", "/v1/nothing", "/v1/version/2"):
        check(served.owner.get(path), 404, "not_found")


def test_every_body_that_is_no_json(served: Served) -> None:
    for method, path, operation in operations("post", "put"):
        if "application/json" in operation.get("requestBody", {}).get("content", {}):
            for body in (b"{", b"", b'"\\ud800"', b"[" * 100_000, b"\xff"):
                answer = served.owner.request(method, path, content=body, headers=JSON)
                assert answer.status_code in (400, 422), (method, path, body[:9], answer.text)
                if path == "/v1/mcp":  # it speaks JSON-RPC
                    assert answer.json()["error"]["code"] in (-32700, -32600), body[:9]
                else:
                    check(answer, answer.status_code, answer.json()["code"])


def test_every_body_of_another_type(served: Served) -> None:
    for method, path, operation in operations("post", "put"):
        if "requestBody" in operation:
            wrong = {"content-type": "text/plain"}
            answer = served.owner.request(method, path, content=b"x", headers=wrong)
            check(answer, 415, "unsupported_media_type")


def test_every_body_that_is_too_large(served: Served) -> None:
    for method, path, operation in operations("post", "put"):
        content = operation.get("requestBody", {}).get("content", {})
        if content:
            kind = {"content-type": next(iter(content)) + "; boundary=x"}
            size = {"content-length": str(10**12)}
            answer = served.owner.request(method, path, content=b"x", headers=kind | size)
            check(answer, 413, "too_large")


def test_a_body_that_is_longer_than_it_says_is_cut_off(served: Served) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(20):
            yield b" " * 10**6

    answer = served.owner.post("/v1/products", content=chunks(), headers=JSON)
    check(answer, 413, "too_large")


def test_every_parameter_out_of_range(served: Served) -> None:
    for method, path, operation in operations("get"):
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "query" and parameter["name"] in ("limit", "offset", "cursor"):
                wrong = {parameter["name"]: "€" if parameter["name"] == "cursor" else "-1"}
                problem = check(served.owner.request(method, path, params=wrong), 422, "invalid")
                assert problem.errors[0].field == f"query.{parameter['name']}"


@pytest.mark.parametrize(
    "target", ["/v1/products/%00", "/v1/search?q=a%00b", "/v1/search?q=" + "x" * 9000]
)
def test_a_target_that_no_database_takes(served: Served, target: str) -> None:
    check(served.owner.get(target), 422, "invalid")


def test_a_text_with_a_nul_inside_a_body(served: Served) -> None:
    page = {"id": "a\0b", "kind": "faq", "slug": "a", "title": "a", "body": "a"}
    check(served.owner.post("/v1/pages", json=[page]), 422, "invalid")
    event = {"id": "e", "action": "click", "at": "2026-01-01T00:00:00Z", "attributes": {"a": "\0"}}
    check(served.owner.post("/v1/events", json=[event]), 422, "invalid")


def test_every_wrong_field_is_named_with_its_reason_but_not_its_value(served: Served) -> None:
    price = {"amount": "hunter2", "currency": "usd"}
    product = {"id": "p", "title": "P", "variants": [{"id": "v", "title": "V", "price": price}]}
    answer = served.owner.post("/v1/products", json=[product])
    problem = check(answer, 422, "invalid")
    assert problem.errors[0].field == "body.0.variants.0.price.amount"
    assert "hunter2" not in answer.text


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (RuntimeError("password=hunter2"), 500, "unexpected"),
        (KeyError("hunter2"), 500, "unexpected"),
        (errors.ShopkeeperError("hunter2"), 500, "unexpected"),
        (errors.SettingsError("port: x"), 500, "settings"),
        (errors.FeedError("feed.csv:3: no price", hint="add one"), 422, "unreadable_feed"),
        (errors.NotFound("no such thing"), 404, "not_found"),
        (errors.DatabaseError("the database failed"), 503, "database_unavailable"),
        (errors.MigrationError("newer"), 503, "migration"),
        (errors.FolderInUse("served by another"), 503, "folder_in_use"),
        (errors.ArtifactError("damaged"), 503, "model_unavailable"),
        (errors.BudgetExceeded("spent"), 429, "budget_exceeded"),
        (errors.EngineUnavailable("gone"), 503, "model_unavailable"),
        (errors.EngineOverloaded("busy"), 503, "model_overloaded"),
        (errors.EngineTimeout("slow"), 504, "model_timeout"),
        (errors.Unsupported("no beams"), 422, "unsupported"),
        (errors.ContextTooLong("too long"), 422, "context_too_long"),
        (errors.OutputError("no JSON"), 502, "model_output"),
        (errors.Refused("no"), 403, "refused"),
        (errors.TooLarge("too large"), 413, "too_large"),
        (RateLimited(3.2), 429, "rate_limited"),
        (psycopg.OperationalError("host=secret"), 503, "database_unavailable"),
        (psycopg.errors.DiskFull("x"), 507, "disk_full"),
        (OSError(28, "No space left on device"), 507, "disk_full"),
        (psycopg.errors.NumericValueOutOfRange("x"), 422, "invalid"),
        (psycopg.errors.UndefinedTable("hunter2"), 500, "unexpected"),
        (PoolTimeout("x"), 503, "database_unavailable"),
        (HTTPException(409), 409, "conflict"),
    ],
)
def test_every_exception_has_its_answer(
    served: Served, caplog: pytest.LogCaptureFixture, error: Exception, status: int, code: str
) -> None:
    def fail() -> None:
        raise error

    served.app.add_api_route("/v1/fail", fail)
    with caplog.at_level(logging.WARNING):
        answer = served.owner.get("/v1/fail")
    if status == 409:  # says nothing of itself
        assert answer.json()["code"] == "conflict"
    else:
        check(answer, status, code)
    assert "hunter2" not in answer.text and "secret" not in answer.text
    assert (answer.headers["x-request-id"] in caplog.text) == (status >= 500)


def test_a_full_disk_is_recognised_behind_the_error_that_tells_of_it() -> None:
    try:
        raise errors.DatabaseError("the disk of the database is full") from psycopg.errors.DiskFull(
            "x"
        )
    except errors.DatabaseError as error:
        assert kind_of(error).status == 507


def test_every_error_of_ours_is_in_the_map() -> None:
    def all_below(kind: type[Exception]) -> Iterator[type[Exception]]:
        yield kind
        for child in kind.__subclasses__():
            yield from all_below(child)

    for kind in all_below(errors.ShopkeeperError):
        assert any(ancestor in KINDS for ancestor in kind.__mro__), kind


def test_every_route_while_the_database_is_away(
    served: Served, serve: Callable[..., Served], server: EmbeddedServer
) -> None:
    gone = Database(server.url, pool_size=2)
    gone.close()
    served.shop.database = gone
    served.app.state.guard.keys.check(served.secret)  # so that only the routes are without
    client, answered = served.owner, []
    for _, path, operation in operations("get"):
        needed = {p["name"]: "1" for p in operation.get("parameters", ()) if p.get("required")}
        answer = client.get(path, params=needed)
        if answer.status_code != 503:
            answered.append(path)
        else:
            check(answer, 503, "database_unavailable")
    assert set(answered) == {
        "/v1/version", "/v1/exports/424242", "/v1/models", "/v1/models/424242",
    }  # fmt: skip  # they ask for nothing; it is no kind
    for path in ("/v1/exports/products", "/readyz"):
        check(client.get(path), 503, "database_unavailable")
    assert client.get("/healthz").json()["status"] == "ok"


def test_a_request_id_is_taken_over_only_if_it_is_one(served: Served) -> None:
    given = "abc-123.DEF"
    assert served.client(**{"x-request-id": given}).get("/healthz").headers["x-request-id"] == given
    forged = served.client(**{"x-request-id": "a b\tlog=forged"}).get("/healthz")
    assert re.fullmatch("[0-9a-f]{16}", forged.headers["x-request-id"])


def test_the_log_tells_no_search_words_addresses_or_keys(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        served.owner.get("/v1/products/ring-for-anna?code=anna@example.com")
    line = next(r.getMessage() for r in caplog.records if r.name == "shopkeeper.access")
    assert "route=/v1/products/{product_id" in line and "role=secret" in line
    assert "anna" not in line and "203.0.113.7" not in line
    assert served.secret.rpartition("_")[2] not in line


def test_answers_carry_the_headers_that_browsers_need(served: Served, settings: Settings) -> None:
    headers = served.owner.get("/v1/version").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["cache-control"] == "no-store"
    assert json.dumps(dict(headers)).find("uvicorn") == -1
