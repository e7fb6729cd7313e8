"""What became of conversations: solved as customers said, perhaps solved, handed over; how long people let them wait."""

from datetime import timedelta

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from shopkeeper.console.inbox import words
from shopkeeper.console.page import show
from shopkeeper.pages import Visit, visit_of
from shopkeeper.support.inbox.figures import Figures
from shopkeeper.support.outcomes import Outcome

router = APIRouter(default_response_class=HTMLResponse)

DAYS = (7, 30, 90, 365)
OUTCOMES: dict[Outcome, str] = {
    Outcome.CONFIRMED: "Solved, as the customer said",
    Outcome.ASSUMED: "Perhaps solved: answered, and silent since",
    Outcome.NOT_SOLVED: "Not solved, as the customer said",
    Outcome.CAME_BACK: "Came back within three days",
    Outcome.GAVE_UP: "Left without an answer",
    Outcome.OPEN: "Still going on",
}


@router.get("/inbox/figures")
def figures_page(request: Request, days: str = "") -> Response:
    """The figures of some days."""
    visit = visit_of(request)
    chosen = int(days) if days in map(str, DAYS) else DAYS[1]
    found = visit.shop.inbox.figures(chosen)
    most = max(found.reasons.values(), default=1)
    return show(
        visit, "inbox/figures.html", title=visit.t("Figures"), answer=_sentence(visit, found), found=found, days=DAYS,
        outcomes=[(o, visit.t(text)) for o, text in OUTCOMES.items()], waited=_waited(visit, found.waited),
        reasons=[(visit.t(words.REASONS[r]), n, round(100 * n / most)) for r, n in found.reasons.items()],
        ratings=[(stars, found.outcomes.ratings.get(stars, 0)) for stars in range(5, 0, -1)],
        rated=sum(found.outcomes.ratings.values()),
    )  # fmt: skip


def _waited(visit: Visit, waited: timedelta | None) -> str:
    if waited is None:
        return "–"
    minutes = round(waited.total_seconds() / 60)
    if minutes < 1:
        return visit.t("under a minute")
    return visit.t("{n} min", n=minutes) if minutes < 90 else visit.t("{n} h", n=round(minutes / 60))  # fmt: skip


def _sentence(visit: Visit, found: Figures) -> str:
    ended = found.outcomes
    if not ended.conversations:
        return visit.t("Nobody has spoken with customer service in these {n} days.", n=found.days)
    return visit.t(
        "Of {n} conversations in {days} days the agent solved {confirmed}, as the customers said, and perhaps {assumed} more; a person had {people}.",
        n=ended.conversations, days=found.days, confirmed=ended.confirmed, assumed=ended.assumed, people=ended.handed_over,
    )  # fmt: skip
