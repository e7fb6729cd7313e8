"""Who may do what: decided here, for every request, before its body is read.

Under `/v1` nothing is open. A secret key may do everything; a publishable one only what `PUBLISHABLE` lists, from the
origins it is bound to. The console wants a session (`session`), opened with a secret key. In demo mode the owner of
the machine needs neither: a request counts as the owner's when it comes from the loopback interface, for a loopback
Host (a name that another site points at 127.0.0.1 is none), through no proxy, and from no other site's page.
"""

import ipaddress
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers

from shopkeeper.api.keys import ApiKey, KeyKind, KeyRing, origin_of
from shopkeeper.api.limits import RateLimiter
from shopkeeper.api.problems import RateLimited
from shopkeeper.api.session import COOKIE, Sessions
from shopkeeper.errors import Refused, Unauthorized

API = "/v1"
CONSOLE = "/console"
LOGIN = "/console/login"
BURST_S = 5.0  # a caller may use up this many seconds of requests at once

# What a publishable key may do. Whatever is not listed needs a secret key, so a new route is closed until it is here.
PUBLISHABLE = re.compile(
    r"GET /v1/(search|suggest|recommend/.*|version|(products|pages|reviews)(/.*)?|ucp/products/.*)"
    r"|POST /v1/(events|queries|mcp|ucp/search|support/conversations(/[^/]+/(messages|feedback))?)"
    r"|GET /v1/support/conversations/[^/]+/(messages|events)"
)
_PROXY_HEADERS = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


class Role(StrEnum):
    """In what capacity somebody asks."""

    OWNER = "owner"  # of the machine, in demo mode
    SECRET = "secret"  # noqa: S105  # a name, not a password
    PUBLISHABLE = "publishable"
    SESSION = "session"
    VISITOR = "visitor"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. allow_origin: the other site whose page may read the answer."""

    role: Role
    key_id: str = ""
    allow_origin: str = ""

    @property
    def sees_all(self) -> bool:
        """True if drafts, notes and customers are for these eyes."""
        return self.role in (Role.OWNER, Role.SECRET, Role.SESSION)


class SignInNeeded(Unauthorized):
    """A console page was asked for without a session."""

    def __init__(self) -> None:
        super().__init__("sign in first", hint="with a secret key: `shopkeeper keys create`")


class Guard:
    """Decides about requests. demo: the owner of the machine needs no key."""

    def __init__(
        self, keys: KeyRing, sessions: Sessions, *, demo: bool, requests_per_second: float
    ) -> None:
        self.keys = keys
        self.sessions = sessions
        self._demo = demo
        self._limiter = RateLimiter(requests_per_second, requests_per_second * BURST_S)

    async def admit(self, request: Request) -> Caller:
        """Who asks, if they may. Raises Unauthorized, Refused, RateLimited."""
        path: str = request.scope["path"]
        if self.is_owner(request):
            return Caller(Role.OWNER)
        if _within(path, API):
            return await self._admit_to_api(request)
        self._limit(_address(request))
        if _within(path, CONSOLE) and path != LOGIN:
            return await self._admit_to_console(request)
        return Caller(Role.VISITOR)

    async def _admit_to_api(self, request: Request) -> Caller:
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not text:
            self._limit(_address(request))
            raise Unauthorized(
                "this needs an API key",
                hint="send `Authorization: Bearer sk_live_…`; `shopkeeper keys create` makes one",
            )
        key = self.keys.cached(text.strip())
        if key is None:
            guesser = _address(request)
            self._limit(guesser)  # so that keys cannot be guessed quickly
            key = await run_in_threadpool(self.keys.check, text.strip())
            self._limiter.give_back(guesser)
        if key.kind is KeyKind.SECRET:
            self._limit(key.id)
            return Caller(Role.SECRET, key.id)
        origin = _allowed_origin(key, request.headers)
        self._limit(f"{key.id} {_address(request)}")  # all visitors of a page share its key
        if not PUBLISHABLE.fullmatch(f"{request.method} {request.scope['path']}"):
            raise Refused("a publishable key may not do this", hint="use a secret key, on a server")
        return Caller(Role.PUBLISHABLE, key.id, origin)

    async def _admit_to_console(self, request: Request) -> Caller:
        key_id = self.sessions.key_id(request.cookies.get(COOKIE, ""))
        key = None if key_id is None else await run_in_threadpool(self.keys.by_id, key_id)
        if key is None or key.kind is not KeyKind.SECRET:
            raise SignInNeeded
        if not _from_own_page(request):
            raise Refused("this came from another site's page", hint="use the console itself")
        return Caller(Role.SESSION, key.id)

    def is_owner(self, request: Request) -> bool:
        """True in demo mode for a request that only a person or program on this machine can have made."""
        return (
            self._demo
            and request.client is not None
            and _is_loopback(request.client.host)
            and _is_loopback(_host_name(request.headers))
            and not any(name in request.headers for name in _PROXY_HEADERS)
            and _from_own_page(request)
        )

    def sign_in(self, text: str) -> str:
        """The session cookie for somebody who holds this secret key. Raises Unauthorized."""
        key = self.keys.check(text.strip())
        if key.kind is not KeyKind.SECRET:
            raise Unauthorized(
                "this is a publishable key", hint="the console wants a secret one: sk_live_…"
            )
        return self.sessions.sign(key.id)

    async def knows_origin(self, origin: str) -> bool:
        """True if pages of this origin may use some publishable key."""
        return origin in await run_in_threadpool(self.keys.origins)

    def _limit(self, caller: str) -> None:
        wait_s = self._limiter.take(caller)
        if wait_s:
            raise RateLimited(wait_s)


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + "/")


def _address(request: Request) -> str:
    return request.client.host if request.client is not None else "unknown"


def _host_name(headers: Headers) -> str:
    hosts = headers.getlist("host")
    try:
        return urlsplit(f"//{hosts[0]}").hostname or "" if len(hosts) == 1 else ""
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _from_own_page(request: Request) -> bool:
    """False if a browser says that a page of another site made the request; following a link from there is fine."""
    headers = request.headers
    origin = headers.get("origin")
    if origin is not None and origin != f"{request.url.scheme}://{headers.get('host', '')}":
        return False
    if headers.get("sec-fetch-site", "none") in ("none", "same-origin"):
        return True
    return request.method in ("GET", "HEAD") and headers.get("sec-fetch-mode") == "navigate"


def _allowed_origin(key: ApiKey, headers: Headers) -> str:
    origin = headers.get("origin", "")
    try:
        normal = origin_of(origin)
    except ValueError:
        normal = ""
    if normal not in key.origins:
        raise Refused(
            f"this key does not work from the origin {origin or '(none)'}",
            hint="it works on the pages it was made for: " + ", ".join(key.origins),
        )
    return origin


async def caller_of(request: Request) -> Caller:
    """Who asks: what `Guard.admit` found out before the route was chosen."""
    caller: Caller = request.state.caller
    return caller


CallerOf = Annotated[Caller, Depends(caller_of)]
