"""Waiting for something to be said in conversations: one question to the database for all who wait.

Whoever writes a message, in this program or another, need not know of the waiting.
"""

import asyncio
from collections.abc import Callable, Sequence

from starlette.concurrency import run_in_threadpool

Newest = Callable[[Sequence[str]], dict[str, int]]

LOOK_S = 0.5  # between two looks


class Stopped(Exception):
    """There is nothing to wait for any more."""


class Watcher:
    """Tells who waits that there is a newer message. newest: the last message of each of these conversations.

    Used from one event loop. It asks nothing while nobody waits.
    """

    def __init__(self, newest: Newest, *, look_s: float = LOOK_S) -> None:
        self._newest = newest
        self._look_s = look_s
        self._waiting: dict[asyncio.Future[None], tuple[str, int]] = {}
        self._looking: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.stopped = False

    async def wait(self, conversation_id: str, *, after: int, timeout_s: float) -> bool:
        """True as soon as the conversation has a message with a larger id; False after so many seconds, or when there is
        nothing to wait for any more."""
        self._loop = asyncio.get_running_loop()
        told: asyncio.Future[None] = self._loop.create_future()
        self._waiting[told] = (conversation_id, after)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            await asyncio.wait_for(told, timeout_s)
        except (TimeoutError, Stopped):
            return False
        finally:
            self._waiting.pop(told, None)
        return True

    def stop(self) -> None:
        """Let everybody go who waits: the server stops. May be called from another thread."""
        self.stopped = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._fail, Stopped())

    async def _look(self) -> None:
        while self._waiting:
            asked = sorted({conversation for conversation, _ in self._waiting.values()})
            try:
                found = await run_in_threadpool(self._newest, asked)
            except Exception as error:
                self._fail(error)
                return
            for told, (conversation, after) in self._waiting.items():
                if found.get(conversation, 0) > after and not told.done():
                    told.set_result(None)
            await asyncio.sleep(self._look_s)

    def _fail(self, error: Exception) -> None:
        """Raise what went wrong where it is waited for."""
        for told in self._waiting:
            if not told.done():
                told.set_exception(error)
