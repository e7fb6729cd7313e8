"""Background work in the console: what runs, how far it is, stopping it, running it again."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import HTMLResponse, Response

from shopkeeper.console.labels import job_title
from shopkeeper.console.page import page_number, show, time_left
from shopkeeper.errors import ModelError, Refused
from shopkeeper.jobs import Job
from shopkeeper.jobs.tasks import FETCH_MODEL, REBUILD_INDEX
from shopkeeper.models import hub
from shopkeeper.pages import Visit, redirect, visit_of

router = APIRouter(default_response_class=HTMLResponse)

PAGE_SIZE = 50
JobNumber = Annotated[int, Path(ge=1, le=2**63 - 1)]
QUICK = timedelta(seconds=3)


@router.get("/jobs")
def jobs_page(request: Request, before: str = "") -> Response:
    """What runs and ran in the background."""
    visit = visit_of(request)
    start = page_number(before) if before else None
    found = visit.shop.jobs.list(limit=PAGE_SIZE + 1, before=start)
    shown = found[:PAGE_SIZE]
    return show(
        visit, "jobs.html", title=visit.t("Jobs"), answer=_sentence(visit, shown), jobs=shown,
        refresh=any(not job.state.over for job in shown), here=visit.here,
        following=f"/console/jobs?before={shown[-1].id}" if len(found) > PAGE_SIZE else "",
    )  # fmt: skip


def _sentence(visit: Visit, jobs: list[Job]) -> str:
    under_way = sum(not job.state.over for job in jobs)
    failed = sum(job.state.value == "failed" for job in jobs)
    if under_way:
        return visit.counted("1 job is under way.", "{n} jobs are under way.", under_way)
    if failed:
        return visit.counted(
            "Nothing is running; 1 job failed.", "Nothing is running; {n} jobs failed.", failed
        )
    return visit.t("Nothing is running.")


@router.post("/jobs/rebuild")
def rebuild(request: Request) -> Response:
    """Build the word index anew."""
    job = request.app.state.shop.jobs.enqueue(REBUILD_INDEX, "Word index built anew")
    return redirect(f"/console/jobs/{job}")


@router.get("/jobs/{job_id}")
def job_page(request: Request, job_id: JobNumber) -> Response:
    """One job, live: htmx asks for this page again and takes its main part."""
    visit = visit_of(request)
    job = visit.shop.jobs.get(job_id)
    return show(
        visit, "job.html", title=job_title(visit, job.title), job=job, refresh=not job.state.over,
        rate=_rate(job), left=time_left(visit, job.eta_s), model=_model(visit, job),
    )  # fmt: skip


def _model(visit: Visit, job: Job) -> hub.Entry | None:
    """What is being fetched; None for a job that fetches nothing, or what nobody knows any more."""
    if job.kind != FETCH_MODEL:
        return None
    try:
        return hub.find(str(job.arguments["model"]), visit.shop.settings.cache_folder)
    except ModelError:
        return None


def _rate(job: Job) -> int | None:
    """Units a second; None where a job was over too soon for that to mean anything."""
    quick = job.finished_at and job.started_at and job.finished_at - job.started_at < QUICK
    return None if job.rate is None or quick else round(job.rate)


@router.post("/jobs/{job_id}/stop")
def stop_job(request: Request, job_id: JobNumber) -> Response:
    """Stop a job; one that has just ended stays as it is, as its page says."""
    try:
        request.app.state.shop.jobs.stop(job_id)
    except Refused:
        return redirect(f"/console/jobs/{job_id}")
    return redirect(f"/console/jobs/{job_id}?stopping=1")


@router.post("/jobs/{job_id}/retry")
def retry_job(request: Request, job_id: JobNumber) -> Response:
    """Run a job again; one that runs already stays as it is."""
    try:
        request.app.state.shop.jobs.retry(job_id)
    except Refused:
        return redirect(f"/console/jobs/{job_id}")
    return redirect(f"/console/jobs/{job_id}")
