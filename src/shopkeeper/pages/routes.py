"""Routes that belong to no page: static files, language and theme."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from shopkeeper.errors import NotFound
from shopkeeper.pages import static
from shopkeeper.pages.environment import THEMES, YEAR_SECONDS, redirect

router = APIRouter(include_in_schema=False)

HOUR_SECONDS = 3600


@router.get("/static/{digest}/{name}")
def static_file(request: Request, digest: str, name: str) -> Response:
    """A file of the pages; may be kept for ever."""
    found = static.file(name)
    if found is None or found.digest != digest:
        raise NotFound(f"there is no file {name}")
    headers = {
        "cache-control": f"public, max-age={YEAR_SECONDS}, immutable",
        "vary": "Accept-Encoding",
    }
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(found.content, media_type=found.type, headers=headers)
    return Response(
        found.packed, media_type=found.type, headers=headers | {"content-encoding": "gzip"}
    )


@router.get("/chat.js")
def chat_script(request: Request) -> Response:
    """The chat with customer service, under an address that stays, for pages of other origins."""
    found = static.file("chat.js")
    assert found is not None
    headers = {
        "cache-control": f"public, max-age={HOUR_SECONDS}",
        "etag": f'"{found.digest}"',
        "cross-origin-resource-policy": "cross-origin",
        "access-control-allow-origin": "*",
    }
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    return Response(found.content, media_type=found.type, headers=headers)


@router.get("/preferences")
def preferences(
    request: Request,
    next: Annotated[str, Query(max_length=2000)] = "/",
    lang: Annotated[str, Query(max_length=8)] = "",
    theme: Annotated[str, Query(max_length=8)] = "",
) -> Response:
    """Remember language or theme, and go back."""
    response = redirect(next)
    for name, value, known in (
        ("lang", lang, request.app.state.shop.settings.languages),
        ("theme", theme, THEMES),
    ):
        if value in known:
            response.set_cookie(name, value, max_age=YEAR_SECONDS, samesite="lax", httponly=True)
    return response
