"""HTTP to one server, in which every wait, for names, handshakes and single bytes, is part of one time budget.

Python's `http.client` reads and writes the protocol; the sockets under it are armed with what is left of the deadline
before each operation, so that a server that sends a byte a second holds nobody. Connections are kept and used again.
Redirects are not followed: the key goes to the address in the settings and nowhere else.
"""

import contextlib
import http.client
import io
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from urllib.parse import quote, urlsplit

from shopkeeper.models.engines.remote.deadline import Deadline

CHUNK = 65536
MAX_ANSWER_BYTES = 64 * 2**20


class BrokenAnswer(Exception):
    """What came is no answer, or too large; says what is wrong, without a word of it."""


class CutOff(BrokenAnswer):
    """It ended before its end; another attempt may go better."""

    def __init__(self) -> None:
        super().__init__("it broke off")


class _Socket:
    """What `http.client` uses of a socket, each operation within the deadline of the exchange under way."""

    def __init__(self, raw: socket.socket) -> None:
        self.deadline = Deadline(0)
        self._raw = raw
        self._readers = 0
        self._closed = False

    def makefile(self, *_: Any, **__: Any) -> io.BufferedReader:
        self._readers += 1
        return io.BufferedReader(_Reader(self), CHUNK)

    def sendall(self, data: Any) -> None:
        rest = memoryview(data)
        while rest:
            self._raw.settimeout(self.deadline.wait_s())
            rest = rest[self._raw.send(rest) :]

    def receive_into(self, buffer: Any) -> int:
        self._raw.settimeout(self.deadline.wait_s())
        return self._raw.recv_into(buffer)

    def close(self) -> None:
        """Close once nobody reads from it any more, as sockets do."""
        self._closed = True
        if self._readers <= 0:
            self._raw.close()

    def reader_gone(self) -> None:
        self._readers -= 1
        if self._closed:
            self.close()

    def abort(self) -> None:
        """Wake who waits on it, with an error, from another thread."""
        with contextlib.suppress(OSError):
            self._raw.shutdown(socket.SHUT_RDWR)


class _Reader(io.RawIOBase):
    def __init__(self, source: _Socket) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._source.receive_into(buffer)

    def close(self) -> None:
        if not self.closed:
            self._source.reader_gone()
        super().close()


class _Connection(http.client.HTTPConnection):
    """One over a socket that is connected already; it does not connect again by itself."""

    auto_open = 0

    def __init__(self, host: str, port: int, used: _Socket) -> None:
        super().__init__(host, port)
        self.used = used  # http.client lets go of it while the last answer is still being read
        self.sock = used  # has all that is used of a socket


class Answer:
    """The status and headers of an answer, and its body to be read once. `close` it in any case."""

    def __init__(self, response: http.client.HTTPResponse, done: Callable[[bool], None]) -> None:
        """done: called once, with whether the connection can be used again."""
        self.status = response.status
        self.content_type = response.headers.get_content_type()
        self.retry_after = response.headers.get("Retry-After", "")
        self._response = response
        self._done: Callable[[bool], None] | None = done
        self._left = MAX_ANSWER_BYTES

    def chunks(self) -> Iterator[bytes]:
        """The body as it comes. Raises TimeoutError, OSError or BrokenAnswer."""
        try:
            while chunk := self._response.read1(CHUNK):
                self._left -= len(chunk)
                if self._left < 0:
                    raise BrokenAnswer("it is too long")
                yield chunk
        except (http.client.HTTPException, ValueError) as error:
            raise CutOff from error
        if self._response.length:
            raise CutOff

    def body(self) -> bytes:
        """All of it."""
        return b"".join(self.chunks())

    def close(self) -> None:
        """Give the connection back if all was read, else close it."""
        done, self._done = self._done, None
        if done is not None:
            read = self._response.isclosed() or self._response.length == 0
            whole = read and not self._response.will_close
            self._response.close()
            done(whole)


class Server:
    """The server at one address, and the connections to it. Shared by threads."""

    def __init__(self, url: str, key: str, *, idle: int) -> None:
        """idle: how many connections are kept for later. Raises ValueError if the URL has no host or no sane port."""
        parts = urlsplit(url)
        if not parts.hostname:
            raise ValueError("it names no host")
        self._host = parts.hostname
        self._secure = parts.scheme == "https"
        self._port = parts.port or (443 if self._secure else 80)
        self._base = quote(parts.path.rstrip("/"), safe="/%:@+,;=~")
        shown = f"[{self._host}]" if ":" in self._host else self._host
        self._headers = {
            "Host": f"{shown}:{parts.port}" if parts.port else shown,
            "User-Agent": "shopkeeper",
            "Accept-Encoding": "identity",
        }
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        self._context = ssl.create_default_context() if self._secure else None
        self._most_idle = idle
        self._lock = threading.Lock()
        self._idle: list[_Connection] = []
        self._busy: set[_Connection] = set()
        self.closed = False

    def ask(
        self,
        path: str,
        body: bytes | None,
        deadline: Deadline,
        *,
        accept: str = "application/json",
        root: bool = False,
    ) -> Answer:
        """POST the body, or GET if there is none; `root` leaves out the /v1 of the base address.

        A kept connection that the server has closed meanwhile is replaced. Raises TimeoutError, OSError, BrokenAnswer.
        """
        base = self._base.removesuffix("/v1") if root else self._base
        headers = self._headers | {"Accept": accept}
        if body is not None:
            headers["Content-Type"] = "application/json"
        while True:
            connection, kept = self._connection(deadline)
            try:
                connection.request(
                    "POST" if body is not None else "GET", base + path, body, headers
                )
                response = connection.getresponse()
            except (http.client.HTTPException, OSError, ValueError) as error:
                self._drop(connection)
                if kept and isinstance(error, ConnectionError) and not self.closed:
                    continue
                if isinstance(error, OSError):
                    raise
                raise BrokenAnswer("it is not HTTP") from None
            except BaseException:
                self._drop(connection)
                raise
            return Answer(response, partial(self._release, connection))

    def close(self) -> None:
        """Close all connections; who waits on one gets an error."""
        with self._lock:
            self.closed = True
            idle, self._idle = self._idle, []
            busy = list(self._busy)
        for connection in idle:
            connection.close()
        for connection in busy:
            connection.used.abort()

    def _connection(self, deadline: Deadline) -> tuple[_Connection, bool]:
        """A connection that is ours alone, and whether it was used before."""
        with self._lock:
            connection = self._idle.pop() if self._idle else None
            kept = connection is not None
        if connection is None:
            connection = self._connect(deadline)
        connection.used.deadline = deadline
        with self._lock:
            self._busy.add(connection)
            closed = self.closed
        if closed:
            self._drop(connection)
            raise ConnectionAbortedError("closed")
        return connection, kept

    def _connect(self, deadline: Deadline) -> _Connection:
        raw = _reach(self._host, self._port, deadline)
        try:
            if self._context is not None:
                raw = self._context.wrap_socket(
                    raw, server_hostname=self._host, do_handshake_on_connect=False
                )
                raw.settimeout(deadline.wait_s())
                raw.do_handshake()
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except BaseException:
            raw.close()
            raise
        return _Connection(self._host, self._port, _Socket(raw))

    def _release(self, connection: _Connection, whole: bool) -> None:
        if not whole or connection.sock is None:
            self._drop(connection)
            return
        with self._lock:
            self._busy.discard(connection)
            keep = not self.closed and len(self._idle) < self._most_idle
            if keep:
                self._idle.append(connection)
        if not keep:
            connection.close()

    def _drop(self, connection: _Connection) -> None:
        with self._lock:
            self._busy.discard(connection)
        connection.close()


def _reach(host: str, port: int, deadline: Deadline) -> socket.socket:
    """A socket to the first address of the host that takes it."""
    addresses = _resolve(host, port, deadline)
    failure: OSError = OSError("no address")
    for tried, (family, kind, protocol, _, address) in enumerate(addresses):
        raw = socket.socket(family, kind, protocol)
        try:
            raw.settimeout(deadline.wait_s() / (len(addresses) - tried))
            raw.connect(address)
            return raw
        except OSError as error:
            raw.close()
            failure = error
    raise failure


def _resolve(host: str, port: int, deadline: Deadline) -> list[Any]:
    """The addresses of a host. The system's resolver knows no time limit, so it is left behind when it has none."""
    found: list[Any] = []
    failed: list[OSError] = []

    def look_up() -> None:
        try:
            found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except OSError as error:
            failed.append(error)

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(deadline.wait_s())
    if thread.is_alive():
        raise TimeoutError
    if failed:
        raise failed[0]
    return found


def header_safe(value: str) -> bool:
    """True if it can stand in a header as it is."""
    return value.isascii() and value.isprintable()
