"""Products: read, written and deleted."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Request
from starlette.responses import Response

from shopkeeper.api.guard import CallerOf
from shopkeeper.api.problems import Invalid
from shopkeeper.api.shapes import ProductList, Written
from shopkeeper.api.views import (
    JSON,
    Cursor,
    Limit,
    ShopOf,
    after,
    etag_of,
    is_unchanged,
    page,
    product_json,
    visible_product,
)
from shopkeeper.errors import NotFound
from shopkeeper.shop import products
from shopkeeper.shop.records import Product

router = APIRouter(tags=["products"])

MAX_BATCH = 1000
ProductPath = Annotated[str, Path(min_length=1, max_length=500, description="the shop's own id")]


@router.get("/products", response_model=ProductList)
def list_products(
    shop: ShopOf,
    caller: CallerOf,
    cursor: Cursor = None,
    limit: Limit = 50,
    code: Annotated[
        str, Query(max_length=200, description="only those with this SKU, GTIN, MPN or id")
    ] = "",
) -> Response:
    """Products in the order of their ids."""
    start = after(cursor)
    with shop.database.connection() as conn:
        if code:
            ids = [i for i in products.find_by_code(conn, code) if i > start]
            found = iter(products.get_many(conn, ids).values())
        else:
            found = products.iterate(conn, after=start, batch=limit + 1)
        seen = (product for product in found if visible_product(product, caller))
        return page(seen, limit, lambda product: product_json(product, caller))


@router.get(
    "/products/{product_id:path}",
    response_model=Product,
    responses={304: {"description": "The product is as the ETag in If-None-Match says."}},
)
def get_product(
    shop: ShopOf, caller: CallerOf, request: Request, product_id: ProductPath
) -> Response:
    """One product. Send the ETag of the last answer as If-None-Match to learn cheaply that nothing changed."""
    with shop.database.connection() as conn:
        product = products.get(conn, product_id)
    if not visible_product(product, caller):
        raise NotFound(f"no product has the id {product_id!r}", hint="ids are case-sensitive")
    body = product_json(product, caller)
    headers = {"etag": etag_of(body), "cache-control": "private, no-cache"}
    if is_unchanged(request, headers["etag"]):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=JSON)


@router.put("/products/{product_id:path}", response_model=Written)
def put_product(shop: ShopOf, product_id: ProductPath, product: Product) -> Written:
    """Write one product, whole. Doing it again changes nothing."""
    if product.id != product_id:
        raise Invalid("body.id", f"is {product.id!r}, but the path says {product_id!r}")
    return _write(shop, [product], merge_variants=False)


@router.post("/products", response_model=Written)
def post_products(
    shop: ShopOf,
    records: Annotated[list[Product], Body(min_length=1, max_length=MAX_BATCH)],
    merge_variants: Annotated[
        bool, Query(description="keep variants that a product here does not mention")
    ] = False,
) -> Written:
    """Write many products in one transaction: all or none. Doing it again changes nothing."""
    return _write(shop, records, merge_variants=merge_variants)


def _write(shop: ShopOf, records: list[Product], *, merge_variants: bool) -> Written:
    for place, product in enumerate(records):
        if not product.variants:
            raise Invalid(f"body.{place}.variants", "a product has at least one variant")
    with shop.database.connection() as conn:
        counts = products.upsert(conn, records, merge_variants=merge_variants)
    return Written.model_validate(counts, from_attributes=True)


@router.delete("/products/{product_id:path}", status_code=204)
def delete_product(shop: ShopOf, product_id: ProductPath) -> None:
    """Delete a product with its variants. Orders and reviews that name it stay."""
    with shop.database.connection() as conn:
        if not products.delete(conn, [product_id]):
            raise NotFound(f"no product has the id {product_id!r}", hint="ids are case-sensitive")
