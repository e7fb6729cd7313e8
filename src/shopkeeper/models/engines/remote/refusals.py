"""What a server says when it gives no answer, in the words of all of them, into errors of our own.

Of what it says only numbers and words known here reach a message: servers like to quote the prompt, and sometimes the key.
"""

import email.utils
import re
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from shopkeeper.errors import (
    ContextTooLong,
    EngineError,
    EngineOverloaded,
    EngineUnavailable,
    Unsupported,
)
from shopkeeper.models.engines.remote.attempts import Failure

_TOO_LONG = re.compile(
    r"context_length_exceeded|exceed_context_size|context[ _](?:length|size|window)|maximum model length|max_model_len"
    r"|prompt (?:is )?too long|too many tokens",
    re.IGNORECASE,
)
_NO_MODEL = re.compile(r"model", re.IGNORECASE)
_NO_MONEY = re.compile(r"insufficient_quota|billing|credit", re.IGNORECASE)
_BUSY = {429, 503, 529}
_AGAIN = {408, 425, 429, 500, 502, 503, 504, 529}


class _Said(BaseModel):
    """An error as OpenAI and llama-server nest it, or as vLLM and SGLang write it flat."""

    model_config = ConfigDict(extra="ignore")

    error: Any = None
    object: Any = None
    message: Any = None
    type: Any = None
    code: Any = None
    param: Any = None


class Refusal:
    """The parts of an error's body, as text to be searched, never to be shown."""

    def __init__(self, body: bytes) -> None:
        try:
            said = _Said.model_validate_json(body)
        except ValidationError:
            said = _Said()
        inner = said.error if isinstance(said.error, dict) else {}
        self.param = str(inner.get("param") or said.param or "")
        parts = [inner.get(k) or getattr(said, k) for k in ("message", "code", "type")]
        if isinstance(said.error, str):  # Ollama's own API
            parts.append(said.error)
        self.text = " ".join(str(p)[:2000] for p in parts if p)

    def mentions(self, pattern: str) -> bool:
        """True if it speaks of this."""
        return any(re.search(pattern, said, re.IGNORECASE) for said in (self.param, self.text))


def failure_of(name: str, model: str, status: int, refusal: Refusal, *, sent: Collection[str], retry_after: str = "") -> Failure:  # fmt: skip
    """The failure for a status that is not 200. `sent`: the fields that were sent, which may be named."""
    return Failure(
        _error(name, model, status, refusal, sent, retry_after),
        again=status in _AGAIN and not (status == 429 and _NO_MONEY.search(refusal.text)) and not _TOO_LONG.search(refusal.text),
        blame=status >= 500 and status not in (*_BUSY, 501) and not _TOO_LONG.search(refusal.text),
        wait_s=seconds_of(retry_after),
        status=status,
    )  # fmt: skip


def _error(
    name: str, model: str, status: int, refusal: Refusal, sent: Collection[str], retry_after: str
) -> EngineError:
    who = f"engine {name}"
    if status == 413 or (status in (400, 422, 500) and _TOO_LONG.search(refusal.text)):
        return ContextTooLong(
            f"{who}: prompt and answer do not fit into the context of {model} ({status})",
            hint="send less text, ask for fewer tokens, or start the server with a larger context",
        )
    if status in _BUSY:
        overloaded = EngineOverloaded(
            f"{who} turns requests away for now ({status})",
            hint="the account may be out of credit" if _NO_MONEY.search(refusal.text) else "",
        )
        overloaded.retry_after_s = seconds_of(retry_after)
        return overloaded
    if 300 <= status < 400:
        return EngineUnavailable(
            f"{who} redirects to another address ({status}), which is not followed",
            hint=f"set engines.{name}.url to the final address",
        )
    if status in (401, 403):
        return EngineUnavailable(
            f"{who} does not accept the API key ({status})", hint=f"set engines.{name}.api_key"
        )
    if status == 404 and _NO_MODEL.search(refusal.text):
        return EngineUnavailable(
            f"{who}: the server has no model {model} (404)", hint=f"set engines.{name}.model"
        )
    if status in (404, 405, 501):
        return Unsupported(f"{who}: the server does not offer this ({status})", hint=f"check the path of engines.{name}.url")  # fmt: skip
    if 400 <= status < 500 and status != 408:
        named = [f for f in sent if refusal.mentions(rf"['\"`]{f}['\"`]|^{f}\b")]
        about = f" because of {named[0]}" if named else ""
        return Unsupported(f"{who} turned the request down{about} ({status})")
    return EngineUnavailable(f"{who} failed with status {status}")


def seconds_of(retry_after: str, *, now: datetime | None = None) -> float:
    """Seconds that a Retry-After header asks to wait, a number or a date; 0 if it is neither."""
    if re.fullmatch(r"\d{1,6}(?:\.\d{1,6})?", retry_after.strip()):
        return float(retry_after)
    try:
        at = email.utils.parsedate_to_datetime(retry_after)
    except ValueError:
        return 0.0
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - (now or datetime.now(UTC))).total_seconds())
