"""A model hub on this machine that misbehaves as it is told."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from shopkeeper.models.lock import Repo
from tests.models.world import BODY

SOURCE = Repo("owner/name", "0123456789abcdef", "weights.js")
PATH = "/owner/name/resolve/0123456789abcdef/weights.js"

Answer = Callable[[BaseHTTPRequestHandler, int], None]


@dataclass
class Hub:
    """A hub whose answers are given one after the other, the last one for ever."""

    answers: list[Answer] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)  # path, range
    url: str = ""


@contextmanager
def serving() -> Iterator[Hub]:
    """A hub on this machine."""
    world = Hub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            world.asked.append((self.path, wanted))
            answer = world.answers.pop(0) if len(world.answers) > 1 else world.answers[0]
            answer(self, int(re.sub(r"\D", "", wanted) or 0))
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as served:
        world.url = f"http://127.0.0.1:{served.server_port}"
        thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield world
        served.shutdown()
        thread.join()


def send(
    request: BaseHTTPRequestHandler, body: bytes, *, length: int, start: int = 0, total: int = 0
) -> None:
    """An answer that promises `length` bytes and sends these."""
    request.send_response(206 if total else 200)
    request.send_header("Content-Length", str(length))
    if total:
        request.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
    request.end_headers()
    request.wfile.write(body)


def whole(request: BaseHTTPRequestHandler, start: int) -> None:
    """The file from where it is asked for."""
    rest = BODY[start:]
    send(request, rest, length=len(rest), start=start, total=len(BODY) if start else 0)


def cut(request: BaseHTTPRequestHandler, start: int) -> None:
    """A third of the file more, then nothing."""
    send(
        request, BODY[start : start + 700], length=len(BODY) - start, start=start,
        total=len(BODY) if start else 0,
    )  # fmt: skip


def without_ranges(request: BaseHTTPRequestHandler, _: int) -> None:
    """Always all of it."""
    send(request, BODY, length=len(BODY))


def stalled(request: BaseHTTPRequestHandler, start: int) -> None:
    """A beginning, and then silence."""
    cut(request, start)
    time.sleep(0.5)


def status(code: int) -> Answer:
    def answer(request: BaseHTTPRequestHandler, _: int) -> None:
        request.send_response(code)
        request.send_header("Content-Length", "0")
        request.end_headers()

    return answer
