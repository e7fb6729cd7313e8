"""Experiments: two versions in one slot, what they have shown so far, beginning one and ending it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, Response

from shopkeeper.artifacts import State
from shopkeeper.console.page import show
from shopkeeper.errors import Conflict, NotFound
from shopkeeper.pages import Visit, formats, redirect, visit_of
from shopkeeper.pages.curves import Chart, Curve, chart
from shopkeeper.recommend import trials, versions
from shopkeeper.recommend.experiments import Kind, Verdict
from shopkeeper.recommend.slots import Slot
from shopkeeper.recommend.trials import Experiment, Outcome, Standing

router = APIRouter(default_response_class=HTMLResponse)

PATH = "/console/recommend/experiments"
POINTS = 120  # of a curve
WIDEST = 5.0  # times the last interval: wider ones are not drawn
SHOWN = 20  # experiments, the newest
SLOTS = {
    Slot.HOME: "Front page", Slot.SIMILAR: "Similar products", Slot.TOGETHER: "Bought together", Slot.CART: "In the cart",
    Slot.LOOKED: "Because you looked", Slot.AGAIN: "Buy again",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """An experiment as it is told: what it has shown in words, and how the interval came to be."""

    standing: Standing
    slot: str
    verdict: str
    difference: str
    plot: Chart | None


@router.get("/recommend/experiments")
def experiments_page(request: Request) -> Response:
    """What runs and what was found."""
    return _page(visit_of(request))


def _page(visit: Visit, error: str = "", hint: str = "") -> Response:
    with visit.shop.database.connection() as conn:
        found = [trials.standing(conn, e.name) for e in trials.listing(conn)[:SHOWN]]
        known = [v for v in versions.listing(conn) if v.state in (State.READY, State.IN_USE, State.RETIRED)]  # fmt: skip
    rows = [_row(visit, standing) for standing in found]
    return show(
        visit, "recommend/experiments.html", status=409 if error else 200, title=visit.t("Recommend"),
        answer=_sentence(visit, rows), rows=rows, error=error, hint=hint, choices=known,
        in_use=next((v.id for v in known if v.state is State.IN_USE), None),
        slots={slot.value: visit.t(text) for slot, text in SLOTS.items()},
        outcomes={"click": visit.t("clicks on a product"), "add_to_cart": visit.t("puts one in the cart"), "purchase": visit.t("buys one")},
    )  # fmt: skip


def _sentence(visit: Visit, rows: Sequence[Row]) -> str:
    running = [row for row in rows if row.standing.experiment.ended_at is None]
    if not rows:
        return visit.t("Nothing was tried yet. An experiment shows two versions to visitors and says which they prefer.")  # fmt: skip
    if not running:
        return visit.t("No experiment runs.")
    return f"{running[0].standing.experiment.name}: {running[0].verdict}"


def _row(visit: Visit, standing: Standing) -> Row:
    result = standing.result
    told = {
        Verdict.OPEN: visit.t("Not decided yet."), Verdict.BETTER: visit.t("The challenger is better."),
        Verdict.WORSE: visit.t("The challenger is worse."),
        Verdict.ALIKE: visit.t("Whatever the difference is, it is too small to matter."),
    }  # fmt: skip
    low, high = (_signed(visit, x) for x in (result.difference.low, result.difference.high))
    return Row(
        standing,
        visit.t(SLOTS[standing.experiment.slot]),
        told[result.verdict],
        visit.t("{low} to {high}", low=low, high=high),
        _plot(visit, standing),
    )


def _signed(visit: Visit, share: float) -> str:
    sign = "+" if share > 0 else "−" if share < 0 else "±"
    return f"{sign}{formats.number(round(abs(share) * 100, 1), visit.language)} %"


def _plot(visit: Visit, standing: Standing) -> Chart | None:
    """The interval after each visitor."""
    sequence = standing.result.sequence
    count = len(sequence.low)
    if count < 2:
        return None
    width = sequence.high - sequence.low
    first = int(np.argmax(width <= WIDEST * width[-1])) + 1  # before it, next to nothing is known
    at = np.unique(np.geomspace(min(first, count - 1), count, POINTS).astype(int)) - 1
    return chart(
        visit.t("Challenger minus control, by the number of visitors"),
        [
            Curve(visit.t("at most"), [(float(i + 1), float(sequence.high[i])) for i in at]),
            Curve(visit.t("at least"), [(float(i + 1), float(sequence.low[i])) for i in at]),
        ],
        told=lambda value: _signed(visit, value),
        x_told=lambda n: visit.counted("1 visitor", "{n} visitors", round(n)),
        from_zero=True,
    )


@router.post("/recommend/experiments")
def begin(
    request: Request,
    name: Annotated[str, Form(max_length=trials.MAX_NAME)] = "",
    slot: Annotated[str, Form(max_length=40)] = "home",
    kind: Annotated[str, Form(max_length=20)] = "ab",
    control: Annotated[int, Form(ge=0, le=2**63 - 1)] = 0,
    challenger: Annotated[int, Form(ge=0, le=2**63 - 1)] = 0,
    share: Annotated[float, Form(ge=1, le=99)] = 50,
    outcome: Annotated[str, Form(max_length=20)] = "click",
) -> Response:
    """Begin an experiment."""
    visit = visit_of(request)
    try:
        wanted = Experiment(
            name.strip(), Slot(slot), Kind(kind), control, challenger, share / 100, Outcome(outcome)
        )
        with visit.shop.database.connection() as conn:
            trials.begin(conn, wanted)
    except ValueError as error:
        return _page(visit, str(error))
    except (Conflict, NotFound) as error:
        return _page(visit, error.message, error.hint)
    return redirect(PATH)


@router.post("/recommend/experiments/end")
def end(request: Request, name: Annotated[str, Form(max_length=trials.MAX_NAME)] = "") -> Response:
    """End an experiment."""
    with request.app.state.shop.database.connection() as conn:
        trials.end(conn, name)
    return redirect(PATH)
