"""The search tester: what a query finds, why each product is where it is, and what another configuration would find."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from shopkeeper import rules
from shopkeeper.console.page import show
from shopkeeper.console.search.comparing import (
    SHOWN,
    Choice,
    Row,
    choices,
    difference,
    marks,
    rows_of,
)
from shopkeeper.errors import ShopkeeperError
from shopkeeper.pages import Visit, formats, visit_of
from shopkeeper.pages.labels import SORTS
from shopkeeper.pages.links import PAGE_SIZE, SearchLinks
from shopkeeper.pages.products import offer_of
from shopkeeper.search import Explanation, SearchResponse

router = APIRouter(default_response_class=HTMLResponse)

PATH = "/console/search"


@dataclass(frozen=True, slots=True)
class Side:
    """One configuration and its answer; without one, what stood in the way."""

    choice: Choice
    answer: SearchResponse
    problem: str = ""
    hint: str = ""


@router.get("/search")
def search_tester(request: Request) -> Response:
    """What a query finds, and why; beside what another configuration finds, if one is chosen."""
    visit = visit_of(request)
    known = {choice.name: choice for choice in choices(visit)}
    by = known.get(request.query_params.get("by", ""), known[""])
    asked = request.query_params.get("against", "").strip()
    against = known.get("" if asked == "now" else asked) if asked else None
    more = [("by", by.name)] if by.name else []
    more += [("against", against.name or "now")] if against is not None else []
    links = replace(SearchLinks.of(request.query_params, path=PATH), more=tuple(more))
    first = _side(visit, links, by, SHOWN if against else PAGE_SIZE)
    second = None if against is None else _side(visit, links, against, SHOWN)
    return _page(visit, links, list(known.values()), first, second)


def _side(visit: Visit, links: SearchLinks, choice: Choice, limit: int) -> Side:
    request = replace(links.request(visit.language, explain=True), limit=limit)
    try:
        return Side(choice, choice.ask(visit, request))
    except ShopkeeperError as error:
        return Side(choice, SearchResponse(0, ()), error.message, error.hint)


def _page(
    visit: Visit, links: SearchLinks, known: list[Choice], first: Side, second: Side | None
) -> Response:
    answer = first.answer
    last = max(1, -(-answer.total // PAGE_SIZE))
    rows = rows_of(visit, answer, links.query, first=(links.page - 1) * PAGE_SIZE + 1)
    beside = [] if second is None else rows_of(visit, second.answer, links.query)
    ids, others = ([row.product.id for row in side] for side in (rows, beside))
    told = _told(visit, rows)
    with visit.shop.database.connection() as conn:
        held = {rule.name: rule_id for rule_id, rule, _ in rules.listing(conn)}
    return show(
        visit, "search/tester.html", title=visit.t("Search"), answer_text=_sentence(visit, links, answer), links=links,
        answer=answer, lacking=lacking(links.query, answer), rows=told, sorts={sort.value: visit.t(text) for sort, text in SORTS.items()}, active=_active(visit, links, answer),
        choices=known, first=first, second=second, rule_ids=held, reading=_reading(visit, links, first),
        sides=[] if second is None else [(first, rows, marks(ids, others), False), (second, beside, marks(others, ids), True)],
        changed=None if second is None else difference(ids, others),
        parts=any(one["parts"] for one in told),
        previous=links.at_page(links.page - 1) if links.page > 1 and second is None else "",
        following=links.at_page(links.page + 1) if links.page < last and second is None else "",
        page_text=visit.t("Page {n} of {m}", n=links.page, m=last),
    )  # fmt: skip


def _told(visit: Visit, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """What is told beside each hit: its price, its share of the best score, and what each part of the score added."""
    best = max((row.hit.score for row in rows), default=0.0)
    parts = [_parts(visit, row.hit.explanation) for row in rows]
    widest = max((abs(value) for some in parts for _, value in some), default=1.0) or 1.0
    return [
        {
            "row": row, "offer": offer_of(row.product.variants), "share": max(0.0, row.hit.score / best) if best > 0 else 0.0,
            "parts": [(name, value, value / widest) for name, value in some],
        }
        for row, some in zip(rows, parts, strict=True)
    ]  # fmt: skip


def _parts(visit: Visit, why: Explanation | None) -> list[tuple[str, float]]:
    """What words, meaning and the learned order added to the score of a hit; one that added nothing is left out."""
    if why is None or why.words is None or why.meaning is None:
        return []
    parts = [(visit.t("words"), why.words), (visit.t("meaning"), why.meaning)]
    return [*parts, (visit.t("learned"), why.learned)] if why.learned else parts


def _sentence(visit: Visit, links: SearchLinks, answer: SearchResponse) -> str:
    what = visit.counted("1 product", "{n} products", answer.total)
    took = formats.number(round(answer.took_ms, 1), visit.language)
    if links.query:
        return visit.t("“{query}” finds {what} in {ms} ms.", query=links.query, what=what, ms=took)
    return visit.t("{what} without any words, in {ms} ms.", what=what, ms=took)


def _reading(visit: Visit, links: SearchLinks, side: Side) -> list[tuple[str, str, str]]:
    """How the query was understood: what is said, and where to do something about it (words and address)."""
    answer, query = side.answer, links.query
    if not query or side.problem:
        return []
    said = []
    if answer.did_you_mean:
        text = visit.t("Read as “{words}” too, as if mistyped.", words=answer.did_you_mean)
        said.append((text, visit.t("Try that"), replace(links, query=answer.did_you_mean, page=1).url))  # fmt: skip
    if answer.wordings:
        words = "”, “".join(answer.wordings)
        said.append((visit.t("By synonyms also looked for as “{words}”.", words=words), visit.t("Synonyms"), f"{PATH}/synonyms"))  # fmt: skip
    if 0 < answer.required < answer.asked and answer.total:
        said.append((visit.t("These have at least {n} of the {m} words; those with more of them come first.", n=answer.required, m=answer.asked), "", ""))  # fmt: skip
    said.append((*_about_meaning(visit, side), f"{PATH}/versions"))
    return said


def _about_meaning(visit: Visit, side: Side) -> tuple[str, str]:
    """Whether the meaning of the query counted, and the words of a link to what decides that."""
    weight = side.answer.meaning_weight
    if weight:
        told = formats.number(round(weight, 2), visit.language)
        return visit.t("Meaning counts {weight} where words count 1.", weight=told), ""
    if side.choice.name == "words":
        return visit.t("Words alone were asked."), ""
    if not visit.shop.search.embedder and side.choice.version is None:
        return visit.t("Words alone: no version of search by meaning is in use."), visit.t("Versions")  # fmt: skip
    return visit.t("Words alone: the query is a code, or in a language that the version in use does not speak."), visit.t("Versions")  # fmt: skip


def lacking(query: str, answer: SearchResponse) -> str:
    """What of a query is worth a synonym or a tag: its one word that no product has, else all of it. (Chinese is
    searched in pairs of characters; one that is lacking is no word.)"""
    return answer.unknown[0] if len(answer.unknown) == 1 and query.isascii() else query


def _facet_labels(answer: SearchResponse) -> Mapping[tuple[str, str], tuple[str, str]]:
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
