"""Streaming what a writer writes: the bytes go out while it still writes, and never pile up."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BufferedWriter, RawIOBase
from typing import Any, BinaryIO, cast

CHUNK = 64 * 1024  # bytes
AHEAD = 8  # chunks that the writer may be ahead of the reader
STALLED_S = 60  # a reader that takes nothing for so long has gone: the writer holds a connection to the database


class _Left(BrokenPipeError):
    """The reader has gone."""


class _Channel(RawIOBase):
    """A file that is written in one thread and read, chunk by chunk, in another."""

    def __init__(self) -> None:
        self.chunks: queue.Queue[bytes | Exception | None] = queue.Queue(AHEAD)
        self.left = threading.Event()

    def writable(self) -> bool:
        """It is for writing only."""
        return True

    def write(self, data: Any) -> int:
        """Pass a chunk on; waits while the reader is behind. Raises BrokenPipeError when it has gone."""
        self.put(bytes(data))
        return len(data)

    def put(self, item: bytes | Exception | None) -> None:
        """Pass on a chunk, an error, or None for the end."""
        deadline = time.monotonic() + STALLED_S
        while not self.left.is_set() and time.monotonic() < deadline:
            try:
                self.chunks.put(item, timeout=0.2)
            except queue.Full:
                continue
            return
        self.left.set()
        raise _Left

    def next(self) -> bytes | Exception | None:
        """The next chunk; waits for it. Raises BrokenPipeError when the writer has given the reader up."""
        while True:
            try:
                return self.chunks.get(timeout=1)
            except queue.Empty:
                if self.left.is_set():
                    raise _Left from None


def stream(
    write: Callable[[BinaryIO], object], *, on_end: Callable[[], None] = lambda: None
) -> Iterator[bytes]:
    """What `write` writes to the file it is given, in chunks. An error in it is raised here.

    on_end: called once when the writer has ended, whatever the reader does.
    """
    channel = _Channel()

    def run() -> None:
        with suppress(_Left):
            try:
                with BufferedWriter(channel, CHUNK) as out:
                    write(cast(BinaryIO, out))
                channel.put(None)
            except _Left:
                raise
            except Exception as error:
                channel.put(error)
            finally:
                on_end()

    threading.Thread(target=run, name="export", daemon=True).start()
    try:
        while (item := channel.next()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item
    finally:
        channel.left.set()
