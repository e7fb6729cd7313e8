"""Recommendation for the shop's own people: lists that were kept, what they brought, what is set for each slot, and how
a list would look with other rules or controls."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from shopkeeper.api.guard import CallerOf
from shopkeeper.api.routes.recommend import MAX_ITEMS, Id, list_json
from shopkeeper.api.shapes import ControlsList, CreditList, KeptList, RecommendationList
from shopkeeper.api.views import JSON, ShopOf
from shopkeeper.recommend import Asked, Controls, Slot, Visitor, controls, lists
from shopkeeper.rules import Rule

router = APIRouter(tags=["recommend"])

MAX_PRODUCTS = 100
MAX_RULES = 500


class Preview(BaseModel):
    """A list to look at. rules, controls: in place of those in force."""

    model_config = {"extra": "forbid"}

    slot: Slot
    visitor: Visitor = Visitor()
    products: Annotated[list[Id], Field(max_length=MAX_PRODUCTS)] = []
    limit: Annotated[int, Field(ge=1, le=MAX_ITEMS)] = 10
    rules: Annotated[list[Rule] | None, Field(max_length=MAX_RULES)] = None
    controls: Controls | None = None


@router.post("/recommendations/preview", response_model=RecommendationList)
def preview(shop: ShopOf, caller: CallerOf, wanted: Preview) -> Response:
    """A list as it would be for this visitor, with other rules or controls if they are given. Nothing is kept."""
    asked = Asked(wanted.slot, wanted.visitor, tuple(wanted.products), limit=wanted.limit)
    found = shop.recommend.preview(asked, rules=wanted.rules, controls=wanted.controls)
    return Response(list_json(found, shop, caller, recorded=False), media_type=JSON)


@router.get("/recommendations/controls")
def list_controls(shop: ShopOf) -> ControlsList:
    """What holds for each slot."""
    with shop.database.connection() as conn:
        return ControlsList(slots={**controls.DEFAULT, **controls.read(conn)})


@router.put("/recommendations/controls/{slot}")
def put_controls(shop: ShopOf, slot: Slot, wanted: Controls) -> ControlsList:
    """Set what holds for a slot. In force within a second."""
    with shop.database.connection() as conn:
        controls.save(conn, slot, wanted)
    return list_controls(shop)


@router.delete("/recommendations/controls/{slot}")
def reset_controls(shop: ShopOf, slot: Slot) -> ControlsList:
    """Let a slot go by what holds where nothing is set."""
    with shop.database.connection() as conn:
        controls.reset(conn, slot)
    return list_controls(shop)


@router.get("/recommendations/credit")
def credit(shop: ShopOf, days: Annotated[int, Query(ge=1, le=3650)] = 30) -> CreditList:
    """What the lists of the latest days brought, for each slot, model and arm of an experiment."""
    until = datetime.now(UTC)
    window = timedelta(days=shop.settings.credit_days)
    with shop.database.connection() as conn:
        found = lists.credit(conn, since=until - timedelta(days=days), until=until, window=window)
    return CreditList(items=found)


@router.get("/recommendations/lists/{list_id}")
def get_list(shop: ShopOf, list_id: Annotated[str, Path(max_length=100)]) -> KeptList:
    """A list as it was shown, and to whom."""
    with shop.database.connection() as conn:
        return KeptList.of(lists.get(conn, list_id))
