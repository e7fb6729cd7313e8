"""The search page: what was found, and every way to narrow it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from shopkeeper.pages import Visit, visit_of
from shopkeeper.pages.links import PAGE_SIZE, SearchLinks
from shopkeeper.pages.products import translation_of
from shopkeeper.search import SearchRequest, SearchResponse, Sort
from shopkeeper.shop.records import Product, ProductId, QueryId
from shopkeeper.shop.records import Query as AskedQuery
from shopkeeper.storefront import visits
from shopkeeper.storefront.cards import card_of
from shopkeeper.storefront.layout import show
from shopkeeper.storefront.narrowing import facet_label, groups_of, value_label

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

AS_TYPED = "exact"  # of an address: look for the words as they are
MAX_WAYS = 6  # filters that are tried one by one: each costs a search
# Without words nothing matches better than anything else: what is best rated comes first.
SORTS = (
    Sort.RELEVANCE,
    Sort.RATING,
    Sort.NEWEST,
    Sort.PRICE_ASC,
    Sort.PRICE_DESC,
    Sort.TITLE,
)


@dataclass(frozen=True, slots=True)
class Way:
    """A link with words: a filter to take away, or a way out of an empty page with what it leads to."""

    label: str
    url: str
    count: int = 0


@dataclass(frozen=True, slots=True)
class Meant:
    """Words without their typing errors. as_typed: the address where they are taken as they are; empty there."""

    words: str
    url: str
    as_typed: str


@router.get("/search")
def search_page(request: Request) -> Response:
    """Search and category pages."""
    visit = visit_of(request)
    exact = request.query_params.get(AS_TYPED) == "1"
    links = replace(SearchLinks.of(request.query_params), more=((AS_TYPED, "1"),) if exact else ())
    answer = _answer(visit, links)
    last = max(1, -(-answer.total // PAGE_SIZE))
    if links.page > last:
        links = replace(links, page=last)
        answer = _answer(visit, links)
    found = visit.shop.search.products([hit.product_id for hit in answer.hits])
    visitor = visits.visitor_of(request)
    query_id = visits.new_query_id() if links.query else ""
    first = (links.page - 1) * PAGE_SIZE
    active = _active(visit, links, answer)
    page = show(
        request,
        visit,
        "search.html",
        **_heading(visit, links, answer, found),
        links=links,
        query=links.query,
        category=links.category,
        cards_found=[
            card_of(
                p,
                visit,
                query=answer.did_you_mean or links.query,
                filters=links.filters,
                query_id=query_id,
                position=first + n,
            )
            for n, p in enumerate(found.values(), 1)
        ],
        answer=answer,
        active=active,
        groups=groups_of(visit, links, answer),
        sorts=SORTS if links.query else SORTS[1:],
        sort=Sort.RATING if links.sort is Sort.RELEVANCE and not links.query else links.sort,
        meant=_meant(visit, links, answer),
        relaxed=0 < answer.required < answer.asked and answer.total > 0,
        ways_out=[] if answer.total else _ways_out(visit, links, active),
        previous=links.at_page(links.page - 1) if links.page > 1 else "",
        following=links.at_page(links.page + 1) if links.page < last else "",
        numbered=links.numbered(last) if last > 1 else [],
    )
    if not links.query:
        return page
    asked = AskedQuery(
        id=QueryId(query_id), user_query=links.query, at=datetime.now(UTC), client_id=visitor.session_id,
        session_id=visitor.session_id, application=visits.APPLICATION, hits=tuple(found),
        attributes={"total": answer.total, "page": links.page, "language": visit.language},
    )  # fmt: skip
    seen = visits.event(visitor, "search", query_id=query_id, user_query=links.query)
    return visits.note(page, request, visitor, [seen], asked)


def _answer(visit: Visit, links: SearchLinks) -> SearchResponse:
    asked = links.request(visit.language)
    return visit.shop.search.search(replace(asked, mend=(AS_TYPED, "1") not in links.more))


def _meant(visit: Visit, links: SearchLinks, answer: SearchResponse) -> Meant | None:
    """What the words may have been meant to be. Where they were taken as they are, that is looked up for once."""
    as_typed, mended = replace(links, more=((AS_TYPED, "1"),), page=1), answer.did_you_mean
    if links.more and links.query:
        mended = visit.shop.search.search(SearchRequest(links.query, limit=0)).did_you_mean
    if mended is None:
        return None
    as_meant = replace(links, query=mended, more=(), page=1)
    return Meant(mended, as_meant.url, "" if links.more else as_typed.url)


def _heading(
    visit: Visit, links: SearchLinks, answer: SearchResponse, found: Mapping[ProductId, Product]
) -> dict[str, Any]:
    names = {c: c for c in links.category}
    for product in found.values():
        words = translation_of(product, visit.language).category
        names |= dict(zip(product.category, words, strict=False))
    path: list[tuple[str, str]] = [(visit.t("Home"), "/")]
    path += [(names[c], links.up_to(n)) for n, c in enumerate(links.category, 1)]
    place = names[links.category[-1]] if links.category else visit.t("All products")
    query = answer.did_you_mean or links.query
    title = visit.t("Results for “{query}”", query=query) if query else place
    return {
        "title": title,
        "place": place,
        "path": path if links.category else [],
        "sentence": visit.counted("1 product", "{n} products", answer.total),
    }


def _active(visit: Visit, links: SearchLinks, answer: SearchResponse) -> list[Way]:
    """The filters that are set, each with the address without it."""
    facets = {f.name: f for f in answer.facets}
    ways = []
    for name, value in links.filters:
        facet = facets.get(name)
        values = {v.value: v.label for v in facet.values} if facet else {}
        label = facet_label(visit, name, facet.label if facet else name)
        shown = value_label(visit, name, values.get(value, value))
        ways.append(Way(f"{label}: {shown}", links.toggled(name, value)))
    if links.price_min or links.price_max:
        text = f"{links.price_min or '0'} – {links.price_max or '…'}"
        ways.append(Way(f"{visit.t('Price')}: {text}", links.without_price()))
    if links.available_only:
        ways.append(Way(visit.t("Only what can be bought now"), links.available()))
    return ways


def _ways_out(visit: Visit, links: SearchLinks, active: list[Way]) -> list[Way]:
    """What one step back would show, for a page that shows nothing. Steps that show nothing either are left out."""
    steps = [
        Way(visit.t("Without “{filter}”", filter=way.label), way.url) for way in active[:MAX_WAYS]
    ]
    if len(active) > 1:
        steps.append(Way(visit.t("Without any filter"), links.cleared()))
    if links.category:
        steps.append(Way(visit.t("In all departments"), replace(links, category=(), page=1).url))
    if links.query and (active or links.category):
        steps.append(Way(visit.t("Without the words “{words}”", words=links.query), links.without_words()))  # fmt: skip
    return [replace(step, count=total) for step in steps if (total := _total(visit, step.url)) > 0]


def _total(visit: Visit, url: str) -> int:
    wanted = SearchLinks.of_url(url).request(visit.language)
    return visit.shop.search.search(replace(wanted, limit=0)).total
