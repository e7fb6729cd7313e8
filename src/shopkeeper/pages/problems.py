"""An error as a page: what happened in the reader's words, and where to go from here."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from starlette.responses import Response

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
    return render(
        visit,
        "console/problem.html" if inside else "storefront/problem.html",
        status=problem["status"],
        headers=headers,
        title=visit.t(problem["title"]),
        detail=problem["detail"],
        hint=problem["hint"],
        code=problem["code"],
        request_id=problem["request_id"],
    )
