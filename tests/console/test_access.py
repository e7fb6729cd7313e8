"""Who may come in: signing in and out, keys, and pages of other sites."""

import re

import pytest

from shopkeeper.api import create_app
from shopkeeper.api.keys import KeyKind, create
from shopkeeper.face import Shop
from tests.console.conftest import HERE, TestClient

FORMS = ["/console/catalogue/lamp-01", "/console/import", "/console/import/0123456789abcdef/start", "/console/import/0123456789abcdef/discard", "/console/jobs/rebuild", "/console/jobs/1/stop", "/console/workshop/first/stop", "/console/keys", "/console/keys/x/revoke", "/console/catalogue/lamp-01/edits/1/undo"]  # fmt: skip


@pytest.fixture
def stranger(shop: Shop) -> TestClient:
    """Somebody on another machine, over https, whose browser keeps cookies."""
    return TestClient(
        create_app(shop), base_url="https://shop.example", client=("203.0.113.7", 40000),
        headers={"accept": "text/html"},
    )  # fmt: skip


def a_key(shop: Shop, kind: KeyKind = KeyKind.SECRET) -> str:
    with shop.database.connection() as conn:
        origins = ["https://shop.example"] if kind is KeyKind.PUBLISHABLE else []
        return create(conn, kind, "test", origins=origins)[1]


def test_a_stranger_signs_in_comes_back_where_they_were_and_signs_out(
    stranger: TestClient, shop: Shop
) -> None:
    asked = stranger.get("/console/sales")
    assert asked.url.path == "/console/login" and "Secret key" in asked.text
    form = {"key": a_key(shop), "next": "/console/sales"}
    inside = stranger.post("/console/login", data=form)
    assert inside.url.path == "/console/sales" and "Sign out" in inside.text
    cookie = stranger.post("/console/login", data=form, follow_redirects=False).headers[
        "set-cookie"
    ]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=strict", "Secure"))
    assert stranger.post("/console/logout").url.path == "/console/login"
    assert stranger.get("/console/sales").url.path == "/console/login"


def test_a_wrong_key_is_said_and_never_repeated(stranger: TestClient, shop: Shop) -> None:
    for wrong in ("", "sk_live_aaaaaaaa_wrong", a_key(shop, KeyKind.PUBLISHABLE), "x" * 299):
        answer = stranger.post("/console/login", data={"key": wrong})
        assert answer.status_code == 401 and "role=alert" in answer.text
        assert not wrong or wrong not in answer.text


@pytest.mark.parametrize(
    "next", ["https://evil.example", "//evil.example", "/\\evil", "javascript:x"]
)
def test_signing_in_leads_to_no_other_site(stranger: TestClient, shop: Shop, next: str) -> None:
    answer = stranger.post(
        "/console/login", data={"key": a_key(shop), "next": next}, follow_redirects=False
    )
    assert answer.headers["location"] == "/console"


@pytest.mark.parametrize("path", FORMS)
def test_a_page_of_another_site_changes_nothing(
    client: TestClient, stranger: TestClient, shop: Shop, path: str
) -> None:
    elsewhere = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    assert client.post(path, data={"title": "Evil"}, headers=elsewhere).status_code == 401
    stranger.post("/console/login", data={"key": a_key(shop)})
    assert stranger.post(path, data={"title": "Evil"}, headers=elsewhere).status_code == 403
    assert shop.product("lamp-01").title != "Evil"


def test_a_key_is_shown_once_and_ends_when_revoked(
    client: TestClient, stranger: TestClient
) -> None:
    made = client.post("/console/keys", data={"name": "warehouse <b>", "kind": "secret"}).text
    found = re.search(r"sk_live_([a-z0-9]+)_[a-z0-9]+", made)
    assert found is not None
    again = client.get("/console/keys").text
    assert found[0] not in again and "warehouse &lt;b&gt;" in again
    assert "Sign out" in stranger.post("/console/login", data={"key": found[0]}).text
    client.post(f"/console/keys/{found[1]}/revoke")
    assert stranger.get("/console").url.path == "/console/login"
    assert client.post("/console/keys/nothing/revoke").status_code == 404


def test_a_publishable_key_needs_its_sites_and_keeps_what_was_typed(client: TestClient) -> None:
    form = {"name": "shop page", "kind": "publishable", "origins": ""}
    answer = client.post("/console/keys", data=form)
    assert answer.status_code == 422
    assert 'value="shop page"' in answer.text and 'value="publishable" checked' in answer.text
    wrong = client.post("/console/keys", data=form | {"origins": "shop.example/path"})
    assert wrong.status_code == 422 and "shop.example/path</textarea>" in wrong.text
    good = client.post(
        "/console/keys", data=form | {"origins": "https://a.example\nhttps://b.example"}
    )
    assert "pk_live_" in good.text and "https://b.example" in good.text
    assert client.post("/console/keys", data={"name": " "}).status_code == 422


def test_without_the_demo_this_machine_needs_a_key_too(shop: Shop) -> None:
    closed = Shop(shop.settings, shop.database)
    client = TestClient(create_app(closed), base_url=HERE, client=("127.0.0.1", 40000))
    assert client.get("/console", headers={"accept": "text/html"}).url.path == "/console/login"
    assert client.post("/console/keys", data={"name": "x"}).status_code == 401
