"""What language models used: by day and purpose, and what today's budgets leave."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from shopkeeper.console.page import show
from shopkeeper.models.routing import Standing
from shopkeeper.pages import Visit, formats, visit_of
from shopkeeper.shop import model_calls
from shopkeeper.shop.model_calls import Use

router = APIRouter(default_response_class=HTMLResponse)

DAYS = 30
LEAST = Decimal("0.0001")  # of money, that is told


@dataclass(frozen=True, slots=True)
class Left:
    """A budget as it is shown. share: of it used, from 0 to 1, the larger one of tokens and money; None without one."""

    standing: Standing
    share: float | None


@router.get("/models/spend")
def spend_page(request: Request) -> Response:
    """Budgets of today, and calls of the last days."""
    visit = visit_of(request)
    visit.shop.models.flush()
    now = datetime.now(UTC)
    with visit.shop.database.connection() as conn:
        uses = model_calls.use_since(conn, now - timedelta(days=DAYS))
    return show(
        visit, "models/spend.html", title=visit.t("Models"), answer=_sentence(visit, uses, now.date()),
        budgets=[Left(one, _share(one)) for one in visit.shop.models.spending()], uses=uses, days=DAYS,
        priced=any(use.cost for use in uses), plain=lambda amount: _plain(amount, visit.language),
    )  # fmt: skip


def _sentence(visit: Visit, uses: list[Use], today: date) -> str:
    now = [use for use in uses if use.day == today]
    if not now:
        return visit.t("No language model was asked today.")
    calls = visit.counted("1 call today", "{n} calls today", sum(use.calls for use in now))
    tokens = sum(use.prompt_tokens + use.completion_tokens for use in now)
    cost = sum((use.cost for use in now), Decimal(0))
    if cost:
        return visit.t("{calls}, {tokens} tokens, {money} of money.", calls=calls, tokens=formats.number(tokens, visit.language), money=_plain(cost, visit.language))  # fmt: skip
    return visit.t("{calls}, {tokens} tokens, at no price.", calls=calls, tokens=formats.number(tokens, visit.language))  # fmt: skip


def _share(one: Standing) -> float | None:
    shares = []
    if one.tokens:
        shares.append(one.spent.tokens / one.tokens)
    if one.money:
        shares.append(float(one.spent.money / one.money))
    return min(1.0, max(shares)) if shares else None


def _plain(amount: Decimal, language: str) -> str:
    """An amount of the prices' own money: the settings name no currency."""
    if 0 < amount < LEAST:
        return f"< {formats.number(LEAST, language)}"
    return formats.number(round(amount, 4), language)
