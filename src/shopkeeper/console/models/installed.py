"""Which language models and embedders are here and in use; fetching others, removing what nothing uses."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import HTMLResponse, Response

from shopkeeper.console.labels import label
from shopkeeper.console.page import show
from shopkeeper.errors import Conflict, NotFound
from shopkeeper.jobs import Job, fetching
from shopkeeper.jobs.tasks import FETCH_MODEL
from shopkeeper.models import hub
from shopkeeper.models.embed import EMBEDDERS
from shopkeeper.models.memory import free_bytes
from shopkeeper.models.routing import EngineState
from shopkeeper.pages import Visit, formats, redirect, visit_of
from shopkeeper.shop import model_calls

router = APIRouter(default_response_class=HTMLResponse)

PATH = "/console/models"
ModelId = Annotated[str, Path(min_length=1, max_length=200)]
FINE = ("ok", "stopped")


@dataclass(frozen=True, slots=True)
class Row:
    """An engine as it is shown. kind: the colour of its badge; said: its state in words; why: more of it."""

    engine: EngineState
    kind: str
    said: str
    why: str
    can: tuple[str, ...]


@router.get("/models")
def models_page(request: Request) -> Response:
    """Engines, routes, and what the hub has."""
    return _page(visit_of(request))


def _page(visit: Visit, error: Conflict | None = None) -> Response:
    shop = visit.shop
    shop.models.flush()
    with shop.database.connection() as conn:
        last = model_calls.last_of_engines(conn)
    engines = [_row(visit, engine, last) for engine in shop.models.listing()]
    coming = _coming(visit)
    entries, users = fetching.offered(shop.settings), fetching.in_use(shop.database, shop.models)
    free = free_bytes()
    return show(
        visit, "models/installed.html", status=409 if error else 200, title=visit.t("Models"), answer=_sentence(visit, engines),
        engines=engines, routes=[(_purpose(visit, p), names) for p, names in shop.models.routes().items()],
        known={row.engine.name for row in engines}, error=error, free=None if free is None else round(free / 1e6),
        rows=[_entry(visit, entry, coming, users) for entry in entries], refresh=bool(coming), offline=shop.settings.offline,
    )  # fmt: skip


def _sentence(visit: Visit, engines: list[Row]) -> str:
    if not engines:
        return visit.t("No language model is in use yet. Fetch one below; it is used as soon as it is here.")  # fmt: skip
    wrong = [row for row in engines if row.kind == "critical"]
    if wrong:
        return visit.t("{name} gives no answers: {why}", name=wrong[0].engine.name, why=wrong[0].said)  # fmt: skip
    return visit.counted("1 language model is ready to answer.", "{n} language models are ready to answer.", len(engines))  # fmt: skip


def _row(
    visit: Visit, engine: EngineState, last: Mapping[str, tuple[datetime, model_calls.Outcome]]
) -> Row:
    can = tuple(label(visit, ability) for ability in sorted(engine.abilities))
    at, outcome = last.get(engine.name, (None, "ok"))
    if engine.why_not:
        return Row(engine, "critical", visit.t("not ready"), engine.why_not, can)
    if engine.resting:
        why = visit.t("It failed several times in a row and is asked again in some seconds.")
        return Row(engine, "critical", visit.t("left alone"), why, can)
    if outcome not in FINE:
        why = visit.t("Its last call, {at}, ended so: {how}.", at=formats.moment(at, visit.language), how=label(visit, outcome))  # fmt: skip
        return Row(engine, "warning", visit.t("failed last"), why, can)
    if engine.open:
        return Row(engine, "positive", visit.t("open"), "", can)
    return Row(engine, "", visit.t("ready"), visit.t("opened when it is first asked"), can)


def _purpose(visit: Visit, name: str) -> str:
    return visit.t("every other purpose") if name == "default" else name


def _coming(visit: Visit) -> dict[str, Job]:
    """Models that are being fetched."""
    jobs = visit.shop.jobs.list()
    return {str(j.arguments["model"]): j for j in jobs if j.kind == FETCH_MODEL and not j.state.over}  # fmt: skip


def _entry(
    visit: Visit, entry: hub.Entry, coming: Mapping[str, Job], users: Mapping[str, list[str]]
) -> dict[str, Any]:
    shop = visit.shop
    needed = [hub.find(name, shop.settings.cache_folder) for name in entry.needs]
    return {
        "entry": entry, "embedder": entry.id in EMBEDDERS, "megabytes": _megabytes(entry, *needed),
        "here": all(hub.is_here(e.id, shop.settings.cache_folder) for e in (entry, *needed)),
        "users": users.get(entry.id, []), "job": coming.get(entry.id),
    }  # fmt: skip


def _megabytes(*entries: hub.Entry) -> int:
    return max(1, round(sum(entry.size_bytes for entry in entries) / 1e6))


@router.get("/models/get/{model}")
def ask(request: Request, model: ModelId) -> Response:
    """What is to be known of a model before it is fetched: licence, who says so, maker, sources."""
    visit = visit_of(request)
    entry = _find(visit, model)
    users = fetching.in_use(visit.shop.database, visit.shop.models)
    row = _entry(visit, entry, _coming(visit), users)
    return show(
        visit, "models/fetch.html", title=entry.id, answer=entry.title, row=row, entry=entry,
        offline=visit.shop.settings.offline,
    )  # fmt: skip


@router.post("/models/get/{model}")
def fetch(request: Request, model: ModelId) -> Response:
    """Fetch it in the background, and follow that on the page of its job."""
    visit = visit_of(request)
    entry = _find(visit, model)
    job = fetching.fetch(visit.shop.jobs, entry.id, visit.shop.settings)
    return redirect(f"/console/jobs/{job}")


@router.post("/models/remove/{model}")
def remove(request: Request, model: ModelId) -> Response:
    """Take its files out of the cache; what is in use stays."""
    visit = visit_of(request)
    shop, entry = visit.shop, _find(visit, model)
    try:
        fetching.remove(shop.database, shop.settings, shop.models, entry.id)
    except Conflict as error:
        return _page(visit, error)
    return redirect(f"{PATH}#hub")


def _find(visit: Visit, model: str) -> hub.Entry:
    """The model or embedder of this id. Raises NotFound: the rest of the hub is no business of this page."""
    for entry in fetching.offered(visit.shop.settings):
        if entry.id == model:
            return entry
    raise NotFound(f"no model has the id {model!r}", hint="see the page Models")
