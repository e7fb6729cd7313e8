"""What a visitor may want: one route a slot. An event that was posted before counts in the next answer.

A list that a publishable key asks for is kept, as is any that says so: events that name its `id` as their `query_id`, with the
position, are then credited to it. A publishable key asks for a session or a device, whose ids nobody can guess; a
customer's lists, which tell what they did, are for the shop's own server.
"""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from shopkeeper.api.guard import Caller, CallerOf, Role
from shopkeeper.api.shapes import RecommendationList
from shopkeeper.api.views import JSON, ShopOf, product_view
from shopkeeper.errors import Refused
from shopkeeper.face import Shop
from shopkeeper.recommend import Asked, RecommendedList, Slot, Visitor
from shopkeeper.shop.records import ProductId

router = APIRouter(tags=["recommend"])

MAX_ITEMS = 50
MAX_CART = 100
Id = Annotated[str, Field(max_length=300)]


class ForVisitor(BaseModel):
    """Who a list is for, and how it is wanted."""

    session_id: Annotated[Id, Field(description="as in the events of the visit")] = ""
    client_id: Annotated[Id, Field(description="as in the events of the device")] = ""
    customer_id: Annotated[Id, Field(description="for a secret key alone")] = ""
    in_cart: Annotated[
        list[Id], Field(max_length=MAX_CART, description="products that are not to be recommended")
    ] = []
    limit: Annotated[int, Field(ge=1, le=MAX_ITEMS)] = 10
    record: Annotated[
        bool | None,
        Field(description="keep this list; if not said, those with a publishable key are kept"),
    ] = None


class AboutProduct(ForVisitor):
    """The same, about a product."""

    product_id: Annotated[str, Field(min_length=1, max_length=300)]


class AboutCart(ForVisitor):
    """The same, about a cart."""

    product_id: Annotated[
        list[Id], Field(min_length=1, max_length=MAX_CART, description="what is in the cart")
    ]


@router.get("/recommend/home", response_model=RecommendationList)
def home(shop: ShopOf, caller: CallerOf, asked: Annotated[ForVisitor, Query()]) -> Response:
    """What this visitor may want next; of one who is not known, what many want lately."""
    return _answer(shop, caller, asked, Slot.HOME)


@router.get("/recommend/because-you-looked", response_model=RecommendationList)
def because_you_looked(
    shop: ShopOf, caller: CallerOf, asked: Annotated[ForVisitor, Query()]
) -> Response:
    """What others wanted next who looked at what this visitor looked at last: `anchors` names it. Empty if they did not
    look at anything yet."""
    return _answer(shop, caller, asked, Slot.LOOKED)


@router.get("/recommend/again", response_model=RecommendationList)
def again(shop: ShopOf, caller: CallerOf, asked: Annotated[ForVisitor, Query()]) -> Response:
    """What this customer bought and may need again."""
    return _answer(shop, caller, asked, Slot.AGAIN)


@router.get("/recommend/similar", response_model=RecommendationList)
def similar(shop: ShopOf, caller: CallerOf, asked: Annotated[AboutProduct, Query()]) -> Response:
    """Alternatives to a product."""
    return _answer(shop, caller, asked, Slot.SIMILAR, (asked.product_id,))


@router.get("/recommend/bought-together", response_model=RecommendationList)
def bought_together(
    shop: ShopOf, caller: CallerOf, asked: Annotated[AboutProduct, Query()]
) -> Response:
    """What goes with a product. Shorter, or empty, where few baskets tell."""
    return _answer(shop, caller, asked, Slot.TOGETHER, (asked.product_id,))


@router.get("/recommend/cart", response_model=RecommendationList)
def cart(shop: ShopOf, caller: CallerOf, asked: Annotated[AboutCart, Query()]) -> Response:
    """What goes with the products of a cart."""
    return _answer(shop, caller, asked, Slot.CART, tuple(asked.product_id))


def _answer(
    shop: Shop, caller: Caller, asked: ForVisitor, slot: Slot, products: tuple[str, ...] = ()
) -> Response:
    if asked.customer_id and not caller.sees_all:
        raise Refused(
            "a customer's lists are for the shop's own server",
            hint="ask with a secret key, or for a session_id",
        )
    kept = (caller.role is Role.PUBLISHABLE) if asked.record is None else asked.record
    found = shop.recommend.ask(
        Asked(
            slot,
            Visitor(asked.session_id, asked.client_id, asked.customer_id),
            products,
            tuple(asked.in_cart),
            asked.limit,
            record=kept,
        )
    )
    return Response(list_json(found, shop, caller, recorded=kept), media_type=JSON)


def list_json(found: RecommendedList, shop: Shop, caller: Caller, *, recorded: bool) -> bytes:
    """A list as JSON. A product that was deleted this very moment is left out. Scores and rules are for the shop."""
    shown = shop.search.products_json([item.product_id for item in found.items])
    items: list[dict[str, Any]] = []
    for position, item in enumerate(found.items, 1):
        product = shown.get(ProductId(item.product_id))
        if product is None:
            continue
        view: dict[str, Any] = {
            "product_id": item.product_id,
            "position": position,
            "product": orjson.Fragment(product_view(product, caller)),
            "reasons": item.reasons,
        }
        if caller.sees_all:
            view |= {"score": item.score, "rules": item.rules}
        items.append(view)
    return orjson.dumps(
        {
            "id": found.id,
            "recorded": recorded and bool(found.items),
            "slot": found.slot,
            "anchors": found.anchors,
            "model": found.model,
            "experiment": found.experiment,
            "arm": found.arm,
            "took_ms": found.took_ms,
            "items": items,
        }
    )
