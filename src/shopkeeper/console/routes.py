"""The console's addresses, and its first page: what needs doing."""

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from shopkeeper.console import (
    access,
    attention,
    catalogue,
    importing,
    jobs,
    overview,
    product,
    workshop,
)
from shopkeeper.console import sales as sold
from shopkeeper.console.inbox import conversations, figures, questions
from shopkeeper.console.inbox import rules as policy
from shopkeeper.console.models import installed, scores, spending, trying
from shopkeeper.console.page import show
from shopkeeper.console.recommend import experiments as trials
from shopkeeper.console.recommend import lists as recommended
from shopkeeper.console.recommend import versions as recommenders
from shopkeeper.console.search import queries, rules, synonyms, tagging, tester, versions
from shopkeeper.pages import Visit, visit_of
from shopkeeper.shop.feeds import imports

router = APIRouter(prefix="/console", include_in_schema=False, default_response_class=HTMLResponse)
for part in (
    catalogue,
    product,
    importing,
    tester,
    queries,
    tagging,
    synonyms,
    rules,
    versions,
    recommended,
    recommenders,
    trials,
    sold,
    installed,
    trying,
    scores,
    spending,
    attention,
    workshop,
    jobs,
    questions,
    policy,
    figures,
    conversations,
    access,
):
    router.include_router(part.router)

LATEST = 5


@router.get("")
def home(request: Request) -> Response:
    """What needs doing."""
    visit = visit_of(request)
    shop = visit.shop
    with shop.database.connection() as conn:
        counts = overview.counts(conn)
        todo = overview.todo(conn, counts.active)
        empty = overview.empty_searches(conn)
        sales = sold.sales(conn, shop.settings.currency)
        latest = imports.list_imports(conn, limit=LATEST)
    recent = shop.jobs.list(limit=LATEST)
    return show(
        visit, "overview.html", title=visit.t("Home"), answer=_sentence(visit, counts, todo), counts=counts,
        todo=[(item, visit.counted(item.problem.one, item.problem.many, item.count)) for item in todo],
        empty_searches=empty, sales=sales, trends=sold.trends(visit, sales), imports=latest, jobs=[j for j in recent if not j.state.over],
        failed=[j for j in recent if j.state.value == "failed"],
    )  # fmt: skip


def _sentence(visit: Visit, counts: overview.Counts, todo: list[overview.Todo]) -> str:
    if not counts.products:
        return visit.t("This shop has no products yet.")
    products = visit.counted("1 product", "{n} products", counts.products)
    if not todo:
        return visit.t("{products}, and none lacks anything.", products=products)
    first = todo[0]
    what = visit.counted(first.problem.one, first.problem.many, first.count)
    return visit.t("{products} in the shop. {what}.", products=products, what=what)
