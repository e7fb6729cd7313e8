"""What shoppers search for: what is popular, what found nothing, what nobody clicked; and what to do about each."""

from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from shopkeeper.console.page import page_number, show
from shopkeeper.console.search import asked
from shopkeeper.console.search.asked import Asked, Show, Totals
from shopkeeper.console.search.tester import lacking
from shopkeeper.pages import Visit, visit_of
from shopkeeper.pages.products import picture_of, translation_of
from shopkeeper.search import SearchRequest
from shopkeeper.shop import products

router = APIRouter(default_response_class=HTMLResponse)

PATH = "/console/search/queries"


@router.get("/search/queries")
def queries_page(request: Request) -> Response:
    """One of the three lists."""
    visit = visit_of(request)
    wanted = request.query_params.get("show", "")
    chosen = Show(wanted) if wanted in {s.value for s in Show} else Show.POPULAR
    page = page_number(request.query_params.get("page", ""))
    with visit.shop.database.connection() as conn:
        totals = asked.totals(conn)
        last = max(1, -(-totals.words[chosen] // asked.PAGE_SIZE))
        page = min(page, last)
        listed = asked.listing(conn, chosen, page)
        shown = products.get_many(conn, [one.first for one in listed if one.first])
    cards = {i: (translation_of(p, visit.language).title, picture_of(p)) for i, p in shown.items()}
    return show(
        visit, "search/queries.html", title=visit.t("Search"), answer=_sentence(visit, totals), totals=totals, chosen=chosen.value,
        tabs=[(name.value, text, f"{PATH}?{urlencode({'show': name.value})}", totals.words[name]) for name, text in _tabs(visit)],
        rows=[_row(visit, one, look=chosen is not Show.POPULAR) for one in listed], cards=cards, often=asked.OFTEN,
        previous=_address(chosen, page - 1) if page > 1 else "", following=_address(chosen, page + 1) if page < last else "",
        page_text=visit.t("Page {n} of {m}", n=page, m=last),
    )  # fmt: skip


def _tabs(visit: Visit) -> list[tuple[Show, str]]:
    return [
        (Show.POPULAR, visit.t("Popular")),
        (Show.EMPTY, visit.t("Found nothing")),
        (Show.IGNORED, visit.t("Nobody clicked")),
    ]


def _address(chosen: Show, page: int) -> str:
    return f"{PATH}?{urlencode({'show': chosen.value, 'page': page})}"


def _sentence(visit: Visit, totals: Totals) -> str:
    if not totals.searches:
        return visit.t("Nobody searched in the last {n} days.", n=asked.DAYS)
    searches = visit.counted("1 search", "{n} searches", totals.searches)
    nothing = visit.counted("1 found nothing", "{n} found nothing", totals.empty)
    said = visit.t("Of {searches} in {days} days {nothing}.", searches=searches, days=asked.DAYS, nothing=nothing)  # fmt: skip
    if not totals.clicked:
        return f"{said} {visit.t('No clicks were noted, so nobody can tell what was ignored.')}"
    ignored = totals.words[Show.IGNORED]
    if not ignored:
        return said
    lazy = visit.counted("1 thing asked for often was found and never clicked.", "{n} things asked for often were found and never clicked.", ignored)  # fmt: skip
    return f"{said} {lazy}"


def _row(visit: Visit, one: Asked, *, look: bool) -> dict[str, Any]:
    """A line of the list. look: search for the words again, to say what they find today; what is popular finds enough."""
    answer = visit.shop.search.search(SearchRequest(one.words, limit=0)) if look else None
    word = one.words if answer is None else lacking(one.words, answer)
    rule = "/console/search/rules/new?" + urlencode({"query": one.words, "when": "exact"})
    return {
        "asked": one, "answer": answer, "rate": one.clicked / one.times,
        "tester": "/console/search?" + urlencode({"q": one.words}),
        "synonym": "/console/search/synonyms?" + urlencode({"line": f"{word}, "}) + "#new",
        "pin": f"{rule}&action=pin", "raise": f"{rule}&action=boost", "tag": "/console/search/tag?" + urlencode({"word": word, "find": one.words}),
    }  # fmt: skip
