"""What the pages of versions share, of search as of the recommender: how the versions stand, and the forms that each
has: putting to use, going back, deleting. The template's part of it is `console/version_parts.html`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from shopkeeper.artifacts import Artifact, State
from shopkeeper.errors import Conflict
from shopkeeper.face import Shop
from shopkeeper.jobs import Job
from shopkeeper.pages import Visit, redirect, visit_of

VersionId = Annotated[int, Path(ge=1, le=2**63 - 1)]


@dataclass(frozen=True, slots=True)
class Standing:
    """The versions of something. before: the one to go back to. making: the job that makes another one just now."""

    in_use: Artifact | None
    before: Artifact | None
    making: Job | None

    def can_be_used(self, version: Artifact) -> bool:
        """True if it is finished and not in use."""
        return version.state in (State.READY, State.RETIRED)

    def can_be_deleted(self, version: Artifact) -> bool:
        """True if nothing is lost for shoppers without it."""
        return version.state in (State.READY, State.RETIRED, State.FAILED)


def standing(visit: Visit, known: Sequence[Artifact], made_by: str) -> Standing:
    """How they stand. made_by: the kind of job that makes one."""
    in_use = next((v for v in known if v.state is State.IN_USE), None)
    before = next((v for v in known if in_use and v.id == in_use.was_in_use), None)
    jobs = visit.shop.jobs.list()
    return Standing(
        in_use, before, next((j for j in jobs if j.kind == made_by and not j.state.over), None)
    )


def add_forms(
    router: APIRouter,
    page: str,
    show: Callable[[Visit, Conflict], Response],
    *,
    use: Callable[[Shop, int], object],
    delete: Callable[[Shop, int], object],
    roll_back: Callable[[Shop], object],
) -> None:
    """Answer the forms of the versions on this page of the console. show: the page with what hindered one."""

    def done(request: Request, act: Callable[[Shop], object]) -> Response:
        visit = visit_of(request)
        try:
            act(visit.shop)
        except Conflict as error:
            return show(visit, error)
        return redirect(f"/console{page}")

    @router.post(f"{page}/back")
    def go_back(request: Request) -> Response:
        """Go back to the version before, or to how it was without one."""
        return done(request, roll_back)

    @router.post(f"{page}/{{version_id}}/use")
    def put_to_use(request: Request, version_id: VersionId) -> Response:
        """Put a version to use."""
        return done(request, lambda shop: use(shop, version_id))

    @router.post(f"{page}/{{version_id}}/delete")
    def discard(request: Request, version_id: VersionId) -> Response:
        """Delete a version and what it consists of."""
        return done(request, lambda shop: delete(shop, version_id))
