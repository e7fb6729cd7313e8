"""The console's catalogue: a list to look through, and files to take away."""

from dataclasses import dataclass, replace
from typing import Any, BinaryIO, Self
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.datastructures import QueryParams
from starlette.responses import HTMLResponse, Response

from shopkeeper.api.routes.transfer import download
from shopkeeper.console.listing import PAGE_SIZE, SORTS, listing
from shopkeeper.console.page import page_number, show
from shopkeeper.console.problems import PROBLEMS
from shopkeeper.pages import Visit, formats, visit_of
from shopkeeper.pages.products import offer_of, picture_of, translation_of
from shopkeeper.shop import products
from shopkeeper.shop.records import Product, ProductStatus

router = APIRouter(default_response_class=HTMLResponse)

EXPORTS = {"jsonl": "products.jsonl", "shopify": "products.csv", "google": "products.xml"}
MAX_TEXT = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks the list for. Whatever makes no sense is left out, never an error."""

    q: str = ""
    status: str = ""
    problem: str = ""
    sort: str = "changed"
    page: int = 1

    @classmethod
    def of(cls, params: QueryParams) -> Self:
        """The address as it came."""
        status, problem, sort = (params.get(n, "") for n in ("status", "problem", "sort"))
        return cls(
            params.get("q", "")[:MAX_TEXT].strip(),
            status if status in {s.value for s in ProductStatus} else "",
            problem if problem in PROBLEMS else "",
            sort if sort in SORTS else "changed",
            page_number(params.get("page", "")),
        )

    def url(self, **changes: Any) -> str:
        """The address with something else; of the first page, unless that is what changes."""
        wanted = replace(self, **{"page": 1, **changes})
        pairs = [("q", wanted.q), ("status", wanted.status), ("problem", wanted.problem)]
        pairs += [("sort", "" if wanted.sort == "changed" else wanted.sort)]
        pairs += [("page", str(wanted.page) if wanted.page > 1 else "")]
        kept = [(name, value) for name, value in pairs if value]
        return "/console/catalogue" + (f"?{urlencode(kept)}" if kept else "")

    def sorted_by(self, name: str) -> tuple[str, str]:
        """Where the head of a column leads, and how it is sorted now, in the words of aria-sort."""
        if self.sort == name:
            other = f"-{name}"
            return self.url(sort=other if other in SORTS else "changed"), "ascending"
        if self.sort == f"-{name}":
            return self.url(sort="changed"), "descending"
        return self.url(sort=name), "none"


@router.get("/catalogue")
def catalogue(request: Request) -> Response:
    """The products."""
    visit = visit_of(request)
    asked = Asked.of(request.query_params)
    with visit.shop.database.connection() as conn:
        found = listing(
            conn,
            query=asked.q,
            status=asked.status,
            problem=asked.problem,
            sort=asked.sort,
            page=asked.page,
        )
        shown = products.get_many(conn, found.ids)
    last = max(1, -(-found.total // PAGE_SIZE))
    page = min(asked.page, last)
    return show(
        visit, "catalogue.html", title=visit.t("Catalogue"), answer=_answer(visit, asked, found.total),
        asked=asked, total=found.total, by_status=found.by_status, problems=PROBLEMS,
        rows=[_row(p, visit) for p in shown.values()],
        previous=asked.url(page=page - 1) if page > 1 else "",
        following=asked.url(page=page + 1) if page < last else "",
        page_text=visit.t("Page {n} of {m}", n=page, m=last),
    )  # fmt: skip


def _answer(visit: Visit, asked: Asked, total: int) -> str:
    if asked.problem:
        problem = PROBLEMS[asked.problem]
        return visit.counted(problem.one, problem.many, total)
    if asked.q:
        number = formats.number(total, visit.language)
        return visit.t("{n} found for “{query}”", n=number, query=asked.q)
    return visit.counted("1 product", "{n} products", total)


def _row(product: Product, visit: Visit) -> dict[str, Any]:
    stocks = [v.quantity for v in product.variants if v.quantity is not None]
    return {
        "product": product, "title": translation_of(product, visit.language).title, "picture": picture_of(product),
        "offer": offer_of(product.variants), "stock": sum(stocks) if stocks else None,
        "buyable": any(v.availability.buyable for v in product.variants),
    }  # fmt: skip


@router.get("/export")
def export(request: Request, format: str = "jsonl") -> Response:
    """All products as a file."""
    shop = request.app.state.shop
    chosen = format if format in EXPORTS else "jsonl"

    def write(out: BinaryIO) -> None:
        shop.export(out, "products", format=chosen)

    return download(request, write, EXPORTS[chosen])
