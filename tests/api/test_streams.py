"""Streaming what a writer writes: whole, without piling up, and ended when either side ends."""

import threading
import time
from typing import BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.api.streams import AHEAD, CHUNK, stream


@settings(deadline=None, max_examples=50)
@given(st.lists(st.binary(max_size=3 * CHUNK), max_size=6))
def test_what_is_written_comes_out_whole_and_in_order(parts: list[bytes]) -> None:
    assert b"".join(stream(lambda out: [out.write(part) for part in parts])) == b"".join(parts)


def test_a_writer_is_never_far_ahead_of_its_reader() -> None:
    written = 0

    def write(out: BinaryIO) -> None:
        nonlocal written
        for _ in range(100):
            written += out.write(b"x" * CHUNK)

    chunks = stream(write)
    next(chunks)
    time.sleep(0.2)
    assert written <= (AHEAD + 4) * CHUNK
    assert sum(map(len, chunks)) == 99 * CHUNK


def test_a_writer_ends_when_its_reader_has_gone() -> None:
    ended = threading.Event()

    def write(out: BinaryIO) -> None:
        while True:
            out.write(b"x" * CHUNK)

    chunks = stream(write, on_end=ended.set)
    next(chunks)
    del chunks
    assert ended.wait(5)


def test_an_error_of_the_writer_reaches_the_reader_after_what_was_written() -> None:
    def write(out: BinaryIO) -> None:
        out.write(b"x" * CHUNK)
        raise OSError(28, "No space left on device")

    chunks = stream(write)
    assert next(chunks) == b"x" * CHUNK
    with pytest.raises(OSError, match="No space left"):
        next(chunks)
