"""HTTP as it is read off a connection: by httptools, which takes a third of the time that h11 takes for a request.

Unlike h11 it lets a head, or a trailer, be as long as somebody likes to send; here there is an end to it.
"""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD = 64_000  # bytes of a request's line, headers and trailers together


class Protocol(HttpToolsProtocol):
    """One connection."""

    _head = 0  # bytes read of the line, headers and trailers of this request
    _open = 0  # bytes received of what is not whole yet: the parser keeps them

    def data_received(self, data: bytes) -> None:
        """Take in what was received."""
        self._open += len(data)
        super().data_received(data)
        if self._open > MAX_HEAD and not self.transport.is_closing():
            self.send_400_response("The head of the request is too long.")

    def on_message_begin(self) -> None:
        """A request begins."""
        self._head = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """A part of the request's line."""
        self._count(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header or trailer."""
        self._count(name, value)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """All headers."""
        self._open = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._open = 0
        super().on_body(body)

    def _count(self, *parts: bytes) -> None:
        self._open = 0
        self._head += sum(map(len, parts))
        if self._head > MAX_HEAD:
            raise ValueError("the head is too long")  # makes the parser refuse the request
