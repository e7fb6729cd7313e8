"""A model hub of one repository on this machine, and the other host where it keeps its large files."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.models.bad_hub import Answer, Hub, send, serving, status

REPO = "maker/model"
FIRST, SECOND = "a" * 40, "b" * 40  # commits
CARD = {"license": "apache-2.0", "base_model": ["maker/base"]}


@dataclass
class World:
    """What the hub has and says, and who asked for what."""

    hub: Hub
    store: Hub
    files: dict[str, bytes] = field(default_factory=dict)
    card: dict[str, Any] = field(default_factory=lambda: dict(CARD))
    commit: str = FIRST
    large: int = 300  # bytes from which on a file is kept elsewhere
    announced: str = ""  # a sha256 that is announced for every large file
    code: int = 0  # with which every download is refused
    tokens: set[tuple[str, str]] = field(default_factory=set)  # host's part, Authorization

    @property
    def url(self) -> str:
        return self.hub.url

    def listing(self) -> dict[str, Any]:
        return {"sha": self.commit, "gated": False, "cardData": self.card, "siblings": [
            {"rfilename": name, "size": len(body), "blobId": git_hash(body)}
            | ({"lfs": {"sha256": digest(body), "size": len(body)}} if len(body) >= self.large else {})
            for name, body in self.files.items()
        ]}  # fmt: skip

    def answer(self, request: BaseHTTPRequestHandler, start: int) -> None:
        self.tokens.add(("hub", request.headers.get("Authorization", "")))
        path = request.path
        if path.startswith(f"/api/models/{REPO}/revision/"):
            body = json.dumps(self.listing()).encode()
            return send(request, body, length=len(body))
        place, _, name = path.removeprefix(f"/{REPO}/resolve/").partition("/")
        if self.code or place not in (FIRST, SECOND) or name not in self.files:
            return status(self.code or 404)(request, start)
        body = self.files[name]
        if len(body) < self.large:
            return send(request, body, length=len(body))
        request.send_response(302)
        request.send_header("Location", f"{self.store.url}/{digest(body)}?signed=1")
        request.send_header("X-Linked-Etag", f'"{self.announced or digest(body)}"')
        request.send_header("Content-Length", "0")
        return request.end_headers()

    def keep(self, request: BaseHTTPRequestHandler, start: int) -> None:
        """The other host: the file from where it is asked for."""
        self.tokens.add(("store", request.headers.get("Authorization", "")))
        body = self.stored(request.path)
        total = len(body) if start else 0
        send(request, body[start:], length=len(body) - start, start=start, total=total)

    def stored(self, path: str) -> bytes:
        wanted = path.strip("/").partition("?")[0]
        return next(body for body in self.files.values() if digest(body) == wanted)


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def git_hash(body: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(body) + body, usedforsecurity=False).hexdigest()


@contextmanager
def one_repository(**files: bytes) -> Iterator[World]:
    """A hub with one repository of these files."""
    with serving() as hub, serving() as store:
        world = World(hub, store, dict(files))
        hub.answers, store.answers = [world.answer], [world.keep]
        yield world


def then_cut(world: World, after: int) -> Answer:
    """The other host breaks off."""

    def answer(request: BaseHTTPRequestHandler, start: int) -> None:
        body = world.stored(request.path)
        send(request, body[start : start + after], length=len(body) - start)

    return answer
