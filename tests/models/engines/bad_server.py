"""A server with OpenAI's HTTP API that behaves as its address says, well or badly.

    with serving() as world:
        EngineSettings(kind="openai", model="m", url=world.url("500", "stall", "well"))

answers the first request with a 500, leaves the second without an answer, and answers all others. `kind` is the sort of
server that its list of models pretends to be. What came in is in `world.asked`.
"""

import json
import ssl
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "m"
USAGE = {"prompt_tokens": 7, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 3}}
TOO_LONG = {
    "openai": (400, {"error": {"message": "This model's maximum context length is 4097 tokens.", "type": "invalid_request_error", "param": "messages", "code": "context_length_exceeded"}}),
    "vllm": (400, {"object": "error", "message": "This model's maximum context length is 4096 tokens. However, you requested 5001 tokens.", "type": "BadRequestError", "param": None, "code": 400}),
    "vllm-new": (400, {"error": {"message": "The decoder prompt (length 5001) is longer than the maximum model length of 4096.", "type": "BadRequestError", "param": None, "code": 400}}),
    "sglang": (400, {"object": "error", "message": "The input (5001 tokens) is longer than the model's context length (4096 tokens).", "type": "BadRequestError", "code": 400}),
    "llamacpp": (400, {"error": {"code": 400, "message": "the request exceeds the available context size, try increasing it", "type": "exceed_context_size_error", "n_prompt_tokens": 5001, "n_ctx": 4096}}),
    "ollama": (400, {"error": {"message": "prompt too long; exceeded max context length by 905 tokens", "type": "invalid_request_error"}}),
    "ollama-embed": (500, {"error": "the input length exceeds the context length"}),
}  # fmt: skip
OWNERS = {"llama-server": "llamacpp", "ollama": "library"}


@dataclass
class Asked:
    """One request as it came in."""

    path: str
    body: dict[str, Any]
    headers: dict[str, str]


@dataclass
class World:
    """What happened at the server, and how to end what hangs in it."""

    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    scheme: str = "http"
    arrived: threading.Event = field(default_factory=threading.Event)  # a request has
    ending: threading.Event = field(default_factory=threading.Event)
    counted: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def url(self, *behaviours: str, kind: str = "openai") -> str:
        """The base address of a server that does these one after the other, the last one for ever."""
        return f"{self.scheme}://127.0.0.1:{self.port}/{kind}/{'+'.join(behaviours) or 'well'}/v1"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    world: World

    def setup(self) -> None:
        super().setup()
        self.world.connections += 1

    def do_GET(self) -> None:
        kind = self.path.split("/")[1]
        entry = {"id": MODEL, "object": "model", "owned_by": OWNERS.get(kind, kind)}
        more = {"max_model_len": 2048} if kind == "vllm" else {}
        if kind == "ollama-hf" and self.path.endswith("/api/version"):
            self.send(200, {"version": "0.13.1"})
        elif "no-list" in self.path or not self.path.endswith("/models"):
            self.send(404, {"error": "not found"})
        else:
            self.send(200, {"object": "list", "data": [{"id": "other"}, entry | more]})

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        self.body = json.loads(self.rfile.read(length))
        _, _, behaviours, *_ = self.path.split("/")
        with self.world.lock:
            self.world.arrived.set()
            self.world.asked.append(Asked(self.path, self.body, dict(self.headers)))
            turn = self.world.counted[behaviours]
            self.world.counted[behaviours] += 1
        names = behaviours.split("+")
        BEHAVIOURS[names[min(turn, len(names) - 1)]](self)

    def send(self, status: int, said: Any, headers: dict[str, str] | None = None) -> None:
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(status)
        for name, value in ({"Content-Type": "application/json"} | (headers or {})).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def begin_stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def event(self, said: Any) -> None:
        self.chunk(
            b"data: " + (said if isinstance(said, bytes) else json.dumps(said).encode()) + b"\n\n"
        )

    def hang(self) -> None:
        self.world.ending.wait(60)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that have gone are no news."""
        if not isinstance(sys.exception(), ConnectionError | ssl.SSLError):
            super().handle_error(request, client_address)


Behaviour = Callable[[_Handler], None]
BEHAVIOURS: dict[str, Behaviour] = {}


def behaviour(name: str) -> Callable[[Behaviour], Behaviour]:
    def keep(does: Behaviour) -> Behaviour:
        BEHAVIOURS[name] = does
        return does

    return keep


@contextmanager
def serving(secure: ssl.SSLContext | None = None) -> Iterator[World]:
    """The server, on this machine."""
    world = World(scheme="https" if secure else "http")
    handler = type("Handler", (_Handler,), {"world": world})
    with _Server(("127.0.0.1", 0), handler) as served:
        world.port = served.server_port
        if secure:
            served.socket = secure.wrap_socket(
                served.socket, server_side=True, do_handshake_on_connect=False
            )
        thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield world
        finally:
            world.ending.set()
            served.shutdown()
            thread.join()


def said_to(request: _Handler) -> str:
    """What the model says: the last thing that it was told."""
    messages = request.body.get("messages")
    return f"You said: {messages[-1]['content'] if messages else request.body.get('prompt', '')}"


def answer_of(request: _Handler, **changes: Any) -> dict[str, Any]:
    """A whole answer in the shape of OpenAI's."""
    text = said_to(request)
    message: dict[str, Any] = {"role": "assistant", "content": text}
    reason = "stop"
    if request.body.get("tools"):
        arguments = json.dumps({"to": text}, ensure_ascii=False)
        function = {"name": request.body["tools"][0]["function"]["name"], "arguments": arguments}
        message |= {
            "content": None,
            "tool_calls": [{"id": "c1", "type": "function", "function": function}],
        }
        reason = "tool_calls"
    choice: dict[str, Any] = {"index": 0, "finish_reason": reason, "logprobs": None}
    choice |= {"message": message} if "messages" in request.body else {"text": text}
    whole = {
        "id": "x",
        "object": "chat.completion",
        "model": "another-name",
        "choices": [choice],
        "usage": USAGE,
    }
    return whole | {"never heard of": [1, {"a": None}]} | changes


@behaviour("well")
def well(request: _Handler) -> None:
    if request.path.endswith("/embeddings"):
        rows = [
            {"index": i, "embedding": [len(t) + 1.0, 1.0]}
            for i, t in enumerate(request.body["input"])
        ]
        request.send(200, {"data": rows[::-1], "usage": {"prompt_tokens": 4, "total_tokens": 4}})
    elif request.path.endswith("/tokenize"):
        messages = request.body.get("messages", ())
        text = request.body.get("prompt") or "".join(f"<{m['content']}>" for m in messages)
        begun = [1] if request.body.get("add_special_tokens", True) else []
        request.send(200, {"tokens": [*begun, *map(ord, text)], "count": 0})
    elif request.body.get("echo"):
        request.send(200, {"choices": [{"text": "", "logprobs": echo_of(request.body["prompt"])}]})
    elif request.body.get("stream"):
        stream(request)
    else:
        request.send(200, answer_of(request))


def echo_of(prompt: list[int]) -> dict[str, Any]:
    """As vLLM tells a prompt of token ids, and one token more; how likely a token is depends on itself alone."""
    likelihoods = [None, *(likelihood(token) for token in prompt[1:]), -0.1]
    return {"tokens": ["?"] * len(likelihoods), "token_logprobs": likelihoods, "text_offset": []}


def likelihood(token: int) -> float:
    return -float(token % 7) / 4


def stream(
    request: _Handler, *, pieces: int = 10**6, usage: bool = True, done: bool = True
) -> None:
    """The answer, three characters an event."""
    request.begin_stream()
    chat = "messages" in request.body
    if chat:
        request.event({"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]})
    text = said_to(request)
    if request.body.get("tools"):
        stream_calls(request, text)
        text = ""
    for start in range(0, len(text), 3)[:pieces]:
        part = text[start : start + 3]
        request.event({"choices": [{"index": 0, **({"delta": {"content": part}} if chat else {"text": part})}]})  # fmt: skip
    if not done:
        request.close_connection = True
        return
    reason = "tool_calls" if request.body.get("tools") else "stop"
    request.event({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
    if usage:
        request.event({"choices": [], "usage": USAGE})
    request.event(b"[DONE]")
    request.chunk(b"")


def stream_calls(request: _Handler, text: str) -> None:
    arguments = json.dumps({"to": text}, ensure_ascii=False)
    name = request.body["tools"][0]["function"]["name"]
    parts = [{"index": 0, "id": "c1", "function": {"name": name, "arguments": ""}}]
    parts += [{"index": 0, "function": {"arguments": c}} for c in arguments]
    for part in parts:
        request.event({"choices": [{"index": 0, "delta": {"tool_calls": [part]}}]})


@behaviour("cut")
def cut(request: _Handler) -> None:
    """A beginning, and the end of the connection."""
    if request.body.get("stream"):
        stream(request, pieces=3, done=False)
        return
    body = json.dumps(answer_of(request)).encode()
    request.send_response(200)
    request.send_header("Content-Type", "application/json")
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body[:40])
    request.close_connection = True


@behaviour("cut-early")
def cut_early(request: _Handler) -> None:
    stream(request, pieces=0, done=False)


@behaviour("no-done")
def no_done(request: _Handler) -> None:
    """All of the answer, and then no proper end."""
    request.begin_stream()
    request.event({"choices": [{"index": 0, "delta": {"content": "all"}, "finish_reason": "stop"}]})
    request.close_connection = True


@behaviour("no-usage")
def no_usage(request: _Handler) -> None:
    if request.body.get("stream"):
        stream(request, usage=False)
    else:
        request.send(200, answer_of(request, usage=None))


@behaviour("odd-usage")
def odd_usage(request: _Handler) -> None:
    request.send(200, answer_of(request, usage={"prompt_tokens": "many", "completion_tokens": -1}))


@behaviour("no-stream")
def no_stream(request: _Handler) -> None:
    request.send(200, answer_of(request))


@behaviour("reset")
def reset(request: _Handler) -> None:
    request.close_connection = True


@behaviour("stall")
def stall(request: _Handler) -> None:
    request.hang()


@behaviour("stall-in-stream")
def stall_in_stream(request: _Handler) -> None:
    stream(request, pieces=3, done=False)
    request.hang()


@behaviour("drip")
def drip(request: _Handler) -> None:
    """A byte at a time, for ever."""
    request.begin_stream()
    while not request.world.ending.wait(0.02):
        request.chunk(b":")


@behaviour("drip-headers")
def drip_headers(request: _Handler) -> None:
    request.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not request.world.ending.wait(0.02):
        request.wfile.write(b"x")


@behaviour("redirect")
def redirect(request: _Handler) -> None:
    elsewhere = request.world.url("well") + "/chat/completions"
    request.send(307, b"", {"Location": elsewhere})


@behaviour("chatty-400")
def chatty_400(request: _Handler) -> None:
    """Quotes all that it got, as some do."""
    key = request.headers.get("Authorization", "")
    said = {
        "message": f"bad request: {json.dumps(request.body)} {key}",
        "param": key,
        "code": key,
        "type": key,
    }
    request.send(400, {"error": said})


@behaviour("chatty-500")
def chatty_500(request: _Handler) -> None:
    request.send(
        500,
        f"<html>{json.dumps(request.body)} {request.headers}".encode(),
        {"Content-Type": "text/html"},
    )


@behaviour("bad-parameter")
def bad_parameter(request: _Handler) -> None:
    request.send(
        400,
        {
            "error": {
                "message": "Unsupported value",
                "param": "temperature",
                "code": "unsupported_value",
            }
        },
    )


@behaviour("max-completion-tokens")
def max_completion_tokens(request: _Handler) -> None:
    if "max_tokens" in request.body:
        said = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
        request.send(
            400,
            {"error": {"message": said, "param": "max_tokens", "code": "unsupported_parameter"}},
        )
    else:
        well(request)


@behaviour("no-stream-options")
def no_stream_options(request: _Handler) -> None:
    if "stream_options" in request.body:
        request.send(
            422, {"detail": "extra fields", "message": "stream_options: extra fields not permitted"}
        )
    else:
        stream(request, usage=False)


@behaviour("wrong-model")
def wrong_model(request: _Handler) -> None:
    request.send(
        404, {"error": {"message": "The model `m` does not exist.", "code": "model_not_found"}}
    )


@behaviour("nothing-here")
def nothing_here(request: _Handler) -> None:
    request.send(404, {"detail": "Not Found"})


@behaviour("no-quota")
def no_quota(request: _Handler) -> None:
    request.send(
        429, {"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}
    )


@behaviour("error-in-200")
def error_in_200(request: _Handler) -> None:
    said = {"error": {"message": "overloaded", "code": 503}}
    if request.body.get("stream"):
        request.begin_stream()
        request.event(said)
        request.chunk(b"")
    else:
        request.send(200, said)


@behaviour("long-line")
def long_line(request: _Handler) -> None:
    request.begin_stream()
    for _ in range(10):
        request.chunk(b"data: " + b"x" * 2**20)
    request.hang()


@behaviour("not-http")
def not_http(request: _Handler) -> None:
    request.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n" * 3)
    request.close_connection = True


def _page(request: _Handler) -> None:
    request.send(200, b"<html><body>Sign in</body></html>", {"Content-Type": "text/html"})


def _raw(said: Any) -> Behaviour:
    return lambda request: request.send(200, said)


def _choice(**choice: Any) -> Behaviour:
    return lambda request: request.send(200, answer_of(request, choices=[choice]))


def _status(code: int, headers: dict[str, str] | None = None) -> Behaviour:
    return lambda request: request.send(code, {"error": {"message": "no"}}, headers)


def _too_long(dialect: str) -> Behaviour:
    return lambda request: request.send(*TOO_LONG[dialect])


_call = {"id": "c", "type": "function"}
BROKEN: dict[str, Behaviour] = {
    "page": _page,
    "bad-json": _raw(b'{"choices": [{"message": {"content": "hal'),
    "no-json": _raw(b"\x00\xff\xfe"),
    "empty": _raw(b""),
    "array": _raw([1, 2]),
    "no-choices": _raw({"choices": []}),
    "other-types": _choice(message={"content": {"a": 1}}, finish_reason="stop"),
    "other-reason": _choice(message={"content": "a"}, finish_reason="whim"),
    "filtered": _choice(message={"content": "a"}, finish_reason="content_filter"),
    "garbage-call": _choice(message={"tool_calls": [{"id": 5, "function": "run"}]}, finish_reason="tool_calls"),
    "nameless-call": _choice(message={"tool_calls": [{**_call, "function": {"arguments": "{}"}}]}, finish_reason="stop"),
    "deep": _raw(b"[" * 10**5),
}  # fmt: skip
BEHAVIOURS |= BROKEN
BEHAVIOURS |= {str(code): _status(code) for code in (400, 401, 403, 405, 413, 429, 500, 501, 502, 503, 504, 529)}  # fmt: skip
BEHAVIOURS |= {f"too-long-{dialect}": _too_long(dialect) for dialect in TOO_LONG}
BEHAVIOURS |= {
    "429-soon": _status(429, {"Retry-After": "0.1"}),
    "429-later": _status(429, {"Retry-After": "3600"}),
    "nul": _choice(message={"content": "a\x00b\ud83d"}, finish_reason="stop"),
    "parts": _choice(message={"content": [{"type": "text", "text": "a"}, {"text": "b"}]}, finish_reason="stop"),
    "object-call": _choice(
        message={"content": "", "tool_calls": [{"function": {"name": "send", "arguments": {"a": 1}}}] * 2},
        finish_reason="stop",
    ),
}  # fmt: skip
