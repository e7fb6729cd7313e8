"""Importing in the console: a file is uploaded, looked at, its reading corrected, taken in by a job, and reported."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Request, UploadFile
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response

from shopkeeper.api.routes.transfer import download_bad_rows
from shopkeeper.console.labels import label
from shopkeeper.console.looking import (
    SHOWN,
    mapped_fields,
    records_told,
    sentence,
    unused_columns,
)
from shopkeeper.console.page import page_number, show
from shopkeeper.errors import FeedError
from shopkeeper.face import Shop
from shopkeeper.jobs import uploads
from shopkeeper.jobs.tasks import IMPORT_FILE
from shopkeeper.pages import Visit, redirect, visit_of
from shopkeeper.shop import feeds
from shopkeeper.shop.feeds import FORMATS, KINDS, Preview, imports
from shopkeeper.shop.feeds.mapping import SEPARATORS

router = APIRouter(default_response_class=HTMLResponse)

BAD_A_PAGE = 50
MAX_FIELDS = 600
Text = Annotated[str, Form(max_length=300)]
ImportId = Annotated[int, Path(ge=1, le=2**63 - 1)]
Token = Annotated[str, Path(max_length=40)]


@router.get("/import")
def import_page(request: Request) -> Response:
    """Where to bring a file."""
    return _start(visit_of(request))


def _start(visit: Visit, *, problem: str = "", hint: str = "", kind: str = "") -> Response:
    shop = visit.shop
    with shop.database.connection() as conn:
        earlier = imports.list_imports(conn, limit=20)
    return show(
        visit, "import.html", status=422 if problem else 200, title=visit.t("Import"), kinds=KINDS, kind=kind,
        imports=earlier, waiting=uploads.waiting(shop.settings.data_folder, _taken(shop)),
        problem=problem, hint=hint,
    )  # fmt: skip


def _taken(shop: Shop) -> set[str]:
    """Files that jobs have to do with: those are found under Jobs."""
    return {str(job.arguments.get("path", "")) for job in shop.jobs.list(limit=500)}


@router.post("/import")
def upload(request: Request, file: UploadFile, kind: Text = "") -> Response:
    """Keep the file and go on to a look at it; nothing is written to the shop."""
    visit = visit_of(request)
    folder = visit.shop.settings.data_folder
    if not file.filename:
        return _start(visit, problem=visit.t("No file was chosen."), hint=visit.t("Choose one."))
    kept = uploads.keep(folder, file.filename, file.file)
    wanted = kind if kind in KINDS else ""
    problem, hint = _unreadable(visit, kept, wanted)
    if problem:
        uploads.discard(folder, kept.token)
        return _start(visit, problem=problem, hint=hint, kind=wanted)
    return redirect(f"/console/import/{kept.token}" + (f"?kind={wanted}" if wanted else ""))


def _unreadable(visit: Visit, upload: uploads.Upload, kind: str) -> tuple[str, str]:
    """Why nothing can be made of a file, and what to do; blank where a person may find a way to read it."""
    try:
        found = feeds.preview(visit.shop.database, upload.path, kind=kind, rows=1)
    except FeedError as error:
        return error.message.replace(str(upload.path), upload.name), error.hint
    if found.columns or found.seen:
        return "", ""
    what = label(visit, found.format)
    return (
        found.problem or visit.t("Nothing was found in {file}.", file=upload.name),
        found.hint or visit.t("It looks like this: {format}. Is it the right file?", format=what),
    )


@router.get("/import/{token}")
def look(request: Request, token: Token, kind: str = "") -> Response:
    """What is in an upload, and how it would be read."""
    visit = visit_of(request)
    found = uploads.find(visit.shop.settings.data_folder, token)
    return _preview(visit, found, {"kind": kind})


@router.post("/import/{token}")
async def correct(request: Request, token: Token) -> Response:
    """The look again, with another kind, format or mapping."""
    form = await _form(request)
    visit = visit_of(request)
    found = uploads.find(visit.shop.settings.data_folder, token)
    return await run_in_threadpool(_preview, visit, found, form)


async def _form(request: Request) -> dict[str, str]:
    form = await request.form(max_fields=MAX_FIELDS, max_files=0)
    return {name: value for name, value in form.items() if isinstance(value, str)}


def _reading(form: Mapping[str, str]) -> dict[str, Any]:
    """What a form says of how to read the file. A mapping was made for one kind and format, and counts for no other."""
    kind, format_ = form.get("kind", ""), form.get("format", "")
    same = form.get("mapped", "") == f"{kind} {format_}"
    mapping = {k.removeprefix("map:"): v for k, v in form.items() if k.startswith("map:")}
    return {
        "kind": kind if kind in KINDS else "",
        "format": format_ if format_ in FORMATS else "",
        "mapping": mapping if same and mapping else None,
    }


def _preview(visit: Visit, upload: uploads.Upload, form: Mapping[str, str]) -> Response:
    shop = visit.shop
    found = feeds.preview(
        shop.database, upload.path, currency=shop.settings.currency, language=shop.settings.language,
        **_reading(form),
    )  # fmt: skip
    names, cells = records_told(visit, found)
    return show(
        visit, "preview.html", title=upload.name, answer=sentence(visit, found), upload=upload, found=found,
        fields=mapped_fields(found), unused=unused_columns(found), said=_reading(form)["mapping"] or {},
        decimals=(".", ","), separators=SEPARATORS,
        names=names, records=cells, bad_rows=found.bad[:SHOWN], more_bad=max(0, len(found.bad) - SHOWN),
        plain=FORMATS[found.format].mapped,
    )  # fmt: skip


@router.post("/import/{token}/start")
async def start(request: Request, token: Token) -> Response:
    """Take the file in, in the background."""
    form = await _form(request)
    return await run_in_threadpool(_enqueue, visit_of(request), token, form)


def _enqueue(visit: Visit, token: str, form: Mapping[str, str]) -> Response:
    shop = visit.shop
    upload = uploads.find(shop.settings.data_folder, token)
    reading = _reading(form)
    found = feeds.preview(shop.database, upload.path, rows=1, **reading)
    if found.problem:
        return _preview(visit, upload, form)
    job = shop.jobs.enqueue(
        IMPORT_FILE, f"Import of {upload.name}", path=str(upload.path), kind=found.kind, format=found.format,
        mapping=_decided(found, reading["mapping"]),
    )  # fmt: skip
    return redirect(f"/console/jobs/{job}")


def _decided(found: Preview, said: Mapping[str, str] | None) -> dict[str, str] | None:
    """The mapping to import by: what was shown, with the fields blank that a person took away."""
    if not found.mapping:
        return None
    return {**dict.fromkeys(said or {}, ""), **found.mapping}


@router.post("/import/{token}/discard")
def discard(request: Request, token: Token) -> Response:
    """Throw an upload away."""
    uploads.discard(request.app.state.shop.settings.data_folder, token)
    return redirect("/console/import")


@router.get("/imports/{import_id}")
def report(request: Request, import_id: ImportId, page: str = "1") -> Response:
    """What came of an import."""
    visit = visit_of(request)
    with visit.shop.database.connection() as conn:
        found = imports.get_import(conn, import_id)
        last = max(1, -(-found.quarantined // BAD_A_PAGE))
        number = min(page_number(page), last)
        bad = imports.bad_rows(conn, import_id, BAD_A_PAGE, (number - 1) * BAD_A_PAGE)
        reasons = imports.reasons(conn, import_id)
    here = f"/console/imports/{import_id}?page="
    return show(
        visit, "report.html", title=found.file_name, answer=_outcome(visit, found), found=found, bad_rows=bad,
        reasons=reasons, previous=f"{here}{number - 1}#rows" if number > 1 else "",
        following=f"{here}{number + 1}#rows" if number < last else "",
        page_text=visit.t("Page {n} of {m}", n=number, m=last),
    )  # fmt: skip


def _outcome(visit: Visit, found: imports.Import) -> str:
    if found.state == "running":
        return visit.t("This import is still running.")
    went_in = found.created + found.updated + found.unchanged
    text = visit.counted("1 entry is in the shop.", "{n} entries are in the shop.", went_in)
    if not found.quarantined:
        return text
    joint = "" if visit.language == "zh" else " "
    one, many = "1 was kept aside.", "{n} were kept aside."
    return text + joint + visit.counted(one, many, found.quarantined)


@router.get("/imports/{import_id}/bad-rows")
def bad_rows(request: Request, import_id: ImportId) -> Response:
    """The rows kept aside, as a file to mend."""
    return download_bad_rows(request.app.state.shop, request, import_id)
