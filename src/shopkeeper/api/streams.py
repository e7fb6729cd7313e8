"""Streaming what a writer writes: the bytes go out while it still writes, and never pile up."""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BufferedWriter, RawIOBase
from typing import Any, BinaryIO, cast

CHUNK = 64 * 1024  # bytes
AHEAD = 8  # chunks that the writer may be ahead of the reader


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
        while not self.left.is_set():
            try:
                self.chunks.put(item, timeout=0.2)
            except queue.Full:
                continue
            return
        raise _Left


def stream(write: Callable[[BinaryIO], object]) -> Iterator[bytes]:
    """What `write` writes to the file it is given, in chunks. An error in it is raised here."""
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

    threading.Thread(target=run, name="export", daemon=True).start()
    try:
        while (item := channel.chunks.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item
    finally:
        channel.left.set()
