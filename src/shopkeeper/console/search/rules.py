"""Rules in the console: a list in plain words, and a form that shows what a rule does before it is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, Response

from shopkeeper import rules
from shopkeeper.console.page import show
from shopkeeper.console.search import rule_words
from shopkeeper.console.search.comparing import SHOWN, difference, marks, rows_of
from shopkeeper.console.search.conflicts import Ruling, conflicts
from shopkeeper.console.search.rule_form import BadRule, Draft
from shopkeeper.pages import Visit, redirect, visit_of
from shopkeeper.pages.products import picture_of, translation_of
from shopkeeper.rules import Rule
from shopkeeper.search import SearchRequest
from shopkeeper.search import merchant as merchants
from shopkeeper.search.documents import BRAND
from shopkeeper.shop import products
from shopkeeper.shop.records import Product, ProductId

router = APIRouter(default_response_class=HTMLResponse)

PATH = "/console/search/rules"
MAX_FIELDS = 400
OFFERED = 200  # brands and values that a field offers to choose from
FOUND = 6
NEW = 0  # id of a rule that is not kept yet
RuleId = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.get("/search/rules")
def rules_page(request: Request, done: str = "") -> Response:
    """The rules in plain words, with what works against each other."""
    visit = visit_of(request)
    with visit.shop.database.connection() as conn:
        known, removed = rules.listing(conn), rules.removed(conn)
    search, now = visit.shop.search, datetime.now(UTC)
    rulings = [Ruling(i, rule, search.chosen(rule.selection)) for i, rule, _ in known]
    held = {i for i, rule, active in known if rule_words.state(rule, active=active, now=now) in ("active", "later")}  # fmt: skip
    live = [ruling for ruling in rulings if ruling.id in held]
    found = {ruling.id: conflicts(ruling, live) for ruling in live}
    wanted = rule_words.titles_needed([r for _, r, _ in known] + [r for _, r in removed])
    wanted += [conflict.ids[0] for some in found.values() for conflict in some]
    titles = _titles(visit, wanted)
    rows = [
        {
            "id": i, "rule": rule, "active": active, "state": rule_words.state(rule, active=active, now=now),
            "when": rule_words.when(visit, rule), "which": rule_words.which(visit, rule, titles), "what": rule_words.what(visit, rule),
            "products": len(ruling.ids), "against": [rule_words.against(visit, c, titles) for c in found.get(i, [])],
        }
        for (i, rule, active), ruling in zip(known, rulings, strict=True)
    ]  # fmt: skip
    return show(
        visit, "search/rules.html", title=visit.t("Search"), answer=_sentence(visit, rows), rows=rows, done=done,
        gone=next(((i, rule.name) for i, rule in removed if str(i) == done), None),
        kept=next((row for row in rows if f"kept-{row['id']}" == done), None), removed=removed,
    )  # fmt: skip


def _sentence(visit: Visit, rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return visit.t("No rules yet: products stand where search puts them.")
    live = sum(row["state"] == "active" for row in rows)
    said = visit.counted("1 rule holds now.", "{n} rules hold now.", live)
    at_odds = sum(bool(row["against"]) for row in rows)
    if not at_odds:
        return said
    return f"{said} {visit.t('{n} work against each other.', n=at_odds)}"


def _titles(visit: Visit, ids: Sequence[str]) -> dict[str, str]:
    with visit.shop.database.connection() as conn:
        found = products.get_many(conn, list(dict.fromkeys(ids)))
    return {i: translation_of(product, visit.language).title for i, product in found.items()}


@router.get("/search/rules/new")
def new_rule(request: Request) -> Response:
    """An empty form, or one that the address has filled in."""
    return _form(visit_of(request), NEW, Draft.of_form(request.query_params))


@router.post("/search/rules/new")
async def make_rule(request: Request) -> Response:
    """Keep a new rule, or only look at what it does."""
    form = await request.form(max_fields=MAX_FIELDS, max_files=0)
    return await run_in_threadpool(_answer, visit_of(request), NEW, form)


@router.get("/search/rules/{rule_id}")
def rule_page(request: Request, rule_id: RuleId) -> Response:
    """A rule in its form."""
    visit = visit_of(request)
    with visit.shop.database.connection() as conn:
        rule, _ = rules.get(conn, rule_id)
    return _form(visit, rule_id, Draft.of_rule(rule))


@router.post("/search/rules/{rule_id}")
async def change_rule(request: Request, rule_id: RuleId) -> Response:
    """Keep another text of a rule, or only look at what it does."""
    form = await request.form(max_fields=MAX_FIELDS, max_files=0)
    return await run_in_threadpool(_answer, visit_of(request), rule_id, form)


@router.post("/search/rules/{rule_id}/active")
def set_active(
    request: Request, rule_id: RuleId, active: Annotated[str, Form(max_length=5)] = ""
) -> Response:
    """Let a rule hold, or rest."""
    with request.app.state.shop.database.connection() as conn:
        rules.activate(conn, rule_id, active=active == "1")
    return redirect(f"{PATH}#rule-{rule_id}")


@router.post("/search/rules/{rule_id}/remove")
def remove(request: Request, rule_id: RuleId) -> Response:
    """Take a rule away; the page that follows offers to undo it."""
    with request.app.state.shop.database.connection() as conn:
        rules.delete(conn, rule_id)
    return redirect(f"{PATH}?done={rule_id}")


@router.post("/search/rules/{rule_id}/restore")
def restore(request: Request, rule_id: RuleId) -> Response:
    """Put a rule back."""
    with request.app.state.shop.database.connection() as conn:
        rules.restore(conn, rule_id)
    return redirect(f"{PATH}?done=restored")


def _answer(visit: Visit, rule_id: int, form: FormData) -> Response:
    with visit.shop.database.connection() as conn:
        keep, active = (None, True) if rule_id == NEW else rules.get(conn, rule_id)
    draft = Draft.of_form(form, keep)
    find = form.get("find", "")
    if form.get("do") != "save":
        return _form(visit, rule_id, draft, find=find if isinstance(find, str) else "")
    try:
        rule = _named(visit, draft)
    except BadRule as error:
        return _form(visit, rule_id, draft, problems=error.problems)
    with visit.shop.database.connection() as conn:
        kept = rules.save(conn, rule, rule_id=rule_id or None, active=active)
    return redirect(f"{PATH}?done=kept-{kept}#rule-{kept}")


def _named(visit: Visit, draft: Draft) -> Rule:
    """The rule of a form. One without a name is called by what it does. Raises BadRule."""
    rule = draft.rule("-")
    if draft.name:
        return rule
    titles = _titles(visit, rule_words.titles_needed([rule]))
    words = [rule.condition.query, rule_words.which(visit, rule, titles), rule_words.what(visit, rule)]  # fmt: skip
    return replace(rule, name=" · ".join(filter(None, words))[:120])


def _form(
    visit: Visit,
    rule_id: int,
    draft: Draft,
    *,
    find: str = "",
    problems: Mapping[str, str] | None = None,
) -> Response:
    with visit.shop.database.connection() as conn:
        picked = products.get_many(conn, draft.ids)
    search = visit.shop.search
    everything = search.search(SearchRequest(limit=0, language=visit.language))
    values = {f.name: [v.value for v in f.values[:OFFERED]] for f in everything.facets}
    effect = None if problems else _effect(visit, rule_id, draft)
    title = visit.t("New rule") if rule_id == NEW else draft.name or visit.t("Rule")
    return show(
        visit, "search/rule.html", status=422 if problems else 200, title=title, here=f"{PATH}/{rule_id or 'new'}",
        draft=draft, problems=problems or {}, find=find, effect=effect, is_new=rule_id == NEW,
        picked=[(i, _card(visit, picked[i]) if i in picked else None) for i in map(ProductId, draft.ids)],
        found=[_card(visit, product) for product in _found(visit, find, draft)],
        categories=sorted(search.categories), brands=values.pop(BRAND, []), facets=values,
    )  # fmt: skip


def _card(visit: Visit, product: Product) -> dict[str, str]:
    return {
        "id": product.id, "title": translation_of(product, visit.language).title, "picture": picture_of(product),
    }  # fmt: skip


def _found(visit: Visit, find: str, draft: Draft) -> list[Product]:
    """Products to choose from: by the words looked for, else by those of the rule."""
    words = find.replace("\0", "").strip() or draft.query
    if not words:
        return []
    answer = visit.shop.search.search(SearchRequest(words, limit=FOUND + len(draft.ids)))
    ids = [hit.product_id for hit in answer.hits if hit.product_id not in draft.ids]
    return list(visit.shop.search.products(ids[:FOUND]).values())


@dataclass(frozen=True, slots=True)
class Effect:
    """What a rule does to the first hits of a list. words: those it is tried with. problem: why that cannot be shown.

    sides: without and with it, each as rows and marks. notes: what else is to be said.
    """

    words: str = ""
    problem: Mapping[str, str] | None = None
    sides: Sequence[tuple[str, Any, Any, bool]] = ()
    changed: Any = None
    gone: int = 0
    chosen: int = 0
    notes: Sequence[str] = ()


def _effect(visit: Visit, rule_id: int, draft: Draft) -> Effect:
    """The rule as it would be when its days have come, over the first hits."""
    try:
        rule = draft.rule(visit.t("this rule"))
        tried = draft.at_any_time().rule(rule.name)
    except BadRule as error:
        return Effect(problem=error.problems)
    with visit.shop.database.connection() as conn:
        said = merchants.read(conn)
        listed = rules.listing(conn, active_only=True)
    before = [(i, other) for i, other, _ in listed if i != rule_id]
    after = sorted([*before, (rule_id or 2**63, tried)], key=lambda pair: pair[0])
    words = draft.attempt or rule.condition.query
    asked = SearchRequest(words, category=rule.condition.category, limit=SHOWN, language=visit.language)  # fmt: skip
    answers = [
        visit.shop.search.search(asked, merchant=replace(said, rules=tuple(r for _, r in some)))
        for some in (before, after)
    ]
    shown = [rows_of(visit, answer, words) for answer in answers]
    ids, others = ([row.product.id for row in rows] for rows in shown)
    chosen = visit.shop.search.chosen(tried.selection)
    return Effect(
        words, None,
        [(visit.t("Without the rule"), shown[0], marks(ids, others), False), (visit.t("With the rule"), shown[1], marks(others, ids), True)],
        difference(ids, others), answers[0].total - answers[1].total, len(chosen),
        _notes(visit, rule_id, rule, tried, words, chosen, before),
    )  # fmt: skip


def _notes(
    visit: Visit, rule_id: int, rule: Rule, tried: Rule, words: str, chosen: Sequence[str], others: Sequence[tuple[int, Rule]],
) -> list[str]:  # fmt: skip
    """What somebody about to keep a rule should know."""
    now, notes = datetime.now(UTC), []
    if not tried.holds(words, rule.condition.category, now):
        notes.append(visit.t("For these words the rule does not hold: nothing changes."))
    elif not rule.holds(words, rule.condition.category, now):
        notes.append(visit.t("Today is not one of its days; this is how it will be when it holds."))
    if not chosen:
        notes.append(visit.t("No product is like this now."))
    search = visit.shop.search
    rulings = [Ruling(i, other, search.chosen(other.selection)) for i, other in others]
    found = conflicts(Ruling(rule_id, rule, chosen), rulings)
    titles = _titles(visit, [conflict.ids[0] for conflict in found])
    return notes + [rule_words.against(visit, conflict, titles) for conflict in found]
