"""The console's addresses: overview, search tester, jobs, keys, signing in."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import HTMLResponse, Response

from shopkeeper.api import keys
from shopkeeper.api.session import clear_cookie, set_cookie, where_next
from shopkeeper.console import catalogue, importing, overview
from shopkeeper.errors import Unauthorized
from shopkeeper.jobs.tasks import REBUILD_INDEX
from shopkeeper.pages import Visit, redirect, render, visit_of
from shopkeeper.search import Sort, highlight
from shopkeeper.shop import products
from shopkeeper.shop.feeds import imports
from shopkeeper.storefront.links import SearchLinks

router = APIRouter(prefix="/console", include_in_schema=False, default_response_class=HTMLResponse)
router.include_router(catalogue.router)
router.include_router(importing.router)

Text = Annotated[str, Form(max_length=300)]


@router.get("")
def home(request: Request) -> Response:
    """What needs doing."""
    visit = visit_of(request)
    with visit.shop.database.connection() as conn:
        counts = overview.counts(conn)
        todo = overview.todo(conn)
        empty = overview.empty_searches(conn)
        visits = overview.visits(conn)
        latest = imports.list_imports(conn, limit=5)
    return render(
        visit, "console/overview.html", title=visit.t("Home"), answer=_sentence(visit, counts, todo), counts=counts,
        todo=todo, empty_searches=empty, imports=latest, visits=[(f"{d:%m-%d}", n) for d, n in visits],
    )  # fmt: skip


def _sentence(visit: Visit, counts: overview.Counts, todo: list[overview.Todo]) -> str:
    if not counts.products:
        return visit.t("This shop has no products yet. Import a file to begin.")
    if not todo:
        return visit.t("{n} products, and none lacks anything.", n=f"{counts.products:,}")
    worst = visit.t(f"lack_{todo[0].problem}")
    return visit.t(
        "{n} products; {m} lack: {what}.",
        n=f"{counts.products:,}",
        m=f"{todo[0].count:,}",
        what=worst,
    )


@router.get("/search")
def search_tester(request: Request) -> Response:
    """What a query finds, and why."""
    visit = visit_of(request)
    links = SearchLinks.of(request.query_params)
    answer = visit.shop.search.search(links.request(visit.language, explain=True))
    with visit.shop.database.connection() as conn:
        found = products.get_many(conn, [hit.product_id for hit in answer.hits])
    rows = [
        {
            "hit": hit,
            "product": found[hit.product_id],
            "title": highlight(found[hit.product_id].title, links.query),
        }
        for hit in answer.hits
        if hit.product_id in found
    ]
    text = visit.t("{n} products in {ms} ms", n=answer.total, ms=answer.took_ms)
    first = ":".join(links.filters[0]) if links.filters else ""
    return render(
        visit, "console/search.html", title=visit.t("Search"), answer_text=text, links=links, answer=answer, rows=rows,
        first_filter=first, sorts=[s.value for s in Sort],
    )  # fmt: skip


@router.get("/jobs")
def jobs_page(request: Request) -> Response:
    """What runs and ran in the background."""
    visit = visit_of(request)
    found = visit.shop.jobs.list()
    running = sum(not job.state.over for job in found)
    answer = (
        visit.t("{n} running or waiting", n=running) if running else visit.t("Nothing is running.")
    )
    return render(visit, "console/jobs.html", title=visit.t("Jobs"), answer=answer, jobs=found)


@router.post("/jobs/rebuild")
def rebuild(request: Request) -> Response:
    """Build the word index anew."""
    job = request.app.state.shop.jobs.enqueue(REBUILD_INDEX, "Word index built anew")
    return redirect(f"/console/jobs/{job}")


@router.get("/jobs/{job_id}")
def job_page(request: Request, job_id: int) -> Response:
    """One job, live."""
    visit = visit_of(request)
    job = visit.shop.jobs.get(job_id)
    return render(visit, "console/job.html", title=job.title, job=job, refresh=not job.state.over)


@router.get("/jobs/{job_id}/state")
def job_state(request: Request, job_id: int) -> Response:
    """The part of a job's page that changes."""
    visit = visit_of(request)
    return render(visit, "console/job_state.html", job=visit.shop.jobs.get(job_id))


@router.post("/jobs/{job_id}/stop")
def stop_job(request: Request, job_id: int) -> Response:
    """Stop a job."""
    request.app.state.shop.jobs.stop(job_id)
    return redirect(f"/console/jobs/{job_id}")


@router.post("/jobs/{job_id}/retry")
def retry_job(request: Request, job_id: int) -> Response:
    """Run a job again."""
    request.app.state.shop.jobs.retry(job_id)
    return redirect(f"/console/jobs/{job_id}")


@router.get("/keys")
def keys_page(request: Request) -> Response:
    """The keys of the API."""
    return _keys(visit_of(request))


def _keys(
    visit: Visit, *, made: str = "", problem: str = "", hint: str = "", status: int = 200
) -> Response:
    with visit.shop.database.connection() as conn:
        found = keys.list_keys(conn)
    live = sum(key.revoked_at is None for key in found)
    answer = visit.t("{n} keys open the API and this console.", n=live)
    more: dict[str, Any] = {"made": made, "problem": problem, "hint": hint}
    return render(
        visit,
        "console/keys.html",
        status=status,
        title=visit.t("Keys"),
        answer=answer,
        keys=found,
        **more,
    )


@router.post("/keys")
def make_key(request: Request, name: Text, kind: Text = "secret", origin: Text = "") -> Response:
    """Make a key and show it, this once."""
    visit = visit_of(request)
    wanted = keys.KeyKind.PUBLISHABLE if kind == "publishable" else keys.KeyKind.SECRET
    try:
        with visit.shop.database.connection() as conn:
            _, text = keys.create(conn, wanted, name, origins=[origin] if origin.strip() else [])
    except ValueError as error:
        return _keys(visit, problem=str(error), hint=visit.t("Mend it and try again."), status=422)
    return _keys(visit, made=text)


@router.post("/keys/{key_id}/revoke")
def revoke_key(request: Request, key_id: str) -> Response:
    """End a key."""
    visit = visit_of(request)
    with visit.shop.database.connection() as conn:
        keys.revoke(conn, key_id)
    return redirect("/console/keys")


@router.get("/login")
def login_page(request: Request, next: Annotated[str, Query(max_length=2000)] = "") -> Response:
    """Where to sign in."""
    return _login(visit_of(request), next)


def _login(
    visit: Visit, next: str, *, problem: str = "", hint: str = "", status: int = 200
) -> Response:
    return render(
        visit, "console/login.html", status=status, title=visit.t("Sign in to the console"), next=where_next(next),
        problem=problem, hint=hint,
    )  # fmt: skip


@router.post("/login")
def sign_in(request: Request, key: Text, next: Text = "") -> Response:
    """Sign in with a secret key."""
    try:
        cookie = request.app.state.guard.sign_in(key)
    except Unauthorized as error:
        return _login(visit_of(request), next, problem=error.message, hint=error.hint, status=401)
    response = redirect(where_next(next))
    set_cookie(response, cookie, secure=request.url.scheme == "https")
    return response


@router.post("/logout")
def sign_out(request: Request) -> Response:
    """Sign out."""
    response = redirect("/console/login")
    clear_cookie(response)
    return response
