"""Versions of search by meaning: which is in use, what others scored, building one, putting it to use, going back."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, Response

from shopkeeper.artifacts import Artifact
from shopkeeper.console.page import show
from shopkeeper.console.switching import add_forms, standing
from shopkeeper.errors import Conflict
from shopkeeper.face import Shop
from shopkeeper.jobs import meaning
from shopkeeper.jobs.tasks import BUILD_SEARCH
from shopkeeper.models import hub
from shopkeeper.models.cache import place
from shopkeeper.models.embed import EMBEDDERS, recommended
from shopkeeper.models.embed.catalogue import Spec
from shopkeeper.pages import Visit, formats, redirect, visit_of
from shopkeeper.pages.products import translation_of
from shopkeeper.search import versions
from shopkeeper.search.versions import SURE
from shopkeeper.shop import products

router = APIRouter(default_response_class=HTMLResponse)

PAGE = "/search/versions"
ENOUGH = 30  # queries with clicks, below which a comparison says little


@router.get(PAGE)
def versions_page(request: Request) -> Response:
    """What search goes by, what else there is, and what can be made."""
    return _page(visit_of(request))


def _page(visit: Visit, error: Conflict | None = None) -> Response:
    search = visit.shop.search
    with visit.shop.database.connection() as conn:
        known = versions.listing(conn)
        examples = {e for v in known for one in v.score.get("examples", ()) for e in (*one["before"], *one["after"])}  # fmt: skip
        named = products.get_many(conn, list(examples))
    stands = standing(visit, known, BUILD_SEARCH)
    return show(
        visit, "search/versions.html", status=409 if error else 200, title=visit.t("Search"),
        answer=_sentence(visit, stands.in_use, search.awaited), standing=stands, error=error,
        loaded=search.embedder, rows=[(v, _verdict(visit, v)) for v in known], enough=ENOUGH,
        titles={i: translation_of(p, visit.language).title for i, p in named.items()}, choices=_choices(visit),
    )  # fmt: skip


def _sentence(visit: Visit, in_use: Artifact | None, awaited: int) -> str:
    if in_use is None:
        return visit.t("Shoppers find by words alone. With a version of search by meaning they also find what they say otherwise.")  # fmt: skip
    said = visit.t("Shoppers find by words and by meaning, with {embedder}.", embedder=in_use.spec["embedder"])  # fmt: skip
    if not awaited:
        return f"{said} {visit.t('Every product has its vectors.')}"
    waiting = visit.counted("1 product awaits its vectors and is found by words until then.", "{n} products await their vectors and are found by words until then.", awaited)  # fmt: skip
    return f"{said} {waiting}"


def _verdict(visit: Visit, version: Artifact) -> str:
    """What its comparison says, in words."""
    score = version.score
    if not score.get("queries"):
        return ""
    if score["clicked"] < ENOUGH:
        return visit.t("Too few searches with clicks to tell: {n} of the {enough} needed.", n=score["clicked"], enough=ENOUGH)  # fmt: skip
    gain = score["mrr_after"] - score["mrr_before"]
    if abs(gain) <= SURE * score["error"]:
        return visit.t("What was clicked stands as high as before.")
    if gain > 0:
        return visit.t("What was clicked stands higher than before.")
    return visit.t("What was clicked stands lower than before.")


def _choices(visit: Visit) -> list[dict[str, Any]]:
    settings = visit.shop.settings
    wanted = {settings.language, *settings.languages}
    fitting = recommended(wanted) or recommended({settings.language})
    names = formats.locale_of(visit.language).languages
    return [
        {
            "id": spec.id, "title": entry.title, "licence": entry.licence, "megabytes": round(_bytes(spec) / 1e6),
            "here": place(entry, settings.cache_folder).exists(), "fits": spec.id == next(iter(fitting), ""),
            "lacks": [names.get(language, language) for language in sorted(wanted - spec.languages)],
        }
        for spec in EMBEDDERS.values()
        for entry in (hub.entry(spec.weights),)
    ]  # fmt: skip


def _bytes(spec: Spec) -> int:
    return hub.entry(spec.weights).size_bytes + hub.entry(spec.tokenizer).size_bytes


@router.post(f"{PAGE}/build")
def build(
    request: Request,
    embedder: Annotated[str, Form(max_length=100)] = "",
    switch: Annotated[str, Form(max_length=5)] = "",
) -> Response:
    """Build a version in the background, and follow that on the page of its job."""
    if embedder not in EMBEDDERS:
        return redirect(f"/console{PAGE}")
    job = meaning.build(request.app.state.shop.jobs, embedder, switch=switch == "1")
    return redirect(f"/console/jobs/{job}")


def _use(shop: Shop, version_id: int) -> None:
    with shop.database.connection() as conn:
        versions.switch(conn, version_id)


def _delete(shop: Shop, version_id: int) -> None:
    with shop.database.connection() as conn:
        versions.discard(conn, version_id)


def _roll_back(shop: Shop) -> None:
    with shop.database.connection() as conn:
        versions.roll_back(conn)


add_forms(router, PAGE, _page, use=_use, delete=_delete, roll_back=_roll_back)
