"""The search tester: what a query finds, why each product is where it is, and how long that took."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from shopkeeper.console.page import show
from shopkeeper.pages import Visit, formats, visit_of
from shopkeeper.pages.labels import SORTS
from shopkeeper.pages.links import PAGE_SIZE, SearchLinks
from shopkeeper.pages.products import offer_of, picture_of, translation_of
from shopkeeper.search import SearchResponse, highlight
from shopkeeper.shop import products

router = APIRouter(default_response_class=HTMLResponse)

PATH = "/console/search"


@router.get("/search")
def search_tester(request: Request) -> Response:
    """What a query finds, and why."""
    visit = visit_of(request)
    links = SearchLinks.of(request.query_params, path=PATH)
    answer = visit.shop.search.search(links.request(visit.language, explain=True))
    with visit.shop.database.connection() as conn:
        found = products.get_many(conn, [hit.product_id for hit in answer.hits])
    best = max((hit.score for hit in answer.hits), default=0.0)
    last = max(1, -(-answer.total // PAGE_SIZE))
    rows = [
        {
            "number": number, "hit": hit, "product": product, "offer": offer_of(product.variants),
            "title": highlight(translation_of(product, visit.language).title, links.query),
            "picture": picture_of(product), "share": hit.score / best if best > 0 else 0.0,
        }
        for number, hit in enumerate(answer.hits, (links.page - 1) * PAGE_SIZE + 1)
        if (product := found.get(hit.product_id)) is not None
    ]  # fmt: skip
    return show(
        visit, "search.html", title=visit.t("Search"), answer_text=_sentence(visit, links, answer), links=links,
        answer=answer, rows=rows, sorts={sort.value: visit.t(text) for sort, text in SORTS.items()}, active=_active(visit, links, answer),
        relaxed=0 < answer.required < answer.asked and answer.total > 0,
        previous=links.at_page(links.page - 1) if links.page > 1 else "",
        following=links.at_page(links.page + 1) if links.page < last else "",
        page_text=visit.t("Page {n} of {m}", n=links.page, m=last),
    )  # fmt: skip


def _sentence(visit: Visit, links: SearchLinks, answer: SearchResponse) -> str:
    what = visit.counted("1 product", "{n} products", answer.total)
    took = formats.number(round(answer.took_ms, 1), visit.language)
    if links.query:
        return visit.t("“{query}” finds {what} in {ms} ms.", query=links.query, what=what, ms=took)
    return visit.t("{what} without any words, in {ms} ms.", what=what, ms=took)


def _facet_labels(answer: SearchResponse) -> dict[tuple[str, str], tuple[str, str]]:
    """(facet, value) -> both in the visitor's language."""
    return {
        (facet.name, value.value): (facet.label or facet.name, value.label or value.value)
        for facet in answer.facets
        for value in facet.values
    }


def _active(visit: Visit, links: SearchLinks, answer: SearchResponse) -> list[dict[str, Any]]:
    """What narrows the search, each with the address without it."""
    labels = _facet_labels(answer)
    active = [
        {
            "text": ": ".join(labels.get((name, value), (name, value))),
            "url": links.toggled(name, value),
        }
        for name, value in links.filters
    ]
    active += [
        {"text": part, "url": links.up_to(level)} for level, part in enumerate(links.category)
    ]
    if links.price_min or links.price_max:
        low, high = links.price_min or "0", links.price_max or "…"
        active.append({"text": f"{visit.t('Price')}: {low} – {high}", "url": links.without_price()})
    if links.available_only:
        active.append({"text": visit.t("Only what can be bought"), "url": links.available()})
    return active
