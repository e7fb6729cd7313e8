"""Versions of the recommender: what was measured, what more behaviour would bring, training, putting to use, going back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, Response

from shopkeeper.artifacts import Artifact
from shopkeeper.console.page import show
from shopkeeper.console.switching import add_forms, standing
from shopkeeper.errors import Conflict
from shopkeeper.face import Shop
from shopkeeper.jobs import recommending
from shopkeeper.jobs.tasks import TRAIN_RECOMMENDER
from shopkeeper.pages import Visit, formats, redirect, visit_of
from shopkeeper.pages.curves import Chart, Curve, chart
from shopkeeper.pages.products import translation_of
from shopkeeper.recommend import versions
from shopkeeper.shop import products

router = APIRouter(default_response_class=HTMLResponse)

PAGE = "/recommend/versions"


@dataclass(frozen=True, slots=True)
class Row:
    """A version as it is told. verdict: what its measurement says, in words; table: (name, figures) of what it was
    measured beside."""

    version: Artifact
    verdict: str
    table: tuple[tuple[str, Mapping[str, float]], ...]


@router.get(PAGE)
def versions_page(request: Request) -> Response:
    """What serves, how good it is, and what else there is."""
    return _page(visit_of(request))


def _page(visit: Visit, error: Conflict | None = None) -> Response:
    with visit.shop.database.connection() as conn:
        known = versions.listing(conn)
        alarmed = {a["product"] for v in known[:1] for a in v.score.get("alarms", ())}
        named = products.get_many(conn, list(alarmed))
    stands = standing(visit, known, TRAIN_RECOMMENDER)
    newest = next((v for v in known if v.score.get("questions")), None)
    return show(
        visit, "recommend/versions.html", status=409 if error else 200, title=visit.t("Recommend"),
        answer=_sentence(visit, stands.in_use), standing=stands, newest=newest, error=error,
        rows=[Row(v, _verdict(visit, v), _table(visit, v.score)) for v in known],
        learning=_learning(visit, newest), spread=_spread(visit, newest), every=visit.shop.settings.retrain_hours,
        alarms=newest.score["alarms"] if newest is not None and newest is known[0] else [],
        titles={i: translation_of(p, visit.language).title for i, p in named.items()},
    )  # fmt: skip


def _sentence(visit: Visit, in_use: Artifact | None) -> str:
    if in_use is None:
        return visit.t("No version was trained yet. Until then the shop fits a model by itself, unmeasured, as far as it is small enough.")  # fmt: skip
    until = datetime.fromtimestamp(in_use.spec["until"], UTC)
    said = visit.t("Version {n} recommends, from what people did until {moment}.", n=in_use.id, moment=formats.moment(until, visit.language))  # fmt: skip
    return f"{said} {visit.t('What a visitor does counts at once; new products are there within seconds.')}"


def _verdict(visit: Visit, version: Artifact) -> str:
    """What was measured, in words."""
    score = version.score
    if not score.get("questions"):
        return ""
    if score.get("against"):
        return visit.t(
            "Kept out: it recommends worse than what it was measured beside, beyond chance."
        )
    best = {"popularity": visit.t("what is popular"), "itemknn": visit.t("item-kNN"), "text": visit.t("products that are alike")}[score["best"]]  # fmt: skip
    mean, low, _ = score["to_best"]
    if "to_used" in score and score["to_used"][1] > 0:
        return visit.t("Better than the version that was in use then.")
    if low > 0:
        times = score["ndcg"] / max(score["ndcg"] - mean, 1e-9)
        return visit.t("{times} times as good as {best}, the best of the simple ways.", times=formats.number(round(times, 1), visit.language), best=best)  # fmt: skip
    return visit.t("No surer than {best}, the best of the simple ways: there is too little to go by yet.", best=best)  # fmt: skip


def _table(visit: Visit, score: Mapping[str, Any]) -> tuple[tuple[str, Mapping[str, float]], ...]:
    names = {
        "": visit.t("This version"), ".in_use": visit.t("The version in use then"), ".popularity": visit.t("What is popular"),
        ".itemknn": visit.t("Item-kNN"), ".text": visit.t("Products that are alike"),
    }  # fmt: skip
    figures = ("ndcg", "hit_rate", "short", "regular")
    return tuple(
        (name, {figure: score[f"{figure}{behind}"] for figure in figures})
        for behind, name in names.items()
        if f"ndcg{behind}" in score
    )


def _learning(visit: Visit, version: Artifact | None) -> Chart | None:
    """NDCG@10 over the share of the people that was learnt from."""
    if version is None:
        return None
    return chart(
        visit.t("How good it would be with less behaviour"),
        [Curve("NDCG@10", [(share, value) for share, value in version.score["curve"]])],
        told=lambda value: f"{value:.3f}",
        x_told=lambda share: visit.t("{share} of the people", share=formats.percent(share, visit.language)) if share else visit.t("products alone"),
        from_zero=True,
    )  # fmt: skip


def _spread(visit: Visit, version: Artifact | None) -> Chart | None:
    """How places in lists, and what people want, are spread over the products from the most to the least wanted."""
    if version is None or "this" not in version.score["spread"]:
        return None
    mine = version.score["spread"]["this"]
    return chart(
        visit.t("Who gets the places: tenths of the products, the most wanted first"),
        [
            Curve(visit.t("places in lists"), list(enumerate(mine["shown"]))),
            Curve(visit.t("what people did"), list(enumerate(mine["wanted"]))),
        ],
        told=lambda value: formats.percent(value, visit.language),
        x_told=lambda tenth: visit.t("most wanted tenth") if tenth == 0 else visit.t("least wanted tenth"),
        from_zero=True,
    )  # fmt: skip


@router.post(f"{PAGE}/train")
def train(request: Request, switch: Annotated[str, Form(max_length=5)] = "") -> Response:
    """Train in the background, and follow that on the page of its job."""
    job = recommending.train(request.app.state.shop.jobs, switch=switch == "1")
    return redirect(f"/console/jobs/{job}")


def _use(shop: Shop, version_id: int) -> None:
    with (
        shop.database.connection() as conn
    ):  # also one that the gate kept out: a person has seen its figures
        versions.put_to_use(conn, version_id, gate=False)


def _delete(shop: Shop, version_id: int) -> None:
    versions.discard(shop.database, shop.settings.data_folder, version_id)


def _roll_back(shop: Shop) -> None:
    with shop.database.connection() as conn:
        versions.roll_back(conn)


add_forms(router, PAGE, _page, use=_use, delete=_delete, roll_back=_roll_back)
