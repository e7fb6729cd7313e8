"""What surrounds every request: an id, the guard, headers for browsers, one line of log, and an answer to any error.

Plain ASGI: the body of a request is not touched, so a caller without a key is turned away before it is read.
"""

import logging
import re
import secrets
import time
from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shopkeeper.api.guard import API, CONSOLE, Caller, Guard, Role
from shopkeeper.api.problems import Invalid, UnsupportedMedia
from shopkeeper.api.quick import QuickRoutes
from shopkeeper.errors import Refused, TooLarge

log = logging.getLogger("shopkeeper.access")

Answer = Callable[[Request, Exception], Response]

UPLOADS = API + "/imports"
MAX_JSON = 16 * 10**6  # bytes of a body that is no file
MAX_TARGET = 8000  # characters of path and query
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_JSON = re.compile(r"application/([a-z0-9.+-]+\+)?json")
_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
}
_API_POLICY = "default-src 'none'; frame-ancestors 'none'"


class Surroundings:
    """The outermost layer of the app.

    answer: what turns an exception into a response. max_upload_bytes: of a body where files are taken in. quick: what
    answers some routes without the app.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        guard: Guard,
        answer: Answer,
        max_upload_bytes: int,
        quick: QuickRoutes,
    ) -> None:
        self._app = app
        self._quick = quick
        self._guard = guard
        self._answer = answer
        self._max_upload_bytes = max_upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other kinds of traffic pass."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, send)
        request = Request(scope, receive)
        try:
            await self._serve(request, receive, exchange.send)
        except Exception as error:
            if (
                exchange.status
            ):  # too late for another answer: the client sees that this one broke off
                raise
            response = self._answer(request, error)
            await response(scope, receive, exchange.send)
        finally:
            exchange.write_log()

    async def _serve(self, request: Request, receive: Receive, send: Send) -> None:
        _check_target(request)
        if _is_preflight(request):
            response = await self._preflight(request)
            await response(request.scope, receive, send)
            return
        request.state.caller = await self._guard.admit(request)
        if self._quick.has(request):
            response = await self._quick.answer(request)
            await response(request.scope, receive, send)
            return
        _check_media_type(request)
        takes_files = request.scope["path"].startswith((UPLOADS, CONSOLE + "/"))
        limit = self._max_upload_bytes if takes_files else MAX_JSON
        await self._app(request.scope, _limited(request, receive, limit), send)

    async def _preflight(self, request: Request) -> Response:
        origin = request.headers["origin"]
        if not await self._guard.knows_origin(origin):
            raise Refused(
                "no publishable key is bound to this origin",
                hint="`shopkeeper keys create --publishable --origin …` binds one",
            )
        request.state.caller = Caller(Role.VISITOR, allow_origin=origin)
        return Response(
            status_code=204,
            headers={
                "access-control-allow-methods": "GET, POST",
                "access-control-allow-headers": "authorization, content-type, if-none-match",
                "access-control-max-age": "600",
            },
        )


class _Exchange:
    """One request on its way out: adds the headers, remembers the status, writes the line of log."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.status = 0
        self._scope = scope
        self._send = send
        self._begun = time.perf_counter()
        given = Request(scope).headers.get("x-request-id", "")
        self.request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = self.request_id

    async def send(self, message: Message) -> None:
        """Pass a message on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._dress(MutableHeaders(scope=message))
        await self._send(message)

    def _dress(self, headers: MutableHeaders) -> None:
        headers["x-request-id"] = self.request_id
        for name, value in _HEADERS.items():
            headers.setdefault(name, value)
        if self._scope["path"].startswith(API):
            headers.setdefault("content-security-policy", _API_POLICY)
            headers.setdefault("cache-control", "no-store")
            headers.add_vary_header("Origin")
        caller: Caller | None = self._scope["state"].get("caller")
        if caller is not None and caller.allow_origin:
            headers["access-control-allow-origin"] = caller.allow_origin
            headers["access-control-expose-headers"] = "etag, retry-after, x-request-id"

    def write_log(self) -> None:
        """Route, not path, and neither query nor address: they may tell who looked for what."""
        caller: Caller | None = self._scope["state"].get("caller")
        log.info(
            "method=%s route=%s status=%d ms=%.1f role=%s key=%s request=%s",
            self._scope["method"],
            _route(self._scope),
            self.status,
            (time.perf_counter() - self._begun) * 1000,
            caller.role.value if caller else "-",
            caller.key_id if caller and caller.key_id else "-",
            self.request_id,
        )


def _route(scope: Scope) -> str:
    """The path of the route with its parameters unfilled; routers name theirs without the prefix."""
    path = getattr(scope.get("route"), "path", "-")
    prefix = API if scope["path"].startswith(API) and not path.startswith(API) else ""
    return prefix + path


def _limited(request: Request, receive: Receive, limit: int) -> Receive:
    """`receive` that reads so many bytes of a body and no more. Raises TooLarge if more are announced."""
    text = f"the body is longer than the {limit:,} bytes that are taken here"
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise TooLarge(text, hint="send it in parts")
    read = 0

    async def limited() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > limit:
            raise HTTPException(
                413, text
            )  # of all exceptions, FastAPI passes this one on while it reads
        return message

    return limited


def _is_preflight(request: Request) -> bool:
    return (
        request.method == "OPTIONS"
        and request.scope["path"].startswith(API)
        and "origin" in request.headers
        and "access-control-request-method" in request.headers
    )


def _check_target(request: Request) -> None:
    path, query = request.scope["path"], request.scope["query_string"]
    if "\0" in path or b"%00" in query or b"\0" in query:
        raise Invalid("path or query", "contains a NUL character")
    if len(path) + len(query) > MAX_TARGET:
        raise Invalid("path or query", f"is longer than {MAX_TARGET} characters")


def _check_media_type(request: Request) -> None:
    """Bodies under /v1 are JSON, except uploads. Raises UnsupportedMedia."""
    path: str = request.scope["path"]
    if request.method not in ("POST", "PUT") or not path.startswith(API + "/"):
        return
    if request.headers.get("content-length") == "0":
        return
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    wanted = "multipart/form-data" if path == UPLOADS else "application/json"
    if media_type != wanted and not (wanted.endswith("json") and _JSON.fullmatch(media_type)):
        raise UnsupportedMedia(
            f"this route reads {wanted}, not {media_type or 'a body without content-type'}",
            hint=f"send the header Content-Type: {wanted}",
        )
