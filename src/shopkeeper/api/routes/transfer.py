"""Whole files in and out: imports with their reports, exports."""

import re
import threading
from collections.abc import Callable
from enum import StrEnum
from itertools import chain
from typing import Annotated, BinaryIO
from urllib.parse import quote

import orjson
from fastapi import APIRouter, File, Form, Path, Query, Request, UploadFile
from starlette.responses import StreamingResponse

from shopkeeper.api.problems import Invalid, RateLimited
from shopkeeper.api.shapes import (
    BadRowList,
    BadRowView,
    ImportList,
    ImportView,
    JobView,
)
from shopkeeper.api.streams import stream
from shopkeeper.api.views import Cursor, Limit, ShopOf, after, cursor_behind
from shopkeeper.jobs import uploads
from shopkeeper.jobs.tasks import IMPORT_FILE
from shopkeeper.shop import feeds
from shopkeeper.shop.feeds import imports

router = APIRouter(tags=["imports and exports"])

MAX_DOWNLOADS = 3  # at once: each holds a connection to the database until its reader is done
RETRY_DOWNLOAD_S = 10


class Kind(StrEnum):
    """What a file holds."""

    PRODUCTS = "products"
    CUSTOMERS = "customers"
    ORDERS = "orders"
    EVENTS = "events"
    QUERIES = "queries"
    REVIEWS = "reviews"
    PAGES = "pages"


ImportPath = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.post("/imports", status_code=202)
def create_import(
    shop: ShopOf,
    file: Annotated[UploadFile, File(description="a feed in any form that `format` names")],
    kind: Annotated[Kind, Query(description="what the file holds")] = Kind.PRODUCTS,
    format: Annotated[str, Query(max_length=40, description="found out if empty")] = "",
    mapping: Annotated[
        str,
        Form(max_length=20_000, description="field to column, as a JSON object; guessed if empty"),
    ] = "",
) -> JobView:
    """Upload a file. It is taken in in the background: ask for the job, whose result names the import."""
    columns = _mapping(mapping)
    path = uploads.keep(shop.settings.data_folder, file.filename or "", file.file).path
    job = shop.jobs.enqueue(
        IMPORT_FILE,
        f"Import of {path.name}",
        path=str(path),
        kind=kind.value,
        format=format or None,
        mapping=columns,
    )
    return JobView.of(shop.jobs.get(job))


def _mapping(text: str) -> dict[str, str] | None:
    if not text:
        return None
    try:
        mapping = orjson.loads(text)
    except ValueError as error:
        raise Invalid(
            "body.mapping", "is not JSON", hint='write {"price": "Selling price"}'
        ) from error
    if not isinstance(mapping, dict) or not all(isinstance(v, str) for v in mapping.values()):
        raise Invalid(
            "body.mapping", "is not an object of names", hint='{"price": "Selling price"}'
        )
    return mapping


@router.get("/imports")
def list_imports(shop: ShopOf, cursor: Cursor = None, limit: Limit = 50) -> ImportList:
    """Imports, the newest first."""
    start = _number(cursor)
    with shop.database.connection() as conn:
        found = [
            ImportView.model_validate(i, from_attributes=True) for i in imports.list_imports(conn)
        ]
    rest = [i for i in found if not start or i.id < start]
    more = cursor_behind(str(rest[limit - 1].id)) if len(rest) > limit else None
    return ImportList(items=rest[:limit], next_cursor=more)


@router.get("/imports/{import_id}")
def get_import(shop: ShopOf, import_id: ImportPath) -> ImportView:
    """One import and what became of it."""
    with shop.database.connection() as conn:
        found = imports.get_import(conn, import_id)
    return ImportView.model_validate(found, from_attributes=True)


@router.get("/imports/{import_id}/bad-rows")
def list_bad_rows(
    shop: ShopOf, import_id: ImportPath, cursor: Cursor = None, limit: Limit = 50
) -> BadRowList:
    """The rows that could not be taken in, each with field and reason."""
    offset = _number(cursor)
    with shop.database.connection() as conn:
        imports.get_import(conn, import_id)
        found = list(imports.bad_rows(conn, import_id, limit + 1, offset))
    rows = [BadRowView.model_validate(row, from_attributes=True) for row in found[:limit]]
    more = cursor_behind(str(offset + limit)) if len(found) > limit else None
    return BadRowList(items=rows, next_cursor=more)


@router.get("/imports/{import_id}/bad-rows/file", response_class=StreamingResponse)
def download_bad_rows(shop: ShopOf, request: Request, import_id: ImportPath) -> StreamingResponse:
    """The rows that could not be taken in, in the feed's own form: mend them and import the file again."""
    with shop.database.connection() as conn:
        found = imports.get_import(conn, import_id)

    def write(out: BinaryIO) -> None:
        with shop.database.connection() as conn:
            imports.write_quarantine(conn, import_id, out)

    return download(request, write, imports.bad_rows_name(found))


@router.get("/exports/{kind}", response_class=StreamingResponse)
def export(
    shop: ShopOf,
    request: Request,
    kind: Kind,
    format: Annotated[str, Query(max_length=40)] = "jsonl",
) -> StreamingResponse:
    """All records of a kind as one file, written while it is sent."""
    return download(
        request,
        lambda out: feeds.write(shop.database, kind.value, format, out),
        f"{kind.value}.{format}",
    )


def download(request: Request, write: Callable[[BinaryIO], object], name: str) -> StreamingResponse:
    """A streamed file. Its first bytes are made before the answer begins, so that what is wrong is still told."""
    slots: threading.BoundedSemaphore = request.app.state.downloads
    if not slots.acquire(blocking=False):
        raise RateLimited(RETRY_DOWNLOAD_S)
    chunks = stream(write, on_end=slots.release)
    first = next(chunks, b"")
    safe = re.sub(r"[^\w.-]", "_", name)
    plain = safe.encode("ascii", "replace").decode().replace("?", "_")
    return StreamingResponse(
        chain([first], chunks),
        media_type="application/octet-stream",
        headers={
            "content-disposition": f"attachment; filename={plain}; filename*=UTF-8''{quote(safe)}"
        },
    )


def _number(cursor: str | None) -> int:
    text = after(cursor) or "0"
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Invalid("query.cursor", "is none of ours", hint="leave it out to begin anew")
    return int(text)
