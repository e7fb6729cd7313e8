"""The program itself: its health and version, its background jobs, its keys."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request

from shopkeeper import __version__
from shopkeeper.api import keys
from shopkeeper.api.guard import Guard
from shopkeeper.api.problems import Invalid
from shopkeeper.api.shapes import (
    Health,
    JobList,
    JobView,
    KeyList,
    KeyView,
    MadeKey,
    NewKey,
    Version,
)
from shopkeeper.api.views import Cursor, Limit, ShopOf, after, cursor_behind

health_router = APIRouter(tags=["health"])
router = APIRouter()

JobPath = Annotated[int, Path(ge=1, le=2**63 - 1)]


@health_router.get("/healthz")
async def live() -> Health:
    """The program runs. Asks nothing of anybody."""
    return Health(status="ok")


@health_router.get("/readyz")
def ready(shop: ShopOf) -> Health:
    """The program can serve: its database answers and its search index is open. Otherwise a problem of 503."""
    with shop.database.connection() as conn:
        conn.execute("select 1")
    assert shop.search is not None
    return Health(status="ok", checks={"database": "ok", "index": "ok"})


@router.get("/version", tags=["health"])
async def version() -> Version:
    """Which program answers."""
    return Version(name="shopkeeper", version=__version__, api="v1")


@router.get("/jobs", tags=["jobs"])
def list_jobs(shop: ShopOf, cursor: Cursor = None, limit: Limit = 50) -> JobList:
    """Background jobs, the newest first."""
    before = after(cursor)
    if before and not (before.isascii() and before.isdigit() and len(before) < 19):
        raise Invalid("query.cursor", "is none of ours", hint="leave it out to begin anew")
    found = shop.jobs.list(limit=limit + 1, before=int(before) if before else None)
    more = cursor_behind(str(found[limit - 1].id)) if len(found) > limit else None
    return JobList(items=[JobView.of(job) for job in found[:limit]], next_cursor=more)


@router.get("/jobs/{job_id}", tags=["jobs"])
def get_job(shop: ShopOf, job_id: JobPath) -> JobView:
    """One job and how far it is."""
    return JobView.of(shop.jobs.get(job_id))


@router.post("/jobs/{job_id}/stop", tags=["jobs"])
def stop_job(shop: ShopOf, job_id: JobPath) -> JobView:
    """Ask a job to stop, tidily and soon."""
    return JobView.of(shop.jobs.stop(job_id))


@router.post("/jobs/{job_id}/retry", tags=["jobs"])
def retry_job(shop: ShopOf, job_id: JobPath) -> JobView:
    """Run a failed or stopped job again, from where it was."""
    return JobView.of(shop.jobs.retry(job_id))


@router.get("/keys", tags=["keys"])
def list_keys(shop: ShopOf) -> KeyList:
    """All API keys, revoked ones too, without their secrets."""
    with shop.database.connection() as conn:
        return KeyList(items=[KeyView.of(key) for key in keys.list_keys(conn)])


@router.post("/keys", tags=["keys"], status_code=201)
def create_key(shop: ShopOf, request: Request, wanted: NewKey) -> MadeKey:
    """Make a key. Its text is in this answer and nowhere else."""
    if wanted.expires_at is not None and _utc(wanted.expires_at) <= datetime.now(UTC):
        raise Invalid("body.expires_at", "is in the past")
    try:
        with shop.database.connection() as conn:
            key, text = keys.create(
                conn, wanted.kind, wanted.name, origins=wanted.origins, expires_at=wanted.expires_at
            )
    except ValueError as error:
        raise Invalid("body.origins", str(error)) from error
    _guard(request).keys.forget()
    return MadeKey(key=text, **KeyView.of(key).model_dump())


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@router.delete("/keys/{key_id}", tags=["keys"], status_code=204)
def revoke_key(
    shop: ShopOf, request: Request, key_id: Annotated[str, Path(min_length=1, max_length=100)]
) -> None:
    """End a key for good."""
    with shop.database.connection() as conn:
        keys.revoke(conn, key_id)
    _guard(request).keys.forget()


def _guard(request: Request) -> Guard:
    guard: Guard = request.app.state.guard
    return guard
