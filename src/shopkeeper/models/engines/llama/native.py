"""llama.cpp's own server inside this process, spoken to over a socket that no other user can open.

The wheel can be asked by function calls too, but those answer in OpenAI's shape, without token ids, and cannot be
stopped while a prompt is read. Its HTTP handlers can: when a connection closes, the work for it ends. So the server
listens on a Unix socket in a folder of mode 0700 (where a system has none, on 127.0.0.1 at a free port), never on the
network, and answers only who knows a random key.
"""

import http.client
import os
import secrets
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from shopkeeper.errors import (
    ContextTooLong,
    EngineError,
    EngineTimeout,
    EngineUnavailable,
    Unsupported,
)

BATCH_TOKENS = 512  # of a prompt at once: what is cancelled ends after this many at the latest
PREFIXES_MIB = 256  # memory for the beginnings of prompts that no slot holds any more
QUIET = -1
UNIX = hasattr(socket, "AF_UNIX")


@dataclass(frozen=True, slots=True)
class Shape:
    """How a model is laid out in memory. context_tokens: of each of `parallel` requests."""

    context_tokens: int
    parallel: int
    threads: int
    embedding: bool = False


class NativeServer:
    """One loaded model. Safe to share between threads. Calls raise what the contract of engines names."""

    def __init__(self, path: Path, shape: Shape, adapters: Mapping[str, Path]) -> None:
        """Loads the weights, which takes from half a second to some. Raises EngineUnavailable."""
        self._key = secrets.token_urlsafe(24)
        self._folder = Path(tempfile.mkdtemp(prefix="shopkeeper-lm-"))  # mode 0700
        self._open: set[_Connection] = set()
        self._lock = threading.Lock()
        self._closed = False
        try:
            self._server = self._load(path, shape, adapters)
        except RuntimeError as error:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise EngineUnavailable(
                f"llama.cpp cannot load {path} with {shape.parallel} x {shape.context_tokens} tokens",
                hint="too little memory, an architecture newer than this llama.cpp, or a damaged file",
            ) from error
        self._address: str = self._server.listening_address

    def _load(self, path: Path, shape: Shape, adapters: Mapping[str, Path]) -> Any:
        import xllamacpp  # 100 MB of code: only who opens a model pays for it

        wanted = xllamacpp.CommonParams()
        wanted.model.path = str(path)
        wanted.n_ctx = shape.context_tokens * shape.parallel
        wanted.n_parallel = shape.parallel
        wanted.kv_unified = False  # a slot each, so that no request takes another's context
        wanted.n_batch = wanted.n_ubatch = BATCH_TOKENS
        wanted.cpuparams.n_threads = wanted.cpuparams_batch.n_threads = shape.threads
        wanted.cache_ram_mib = PREFIXES_MIB
        wanted.fit_params = False
        wanted.warmup = False
        wanted.offline = True
        wanted.verbosity = QUIET
        wanted.ui = wanted.endpoint_slots = False
        wanted.n_threads_http = shape.parallel + 4  # one for each stream, some for counting tokens
        wanted.api_keys = [self._key]
        wanted.hostnames = [str(self._folder / "llama.sock") if UNIX else "127.0.0.1"]
        if shape.embedding:
            wanted.embedding = True
            wanted.n_batch = wanted.n_ubatch = shape.context_tokens  # a text is read in one go
        wanted.lora_adapters = [
            xllamacpp.CommonAdapterLoraInfo(str(file), 1.0) for file in adapters.values()
        ]
        wanted.lora_init_without_apply = True
        return xllamacpp.Server(wanted)

    def ask(self, path: str, body: Mapping[str, Any], *, deadline: float) -> dict[str, Any]:
        """The answer to one request."""
        with self._connection(deadline) as connection:
            said: dict[str, Any] = orjson.loads(connection.post(path, body).read())
            return said

    def stream(
        self, path: str, body: Mapping[str, Any], *, deadline: float
    ) -> Iterator[dict[str, Any]]:
        """Its events as they come; closing the iterator ends the work for it."""
        with self._connection(deadline) as connection:
            response = connection.post(path, {**body, "stream": True})
            while line := connection.line(response):
                if line.startswith(b"data: {"):
                    event: dict[str, Any] = orjson.loads(line[6:])
                    if "error" in event:
                        raise _error(event["error"])
                    yield event
                elif line.startswith(b"error: "):
                    raise _error(orjson.loads(line[7:]))

    def close(self) -> None:
        """Ends what is under way and frees the memory."""
        with self._lock:
            self._closed = True
            under_way = list(self._open)
        for connection in under_way:
            connection.cut()
        del self._server  # its destructor waits for its threads
        shutil.rmtree(self._folder, ignore_errors=True)

    def _connection(self, deadline: float) -> "_Connection":
        return _Connection(self, self._address, self._key, deadline)

    def _enter(self, connection: "_Connection") -> None:
        with self._lock:
            if self._closed:
                raise EngineUnavailable("the model was closed")
            self._open.add(connection)

    def _leave(self, connection: "_Connection") -> None:
        with self._lock:
            self._open.discard(connection)


class _Connection:
    """One connection, for one request, that keeps to a deadline and says failures in our errors."""

    def __init__(self, server: NativeServer, address: str, key: str, deadline: float) -> None:
        self._server = server
        self._deadline = deadline
        self._http = _Http(address)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def __enter__(self) -> "_Connection":
        self._server._enter(self)
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        self._http.close()
        self._server._leave(self)
        if isinstance(error, TimeoutError):
            raise EngineTimeout("the model had no whole answer within the time budget") from error
        if isinstance(error, OSError | http.client.HTTPException | orjson.JSONDecodeError):
            ended = "was closed" if self._server._closed else "broke off"
            raise EngineUnavailable(f"the model {ended} while it answered") from error

    def post(self, path: str, body: Mapping[str, Any]) -> http.client.HTTPResponse:
        self._patience()
        self._http.request("POST", path, orjson.dumps(body), self._headers)
        response = self._http.getresponse()
        if response.status != 200:
            said = orjson.loads(response.read())
            raise _error(said["error"])
        return response

    def line(self, response: http.client.HTTPResponse) -> bytes:
        self._patience()
        return response.readline()

    def cut(self) -> None:
        """From another thread: who waits here gets the end of the connection."""
        sock = self._http.sock
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:  # it has ended meanwhile
                return

    def _patience(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._http.wait(left)


class _Http(http.client.HTTPConnection):
    """HTTP over the socket of the server, whichever kind it is."""

    def __init__(self, address: str) -> None:
        if address.startswith("unix://"):
            super().__init__("localhost")
            self._path = address.removeprefix("unix://")
        else:
            host, port = address.removeprefix("http://").rsplit(":", 1)
            super().__init__(host, int(port))
            self._path = ""

    def connect(self) -> None:
        if self._path:
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.sock.settimeout(self.timeout)
            self.sock.connect(self._path)
        else:
            super().connect()

    def wait(self, seconds: float) -> None:
        """The longest that any step may take from now on."""
        self.timeout = seconds
        if self.sock is not None:
            self.sock.settimeout(seconds)


def _error(said: Mapping[str, Any]) -> EngineError:
    message = str(said.get("message", ""))
    if said.get("type") == "exceed_context_size_error" or "context size" in message.lower():
        return ContextTooLong(f"prompt and answer do not fit: {message}")
    if said.get("code") in (400, 501):
        return Unsupported(f"llama.cpp refused: {message}")
    return EngineUnavailable(f"llama.cpp failed: {message}")


def spare_waiting() -> None:
    """Lets the threads of OpenMP sleep when they wait for each other, unless the environment says otherwise.

    To be called before OpenMP is loaded. They spin for milliseconds by default, which on a busy machine takes the
    core away from the very thread they wait for. Spinning for less than this costs a tenth of the speed of writing on
    a quiet machine, where the others are never far.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "30000")
