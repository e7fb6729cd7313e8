"""Who may do what: keys and their kinds, origins, the demo's owner and the tricks to pass for one, sessions."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from shopkeeper.api import openapi_schema
from shopkeeper.api.guard import PUBLISHABLE
from shopkeeper.api.keys import KeyKind, create, origin_of, revoke
from shopkeeper.api.session import COOKIE, where_next
from shopkeeper.errors import Unauthorized
from tests.api.conftest import ORIGIN, SERVER, Served, TestClient, a_product, put

Serve = Callable[..., Served]


def operations() -> Iterator[tuple[str, str]]:
    """Every method and path under /v1, with something in place of ids."""
    for path, methods in openapi_schema()["paths"].items():
        for method in methods:
            if path.startswith("/v1"):
                yield method.upper(), re.sub(r"\{\w+\}", "1", path)


def test_each_route_is_open_to_just_the_keys_it_is_for(served: Served) -> None:
    nobody, wrong = served.client(), served.client("sk_live_aaaaaaaa_bbbb")
    page, owner = served.page, served.owner
    for method, path in operations():
        where = f"{method} {path}"
        assert nobody.request(method, path).status_code == 401, where
        assert wrong.request(method, path).status_code == 401, where
        listed = PUBLISHABLE.fullmatch(where) is not None
        assert (page.request(method, path).status_code != 403) == listed, where
        assert owner.request(method, path).status_code not in (401, 403), where


def test_a_publishable_key_reads_and_posts_events_and_no_more() -> None:
    allowed = {f"{m} {p}" for m, p in operations() if PUBLISHABLE.fullmatch(f"{m} {p}")}
    assert allowed == {
        "GET /v1/products", "GET /v1/products/1", "GET /v1/search", "GET /v1/suggest", "GET /v1/reviews", "GET /v1/reviews/1",
        "GET /v1/pages", "GET /v1/pages/1", "POST /v1/ucp/search", "GET /v1/ucp/products/1",
        "POST /v1/events", "POST /v1/queries", "GET /v1/version", "POST /v1/support/conversations",
        "POST /v1/support/conversations/1/messages", "GET /v1/support/conversations/1/messages",
        "GET /v1/support/conversations/1/events", "POST /v1/support/conversations/1/feedback", "POST /v1/mcp",
        "GET /v1/recommend/home", "GET /v1/recommend/similar", "GET /v1/recommend/bought-together", "GET /v1/recommend/cart",
        "GET /v1/recommend/because-you-looked", "GET /v1/recommend/again",
    }  # fmt: skip


@pytest.mark.parametrize("origin", [None, "https://evil.example", "null", "http://shop.example"])
def test_a_publishable_key_works_from_its_own_pages_only(
    served: Served, origin: str | None
) -> None:
    client = served.client(served.publishable, **({} if origin is None else {"origin": origin}))
    answer = client.get("/v1/products")
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_pages_of_a_bound_origin_may_read_answers_and_errors(served: Served) -> None:
    for path in ("/v1/products", "/v1/products/none"):
        answer = served.page.get(path)
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert "origin" in answer.headers["vary"].lower()
    assert "access-control-allow-origin" not in served.owner.get("/v1/products").headers


def test_a_preflight_is_answered_for_bound_origins_only(served: Served) -> None:
    ask = {
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization",
    }
    good = served.client(origin=ORIGIN, **ask).options("/v1/events")
    assert good.status_code == 204
    assert good.headers["access-control-allow-origin"] == ORIGIN
    assert "authorization" in good.headers["access-control-allow-headers"]
    bad = served.client(origin="https://evil.example", **ask).options("/v1/events")
    assert bad.status_code == 403
    assert "access-control-allow-origin" not in bad.headers


def test_a_revoked_key_ends(served: Served) -> None:
    owner = served.owner
    assert owner.get("/v1/version").status_code == 200
    made = owner.post("/v1/keys", json={"kind": "secret", "name": "second"}).json()
    second = served.client(made["key"])
    assert second.get("/v1/version").status_code == 200
    assert owner.delete(f"/v1/keys/{made['id']}").status_code == 204
    assert second.get("/v1/version").status_code == 401


def test_a_key_past_its_end_is_refused(served: Served) -> None:
    with served.shop.database.connection() as conn:
        ended = datetime.now(UTC) - timedelta(seconds=1)
        _, text = create(conn, KeyKind.SECRET, "ended", expires_at=ended)
    assert served.client(text).get("/v1/version").status_code == 401


def test_the_text_of_a_key_is_kept_nowhere(served: Served) -> None:
    made = served.owner.post("/v1/keys", json={"kind": "secret", "name": "x"}).json()
    secret = made["key"].rpartition("_")[2]
    assert secret not in served.owner.get("/v1/keys").text
    with served.shop.database.connection() as conn:
        rows = conn.execute("select row_to_json(k)::text from api_keys k").fetchall()
    assert len(rows) == 3
    assert not any(secret in row[0] for row in rows)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "publishable", "name": "x"}, "body.origins"),
        ({"kind": "publishable", "name": "x", "origins": ["shop.example"]}, "body.origins"),
        ({"kind": "publishable", "name": "x", "origins": ["https://*"]}, "body.origins"),
        ({"kind": "secret", "name": "x", "origins": [ORIGIN]}, "body.origins"),
        ({"kind": "secret", "name": "x", "expires_at": "2020-01-01T00:00:00"}, "body.expires_at"),
        ({"kind": "secret", "name": ""}, "body.name"),
        ({"kind": "secret", "name": "x", "scope": "all"}, "body.scope"),
    ],
)
def test_a_key_that_makes_no_sense_is_not_made(
    served: Served, body: dict[str, object], field: str
) -> None:
    answer = served.owner.post("/v1/keys", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_origins_are_written_one_way() -> None:
    assert origin_of("HTTPS://Shop.Example:443/") == "https://shop.example"
    assert origin_of("http://[::1]:8080") == "http://[::1]:8080"


OWN = {"host": "127.0.0.1:8000"}


@pytest.mark.parametrize(
    ("address", "headers", "is_let_in"),
    [
        ("127.0.0.1", OWN, True),
        ("::1", {"host": "[::1]:8000"}, True),
        ("127.0.0.1", {"host": "localhost:8000"}, True),
        ("127.0.0.1", OWN | {"origin": "http://127.0.0.1:8000"}, True),
        ("127.0.0.1", OWN | {"sec-fetch-site": "same-origin"}, True),
        # A name of the attacker's that now points at 127.0.0.1.
        ("127.0.0.1", {"host": "evil.example:8000"}, False),
        ("127.0.0.1", {"host": "127.0.0.1.evil.example"}, False),
        ("127.0.0.1", {"host": "localhost@evil.example"}, False),
        ("127.0.0.1", {"host": ""}, False),
        # From elsewhere, or through a proxy on this machine.
        ("203.0.113.7", OWN, False),
        ("127.0.0.1", OWN | {"x-forwarded-for": "203.0.113.7"}, False),
        ("127.0.0.1", OWN | {"forwarded": "for=203.0.113.7"}, False),
        # A page of another site, or of another program on this machine.
        ("127.0.0.1", OWN | {"origin": "https://evil.example"}, False),
        ("127.0.0.1", OWN | {"origin": "null"}, False),
        ("127.0.0.1", OWN | {"origin": "http://127.0.0.1:3000"}, False),
        ("127.0.0.1", OWN | {"sec-fetch-site": "cross-site"}, False),
        ("127.0.0.1", OWN | {"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors"}, False),
    ],
)
def test_only_the_owner_of_the_machine_needs_no_key_in_the_demo(
    serve: Serve, address: str, headers: dict[str, str], is_let_in: bool
) -> None:
    demo = serve(demo=True)
    client = TestClient(demo.app, base_url="http://127.0.0.1:8000", client=(address, 1234))
    answer = client.get("/v1/products", headers=headers)
    assert answer.status_code == (200 if is_let_in else 401)
    written = client.post("/v1/events", json=[], headers=headers)
    assert (written.status_code != 401) == is_let_in


def test_outside_the_demo_this_machine_needs_a_key_too(served: Served) -> None:
    client = TestClient(served.app, base_url="http://127.0.0.1:8000", client=("127.0.0.1", 1234))
    assert client.get("/v1/products").status_code == 401


def test_a_session_opens_with_a_secret_key_and_ends_with_it(served: Served) -> None:
    guard = served.app.state.guard
    with pytest.raises(Unauthorized):
        guard.sign_in("sk_live_nothing_atall")
    with pytest.raises(Unauthorized, match="publishable"):
        guard.sign_in(served.publishable)
    cookie = guard.sign_in(served.secret)
    key_id = guard.sessions.key_id(cookie)
    assert key_id == served.secret.split("_")[2]
    assert guard.sessions.key_id(cookie[:-1] + ("0" if cookie[-1] != "0" else "1")) is None
    assert guard.sessions.key_id(cookie.replace(key_id, "x" * len(key_id))) is None
    with served.shop.database.connection() as conn:
        revoke(conn, key_id)
    assert guard.keys.by_id(key_id) is None


def test_the_secret_of_sessions_is_for_the_shop_only(served: Served) -> None:
    path = served.shop.settings.data_folder / "session.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(path.read_bytes()) == 32


def test_too_many_requests_are_told_when_to_come_back(serve: Serve) -> None:
    slow = serve(requests_per_second=0.2)  # five seconds' worth at once: one request
    put(slow.shop, a_product())
    assert slow.owner.get("/v1/products").status_code == 200
    answer = slow.owner.get("/v1/products")
    assert answer.status_code == 429
    assert answer.json()["code"] == "rate_limited"
    assert 1 <= int(answer.headers["retry-after"]) <= 5
    assert slow.page.get("/v1/products").status_code == 200  # another caller


def test_guessing_keys_is_limited_too(serve: Serve) -> None:
    slow = serve(requests_per_second=1)
    tries = [slow.client(f"sk_live_aaaa_{n}").get("/v1/products").status_code for n in range(8)]
    assert tries[:5] == [401] * 5
    assert tries[5:] == [429] * 3


def test_a_key_is_for_its_server_not_for_an_address_bar(served: Served) -> None:
    assert served.client().get(f"{SERVER}/v1/products?key={served.secret}").status_code == 401


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("/console/jobs?page=2", "/console/jobs?page=2"),
        ("/console", "/console"),
        ("", "/console"),
        ("https://evil.example/console", "/console"),
        ("//evil.example/console", "/console"),
        ("/\\evil.example/console", "/console"),
        ("/consoles", "/console"),
        ("javascript:alert(1)", "/console"),
    ],
)
def test_signing_in_leads_into_the_console_and_nowhere_else(asked: str, answer: str) -> None:
    assert where_next(asked) == answer


def test_a_console_page_without_a_session_leads_to_where_one_signs_in(served: Served) -> None:
    client = served.client()
    asked = client.get("/console/jobs", follow_redirects=False)
    assert (asked.status_code, asked.headers["location"]) == (
        303,
        "/console/login?next=/console/jobs",
    )
    part = client.get("/console/jobs", headers={"hx-request": "true"}, follow_redirects=False)
    assert (part.status_code, part.headers["hx-redirect"]) == (401, "/console/login")
    assert client.post("/console/jobs").status_code == 401


def test_a_session_is_of_use_to_its_own_pages_only(served: Served) -> None:
    guard = served.app.state.guard
    client = served.client()
    client.cookies.set(COOKIE, guard.sign_in(served.secret))
    assert client.get("/console/nowhere").status_code == 404
    assert client.post("/console/nowhere", headers={"origin": SERVER}).status_code in (404, 405)
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        assert client.post("/console/nowhere", headers=headers).status_code == 403
    assert client.get("/v1/products").status_code == 401  # the API wants its key
