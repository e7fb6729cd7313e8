"""From a thread in which a model writes to a client that reads: pieces go out as they come, and the model stops when
the client leaves."""

import asyncio
import threading
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Protocol

import anyio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from shopkeeper.models.records import Piece

MEDIA_TYPE = "text/event-stream"
Failure = Callable[[Exception], bytes]  # an error as the last event of a stream


class Events(Protocol):
    """What a stream is told as."""

    def first(self) -> bytes:
        """Before any piece."""
        ...

    def of(self, piece: Piece) -> bytes:
        """What a piece brings."""
        ...


class Feed:
    """Pieces of a stream, got in a thread of their own. Made and read on the event loop.

    on_end: called in that thread when the model has stopped, whatever the reader does.
    """

    def __init__(self, pieces: Generator[Piece], *, on_end: Callable[[], None]) -> None:
        self._pieces = pieces
        self._on_end = on_end
        self._loop = asyncio.get_running_loop()
        self._ready = asyncio.Event()
        self._lock = threading.Lock()
        self._waiting: list[Piece | Exception] = []
        self._left = False
        threading.Thread(target=self._run, name="lm-stream", daemon=True).start()

    async def take(self) -> list[Piece | Exception]:
        """What has come since the last time, at least one; an error is the last there is. Waits for it."""
        await self._ready.wait()
        with self._lock:
            taken, self._waiting = self._waiting, []
            self._ready.clear()
        return taken

    def leave(self) -> None:
        """Nobody reads any more: the model stops at its next piece."""
        self._left = True

    def _run(self) -> None:
        try:
            for piece in self._pieces:
                if self._left:
                    break
                self._put(piece)
        except Exception as error:  # raised, or told to the client, where the pieces are read
            self._put(error)
        finally:
            self._pieces.close()
            self._on_end()

    def _put(self, item: Piece | Exception) -> None:
        with self._lock:
            self._waiting.append(item)
            alone = len(self._waiting) == 1
        if alone:  # else it has been woken, and will find this too
            with suppress(RuntimeError):  # the server has stopped
                self._loop.call_soon_threadsafe(self._ready.set)


class EventStream(Response):
    """A stream of events whose first pieces are there already."""

    media_type = MEDIA_TYPE

    def __init__(
        self, feed: Feed, begun: list[Piece | Exception], events: Events, failure: Failure
    ) -> None:
        super().__init__(media_type=MEDIA_TYPE)
        del self.headers["content-length"]
        self.headers["x-accel-buffering"] = "no"  # or proxies would gather what should flow
        self._feed = feed
        self._begun = begun
        self._events = events
        self._failure = failure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what comes, until its end or until the client leaves."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(_left, receive, group.cancel_scope)
                await self._send_all(send)
                group.cancel_scope.cancel()
        finally:
            self._feed.leave()

    async def _send_all(self, send: Send) -> None:
        pieces, sent = self._begun, self._events.first()
        while True:
            sent += b"".join(map(self._event, pieces))
            over = _is_last(pieces[-1])
            await send({"type": "http.response.body", "body": sent, "more_body": not over})
            if over:
                return
            pieces, sent = await self._feed.take(), b""

    def _event(self, piece: Piece | Exception) -> bytes:
        return self._failure(piece) if isinstance(piece, Exception) else self._events.of(piece)


def _is_last(piece: Piece | Exception) -> bool:
    return isinstance(piece, Exception) or piece.generation is not None


async def _left(receive: Receive, scope: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()
