"""Who answers at this browser: a name that customers see, kept in a cookie; at first the name of the key."""

from urllib.parse import quote, unquote

from fastapi import Request
from starlette.responses import Response

from shopkeeper.support.cases import MAX_NAME

COOKIE = "desk"
YEAR_S = 365 * 24 * 3600


def name_of(request: Request) -> str:
    """The name that somebody answers under."""
    named = unquote(request.cookies.get(COOKIE, ""))[:MAX_NAME].strip()
    if named and named.isprintable():
        return named
    caller = getattr(request.state, "caller", None)
    key_id = getattr(caller, "key_id", "")
    key = request.app.state.guard.keys.by_id(key_id) if key_id else None
    return key.name[:MAX_NAME] if key is not None else request.app.state.shop.settings.shop_name or "Shop"  # fmt: skip


def remember(response: Response, request: Request, name: str) -> None:
    """Keep the name in this browser."""
    kept = " ".join(name.split())[:MAX_NAME]
    response.set_cookie(
        COOKIE, quote(kept), max_age=YEAR_S, path="/console", httponly=True, samesite="strict",
        secure=request.url.scheme == "https",
    )  # fmt: skip
