"""Who may come in: the keys of the API, and signing in to the console with one."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Request
from starlette.responses import HTMLResponse, Response

from shopkeeper.api import keys
from shopkeeper.api.guard import CallerOf
from shopkeeper.api.session import clear_cookie, set_cookie, where_next
from shopkeeper.console.page import show
from shopkeeper.errors import Unauthorized
from shopkeeper.pages import Visit, redirect, visit_of

router = APIRouter(default_response_class=HTMLResponse)

Text = Annotated[str, Form(max_length=300)]
Origins = Annotated[str, Form(max_length=2000)]
KeyId = Annotated[str, Path(max_length=100)]


@router.get("/keys")
def keys_page(request: Request, caller: CallerOf) -> Response:
    """The keys of the API."""
    return _keys(visit_of(request), caller.key_id)


def _keys(visit: Visit, own: str, *, status: int = 200, **more: Any) -> Response:
    with visit.shop.database.connection() as conn:
        found = keys.list_keys(conn)
    live = [key for key in found if key.revoked_at is None]
    answer = visit.counted("1 key opens this shop.", "{n} keys open this shop.", len(live))
    values = {"made": "", "problem": "", "hint": "", "typed": {}} | more
    ended = [key for key in found if key.revoked_at is not None]
    return show(
        visit, "keys.html", status=status, title=visit.t("Keys"),
        answer=answer if live else visit.t("No key opens this shop yet."),
        keys=live, ended=ended, own=own, **values,
    )  # fmt: skip


@router.post("/keys")
def make_key(
    request: Request,
    caller: CallerOf,
    name: Text = "",
    kind: Text = "secret",
    origins: Origins = "",
) -> Response:
    """Make a key and show it, this once."""
    visit = visit_of(request)
    wanted = keys.KeyKind.PUBLISHABLE if kind == "publishable" else keys.KeyKind.SECRET
    typed = {"name": name, "kind": wanted.value, "origins": origins}
    if not name.strip():
        problem, hint = visit.t("The key has no name."), visit.t("Say what it is for.")
        return _keys(visit, caller.key_id, problem=problem, hint=hint, typed=typed, status=422)
    try:
        with visit.shop.database.connection() as conn:
            _, text = keys.create(conn, wanted, name.strip()[:80], origins=origins.split())
    except ValueError as error:
        problem, hint = visit.t(str(error)), visit.t("Mend it and try again.")
        return _keys(visit, caller.key_id, problem=problem, hint=hint, typed=typed, status=422)
    request.app.state.guard.keys.forget()
    return _keys(visit, caller.key_id, made=text)


@router.post("/keys/{key_id}/revoke")
def revoke_key(request: Request, key_id: KeyId) -> Response:
    """End a key."""
    with request.app.state.shop.database.connection() as conn:
        keys.revoke(conn, key_id)
    request.app.state.guard.keys.forget()
    return redirect("/console/keys")


@router.get("/login")
def login_page(request: Request, next: str = "") -> Response:
    """Where to sign in."""
    return _login(visit_of(request), next)


def _login(
    visit: Visit, next: str, *, problem: str = "", hint: str = "", status: int = 200
) -> Response:
    return show(
        visit, "login.html", status=status, title=visit.t("Sign in to the console"), next=where_next(next),
        problem=problem, hint=hint,
    )  # fmt: skip


@router.post("/login")
def sign_in(request: Request, key: Text = "", next: Text = "") -> Response:
    """Sign in with a secret key."""
    visit = visit_of(request)
    try:
        cookie = request.app.state.guard.sign_in(key)
    except Unauthorized as error:
        problem, hint = visit.t(error.message), visit.t(error.hint)
        return _login(visit, next, problem=problem, hint=hint, status=401)
    response = redirect(where_next(next))
    set_cookie(response, cookie, secure=request.url.scheme == "https")
    return response


@router.post("/logout")
def sign_out() -> Response:
    """Sign out."""
    response = redirect("/console/login")
    clear_cookie(response)
    return response
