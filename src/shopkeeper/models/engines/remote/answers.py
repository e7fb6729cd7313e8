"""What servers answer, checked at the edge: types, ranges, what must be there. All else is ignored.

Text loses NUL characters and halves of surrogate pairs, which no database and no file takes.
"""

import json
import math
import re
from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from shopkeeper.models.engines.remote.connection import BrokenAnswer
from shopkeeper.models.records import Finish, ToolCall, Usage

_UNWANTED = re.compile("[\x00\ud800-\udfff]")


def _clean(value: Any) -> Any:
    """Text as it may be kept; parts of content joined; null as no text."""
    if value is None:
        return ""
    if isinstance(value, list) and all(isinstance(p, dict) for p in value):
        value = "".join(p["text"] for p in value if isinstance(p.get("text"), str))
    return _UNWANTED.sub("", value) if isinstance(value, str) else value


def _arguments(value: Any) -> Any:
    """Arguments are JSON text; some servers send the object."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else _clean(value)


Text = Annotated[str, BeforeValidator(_clean)]
Arguments = Annotated[str, BeforeValidator(_arguments)]


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore")


Record = TypeVar("Record", bound=_Lenient)


class _Function(_Lenient):
    name: Text = ""
    arguments: Arguments = ""


class Call(_Lenient):
    index: int = 0
    id: Text = ""
    function: _Function = Field(default_factory=_Function)


class _Said(_Lenient):
    """A message, or the change to one in a stream."""

    content: Text = ""
    tool_calls: Annotated[list[Call], BeforeValidator(lambda v: v or [])] = Field(
        default_factory=list
    )


class _Details(_Lenient):
    cached_tokens: int = Field(0, ge=0)


class _Used(_Lenient):
    prompt_tokens: int = Field(ge=0, le=10**9)
    completion_tokens: int = Field(0, ge=0, le=10**9)
    prompt_tokens_details: _Details | None = None


class Choice(_Lenient):
    """One answer of chat (`message`), of completions (`text`), or a stretch of it (`delta`)."""

    message: _Said | None = None
    delta: _Said | None = None
    text: Text = ""
    finish_reason: str | None = None

    @property
    def said(self) -> _Said:
        return self.message or self.delta or _Said(content=self.text)


class Completion(_Lenient):
    """An answer, or one event of a stream. usage None: the server did not say, or nonsense."""

    choices: list[Choice] = Field(default_factory=list)
    usage: _Used | None = None
    error: Any = None

    @field_validator("usage", mode="before")
    @classmethod
    def _sensible(cls, value: Any) -> Any:
        try:
            return None if value is None else _Used.model_validate(value)
        except ValidationError:
            return None  # a good answer is not lost for a bad count

    @property
    def counted(self) -> Usage | None:
        if self.usage is None:
            return None
        details = self.usage.prompt_tokens_details or _Details(cached_tokens=0)
        return Usage(self.usage.prompt_tokens, self.usage.completion_tokens, details.cached_tokens)


class _Vector(_Lenient):
    index: int = 0
    embedding: list[float]


class _Vectors(_Lenient):
    data: list[_Vector]
    usage: _Used | None = None


class _Logprobs(_Lenient):
    tokens: list[str]
    token_logprobs: list[float | None]


class _EchoedChoice(_Lenient):
    logprobs: _Logprobs


class _Echoed(_Lenient):
    choices: list[_EchoedChoice] = Field(min_length=1)


class _Tokens(_Lenient):
    tokens: list[int]


class _Template(_Lenient):
    prompt: str


def _parsed(record: type[Record], body: bytes) -> Record:
    """The JSON as this record. Raises BrokenAnswer."""
    try:
        return record.model_validate(
            json.loads(body)
        )  # unlike pydantic's, it reads halves of pairs
    except ValidationError as error:
        raise BrokenAnswer(_what_is_wrong(error)) from None
    except (ValueError, RecursionError):
        raise BrokenAnswer("it is not JSON") from None


def completion(body: bytes) -> Completion:
    """Raises BrokenAnswer."""
    return _parsed(Completion, body)


def vectors(body: bytes, texts: int) -> tuple[NDArray[np.float32], Usage | None]:
    """Vectors (N, D) of length 1 in the order of the texts. Raises BrokenAnswer."""
    answer = _parsed(_Vectors, body)
    ordered = sorted(answer.data, key=lambda v: v.index)
    if [v.index for v in ordered] != list(range(texts)):
        raise BrokenAnswer(f"it has not one vector for each of {texts} texts")
    if len({len(v.embedding) for v in ordered}) != 1 or not ordered[0].embedding:
        raise BrokenAnswer("its vectors are not of one length")
    rows = np.array([v.embedding for v in ordered], dtype=np.float64)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or not (lengths > 0).all():
        raise BrokenAnswer("its vectors have no direction")
    used = answer.usage
    return (rows / lengths).astype(np.float32), Usage(used.prompt_tokens) if used else None


def echoed(body: bytes, *, prompt: int, tokens: int) -> float:
    """Sum of the log-probabilities of `tokens` tokens after `prompt` tokens of an echoed text. Raises BrokenAnswer."""
    found = _parsed(_Echoed, body).choices[0].logprobs.token_logprobs
    wanted = [value for value in found[prompt : prompt + tokens] if value is not None]
    if len(found) < prompt + tokens or len(wanted) != tokens or not all(map(_likely, wanted)):
        raise BrokenAnswer("it has not a log-probability for each token")
    return math.fsum(wanted)


def token_ids(body: bytes) -> list[int]:
    """Raises BrokenAnswer."""
    return _parsed(_Tokens, body).tokens


def template(body: bytes) -> str:
    """Messages as llama-server writes them for the model. Raises BrokenAnswer."""
    return _parsed(_Template, body).prompt


def tool_calls(calls: Sequence[Call], *, streamed: bool = False) -> tuple[ToolCall, ...]:
    """The calls of a message; in a stream they come in parts, told apart by index and id. Raises BrokenAnswer."""
    whole = _merged(calls) if streamed else list(calls)
    if not all(c.function.name for c in whole):
        raise BrokenAnswer("it calls a tool without a name")
    return tuple(
        ToolCall(c.id or f"call_{i}", c.function.name, c.function.arguments or "{}")
        for i, c in enumerate(whole)
    )


def _merged(parts: Sequence[Call]) -> list[Call]:
    whole: list[Call] = []
    latest: dict[int, Call] = {}
    for part in parts:
        begun = latest.get(part.index)
        if begun is None or (part.id and begun.id and part.id != begun.id):
            latest[part.index] = part.model_copy(deep=True)
            whole.append(latest[part.index])
            continue
        begun.function.name = begun.function.name or part.function.name
        begun.function.arguments += part.function.arguments
    return whole


def finish_of(reason: str | None, *, calls: bool) -> Finish:
    """Raises BrokenAnswer for a reason that makes of what was written no answer."""
    if calls and reason in (None, "stop", "tool_calls", "function_call"):
        return "tool_calls"
    if reason == "length":
        return "length"
    if reason in (None, "", "stop", "tool_calls", "function_call", "eos"):
        return "stop"
    if reason == "content_filter":
        raise BrokenAnswer("it was held back by the server's content filter")
    raise BrokenAnswer("it ended for an unknown reason")


def _likely(value: float) -> bool:
    return math.isfinite(value) and value <= 1e-6


def _what_is_wrong(error: ValidationError) -> str:
    """Names the field, never the value."""
    problem = error.errors(include_input=False, include_context=False, include_url=False)[0]
    known = [str(p) for p in problem["loc"] if isinstance(p, int) or str(p) in _FIELDS]
    where = ".".join(known)
    return f"{where or 'it'} is not as OpenAI's API has it ({problem['type']})"


_FIELDS = {
    field
    for record in (Completion, Choice, _Said, Call, _Function, _Vectors, _Vector, _Echoed, _Logprobs, _Tokens)
    for field in record.model_fields
} | {"logprobs"}  # fmt: skip
