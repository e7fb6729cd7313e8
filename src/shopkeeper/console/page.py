"""What every page of the console shares: its labels, time that is left, and numbers out of addresses."""

from typing import Any

from starlette.responses import Response

from shopkeeper.console.labels import job_title, label
from shopkeeper.pages import Visit, render


def show(visit: Visit, template: str, *, status: int = 200, **values: Any) -> Response:
    """A page of the console."""
    return render(
        visit,
        f"console/{template}",
        status=status,
        label=lambda value: label(visit, value),
        job_title=lambda title: job_title(visit, title),
        **values,
    )


LINGERS_S = 3600  # what goes on longer than this is told in hours


def time_left(visit: Visit, seconds: float | None) -> str:
    """How long something will still take, roughly, in words; empty where nobody knows."""
    if seconds is None:
        return ""
    if seconds < 90:
        return visit.t("about {n} s left", n=max(1, round(seconds)))
    if seconds < 2 * LINGERS_S:
        return visit.t("about {n} min left", n=round(seconds / 60))
    return visit.t("about {n} h left", n=round(seconds / LINGERS_S))


def page_number(text: str) -> int:
    """The page that an address asks for; the first if it asks for none."""
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 7 else 1
