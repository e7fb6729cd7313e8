"""An error as a page: what happened in the reader's words, and where to go from here."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import Request
from starlette.responses import Response

from shopkeeper.pages import labels
from shopkeeper.pages.environment import render, visit_of

CONSOLE = "/console"


def problem_page(
    request: Request, problem: Mapping[str, Any], *, headers: Mapping[str, str]
) -> Response:
    """The page for a problem, with its status. A merchant reads its details; a shopper what it means.

    problem: the fields of `api.problems.Problem`. Reads nothing of the database, since that may be what is away.
    """
    path = request.url.path
    inside = path == CONSOLE or path.startswith(CONSOLE + "/")
    visit = visit_of(request)
    means, what_to_do = labels.PROBLEMS.get(problem["code"], labels.PROBLEMS[""])
    return render(
        visit,
        "console/problem.html" if inside else "storefront/problem.html",
        status=problem["status"],
        headers=headers,
        title=visit.t(problem["title"] if inside else means),
        what_to_do=visit.t(what_to_do),
        our_fault=problem["status"] >= HTTPStatus.INTERNAL_SERVER_ERROR,
        detail=problem["detail"],
        hint=problem["hint"],
        request_id=problem["request_id"],
    )
