"""The protocol over standard input and output: one message a line, in UTF-8; nothing else is written there."""

from typing import BinaryIO

import orjson

from shopkeeper.mcp.protocol import INVALID_REQUEST, PARSE_ERROR, Answer, Server, failure

MAX_LINE = 1_000_000  # bytes


def serve(server: Server, read: BinaryIO, write: BinaryIO) -> None:
    """Answer messages until the input ends."""
    while line := read.readline(MAX_LINE + 1):
        if len(line) > MAX_LINE:
            while line and not line.endswith(b"\n"):
                line = read.readline(MAX_LINE)
            answer = failure(INVALID_REQUEST, f"a message of more than {MAX_LINE:,} bytes")
        elif not line.strip():
            continue
        else:
            answer = _answer(server, line)
        if answer.body is not None:
            write.write(orjson.dumps(answer.body) + b"\n")
            write.flush()


def _answer(server: Server, line: bytes) -> Answer:
    try:
        message = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return failure(PARSE_ERROR, f"not JSON: {error}")
    return server.answer(message)
