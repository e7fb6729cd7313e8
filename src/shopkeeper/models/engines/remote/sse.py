"""Server-sent events: bytes as they come, into the data of whole events (WHATWG HTML, 9.2)."""

from collections.abc import Iterable, Iterator

MAX_EVENT_BYTES = 8 * 2**20


class EventTooLong(Exception):
    """One event is longer than any honest one."""


def events(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The data of each event, several lines of it joined. An event that is not finished is none.

    Raises EventTooLong.
    """
    data: list[bytes] = []
    size = 0
    for line in _lines(chunks):
        if line.startswith(b"data:"):
            data.append(line[5:].removeprefix(b" "))
            size += len(line)
            if size > MAX_EVENT_BYTES:
                raise EventTooLong
        elif not line and data:
            yield b"\n".join(data)
            data, size = [], 0


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    begun: list[bytes] = []
    size = 0
    for chunk in chunks:
        *whole, rest = chunk.split(b"\n")
        for line in whole:
            yield (b"".join(begun) + line).rstrip(b"\r")
            begun, size = [], 0
        begun.append(rest)
        size += len(rest)
        if size > MAX_EVENT_BYTES:
            raise EventTooLong
