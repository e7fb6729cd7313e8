"""The cart's page, and what changes it."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import HTMLResponse, Response

from shopkeeper.errors import NotFound, Refused
from shopkeeper.pages import Visit, redirect, visit_of
from shopkeeper.pages.products import offer_of, picture_of, translation_of
from shopkeeper.recommend import Slot
from shopkeeper.search.shelves import SHELF
from shopkeeper.shop import products
from shopkeeper.shop.database import Connection
from shopkeeper.shop.feeds.assembling import price_is_known
from shopkeeper.shop.records import Money, Product, ProductId, ProductStatus, Variant, VariantId
from shopkeeper.storefront import cart as carts
from shopkeeper.storefront import visits
from shopkeeper.storefront.cards import url_of
from shopkeeper.storefront.layout import show
from shopkeeper.storefront.recommended import picked

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

Text = Annotated[str, Form(max_length=300)]
Asked = Annotated[str, Query(max_length=300)]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the cart, in the shop's words and prices of now. few: pieces left, if fewer than wanted."""

    variant: str
    product: str
    quantity: int
    title: str
    options: str
    picture: str
    url: str
    buyable: bool
    price: Money | None
    total: Money | None
    few: int | None


@router.get("/cart")
def cart_page(
    request: Request, added: Asked = "", removed: Asked = "", quantity: Asked = "", full: Asked = ""
) -> Response:
    """The cart. added, removed, full: what has just happened."""
    visit = visit_of(request)
    lines = _lines(visit, carts.read(request.cookies.get(carts.COOKIE, "")))
    more = picked(
        visit, visits.visitor_of(request), Slot.CART, products=tuple(dict.fromkeys(line.product for line in lines)),
        limit=SHELF,
    ).cards if lines else []  # fmt: skip
    gone = _lines(visit, {removed: carts.quantity_of(quantity)}) if removed else []
    return show(
        request,
        visit,
        "cart.html",
        title=visit.t("Cart"),
        lines=lines,
        totals=_totals(lines),
        pieces=sum(line.quantity for line in lines),
        added=added,
        gone=gone[0] if gone else None,
        full=full == "1",
        more=more,
    )


def _totals(lines: list[Line]) -> list[Money]:
    """What the lines come to, in each currency."""
    sums: dict[str, Money] = {}
    for line in lines:
        if line.total is not None and line.buyable:
            before = sums.get(line.total.currency)
            amount = line.total.amount + (before.amount if before else 0)
            sums[line.total.currency] = Money(amount, line.total.currency)
    return list(sums.values())


def _lines(visit: Visit, cart: carts.Cart) -> list[Line]:
    with visit.shop.database.connection() as conn:
        found = _variants(conn, list(cart))
    return [
        _line(visit, *found[v], cart[v]) for v in cart if v in found
    ]  # others are no longer sold


def _variants(conn: Connection, ids: list[str]) -> dict[str, tuple[Product, Variant]]:
    rows = conn.execute("select distinct product_id from variants where id = any(%s)", [ids])
    found = products.get_many(conn, [ProductId(row[0]) for row in rows.fetchall()])
    return {
        v.id: (p, v)
        for p in found.values()
        if p.status is ProductStatus.ACTIVE
        for v in p.variants
        if v.id in ids
    }


def _line(visit: Visit, product: Product, variant: Variant, quantity: int) -> Line:
    words = translation_of(product, visit.language)
    price = offer_of([variant]).low
    short = variant.quantity is not None and 0 < variant.quantity < quantity
    return Line(
        variant=variant.id,
        product=product.id,
        quantity=quantity,
        title=words.title,
        options=", ".join(words.terms.get(o.value, o.value) for o in variant.options),
        picture=picture_of(product, variant),
        url=url_of(product, variant=variant.id),
        buyable=variant.availability.buyable and price is not None,
        price=price,
        total=None if price is None else Money(price.amount * quantity, price.currency),
        few=variant.quantity if short else None,
    )


@router.post("/cart")
def add_to_cart(request: Request, variant: Text, quantity: Text = "1", q_id: Text = "") -> Response:
    """Put something in the cart."""
    _from_own_page(request)
    with request.app.state.shop.database.connection() as conn:
        found = _variants(conn, [variant])
    if variant not in found:
        raise NotFound(f"no variant has the id {variant!r}", hint="it may be sold no longer")
    product, chosen = found[variant]
    if not (chosen.availability.buyable and price_is_known(chosen)):
        return redirect(url_of(product, variant=variant))
    wanted = max(1, carts.quantity_of(quantity))
    cart = carts.read(request.cookies.get(carts.COOKIE, ""))
    fuller = carts.changed(cart, variant, cart.get(variant, 0) + wanted)
    response = redirect(f"/cart?{urlencode({'added': variant})}")
    if not carts.write(response, fuller, secure=request.url.scheme == "https"):
        return redirect("/cart?full=1")
    return _note(request, response, "add_to_cart", product, chosen.id, wanted, q_id)


@router.post("/cart/change")
def change_cart(
    request: Request, variant: Text, quantity: Text = "0", remove: Text = ""
) -> Response:
    """Change a quantity, or take something out, which can be undone."""
    _from_own_page(request)
    cart = carts.read(request.cookies.get(carts.COOKIE, ""))
    before, after = cart.get(variant, 0), 0 if remove else carts.quantity_of(quantity)
    gone = {"removed": variant, "quantity": before} if before and not after else {}
    response = redirect(f"/cart?{urlencode(gone)}" if gone else "/cart")
    carts.write(response, carts.changed(cart, variant, after), secure=request.url.scheme == "https")
    if before == after:
        return response
    with request.app.state.shop.database.connection() as conn:
        found = _variants(conn, [variant])
    if variant not in found:
        return response
    action = "add_to_cart" if after > before else "remove_from_cart"
    product, chosen = found[variant]
    return _note(request, response, action, product, chosen.id, abs(after - before), "")


def _note(
    request: Request, response: Response, action: str, product: Product, variant: VariantId,
    quantity: int, query_id: str,
) -> Response:  # fmt: skip
    visitor = visits.visitor_of(request)
    details = {"variant_id": variant, "quantity": quantity}
    happened = visits.event(
        visitor, action, product_id=product.id, query_id=query_id, attributes=details
    )
    return visits.note(response, request, visitor, [happened])


def _from_own_page(request: Request) -> None:
    if request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        raise Refused("this came from another site's page", hint="use the shop itself")
