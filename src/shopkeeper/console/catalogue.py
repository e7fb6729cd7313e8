"""The console's catalogue: a list to look through, a product to look at and change, files to take away."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from tempfile import SpooledTemporaryFile
from typing import Annotated, Any, BinaryIO, cast

from fastapi import APIRouter, Form, Path, Query, Request
from starlette.responses import HTMLResponse, Response, StreamingResponse

from shopkeeper.console.listing import PAGE_SIZE, listing
from shopkeeper.console.overview import PROBLEMS
from shopkeeper.pages import Visit, redirect, render, visit_of
from shopkeeper.shop import products
from shopkeeper.shop.records import Availability, Money, Product, Variant, to_json
from shopkeeper.storefront.cards import offer_of, picture_of, translation_of

router = APIRouter(default_response_class=HTMLResponse)

Id = Annotated[str, Path(max_length=300)]
Text = Annotated[str, Form(max_length=300)]
Asked = Annotated[str, Query(max_length=500)]
EXPORTS = {"jsonl": "products.jsonl", "shopify": "products.csv", "google": "products.xml"}
SPOOL_BYTES = 8_000_000


@router.get("/catalogue")
def catalogue(
    request: Request, q: Asked = "", status: Asked = "", problem: Asked = "", page: Asked = "1"
) -> Response:
    """The products."""
    visit = visit_of(request)
    query = q.replace("\x00", " ").strip()
    number = int(page) if page.isascii() and page.isdigit() and int(page[:6]) > 0 else 1
    with visit.shop.database.connection() as conn:
        found = listing(conn, query=query, status=status, problem=problem, page=number)
        shown = products.get_many(conn, found.ids)
    last = max(1, -(-found.total // PAGE_SIZE))
    address = request.url.include_query_params
    return render(
        visit, "console/catalogue.html", title=visit.t("Catalogue"), answer=_answer(visit, found.total, problem),
        rows=[_row(p, visit) for p in shown.values()], query=query, status=status, problem=problem,
        problems=list(PROBLEMS), page_text=visit.t("Page {n} of {m}", n=number, m=last),
        previous=_local(str(address(page=number - 1))) if number > 1 else "",
        following=_local(str(address(page=number + 1))) if number < last else "",
    )  # fmt: skip


def _answer(visit: Visit, total: int, problem: str) -> str:
    if problem in PROBLEMS:
        return visit.t("problem_" + problem, n=f"{total:,}")
    return visit.t("{n} products", n=f"{total:,}")


def _local(url: str) -> str:
    return re.sub(r"^[a-z]+://[^/]*", "", url)


def _row(product: Product, visit: Visit) -> dict[str, Any]:
    stocks = [v.quantity for v in product.variants if v.quantity is not None]
    return {
        "product": product, "title": translation_of(product, visit.language).title, "picture": picture_of(product),
        "offer": offer_of(product.variants), "stock": sum(stocks) if stocks else None,
    }  # fmt: skip


@router.get("/export")
def export(request: Request, format: Asked = "jsonl") -> Response:
    """All products as a file."""
    shop = request.app.state.shop
    chosen = format if format in EXPORTS else "jsonl"
    file = cast(BinaryIO, SpooledTemporaryFile(SPOOL_BYTES))  # noqa: SIM115  # closed when it has been sent
    shop.export(file, "products", format=chosen)
    file.seek(0)
    headers = {
        "content-disposition": f'attachment; filename="{EXPORTS[chosen]}"',
        "cache-control": "no-store",
    }
    return StreamingResponse(_chunks(file), media_type="application/octet-stream", headers=headers)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while chunk := file.read(1 << 16):
            yield chunk


@router.get("/catalogue/{product_id:path}")
def product_page(request: Request, product_id: Id) -> Response:
    """A product with all that is known of it."""
    visit = visit_of(request)
    with visit.shop.database.connection() as conn:
        product = products.get(conn, product_id)
    return _product(visit, product)


def _product(
    visit: Visit,
    product: Product,
    *,
    undo: list[tuple[str, str]] | None = None,
    problem: str = "",
    hint: str = "",
) -> Response:
    raw = json.dumps(json.loads(to_json(product)), indent=2, ensure_ascii=False)
    return render(
        visit, "console/product.html", status=422 if problem else 200, title=product.title, product=product, raw=raw,
        availabilities=[a.value for a in Availability], undo=undo, problem=problem, hint=hint,
    )  # fmt: skip


@router.post("/catalogue/{product_id:path}")
def change_variant(
    request: Request,
    product_id: Id,
    variant: Text,
    price: Text,
    availability: Text,
    quantity: Text = "",
) -> Response:
    """Change a variant's price, stock or availability; the answer offers to undo it."""
    visit = visit_of(request)
    with visit.shop.database.connection() as conn:
        product = products.get(conn, product_id)
        old = next((v for v in product.variants if v.id == variant), None)
        if old is None:
            return redirect(f"/console/catalogue/{product_id}")
        try:
            new = _changed(visit, old, price, quantity, availability)
        except ValueError as error:
            return _product(
                visit, product, problem=str(error), hint=visit.t("Mend it and try again.")
            )
        changed = replace(product, variants=tuple(new if v is old else v for v in product.variants))
        products.upsert(conn, [changed])
    before = [
        ("variant", old.id),
        ("price", str(old.price.amount)),
        ("availability", old.availability.value),
    ]
    before.append(("quantity", "" if old.quantity is None else str(old.quantity)))
    return _product(visit, changed, undo=before)


def _changed(visit: Visit, old: Variant, price: str, quantity: str, availability: str) -> Variant:
    try:
        amount = Decimal(price.strip())
    except InvalidOperation:
        raise ValueError(
            visit.t("Price “{text}” is not a number; write 12.50", text=price)
        ) from None
    if not amount.is_finite() or amount < 0:
        raise ValueError(visit.t("Price “{text}” is not a number; write 12.50", text=price))
    count = quantity.strip()
    if count and not (count.isascii() and count.removeprefix("-").isdigit() and len(count) < 10):
        raise ValueError(visit.t("Stock “{text}” is not a whole number", text=quantity))
    known = (
        {k: v for k, v in old.metadata.items() if k != "price"}
        if amount != old.price.amount
        else old.metadata
    )
    return replace(
        old, price=Money(amount, old.price.currency), quantity=int(count) if count else None,
        availability=Availability(availability) if availability in {a.value for a in Availability} else old.availability,
        metadata=known,
    )  # fmt: skip
