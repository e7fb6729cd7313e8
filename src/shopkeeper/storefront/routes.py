"""The storefront's addresses."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Query, Request
from starlette.responses import HTMLResponse, Response

from shopkeeper.pages import Visit, redirect, render, visit_of
from shopkeeper.pages.links import PAGE_SIZE, SearchLinks
from shopkeeper.pages.products import offer_of, picture_of, translation_of
from shopkeeper.search import SearchResponse, Sort
from shopkeeper.shop import demo, pages, products, reviews
from shopkeeper.shop.records import Money, PageKind, Product, ProductId, ProductStatus, Variant
from shopkeeper.shop.records import Query as AskedQuery
from shopkeeper.storefront import cart as carts
from shopkeeper.storefront import shelves, visits
from shopkeeper.storefront.cards import Card, card_of, choices_of, url_of

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

REVIEWS_A_PAGE = 8
PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
Id = Annotated[str, Path(max_length=300)]


def _common(request: Request, visit: Visit) -> dict[str, Any]:
    """What every page of the storefront shows around itself."""
    with visit.shop.database.connection() as conn:
        footer = shelves.footer_pages(conn, visit.language)
    return {
        "departments": shelves.departments(visit.shop.search, visit.language),
        "footer_pages": footer,
        "cart_count": sum(carts.read(request.cookies.get(carts.COOKIE, "")).values()),
    }


def _cards(visit: Visit, ids: list[ProductId], **more: Any) -> list[Card]:
    with visit.shop.database.connection() as conn:
        found = products.get_many(conn, ids)
    return [card_of(p, visit, **more) for p in found.values()]


@router.get("/")
def home(request: Request) -> Response:
    """The front page."""
    visit = visit_of(request)
    search = visit.shop.search
    with visit.shop.database.connection() as conn:
        lists = [
            (visit.t("Popular now"), shelves.popular(conn), ""),
            (visit.t("Reduced"), shelves.reduced(conn), ""),
        ]
    lists.append(
        (visit.t("Best rated"), shelves.best_rated(search, visit.language), "/search?sort=rating")
    )
    lists.append((visit.t("New"), shelves.newest(search, visit.language), "/search?sort=newest"))
    shown = [{"title": title, "cards": _cards(visit, ids), "url": url} for title, ids, url in lists]
    return render(
        visit,
        "storefront/home.html",
        title=visit.t("Home"),
        shelves=shown,
        total=search.size,
        **_common(request, visit),
    )


@router.get("/search")
def search_page(request: Request) -> Response:
    """Search and category pages."""
    visit = visit_of(request)
    links = SearchLinks.of(request.query_params)
    answer = visit.shop.search.search(links.request(visit.language))
    visitor, query_id = visits.visitor_of(request), visits.new_query_id()
    with visit.shop.database.connection() as conn:
        found = products.get_many(conn, [hit.product_id for hit in answer.hits])
    first = (links.page - 1) * PAGE_SIZE
    cards = [
        card_of(p, visit, query=links.query, query_id=query_id, position=first + n)
        for n, p in enumerate(found.values(), 1)
    ]
    pages_ = max(1, -(-answer.total // PAGE_SIZE))
    page = render(
        visit, "storefront/search.html", **_search_texts(visit, links, answer, found), links=links,
        query=links.query, category=links.category, cards_found=cards, total=answer.total,
        facets=answer.facets, categories=answer.categories, price_range=answer.price,
        price_min=links.price_min, price_max=links.price_max, available=links.available_only,
        sorts=[s.value for s in Sort], sort=links.sort.value, unknown=answer.unknown,
        relaxed=(answer.required, answer.asked) if 0 < answer.required < answer.asked and answer.total else None,
        previous=links.at_page(links.page - 1) if links.page > 1 else "",
        following=links.at_page(links.page + 1) if links.page < pages_ else "",
        page_text=visit.t("Page {n} of {m}", n=links.page, m=pages_), **_common(request, visit),
    )  # fmt: skip
    if not links.query:
        return page
    asked = AskedQuery(
        id=query_id, user_query=links.query, at=datetime.now(UTC), client_id=visitor.session_id,
        session_id=visitor.session_id, application=visits.APPLICATION, hits=tuple(found),
        attributes={"total": answer.total, "page": links.page, "language": visit.language},
    )  # fmt: skip
    return visits.note(
        page,
        request,
        visitor,
        [visits.event(visitor, "search", query_id=query_id, user_query=links.query)],
        asked,
    )


def _search_texts(
    visit: Visit, links: SearchLinks, answer: SearchResponse, found: dict[ProductId, Product]
) -> dict[str, Any]:
    labels = {c: c for c in links.category}
    for product in found.values():
        labels |= dict(
            zip(product.category, translation_of(product, visit.language).category, strict=False)
        )
    path: list[tuple[str, str]] = [(visit.t("Home"), "/")]
    path += [(labels[c], links.up_to(n)) for n, c in enumerate(links.category, 1)]
    last = labels[links.category[-1]] if links.category else visit.t("All products")
    title = visit.t("Results for “{query}”", query=links.query) if links.query else last
    names = {f.name: (f.label, {v.value: v.label for v in f.values}) for f in answer.facets}
    active = []
    for name, value in links.filters:
        label, values = names.get(name, (name, {}))
        active.append(
            (f"{visit.t(label)}: {visit.t(values.get(value, value))}", links.toggled(name, value))
        )
    if links.price_min or links.price_max:
        active.append(
            (
                f"{visit.t('Price')}: {links.price_min or '0'} – {links.price_max or '…'}",
                links.without_price(),
            )
        )
    if links.available_only:
        active.append((visit.t("Only what is available"), links.available()))
    sentence = (
        visit.t("{n} products", n=answer.total) if answer.total != 1 else visit.t("1 product")
    )
    return {
        "title": title,
        "path": path if links.category else [],
        "active": active,
        "sentence": sentence,
    }


@router.get("/products/{product_id:path}")
def product_page(
    request: Request,
    product_id: Id,
    variant: Annotated[str, Query(max_length=300)] = "",
    q_id: Annotated[str, Query(max_length=64)] = "",
    pos: Annotated[str, Query(max_length=6)] = "",
    page: Annotated[str, Query(max_length=6)] = "1",
) -> Response:
    """A product."""
    visit = visit_of(request)
    number = max(1, int(page)) if page.isascii() and page.isdigit() else 1
    with visit.shop.database.connection() as conn:
        product = products.get(conn, product_id)
        if product.status is not ProductStatus.ACTIVE:
            product = products.get(conn, "")  # as unknown to shoppers as any other id
        count, spread = shelves.spread_of_ratings(conn, product_id)
        written = reviews.of_product(
            conn, product_id, limit=REVIEWS_A_PAGE, offset=(number - 1) * REVIEWS_A_PAGE
        )
        policies = shelves.footer_pages(conn, visit.language, PageKind.POLICY, 3)
    words = translation_of(product, visit.language)
    chosen = _chosen(product, variant)
    keep = {"q_id": q_id, "pos": pos}
    rated = product.rating is not None and product.rating.count > 0
    last = max(1, -(-count // REVIEWS_A_PAGE))
    shown = render(
        visit, "storefront/product.html", title=words.title, product=product, variant=chosen,
        description=words.description, picture=picture_of(product, chosen), offer=offer_of([chosen]),
        options=choices_of(product, chosen, words.terms, keep), facts=_facts(visit, product, chosen, words.terms),
        path=_path(visit, product, words.category), buyable=chosen.availability.buyable,
        rating=float(product.rating.value / product.rating.scale_max) if rated and product.rating else None,
        policies=policies, query_id=q_id, review_count=count, spread=spread, reviews=written,
        related=_related(visit, product),
        previous=url_of(product, page=str(number - 1)) + "#reviews" if number > 1 else "",
        following=url_of(product, page=str(number + 1)) + "#reviews" if number < last else "",
        page_text=visit.t("Page {n} of {m}", n=number, m=last), **_common(request, visit),
    )  # fmt: skip
    visitor = visits.visitor_of(request)
    position = int(pos) if pos.isascii() and pos.isdigit() else None
    seen = [visits.event(visitor, "view", product_id=product.id, query_id=q_id)]
    if q_id and position:
        seen.append(
            visits.event(visitor, "click", product_id=product.id, query_id=q_id, position=position)
        )
    return visits.note(shown, request, visitor, seen)


def _chosen(product: Product, variant_id: str) -> Variant:
    """The variant asked for, else the first that can be bought."""
    asked = [v for v in product.variants if v.id == variant_id]
    buyable = [v for v in product.variants if v.availability.buyable]
    return (asked or buyable or list(product.variants))[0]


def _facts(visit: Visit, product: Product, variant: Variant, terms: Any) -> list[tuple[str, str]]:
    facts = [(visit.t("Brand"), product.brand)] if product.brand else []
    facts += [
        (terms.get(name, name), ", ".join(terms.get(v, v) for v in values))
        for name, values in product.attributes.items()
    ]
    facts += [(terms.get(o.name, o.name), terms.get(o.value, o.value)) for o in variant.options]
    for label, value in (("Model", variant.mpn), ("GTIN", variant.gtin)):
        if value:
            facts.append((visit.t(label), value))
    return facts


def _path(visit: Visit, product: Product, names: tuple[str, ...]) -> list[tuple[str, str]]:
    path = [(visit.t("Home"), "/")]
    for n, label in enumerate(names or product.category, 1):
        path.append((label, SearchLinks(category=product.category[:n]).url))
    return path


def _related(visit: Visit, product: Product) -> list[Card]:
    """Others of its category, the best rated first."""
    if not product.category:
        return []
    links = SearchLinks(category=product.category, sort=Sort.RATING)
    hits = visit.shop.search.search(links.request(visit.language)).hits
    return _cards(
        visit, [h.product_id for h in hits if h.product_id != product.id][: shelves.SHELF]
    )


@router.get("/pages/{slug}")
def text_page(request: Request, slug: Id) -> Response:
    """A policy, an answer, a guide."""
    visit = visit_of(request)
    with visit.shop.database.connection() as conn:
        page = pages.find(conn, slug, visit.language)
    return render(
        visit,
        "storefront/page.html",
        title=page.title,
        body=page.body,
        updated_at=page.updated_at,
        **_common(request, visit),
    )


@router.get("/cart")
def cart_page(request: Request, added: Annotated[str, Query(max_length=1)] = "") -> Response:
    """The cart."""
    visit = visit_of(request)
    cart = carts.read(request.cookies.get(carts.COOKIE, ""))
    lines = _cart_lines(visit, cart)
    totals: dict[str, Money] = {}
    for line in lines:
        total = line["total"]
        if total is not None:
            before = totals.get(total.currency)
            totals[total.currency] = Money(
                total.amount + (before.amount if before else 0), total.currency
            )
    return render(
        visit, "storefront/cart.html", title=visit.t("Cart"), lines=lines, totals=list(totals.values()),
        added=added == "1", **_common(request, visit),
    )  # fmt: skip


def _cart_lines(visit: Visit, cart: carts.Cart) -> list[dict[str, Any]]:
    with visit.shop.database.connection() as conn:
        rows = conn.execute(
            "select id, product_id from variants where id = any(%s)", [list(cart)]
        ).fetchall()
        of = dict(rows)
        found = products.get_many(conn, list(dict.fromkeys(of.values())))
    lines = []
    for variant_id, quantity in cart.items():
        product = found.get(of.get(variant_id, ProductId("")))
        if product is None:
            continue  # no longer sold
        variant = next(v for v in product.variants if v.id == variant_id)
        words = translation_of(product, visit.language)
        low = offer_of([variant]).low
        lines.append({
            "variant": variant_id, "quantity": quantity, "title": words.title, "picture": picture_of(product, variant),
            "url": url_of(product, variant=variant_id), "buyable": variant.availability.buyable,
            "options": ", ".join(words.terms.get(o.value, o.value) for o in variant.options),
            "total": None if low is None else Money(low.amount * quantity, low.currency),
        })  # fmt: skip
    return lines


Quantity = Annotated[int, Form(ge=0, le=carts.MAX_QUANTITY)]
Text = Annotated[str, Form(max_length=300)]


@router.post("/cart")
def add_to_cart(
    request: Request, variant: Text, product: Text = "", quantity: Quantity = 1, q_id: Text = ""
) -> Response:
    """Put something in the cart."""
    cart = carts.read(request.cookies.get(carts.COOKIE, ""))
    cart = carts.changed(cart, variant, cart.get(variant, 0) + quantity)
    visitor = visits.visitor_of(request)
    response = redirect("/cart?added=1")
    carts.write(response, cart, secure=request.url.scheme == "https")
    seen = visits.event(
        visitor,
        "add_to_cart",
        product_id=product,
        query_id=q_id,
        attributes={"variant_id": variant, "quantity": quantity},
    )
    return visits.note(response, request, visitor, [seen])


@router.post("/cart/change")
def change_cart(
    request: Request, variant: Text, quantity: Quantity = 0, remove: Text = ""
) -> Response:
    """Change a quantity, or take something out."""
    cart = carts.read(request.cookies.get(carts.COOKIE, ""))
    response = redirect("/cart")
    carts.write(
        response,
        carts.changed(cart, variant, 0 if remove else quantity),
        secure=request.url.scheme == "https",
    )
    return response


@router.get("/pictures/{product_id:path}.svg")
def picture(
    request: Request, product_id: Id, variant: Annotated[str, Query(max_length=300)] = ""
) -> Response:
    """A drawing of a product that has no photograph."""
    with request.app.state.shop.database.connection() as conn:
        product = products.get(conn, product_id)
    chosen = next((v for v in product.variants if v.id == variant), None)
    svg = demo.picture(product, chosen)
    headers = {"content-security-policy": PICTURE_POLICY, "cache-control": "public, max-age=86400"}
    return Response(svg, media_type="image/svg+xml", headers=headers)
