"""Synonyms in the console: written a line each, tried before they are kept, changed, taken away and put back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Form, Path, Request
from starlette.responses import HTMLResponse, Response

from shopkeeper.console.page import page_number, show
from shopkeeper.pages import Visit, redirect, visit_of
from shopkeeper.search import SearchRequest, synonyms
from shopkeeper.search import merchant as merchants
from shopkeeper.search.synonyms import MAX_LENGTH, MAX_TERMS, Synonym, Thesaurus

router = APIRouter(default_response_class=HTMLResponse)

PAGE_SIZE = 25
FIRST = 12  # hits that a shopper sees
MAX_LINES = 200
PATH = "/console/search/synonyms"
Lines = Annotated[str, Form(max_length=20_000)]
SynonymId = Annotated[int, Path(ge=1, le=2**63 - 1)]


@dataclass(frozen=True, slots=True)
class Effect:
    """What a synonym changes for its first term: products found without it and with it.

    fresh: how many of the first hits are there because of it. moved: the first hits stand in another order.
    """

    before: int
    after: int
    fresh: int
    moved: bool

    @property
    def none(self) -> bool:
        """True if nothing changes."""
        return self.before == self.after and not self.fresh and not self.moved


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no synonym, and why."""

    number: int
    text: str
    reason: str


@router.get("/search/synonyms")
def synonyms_page(request: Request, line: str = "", page: str = "1", edit: str = "") -> Response:
    """The synonyms. line: one to begin with. edit: the id of the one that is open."""
    typed = line[: MAX_TERMS * MAX_LENGTH]
    return _page(visit_of(request), typed, page=page_number(page), edit=edit, done=request.query_params.get("done", ""))  # fmt: skip


@router.post("/search/synonyms")
def add(request: Request, lines: Lines = "", do: Annotated[str, Form(max_length=10)] = "") -> Response:  # fmt: skip
    """Keep new synonyms, or only show what they would change."""
    visit = visit_of(request)
    made, bad = _parsed(visit, lines)
    if do == "look" or bad or not made:
        if not made and not bad and do != "look":
            bad = [BadLine(1, "", visit.t("Nothing was written."))]
        return _page(visit, lines, tried=made, bad=bad, refused=do != "look")
    with visit.shop.database.connection() as conn:
        for synonym in made:
            synonyms.save(conn, synonym)
    return redirect(f"{PATH}?done=added")


@router.post("/search/synonyms/{synonym_id}")
def change(request: Request, synonym_id: SynonymId, line: Lines = "") -> Response:
    """Another text for a synonym."""
    visit = visit_of(request)
    made, bad = _parsed(visit, line)
    if len(made) != 1 or bad:
        reason = bad[0].reason if bad else visit.t("Write one line.")
        return _page(visit, edit=str(synonym_id), edit_typed=line, edit_problem=reason, refused=True)  # fmt: skip
    with visit.shop.database.connection() as conn:
        synonyms.save(conn, made[0], synonym_id=synonym_id)
    return redirect(f"{PATH}?done=changed")


@router.post("/search/synonyms/{synonym_id}/remove")
def remove(request: Request, synonym_id: SynonymId) -> Response:
    """Take a synonym away; the page that follows offers to undo it."""
    with request.app.state.shop.database.connection() as conn:
        synonyms.delete(conn, synonym_id)
    return redirect(f"{PATH}?done={synonym_id}")


@router.post("/search/synonyms/{synonym_id}/restore")
def restore(request: Request, synonym_id: SynonymId) -> Response:
    """Put a synonym back."""
    with request.app.state.shop.database.connection() as conn:
        synonyms.restore(conn, synonym_id)
    return redirect(f"{PATH}?done=restored")


def _parsed(visit: Visit, text: str) -> tuple[list[Synonym], list[BadLine]]:
    """Synonyms of a text, one a line, and the lines that are none."""
    made: list[Synonym] = []
    bad: list[BadLine] = []
    for number, line in enumerate(text.replace("\0", "").splitlines(), 1):
        if not line.strip():
            continue
        left, arrow, _ = line.partition("=>")
        if len(made) + len(bad) == MAX_LINES:
            bad.append(BadLine(number, "", visit.t("At most {n} lines at once.", n=MAX_LINES)))
            break
        if arrow and "," in left.replace("，", ","):
            bad.append(BadLine(number, line, visit.t("One term stands before “=>”; write a line for each.")))  # fmt: skip
            continue
        try:
            made.append(synonyms.parse_line(line))
        except ValueError:
            bad.append(BadLine(number, line, visit.t("A line needs at least two different terms, at most {n} of at most {length} characters.", n=MAX_TERMS, length=MAX_LENGTH)))  # fmt: skip
    return made, bad


def _page(
    visit: Visit,
    typed: str = "",
    *,
    page: int = 1,
    edit: str = "",
    edit_typed: str | None = None,
    edit_problem: str = "",
    tried: Sequence[Synonym] = (),
    bad: Sequence[BadLine] = (),
    refused: bool = False,
    done: str = "",
) -> Response:
    with visit.shop.database.connection() as conn:
        known = synonyms.listing(conn)
        removed = synonyms.removed(conn)
    page = next((at // PAGE_SIZE + 1 for at, (id_, _) in enumerate(known) if str(id_) == edit), page)  # fmt: skip
    last = max(1, -(-len(known) // PAGE_SIZE))
    page = min(page, last)
    listed = known[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    every = [synonym for _, synonym in known]
    rows = [
        (id_, synonym, synonyms.line_of(synonym), _effect(visit, synonym, [s for i, s in known if i != id_], every))
        for id_, synonym in listed
    ]  # fmt: skip
    return show(
        visit, "search/synonyms.html", status=422 if refused else 200, title=visit.t("Search"), answer=_sentence(visit, rows, len(known)),
        rows=rows, typed=typed, bad=bad, done=done, edit=edit, edit_typed=edit_typed, edit_problem=edit_problem,
        tried=[(synonyms.line_of(s), _effect(visit, s, every, [*every, *tried])) for s in tried[:PAGE_SIZE]],
        removed=[(id_, synonyms.line_of(synonym)) for id_, synonym in removed],
        gone=next(((id_, synonyms.line_of(s)) for id_, s in removed if str(id_) == done), None),
        previous=f"{PATH}?page={page - 1}" if page > 1 else "", following=f"{PATH}?page={page + 1}" if page < last else "",
        page_text=visit.t("Page {n} of {m}", n=page, m=last),
    )  # fmt: skip


def _sentence(
    visit: Visit, rows: Sequence[tuple[int, Synonym, str, Effect]], total: int
) -> str:  # fmt: skip
    if not total:
        return visit.t("No words are told to mean the same yet.")
    idle = sum(effect.none for *_, effect in rows)
    what = visit.counted("1 line of synonyms.", "{n} lines of synonyms.", total)
    if not idle:
        return what
    lazy = visit.counted("1 of those shown changes nothing for its first term.", "{n} of those shown change nothing for their first term.", idle)  # fmt: skip
    return f"{what} {lazy}"


def _effect(
    visit: Visit, synonym: Synonym, others: Sequence[Synonym], every: Sequence[Synonym]
) -> Effect:
    """What its first term finds with the other synonyms alone, and with every one."""
    with visit.shop.database.connection() as conn:
        said = merchants.read(conn)
    asked = SearchRequest(synonym.terms[0], limit=FIRST, language=visit.language)
    search = visit.shop.search
    before, after = (
        search.search(asked, merchant=replace(said, thesaurus=Thesaurus(some)))
        for some in (others, every)
    )
    first, then = ([hit.product_id for hit in answer.hits] for answer in (before, after))
    return Effect(before.total, after.total, len(set(then) - set(first)), first != then)
