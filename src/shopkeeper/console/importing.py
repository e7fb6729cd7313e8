"""Importing in the console: a file is uploaded, looked at, its reading corrected, taken in by a job, and reported."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, BinaryIO

from fastapi import APIRouter, Form, Path, Request, UploadFile
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response

from shopkeeper.api.routes.transfer import download
from shopkeeper.console.page import page_number, show
from shopkeeper.errors import FeedError
from shopkeeper.face import Shop
from shopkeeper.jobs import uploads
from shopkeeper.jobs.tasks import IMPORT_FILE
from shopkeeper.pages import Visit, formats, redirect, visit_of
from shopkeeper.pages.products import offer_of
from shopkeeper.shop import feeds
from shopkeeper.shop.feeds import FORMATS, KINDS, Preview, imports
from shopkeeper.shop.feeds.mapping import SEPARATORS, SETTINGS, columns_of, required
from shopkeeper.shop.feeds.mapping import fields as fields_of

router = APIRouter(default_response_class=HTMLResponse)

BAD_A_PAGE = 50
SHOWN = 8  # records and bad rows of a preview
SAMPLES = 3  # values beside a column
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
    problem, hint = _unreadable(visit.shop, kept, wanted)
    if problem:
        uploads.discard(folder, kept.token)
        return _start(visit, problem=problem, hint=hint, kind=wanted)
    return redirect(f"/console/import/{kept.token}" + (f"?kind={wanted}" if wanted else ""))


def _unreadable(shop: Shop, upload: uploads.Upload, kind: str) -> tuple[str, str]:
    """Why nothing can be made of a file, and what to do; blank where a person may find a way to read it."""
    try:
        found = feeds.preview(shop.database, upload.path, kind=kind, rows=1)
    except FeedError as error:
        return error.message.replace(str(upload.path), upload.name), error.hint
    return ("", "") if found.columns or found.seen else (found.problem, found.hint)


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
    names, cells = _told(visit, found)
    return show(
        visit, "preview.html", title=upload.name, answer=_sentence(visit, found), upload=upload, found=found,
        fields=_fields(found), said=_reading(form)["mapping"] or {}, decimals=(".", ","), separators=SEPARATORS, unused=_unused(found),
        names=names, records=cells, bad_rows=found.bad[:SHOWN], more_bad=max(0, len(found.bad) - SHOWN),
        plain=FORMATS[found.format].mapped,
    )  # fmt: skip


def _sentence(visit: Visit, found: Preview) -> str:
    """The one line that says whether to go on."""
    if not found.records:
        return visit.t("No row can be read in this way.")
    rows, bad = (formats.number(n, visit.language) for n in (found.seen, len(found.bad)))
    whole = found.whole
    if not found.bad and whole:
        return visit.counted(
            "The one entry can be read.", "All {n} entries can be read.", found.seen
        )
    if not found.bad:
        return visit.t("The first {n} entries can all be read.", n=rows)
    if whole:
        return visit.t("Of {n} entries, {m} cannot be read and would be kept aside.", n=rows, m=bad)
    return visit.t(
        "Of the first {n} entries, {m} cannot be read and would be kept aside.", n=rows, m=bad
    )


def _fields(found: Preview) -> list[dict[str, Any]]:
    """The fields of the kind, each with the column that holds it and its first values."""
    kind, columns = found.kind, found.columns
    names = dict.fromkeys([*fields_of(kind), *found.mapping]) if columns else {}
    fields = []
    for name in names:
        if name in SETTINGS:
            continue
        column = found.mapping.get(name, "")
        offered = dict.fromkeys([*([column] if column else []), *columns])
        fields.append({
            "name": name, "column": column, "required": name in required(kind), "columns": list(offered),
            "samples": _samples(found, columns_of(column, columns)) if column else [],
        })  # fmt: skip
    return sorted(fields, key=lambda f: (not f["required"], not f["column"]))


def _samples(found: Preview, columns: list[str]) -> list[str]:
    """The first different values of a column, or of several put together."""
    texts = (" · ".join(filter(None, (row.get(c, "") for c in columns))) for row in found.sample)
    return [text[:60] for text in dict.fromkeys(filter(None, texts))][:SAMPLES]


def _unused(found: Preview) -> list[dict[str, Any]]:
    """Columns that no field takes, with first values; they are kept as attributes and metadata."""
    used = {c for e in found.mapping.values() for c in columns_of(e, found.columns)}
    rest = [c for c in found.columns if c not in used]
    return [{"name": c, "samples": _samples(found, [c])} for c in rest]


Column = tuple[str, Callable[[Visit, Any], object]]

_TOLD: Mapping[str, tuple[Column, ...]] = {
    "products": (
        ("Title", lambda v, r: r.title), ("Brand", lambda v, r: r.brand),
        ("Category", lambda v, r: " › ".join(r.category)), ("Price", lambda v, r: offer_of(r.variants)),
        ("Variants", lambda v, r: len(r.variants)), ("Stock", lambda v, r: _stock(r)),
    ),
    "customers": (
        ("ID", lambda v, r: r.id), ("Name", lambda v, r: f"{r.first_name} {r.last_name}".strip()),
        ("E-mail", lambda v, r: r.email), ("City", lambda v, r: r.addresses[0].city if r.addresses else ""),
    ),
    "orders": (
        ("ID", lambda v, r: r.id), ("Ordered at", lambda v, r: formats.moment(r.placed_at, v.language)),
        ("Customer", lambda v, r: r.customer_id), ("Status", lambda v, r: r.status),
        ("Lines", lambda v, r: len(r.lines)), ("Products", lambda v, r: ", ".join(x.title or x.product_id for x in r.lines[:3])),
    ),
    "events": (
        ("Action", lambda v, r: r.action), ("Time", lambda v, r: formats.moment(r.at, v.language)),
        ("Session", lambda v, r: r.session_id), ("Search words", lambda v, r: r.user_query),
        ("Product seen", lambda v, r: r.object_id),
    ),
    "queries": (
        ("Search words", lambda v, r: r.user_query), ("Time", lambda v, r: formats.moment(r.at, v.language)),
        ("Products shown", lambda v, r: len(r.hits)),
    ),
    "reviews": (
        ("Product", lambda v, r: r.product_id), ("Rating", lambda v, r: "" if r.rating is None else str(r.rating)),
        ("Author", lambda v, r: r.author), ("Title", lambda v, r: r.title), ("Text", lambda v, r: r.text[:160]),
    ),
    "pages": (
        ("Title", lambda v, r: r.title), ("Language", lambda v, r: r.language), ("Text", lambda v, r: r.body[:160]),
    ),
}  # fmt: skip


def _stock(product: Any) -> object:
    stocks = [v.quantity for v in product.variants if v.quantity is not None]
    return sum(stocks) if stocks else ""


def _told(visit: Visit, found: Preview) -> tuple[list[str], list[list[object]]]:
    """Heads and cells of the records as they would go in."""
    columns = _TOLD[found.kind]
    rows = [[tell(visit, record) for _, tell in columns] for record in found.records[:SHOWN]]
    return [visit.t(name) for name, _ in columns], rows


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
    shop = request.app.state.shop
    with shop.database.connection() as conn:
        found = imports.get_import(conn, import_id)

    def write(out: BinaryIO) -> None:
        with shop.database.connection() as conn:
            imports.write_quarantine(conn, import_id, out)

    return download(request, write, f"mend-{import_id}-{found.file_name}")
