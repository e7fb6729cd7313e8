"""A product in the console: everything that is known of it, what can be changed by hand, and how to undo that."""

import json
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response

from shopkeeper.api.guard import CallerOf
from shopkeeper.console.page import page_number, show
from shopkeeper.console.problems import OF_ONE, PROBLEMS
from shopkeeper.errors import Refused
from shopkeeper.pages import Visit, redirect, visit_of
from shopkeeper.pages.products import picture_of, translation_of
from shopkeeper.shop import edits, products
from shopkeeper.shop.records import Availability, Product, ProductStatus, to_json

router = APIRouter(default_response_class=HTMLResponse)

Id = Annotated[str, Path(max_length=300)]
EditId = Annotated[int, Path(ge=1, le=2**63 - 1)]
VARIANTS_A_PAGE = 50
MAX_FIELDS = 5 * VARIANTS_A_PAGE + 20


def address_of(product_id: str) -> str:
    """Where the page of a product is."""
    return f"/console/catalogue/{quote(product_id, safe='')}"


@router.get("/catalogue/{product_id:path}")
def product_page(
    request: Request,
    product_id: Id,
    page: str = "1",
    saved: str = "",
) -> Response:
    """A product with all that is known of it. saved: the edit that was just made."""
    visit = visit_of(request)
    with visit.shop.database.connection() as conn:
        product = products.get(conn, product_id)
    return _product(visit, product, page=page_number(page), saved=saved)


def _product(
    visit: Visit,
    product: Product,
    *,
    page: int = 1,
    saved: str = "",
    typed: Mapping[edits.Key, str] | None = None,
    problems: Mapping[edits.Key, str] | None = None,
    refused: str = "",
    hint: str = "",
) -> Response:
    with visit.shop.database.connection() as conn:
        history = edits.of_product(conn, product.id)
        lacks = _lacks(conn, product.id)
    raw = json.dumps(json.loads(to_json(product)), indent=2, ensure_ascii=False)
    last = max(1, -(-len(product.variants) // VARIANTS_A_PAGE))
    page = min(page, last)
    first = (page - 1) * VARIANTS_A_PAGE
    here = address_of(product.id)
    return show(
        visit, "product.html", status=422 if problems or refused else 200,
        title=translation_of(product, visit.language).title, product=product, raw=raw, here=here, lacks=lacks, all_problems=PROBLEMS,
        variants=product.variants[first : first + VARIANTS_A_PAGE], picture=picture_of(product),
        values={**edits.values_of(product), **(typed or {})}, problems=problems or {}, refused=refused, hint=hint,
        availabilities=[a.value for a in Availability], statuses=[s.value for s in ProductStatus],
        history=history, saved=next((e for e in history if str(e.id) == saved), None),
        names={v.id: v.title or v.sku or v.id for v in product.variants},
        previous=f"{here}?page={page - 1}" if page > 1 else "",
        following=f"{here}?page={page + 1}" if page < last else "",
        page_text=visit.t("Page {n} of {m}", n=page, m=last),
    )  # fmt: skip


def _lacks(conn: Any, product_id: str) -> list[str]:
    """Names of what this product lacks."""
    columns = ", ".join(f"({problem.condition})" for problem in PROBLEMS.values())
    row = conn.execute(
        f"select {columns} from {OF_ONE} where p.id = %s",  # noqa: S608  # our own text
        [product_id],
    ).fetchone()
    return [name for name, is_so in zip(PROBLEMS, row or (), strict=False) if is_so]


@router.post("/catalogue/{product_id:path}/edits/{edit_id}/undo")
def undo(request: Request, product_id: Id, edit_id: EditId) -> Response:
    """Put back what was before an edit."""
    visit = visit_of(request)
    try:
        with visit.shop.database.connection() as conn:
            edits.undo(conn, edit_id)
    except Refused as error:
        with visit.shop.database.connection() as conn:
            product = products.get(conn, product_id)
        return _product(visit, product, refused=error.message, hint=error.hint)
    return redirect(f"{address_of(product_id)}?saved={edit_id}")


@router.post("/catalogue/{product_id:path}")
async def change(request: Request, product_id: Id, caller: CallerOf) -> Response:
    """Change values of a product and its variants; the page that follows offers to undo it."""
    form = await request.form(max_fields=MAX_FIELDS, max_files=0)
    wanted = _wanted({name: value for name, value in form.items() if isinstance(value, str)})
    return await run_in_threadpool(_change, visit_of(request), product_id, wanted, caller.key_id)


def _wanted(form: Mapping[str, str]) -> dict[edits.Key, str]:
    """Values by variant and field. A form has `variant:0` with an id, and `price:0`, `quantity:0` … that go with it."""
    wanted = {}
    for name, value in form.items():
        field, _, row = name.partition(":")
        variant_id = form.get(f"variant:{row}", "") if row else ""
        if field != "variant" and (variant_id or not row):
            text = value.replace("\r\n", "\n").replace("\0", "")
            wanted[(variant_id, field)] = text
    return wanted


def _change(
    visit: Visit, product_id: str, wanted: Mapping[edits.Key, str], made_by: str
) -> Response:
    try:
        with visit.shop.database.connection() as conn:
            made = edits.change(conn, product_id, wanted, by=made_by)
    except edits.BadValues as error:
        with visit.shop.database.connection() as conn:
            product = products.get(conn, product_id)
        return _product(
            visit, product, page=_page_of(product, wanted), typed=wanted, problems=error.problems,
            refused=visit.t("Nothing was saved."), hint=visit.t("Mend the marked values and save again."),
        )  # fmt: skip
    here = address_of(product_id)
    return redirect(here if made is None else f"{here}?saved={made.id}")


def _page_of(product: Product, wanted: Mapping[edits.Key, str]) -> int:
    """The page of variants that a form was on."""
    ids = {variant_id for variant_id, _ in wanted}
    at = next((n for n, v in enumerate(product.variants) if v.id in ids), 0)
    return at // VARIANTS_A_PAGE + 1
