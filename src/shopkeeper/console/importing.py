"""Importing in the console: a file is uploaded, looked at, its columns corrected, taken in by a job, and reported."""

import secrets
import shutil
from io import BytesIO
from itertools import islice
from pathlib import Path as FilePath
from pathlib import PurePath
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, UploadFile
from starlette.responses import HTMLResponse, Response, StreamingResponse

from shopkeeper.errors import FeedError
from shopkeeper.jobs.tasks import IMPORT_FILE, uploads_folder
from shopkeeper.pages import Visit, redirect, render, visit_of
from shopkeeper.shop import feeds
from shopkeeper.shop.feeds import BadRow, imports
from shopkeeper.shop.feeds.mapping import fields as fields_of
from shopkeeper.shop.feeds.mapping import required as required_of

router = APIRouter(default_response_class=HTMLResponse)

KINDS = ("products", "orders", "customers", "reviews", "events", "queries", "pages")
LOOKED_AT = 300  # rows
BAD_A_PAGE = 50
Text = Annotated[str, Form(max_length=300)]


@router.get("/import")
def import_page(request: Request) -> Response:
    """Where to bring a file."""
    return _start(visit_of(request))


def _start(visit: Visit, *, problem: str = "", hint: str = "") -> Response:
    with visit.shop.database.connection() as conn:
        earlier = imports.list_imports(conn, limit=20)
    return render(
        visit, "console/import.html", status=422 if problem else 200, title=visit.t("Import"), kinds=KINDS,
        imports=earlier, problem=problem, hint=hint,
    )  # fmt: skip


@router.post("/import")
def look(request: Request, file: UploadFile, kind: Text = "products") -> Response:
    """Keep the file and show what is in it; nothing is written to the shop."""
    visit = visit_of(request)
    folder = uploads_folder(visit.shop.settings.data_folder) / secrets.token_hex(8)
    folder.mkdir(parents=True, mode=0o700)
    name = PurePath(file.filename or "feed").name.replace("\x00", "")[-100:].lstrip(".") or "feed"
    path = folder / name
    with path.open("xb") as kept:
        shutil.copyfileobj(file.file, kept, 1 << 20)
    try:
        return _preview(visit, path, kind if kind in KINDS else "products")
    except FeedError as error:
        shutil.rmtree(folder)
        return _start(visit, problem=error.message, hint=error.hint)


def _preview(visit: Visit, path: FilePath, kind: str) -> Response:
    found = feeds.detect(path, kind=kind)
    shop = visit.shop.settings
    reading = feeds.read(
        path,
        kind=kind,
        format=found.format,
        mapping=found.mapping,
        currency=shop.currency,
        language=shop.language,
    )
    rows: list[Any] = list(islice(reading, LOOKED_AT))
    bad = [row for row in rows if isinstance(row, BadRow)]
    good = [row for row in rows if not isinstance(row, BadRow)]
    return render(
        visit, "console/preview.html", title=path.name, format=found.format, kind=kind,
        upload=f"{path.parent.name}/{path.name}", columns=found.columns, fields=_fields(kind, found), seen=len(rows),
        good=len(good), samples=[_told(row) for row in good[:6]], bad_rows=bad[:6], problem="", hint="",
    )  # fmt: skip


def _fields(kind: str, found: feeds.Detected) -> list[dict[str, Any]]:
    mapping = dict(found.mapping or {})
    names = dict.fromkeys([*fields_of(kind), *mapping]) if found.columns else {}
    fields = []
    for name in names:
        column = mapping.get(name, "")
        samples = [row.get(column, "") for row in found.sample if row.get(column, "")]
        offered = list(dict.fromkeys([*([column] if column else []), *found.columns]))
        fields.append({
            "name": name, "column": column, "required": name in required_of(kind), "columns": offered,
            "sample": samples[0][:80] if samples else "",
        })  # fmt: skip
    return fields


def _told(row: Any) -> str:
    title = getattr(row, "title", "") or getattr(row, "text", "") or getattr(row, "email", "")
    return f"{getattr(row, 'id', '')}  {title}"[:140]


@router.post("/import/start")
async def start(request: Request) -> Response:
    """Take the file in, in the background."""
    visit = visit_of(request)
    form = await request.form(max_fields=400)
    values = {k: v for k, v in form.items() if isinstance(v, str)}
    folder, _, name = values.get("upload", "").partition("/")
    path = (
        uploads_folder(visit.shop.settings.data_folder)
        / PurePath(folder).name
        / PurePath(name).name
    )
    if not folder.isalnum() or not path.is_file():
        return _start(
            visit,
            problem=visit.t("The file is not here any more."),
            hint=visit.t("Upload it again."),
        )
    mapping = {k.removeprefix("map:"): v for k, v in values.items() if k.startswith("map:")}
    kind = values.get("kind", "")
    job = visit.shop.jobs.enqueue(
        IMPORT_FILE, f"Import of {path.name}", path=str(path), kind=kind if kind in KINDS else "products",
        format=values.get("format") or None, mapping=mapping or None,
    )  # fmt: skip
    return redirect(f"/console/jobs/{job}")


@router.get("/imports/{import_id}")
def report(
    request: Request, import_id: int, page: Annotated[int, Query(ge=1, le=100_000)] = 1
) -> Response:
    """What came of an import."""
    visit = visit_of(request)
    with visit.shop.database.connection() as conn:
        found = imports.get_import(conn, import_id)
        bad = imports.bad_rows(conn, import_id, BAD_A_PAGE, (page - 1) * BAD_A_PAGE)
        reasons = conn.execute(
            "select field, regexp_replace(reason, '[\"“][^\"”]*[\"”]', '“…”', 'g') as told, count(*) from quarantine "
            "where import_id = %s group by 1, 2 order by 3 desc limit 20",
            [import_id],
        ).fetchall()
    went_in = found.created + found.updated + found.unchanged
    answer = visit.t(
        "{n} went in, {m} were kept aside.", n=f"{went_in:,}", m=f"{found.quarantined:,}"
    )
    last = max(1, -(-found.quarantined // BAD_A_PAGE))
    here = f"/console/imports/{import_id}?page="
    return render(
        visit, "console/report.html", title=found.file_name, answer=answer, found=found, bad_rows=bad, reasons=reasons,
        previous=f"{here}{page - 1}" if page > 1 else "", following=f"{here}{page + 1}" if page < last else "",
        page_text=visit.t("Page {n} of {m}", n=page, m=last),
    )  # fmt: skip


@router.get("/imports/{import_id}/bad-rows")
def bad_rows(request: Request, import_id: int) -> Response:
    """The rows kept aside, as a file to mend."""
    shop = request.app.state.shop
    out = BytesIO()
    with shop.database.connection() as conn:
        found = imports.get_import(conn, import_id)
        imports.write_quarantine(conn, import_id, out)
    name = "".join(c if c.isalnum() or c in "._-" else "_" for c in f"mend-{found.file_name}")
    out.seek(0)
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return StreamingResponse(out, media_type="application/octet-stream", headers=headers)
