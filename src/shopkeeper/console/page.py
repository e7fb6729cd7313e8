"""What every page of the console shares: its labels, and numbers out of addresses."""

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


def page_number(text: str) -> int:
    """The page that an address asks for; the first if it asks for none."""
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 7 else 1
