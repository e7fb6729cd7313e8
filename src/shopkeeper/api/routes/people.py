"""Customers and their orders."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query
from starlette.responses import Response

from shopkeeper.api.problems import Invalid
from shopkeeper.api.shapes import CustomerList, OrderList, Written
from shopkeeper.api.views import JSON, Cursor, Limit, ShopOf, after, page, whole
from shopkeeper.errors import NotFound
from shopkeeper.shop import customers, orders
from shopkeeper.shop.erasing import erase_customer
from shopkeeper.shop.records import Customer, Order, to_json

router = APIRouter(tags=["customers and orders"])

MAX_BATCH = 1000
IdPath = Annotated[str, Path(min_length=1, max_length=500, description="the shop's own id")]


@router.get("/customers", response_model=CustomerList)
def list_customers(shop: ShopOf, cursor: Cursor = None, limit: Limit = 50) -> Response:
    """Customers in the order of their ids."""
    with shop.database.connection() as conn:
        return page(customers.iterate(conn, after=after(cursor), batch=limit + 1), limit, whole)


@router.get("/customers/{customer_id:path}", response_model=Customer)
def get_customer(shop: ShopOf, customer_id: IdPath) -> Response:
    """One customer."""
    with shop.database.connection() as conn:
        return Response(to_json(customers.get(conn, customer_id)), media_type=JSON)


@router.put("/customers/{customer_id:path}", response_model=Written)
def put_customer(shop: ShopOf, customer_id: IdPath, customer: Customer) -> Written:
    """Write one customer, whole. Doing it again changes nothing."""
    if customer.id != customer_id:
        raise Invalid("body.id", f"is {customer.id!r}, but the path says {customer_id!r}")
    return post_customers(shop, [customer])


@router.post("/customers", response_model=Written)
def post_customers(
    shop: ShopOf, records: Annotated[list[Customer], Body(min_length=1, max_length=MAX_BATCH)]
) -> Written:
    """Write many customers in one transaction: all or none."""
    with shop.database.connection() as conn:
        return Written.model_validate(customers.upsert(conn, records), from_attributes=True)


@router.delete("/customers/{customer_id:path}", status_code=204)
def delete_customer(
    shop: ShopOf,
    customer_id: IdPath,
    erase: Annotated[
        bool,
        Query(description="take what they did along, and their name off orders and reviews"),
    ] = False,
) -> None:
    """Delete a customer. Their orders and events stay, under an id that names nobody any more, unless they are erased."""
    with shop.database.connection() as conn:
        if erase:
            erase_customer(conn, customer_id)
        elif not customers.delete(conn, [customer_id]):
            raise NotFound(f"no customer has the id {customer_id!r}", hint="ids are case-sensitive")


@router.get("/orders", response_model=OrderList)
def list_orders(
    shop: ShopOf,
    cursor: Cursor = None,
    limit: Limit = 50,
    customer_id: Annotated[
        str, Query(max_length=500, description="only this customer's, the newest first, no paging")
    ] = "",
) -> Response:
    """Orders in the order of their ids, or those of one customer."""
    with shop.database.connection() as conn:
        if customer_id:
            found = orders.of_customer(conn, customer_id, limit=limit)
            return page(found, limit, whole)
        return page(orders.iterate(conn, after=after(cursor), batch=limit + 1), limit, whole)


@router.get("/orders/{order_id:path}", response_model=Order)
def get_order(shop: ShopOf, order_id: IdPath) -> Response:
    """One order with its lines."""
    with shop.database.connection() as conn:
        return Response(to_json(orders.get(conn, order_id)), media_type=JSON)


@router.put("/orders/{order_id:path}", response_model=Written)
def put_order(shop: ShopOf, order_id: IdPath, order: Order) -> Written:
    """Write one order, whole. Doing it again changes nothing."""
    if order.id != order_id:
        raise Invalid("body.id", f"is {order.id!r}, but the path says {order_id!r}")
    return post_orders(shop, [order])


@router.post("/orders", response_model=Written)
def post_orders(
    shop: ShopOf, records: Annotated[list[Order], Body(min_length=1, max_length=MAX_BATCH)]
) -> Written:
    """Write many orders in one transaction: all or none."""
    with shop.database.connection() as conn:
        return Written.model_validate(orders.upsert(conn, records), from_attributes=True)


@router.delete("/orders/{order_id:path}", status_code=204)
def delete_order(shop: ShopOf, order_id: IdPath) -> None:
    """Delete an order with its lines."""
    with shop.database.connection() as conn:
        if not orders.delete(conn, [order_id]):
            raise NotFound(f"no order has the id {order_id!r}", hint="ids are case-sensitive")
