"""Reviews, and the shop's own pages: policies, answers, guides."""

from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Body, Path, Query
from starlette.responses import Response

from shopkeeper.api.guard import CallerOf
from shopkeeper.api.problems import Invalid
from shopkeeper.api.shapes import PageList, ReviewList, Written
from shopkeeper.api.views import JSON, Cursor, Limit, ShopOf, after, page, review_json, whole
from shopkeeper.errors import NotFound
from shopkeeper.shop import pages, reviews
from shopkeeper.shop.records import Page, PageKind, Review, to_json

router = APIRouter(tags=["reviews and pages"])

MAX_BATCH = 1000
IdPath = Annotated[str, Path(min_length=1, max_length=500, description="the shop's own id")]


@router.get("/reviews", response_model=ReviewList)
def list_reviews(
    shop: ShopOf,
    caller: CallerOf,
    cursor: Cursor = None,
    limit: Limit = 50,
    product_id: Annotated[
        str, Query(max_length=500, description="only this product's, the newest first, by offset")
    ] = "",
    offset: Annotated[int, Query(ge=0, le=100_000, description="with product_id only")] = 0,
) -> Response:
    """Reviews in the order of their ids, or those of one product."""
    with shop.database.connection() as conn:
        if product_id:
            found = reviews.of_product(conn, product_id, limit=limit, offset=offset)
            return page(found, limit, lambda review: review_json(review, caller))
        listed = reviews.iterate(conn, after=after(cursor), batch=limit + 1)
        return page(listed, limit, lambda review: review_json(review, caller))


@router.get("/reviews/{review_id:path}", response_model=Review)
def get_review(shop: ShopOf, caller: CallerOf, review_id: IdPath) -> Response:
    """One review."""
    with shop.database.connection() as conn:
        return Response(review_json(reviews.get(conn, review_id), caller), media_type=JSON)


@router.post("/reviews", response_model=Written)
def post_reviews(
    shop: ShopOf, records: Annotated[list[Review], Body(min_length=1, max_length=MAX_BATCH)]
) -> Written:
    """Write many reviews in one transaction: all or none. Doing it again changes nothing."""
    with shop.database.connection() as conn:
        return Written.model_validate(reviews.upsert(conn, records), from_attributes=True)


@router.delete("/reviews/{review_id:path}", status_code=204)
def delete_review(shop: ShopOf, review_id: IdPath) -> None:
    """Delete a review."""
    with shop.database.connection() as conn:
        if not reviews.delete(conn, [review_id]):
            raise NotFound(f"no review has the id {review_id!r}", hint="ids are case-sensitive")


@router.get("/pages", response_model=PageList)
def list_pages(
    shop: ShopOf,
    cursor: Cursor = None,
    limit: Limit = 50,
    kind: PageKind | None = None,
    language: Annotated[str, Query(max_length=35, description="only pages in this one")] = "",
) -> Response:
    """The shop's pages in the order of their ids."""
    with shop.database.connection() as conn:
        found = (
            text
            for text in pages.iterate(conn, after=after(cursor), batch=limit + 1)
            if kind in (None, text.kind) and language in ("", text.language)
        )
        return page(islice(found, limit + 1), limit, whole)


@router.get("/pages/{page_id:path}", response_model=Page)
def get_page(shop: ShopOf, page_id: IdPath) -> Response:
    """One page."""
    with shop.database.connection() as conn:
        return Response(to_json(pages.get(conn, page_id)), media_type=JSON)


@router.put("/pages/{page_id:path}", response_model=Written)
def put_page(shop: ShopOf, page_id: IdPath, text: Page) -> Written:
    """Write one page, whole. Doing it again changes nothing."""
    if text.id != page_id:
        raise Invalid("body.id", f"is {text.id!r}, but the path says {page_id!r}")
    return post_pages(shop, [text])


@router.post("/pages", response_model=Written)
def post_pages(
    shop: ShopOf, records: Annotated[list[Page], Body(min_length=1, max_length=MAX_BATCH)]
) -> Written:
    """Write many pages in one transaction: all or none."""
    with shop.database.connection() as conn:
        return Written.model_validate(pages.upsert(conn, records), from_attributes=True)


@router.delete("/pages/{page_id:path}", status_code=204)
def delete_page(shop: ShopOf, page_id: IdPath) -> None:
    """Delete a page."""
    with shop.database.connection() as conn:
        if not pages.delete(conn, [page_id]):
            raise NotFound(f"no page has the id {page_id!r}", hint="ids are case-sensitive")
