"""Errors on the gateway's routes: the same problems as everywhere, with OpenAI's `error` inside.

OpenAI's clients choose the exception by the status and show what `error` holds; ours read the rest.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from starlette.responses import Response

from shopkeeper.api.problems import MEDIA_TYPE, Problem

_PATHS = re.compile(r"/v1/(chat/completions|completions|embeddings|models(/.*)?)")
_TYPES = {
    HTTPStatus.UNAUTHORIZED: "authentication_error",
    HTTPStatus.FORBIDDEN: "permission_error",
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limit_error",
}
# Codes that OpenAI's clients and those who write for them know.
_CODES = {
    "unauthorized": "invalid_api_key",
    "not_found": "model_not_found",
    "rate_limited": "rate_limit_exceeded",
    "budget_exceeded": "insufficient_quota",
    "context_too_long": "context_length_exceeded",
}
NOT_AGAIN = {"budget_exceeded"}  # asking again at once would bring the same


def speaks_openai(path: str) -> bool:
    """True for the routes of the gateway."""
    return _PATHS.fullmatch(path) is not None


def openai_answer(problem: Problem, headers: Mapping[str, str]) -> Response:
    """The problem as these routes answer it."""
    more = {"x-should-retry": "false"} if problem.code in NOT_AGAIN else {}
    body = problem.model_dump(mode="json") | {"error": openai_error(problem)}
    return Response(orjson.dumps(body), problem.status, {**headers, **more}, MEDIA_TYPE)


def openai_error(problem: Problem) -> dict[str, Any]:
    """`error` as OpenAI shapes it."""
    field = problem.errors[0] if problem.errors else None
    wrong = f"{field.field}: {field.reason}" if field else problem.detail or problem.title
    server = "server_error" if problem.status >= 500 else "invalid_request_error"
    return {
        "message": f"{wrong} ({problem.hint})" if problem.hint else wrong,
        "type": _TYPES.get(HTTPStatus(problem.status), server),
        "code": _CODES.get(problem.code, problem.code),
        "param": field.field.removeprefix("body.") if field else None,
    }
