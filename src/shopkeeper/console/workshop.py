"""The workshop in the console: trainings of models, with curves of what they learn while they run."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import HTMLResponse, Response

from shopkeeper.console.page import page_number, show, time_left
from shopkeeper.pages import Visit, formats, redirect, visit_of
from shopkeeper.pages.curves import Chart, Curve, chart
from shopkeeper.shop import training_runs
from shopkeeper.shop.training_runs import Point, TrainingRun

router = APIRouter(default_response_class=HTMLResponse)

PAGE_SIZE = 50
SAMPLES, SHOWN = 5, 12  # latest samples; rows of the table behind the curves
RunName = Annotated[str, Path(max_length=80)]


@router.get("/workshop")
def workshop(request: Request, before: str = "") -> Response:
    """All trainings, the last one first."""
    visit = visit_of(request)
    start = page_number(before) if before else None
    with visit.shop.database.reading() as conn:
        found = training_runs.newest(conn, limit=PAGE_SIZE + 1, before=start)
    shown = found[:PAGE_SIZE]
    return show(
        visit, "workshop.html", title=visit.t("Models"), answer=_sentence(visit, shown), runs=shown,
        refresh=any(run.state == "running" for run in shown), here=visit.here, loss=_loss(visit),
        following=f"/console/workshop?before={shown[-1].id}" if len(found) > PAGE_SIZE else "",
    )  # fmt: skip


def _sentence(visit: Visit, runs: list[TrainingRun]) -> str:
    running = sum(run.state == "running" for run in runs)
    broken = sum(run.state in ("failed", "interrupted") for run in runs)
    if running:
        return visit.counted("1 model is in training.", "{n} models are in training.", running)
    if broken:
        return visit.counted(
            "Nothing is in training; 1 run did not end well.",
            "Nothing is in training; {n} runs did not end well.", broken,
        )  # fmt: skip
    return visit.t("Nothing is in training.")


@router.get("/workshop/{name}")
def run_page(request: Request, name: RunName) -> Response:
    """One training, live: htmx asks for this page again and takes its main part."""
    visit = visit_of(request)
    with visit.shop.database.reading() as conn:
        run = training_runs.get(conn, name)
        steps = training_runs.points(conn, run.id, "step")
        measured = training_runs.points(conn, run.id, "evaluated")
        samples = training_runs.points(conn, run.id, "sampled", most=10_000)
    return show(
        visit, "training.html", title=run.name, run=run, answer=_told(visit, run, steps),
        refresh=run.state == "running", charts=_charts(visit, steps, measured), now=_now(steps),
        left=time_left(visit, steps[-1].numbers.get("eta_s")) if steps else "", measured=measured[-SHOWN:],
        samples=samples[:-SAMPLES - 1:-1], settings=list(_flat(run.settings)), loss=_loss(visit),
    )  # fmt: skip


@router.post("/workshop/{name}/stop")
def stop_run(request: Request, name: RunName) -> Response:
    """Have a training end after its step; one that does not run stays as it is."""
    with request.app.state.shop.database.connection() as conn:
        training_runs.ask_to_stop(conn, name)
    return redirect(f"/console/workshop/{name}")


def _told(visit: Visit, run: TrainingRun, steps: list[Point]) -> str:
    match run.state:
        case "running" if run.stop_wanted:
            return visit.t("It ends after its step, with a checkpoint.")
        case "running" if not steps:
            return visit.t("It begins.")
        case "running":
            return visit.t("It goes on if you leave this page.")
        case "interrupted":
            return visit.t(
                "Its process ended without a word. The same command goes on from its last checkpoint."
            )
        case "stopped":
            return visit.t("Stopped with a checkpoint. The same command goes on.")
        case "failed":
            return visit.t("It failed. Its last good checkpoint is kept.")
        case "done":
            return visit.t("It is done.")


def _loss(visit: Visit) -> Any:
    """How losses and the like are written: three digits that count."""

    def told(value: float) -> str:
        digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 3
        return formats.number(round(value, digits), visit.language)

    return told


def _charts(visit: Visit, steps: list[Point], measured: list[Point]) -> list[Chart]:
    def number(value: float) -> str:
        return formats.number(int(value), visit.language)

    def rate(value: float) -> str:
        return f"{value:.2g}"

    losses = [
        Curve(visit.t("training"), _curve(steps, "loss")),
        Curve(visit.t("held-out text"), _curve(measured, "loss")),
    ]
    found = [
        chart(visit.t("Loss by steps"), losses, told=_loss(visit), x_told=number),
        chart(
            visit.t("Learning rate"), [Curve("", _curve(steps, "learning_rate"))], told=rate, x_told=number,
            height=72, from_zero=True,
        ),
        chart(
            visit.t("Tokens a second"), [Curve("", _curve(steps, "tokens_per_s"))], told=number, x_told=number,
            height=72, from_zero=True,
        ),
    ]  # fmt: skip
    return [each for each in found if each is not None]


def _curve(points: list[Point], name: str) -> list[tuple[float, float]]:
    return [(float(p.step), p.numbers[name]) for p in points if name in p.numbers]


def _now(steps: list[Point]) -> dict[str, float]:
    return dict(steps[-1].numbers) if steps else {}


def _flat(settings: Any, name: str = "") -> Any:
    """Names and values of nested settings, those that say something."""
    for key, value in settings.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{name}{key}.")
        elif value not in ("", None):
            yield f"{name}{key}", value
