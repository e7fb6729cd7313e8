"""Messages of the Model Context Protocol, as far as a server of tools needs them.

Versions: 2026-07-28, where each request says in `_meta` which version it speaks and nothing is remembered between two
requests; 2025-11-25 and 2025-06-18, where a handshake comes first. Nothing is remembered of that either: which
conversation a call belongs to is an argument. No batches: none of these versions has them.

Source: modelcontextprotocol.io/specification, 2026-07-28 (basic/index, basic/versioning, basic/transports, server/discover,
server/tools) and 2025-11-25 (basic/lifecycle, basic/transports, server/tools).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol

from shopkeeper import __version__

STATELESS = "2026-07-28"
WITH_HANDSHAKE = ("2025-11-25", "2025-06-18")  # the newest first

PREFIX = "io.modelcontextprotocol/"
VERSION_KEY = PREFIX + "protocolVersion"
CAPABILITIES_KEY = PREFIX + "clientCapabilities"
SERVER_KEY = PREFIX + "serverInfo"

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
HEADER_MISMATCH = -32020
UNSUPPORTED_VERSION = -32022

TOOLS_KEPT_MS = 3_600_000  # how long a client may keep the list of tools
_STATUS = {METHOD_NOT_FOUND: HTTPStatus.NOT_FOUND, INTERNAL_ERROR: HTTPStatus.OK}
_CAPABILITIES: dict[str, Any] = {"tools": {}}


class Offers(Protocol):
    """Who has tools."""

    instructions: str

    def listed(self) -> list[dict[str, Any]]:
        """The tools, as `tools/list` shows them."""

    def call(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
        """The result of a tool, as `tools/call` shows it; None if there is no such tool."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered. body: None where a message wants no answer. status: of HTTP."""

    body: dict[str, Any] | None
    status: int = HTTPStatus.OK


class _Wrong(Exception):
    """A request that cannot be answered."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.data = data


class Server:
    """Answers messages. name: what the shop is called."""

    def __init__(self, offers: Offers, *, name: str = "") -> None:
        self._offers = offers
        self._about = {"name": "shopkeeper", "title": name or "Shopkeeper", "version": __version__}

    def answer(self, message: Any, *, headers: Mapping[str, str] | None = None) -> Answer:
        """The answer to one decoded message. headers: of HTTP, by their names in small letters; None elsewhere."""
        request_id = message.get("id") if isinstance(message, dict) else None
        if isinstance(request_id, bool) or not isinstance(request_id, (str, int)):
            request_id = None
        try:
            method, params = _read(message)
            if method is None or "id" not in message:
                return Answer(None, HTTPStatus.ACCEPTED)
            if request_id is None:
                raise _Wrong(INVALID_REQUEST, "the id of a request is a string or a whole number")
            result = self._result(method, params, headers)
        except _Wrong as wrong:
            return failure(wrong.code, str(wrong), request_id, wrong.data)
        return Answer({"jsonrpc": "2.0", "id": request_id, "result": result})

    def _result(
        self, method: str, params: dict[str, Any], headers: Mapping[str, str] | None
    ) -> dict[str, Any]:
        if not _is_stateless(params, headers):
            return self._of_a_session(method, params)
        _check_stateless(method, params, headers)
        if method == "server/discover":
            found = {
                "supportedVersions": [STATELESS],
                "capabilities": _CAPABILITIES,
                "instructions": self._offers.instructions,
            } | _keepable()
        elif method == "tools/list":
            found = {"tools": self._list(params)} | _keepable()
        elif method == "tools/call":
            found = self._call(params)
        else:
            raise _Wrong(METHOD_NOT_FOUND, f"there is no method {method[:60]!r}")
        return {"resultType": "complete", **found, "_meta": {SERVER_KEY: self._about}}

    def _of_a_session(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """The versions with a handshake."""
        if method == "initialize":
            asked = params.get("protocolVersion")
            if not isinstance(asked, str):
                raise _Wrong(INVALID_PARAMS, "protocolVersion is missing")
            return {
                "protocolVersion": asked if asked in WITH_HANDSHAKE else WITH_HANDSHAKE[0],
                "capabilities": _CAPABILITIES,
                "serverInfo": self._about,
                "instructions": self._offers.instructions,
            }
        if method == "ping":
            return {}
        if method == "tools/list":
            return {"tools": self._list(params)}
        if method == "tools/call":
            return self._call(params)
        raise _Wrong(METHOD_NOT_FOUND, f"there is no method {method[:60]!r}")

    def _list(self, params: dict[str, Any]) -> list[dict[str, Any]]:
        if params.get("cursor") is not None:
            raise _Wrong(INVALID_PARAMS, "there is one page of tools, and no cursor")
        return self._offers.listed()

    def _call(self, params: dict[str, Any]) -> dict[str, Any]:
        name, arguments = params.get("name"), params.get("arguments") or {}
        if not isinstance(name, str) or not isinstance(arguments, dict):
            raise _Wrong(INVALID_PARAMS, "a call has a name, and arguments by name")
        result = self._offers.call(name, arguments)
        if result is None:
            raise _Wrong(INVALID_PARAMS, f"there is no tool {name[:60]!r}")
        return result


def failure(
    code: int, message: str, request_id: str | int | None = None, data: Any = None
) -> Answer:
    """An error as answer."""
    error: dict[str, Any] = {"code": code, "message": message}
    if data is not None:
        error["data"] = data
    status = _STATUS.get(code, HTTPStatus.BAD_REQUEST)
    return Answer({"jsonrpc": "2.0", "id": request_id, "error": error}, status)


def _read(message: Any) -> tuple[str | None, dict[str, Any]]:
    """Method and parameters; no method where it is an answer to a request of ours, of which there are none."""
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        raise _Wrong(INVALID_REQUEST, "one JSON-RPC 2.0 message is wanted")
    if "method" not in message and ("result" in message or "error" in message):
        return None, {}
    method, params = message.get("method"), message.get("params", {})
    if not isinstance(method, str):
        raise _Wrong(INVALID_REQUEST, "the message has no method")
    if not isinstance(params, dict):
        raise _Wrong(INVALID_PARAMS, "parameters go by name")
    return method, params


def _meta(params: Mapping[str, Any]) -> Mapping[str, Any]:
    meta = params.get("_meta")
    return meta if isinstance(meta, dict) else {}


def _is_stateless(params: Mapping[str, Any], headers: Mapping[str, str] | None) -> bool:
    """True for a request of the version without sessions: it says so itself, or its header names none of the others."""
    named = (headers or {}).get("mcp-protocol-version")
    return VERSION_KEY in _meta(params) or (named is not None and named not in WITH_HANDSHAKE)


def _check_stateless(
    method: str, params: Mapping[str, Any], headers: Mapping[str, str] | None
) -> None:
    """Raise _Wrong for a request that does not say of itself what it must, or says it twice and differently."""
    meta = _meta(params)
    if missing := [key for key in (VERSION_KEY, CAPABILITIES_KEY) if key not in meta]:
        raise _Wrong(INVALID_PARAMS, f"params._meta has no {' and no '.join(missing)}")
    asked = meta[VERSION_KEY]
    if headers is not None:
        said = {"mcp-protocol-version": asked, "mcp-method": method}
        if method == "tools/call":
            said["mcp-name"] = params.get("name")
        for name, value in said.items():
            if headers.get(name) != value:
                raise _Wrong(HEADER_MISMATCH, f"the header {name} is not what the body says")
    if not isinstance(asked, str) or not isinstance(meta[CAPABILITIES_KEY], dict):
        raise _Wrong(INVALID_PARAMS, f"{VERSION_KEY} is a string, {CAPABILITIES_KEY} an object")
    if asked != STATELESS:
        raise _Wrong(
            UNSUPPORTED_VERSION,
            "Unsupported protocol version",
            {"supported": [STATELESS], "requested": asked},
        )


def _keepable() -> dict[str, Any]:
    """How long, and for whom, an answer that is the same for everybody may be kept."""
    return {"ttlMs": TOOLS_KEPT_MS, "cacheScope": "public"}
