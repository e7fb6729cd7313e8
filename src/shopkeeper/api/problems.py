"""Errors as HTTP answers: the one map from exceptions to status and stable code, and the one shape they have.

The shape is `application/problem+json` (RFC 9457). `code` never changes its meaning and is what programs should
look at; `detail` and `hint` are for people. Pages of the storefront and the console show the same `Problem` as HTML.
"""

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import psycopg
import pydantic
from fastapi.exceptions import RequestValidationError
from psycopg_pool import PoolTimeout
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from shopkeeper import errors

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5  # a database that restarts is back by then
MAX_FIELDS = 50  # of one answer; the rest follows when these are mended


class FieldProblem(BaseModel):
    """What is wrong with one field of a request."""

    field: str = Field(description="where, for instance body.variants.0.price.amount")
    reason: str


class Problem(BaseModel):
    """An error, as RFC 9457 shapes it."""

    type: str = Field(description="a URI that names the kind of problem")
    title: str
    status: int
    code: str = Field(description="the last part of `type`, stable, for programs")
    detail: str = ""
    hint: str = Field("", description="what to do about it")
    instance: str = Field("", description="path of the request")
    request_id: str = Field("", description="the same as in the server's log")
    errors: list[FieldProblem] = []

    def response(self, headers: Mapping[str, str] | None = None) -> Response:
        """This problem as JSON."""
        body = self.model_dump_json()
        return Response(body, self.status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


class RateLimited(errors.Refused):
    """Too many requests. Carries after how many seconds one may ask again."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__("too many requests", hint="wait as long as the header Retry-After says")
        self.retry_after_s = retry_after_s


class UnsupportedMedia(errors.Refused):
    """The body is of a type that this route does not read."""


class Invalid(errors.Refused):
    """A value of the request is not what it should be. Carries which one."""

    def __init__(self, field: str, reason: str, *, hint: str = "") -> None:
        super().__init__(f"{field}: {reason}", hint=hint)
        self.field = field
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: what it is answered with."""

    status: HTTPStatus
    code: str
    title: str


UNEXPECTED = Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "unexpected", "Something went wrong here")
INVALID = Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", "Not understood")
DISK_FULL = Kind(HTTPStatus.INSUFFICIENT_STORAGE, "disk_full", "The disk is full")
DATABASE_AWAY = Kind(HTTPStatus.SERVICE_UNAVAILABLE, "database_unavailable", "The database is away")

# The nearest class in an exception's ancestry decides, so that new errors get a sensible answer by themselves.
KINDS: dict[type[Exception], Kind] = {
    errors.NotFound: Kind(HTTPStatus.NOT_FOUND, "not_found", "Not found"),
    errors.Unauthorized: Kind(HTTPStatus.UNAUTHORIZED, "unauthorized", "A valid key is needed"),
    errors.TooLarge: Kind(HTTPStatus(413), "too_large", "Too large"),
    errors.Refused: Kind(HTTPStatus.FORBIDDEN, "refused", "Refused"),
    errors.Conflict: Kind(HTTPStatus.CONFLICT, "conflict", "Not as things stand"),
    RateLimited: Kind(HTTPStatus.TOO_MANY_REQUESTS, "rate_limited", "Too many requests"),
    UnsupportedMedia: Kind(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "Wrong type of body"
    ),
    Invalid: INVALID,
    RequestValidationError: INVALID,
    UnicodeEncodeError: INVALID,  # half a character, as JSON can name it: "\\ud800"
    psycopg.DataError: INVALID,  # a value that no column holds: a NUL, a number beyond all bounds
    errors.FeedError: Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "unreadable_feed", "File not read"),
    errors.FolderInUse: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "folder_in_use", "Already served"),
    errors.MigrationError: Kind(
        HTTPStatus.SERVICE_UNAVAILABLE, "migration", "The database is of another version"
    ),
    errors.DatabaseError: DATABASE_AWAY,
    psycopg.OperationalError: DATABASE_AWAY,
    PoolTimeout: DATABASE_AWAY,
    errors.ModelError: Kind(
        HTTPStatus.SERVICE_UNAVAILABLE, "model_unavailable", "A model is not ready"
    ),
    errors.OutputError: Kind(HTTPStatus.BAD_GATEWAY, "model_output", "A model answered amiss"),
    errors.BudgetExceeded: Kind(
        HTTPStatus.TOO_MANY_REQUESTS, "budget_exceeded", "The budget of the day is spent"
    ),
    errors.EngineTimeout: Kind(
        HTTPStatus.GATEWAY_TIMEOUT, "model_timeout", "A model took too long"
    ),
    errors.EngineOverloaded: Kind(
        HTTPStatus.SERVICE_UNAVAILABLE, "model_overloaded", "A model has too much to do"
    ),
    errors.Unsupported: Kind(
        HTTPStatus.UNPROCESSABLE_ENTITY, "unsupported", "The model cannot do this"
    ),
    errors.ContextTooLong: Kind(
        HTTPStatus.UNPROCESSABLE_ENTITY, "context_too_long", "Too long for the model"
    ),
    errors.SettingsError: Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "settings", "A setting is wrong"),
    errors.ShopkeeperError: UNEXPECTED,
}

_PLAIN = {404: "there is nothing at this path", 405: "this path does not take this method"}


def kind_of(error: Exception) -> Kind:
    """What an exception is answered with."""
    if _is_disk_full(error):
        return DISK_FULL
    if isinstance(error, HTTPException):
        return _http_kind(error.status_code)
    for ancestor in type(error).__mro__:
        if ancestor in KINDS:
            return KINDS[ancestor]
    return UNEXPECTED


def _is_disk_full(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, psycopg.errors.DiskFull):
            return True
        if isinstance(error, OSError) and error.errno in (28, 122):  # ENOSPC, EDQUOT
            return True
        error = error.__cause__
    return False


def _http_kind(status: int) -> Kind:
    known = HTTPStatus(status)
    same = next((kind for kind in KINDS.values() if kind.status == known), None)
    if same is not None and known is not HTTPStatus.SERVICE_UNAVAILABLE:
        return same
    return Kind(known, known.phrase.lower().replace(" ", "_").replace("-", "_"), known.phrase)


def problem_of(error: Exception, *, path: str = "", request_id: str = "") -> Problem:
    """The problem that an exception is, for JSON and pages alike. What was not raised on purpose says nothing."""
    kind = kind_of(error)
    detail, hint = _words(error, kind)
    return Problem(
        type=f"urn:shopkeeper:problem:{kind.code}",
        title=kind.title,
        status=kind.status.value,
        code=kind.code,
        detail=detail,
        hint=hint,
        instance=path,
        request_id=request_id,
        errors=_fields(error),
    )


def headers_of(error: Exception) -> dict[str, str]:
    """The headers that go with the answer to an exception."""
    kind = kind_of(error)
    headers = dict(getattr(error, "headers", None) or {})
    if isinstance(error, RateLimited | errors.BudgetExceeded | errors.EngineOverloaded):
        wait_s = error.retry_after_s or RETRY_AFTER_S
        headers["retry-after"] = str(max(1, math.ceil(wait_s)))
    elif kind.status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers["retry-after"] = str(RETRY_AFTER_S)
    elif kind.status is HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = 'Bearer realm="shopkeeper"'
    return headers


def _words(error: Exception, kind: Kind) -> tuple[str, str]:
    if isinstance(error, errors.ShopkeeperError) and kind is not UNEXPECTED:
        return error.message, error.hint
    if isinstance(error, HTTPException):
        if error.detail not in ("", kind.status.phrase):
            return error.detail, ""
        return _PLAIN.get(error.status_code, kind.status.description or kind.status.phrase), ""
    if isinstance(error, RequestValidationError):
        count = len(error.errors())
        return f"{count} value{'s are' if count > 1 else ' is'} not as it should be", ""
    if isinstance(error, psycopg.DataError | UnicodeEncodeError):
        return (
            "a value is outside of what the shop can keep",
            "no NUL characters, no halves of characters, and numbers within reason",
        )
    if kind is DISK_FULL:
        return (
            "nothing was saved: the disk is full",
            "free some space; what was saved before is safe",
        )
    if kind is DATABASE_AWAY:
        return "the database does not answer", "try again in a moment"
    return "", "the server's log has the details under this request id"


def _fields(error: Exception) -> list[FieldProblem]:
    if isinstance(error, Invalid):
        return [FieldProblem(field=error.field, reason=error.reason)]
    if isinstance(error, RequestValidationError):
        return field_problems(error.errors())
    return []


def field_problems(found: Sequence[Mapping[str, Any]], *before: str) -> list[FieldProblem]:
    """pydantic's errors as field and reason. The offending value is left out: it may be a secret, or long."""
    return [
        FieldProblem(
            field=".".join(map(str, (*before, *error["loc"]))),
            reason=str(error["msg"]).removeprefix("Value error, "),
        )
        for error in found[:MAX_FIELDS]
    ]


def validation_error(error: pydantic.ValidationError, part: str = "body") -> RequestValidationError:
    """A body, or another part of a request, that pydantic refused, as FastAPI would have raised it."""
    found = [{**e, "loc": (part, *e["loc"])} for e in error.errors(include_url=False)]
    return RequestValidationError(found)


def log_if_unexpected(error: Exception, request_id: str) -> None:
    """Write the traceback of an error that nobody foresaw, one line for one that was."""
    kind = kind_of(error)
    if kind.status is HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("unexpected error request=%s", request_id, exc_info=error)
    elif kind.status.value > 500:
        log.warning("request=%s code=%s: %s", request_id, kind.code, error)
