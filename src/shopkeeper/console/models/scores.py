"""How right and how quick language models are on the shop's own catalogue: a table, and a button that measures."""

from collections import defaultdict
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, Response

from shopkeeper.console.page import show
from shopkeeper.jobs import measuring
from shopkeeper.jobs.measuring import MEASURE_MODELS, READING, SAMPLE, WRITING
from shopkeeper.models.prompting.tasks import ATTRIBUTES, QUERY
from shopkeeper.pages import Visit, redirect, visit_of
from shopkeeper.shop import model_scores
from shopkeeper.shop.model_scores import ModelScore

router = APIRouter(default_response_class=HTMLResponse)

PATH = "/console/models/scores"
COLUMNS = (ATTRIBUTES.name, QUERY.name, READING, WRITING)
TIMED = (READING, WRITING)
SAMPLES = (10, SAMPLE, 50, 100)


@router.get("/models/scores")
def scores_page(request: Request) -> Response:
    """What was measured last of each model."""
    return _page(visit_of(request))


def _page(visit: Visit, trouble: str = "") -> Response:
    with visit.shop.database.connection() as conn:
        found = model_scores.latest(conn)
    by_model: dict[tuple[str, str], dict[str, ModelScore]] = defaultdict(dict)
    for score in found:
        by_model[score.engine, score.model][score.task] = score
    running = next((j for j in visit.shop.jobs.list() if j.kind == MEASURE_MODELS and not j.state.over), None)  # fmt: skip
    rows = [
        (engine, model, scores, max(s.at for s in scores.values() if s.at))
        for (engine, model), scores in by_model.items()
    ]
    return show(
        visit, "models/scores.html", status=422 if trouble else 200, title=visit.t("Models"), answer=_sentence(visit, found),
        rows=rows, columns=COLUMNS, timed=TIMED, names=visit.shop.models.names(), running=running, trouble=trouble,
        samples=SAMPLES, sample=SAMPLE,
    )  # fmt: skip


def _sentence(visit: Visit, found: list[ModelScore]) -> str:
    ranked = sorted((s for s in found if s.task == ATTRIBUTES.name), key=lambda s: s.figure)
    if not ranked:
        return visit.t("Nothing is measured yet: see how models do on your own products.")
    best = ranked[-1]
    if len(ranked) > 1 and best.low <= ranked[-2].high:
        return visit.t("{name} reads attributes best, but the next one is too near to tell them apart.", name=best.engine)  # fmt: skip
    return visit.t("{name} reads attributes best.", name=best.engine)


@router.post("/models/scores")
def measure(
    request: Request,
    models: Annotated[list[str] | None, Form(max_length=50)] = None,
    sample: Annotated[str, Form(max_length=5)] = "",
) -> Response:
    """Measure the chosen models in the background, and follow that on the page of its job."""
    visit = visit_of(request)
    chosen = [name for name in visit.shop.models.names() if name in (models or ())]
    if not chosen:
        return _page(visit, visit.t("Choose a model."))
    rows = int(sample) if sample.isascii() and sample.isdigit() else SAMPLE
    job = measuring.begin(visit.shop.jobs, chosen, sample=rows if rows in SAMPLES else SAMPLE)
    return redirect(f"/console/jobs/{job}")
