"""The rules of customer service: those in force, what others would have changed, and putting them in force."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from shopkeeper.api.views import ShopOf
from shopkeeper.support.cases import MAX_NAME
from shopkeeper.support.inbox import Difference, Reason, Told
from shopkeeper.support.records import ActionKind

router = APIRouter(prefix="/support", tags=["customer service by people"])

LONGEST = 200_000  # characters of a policy


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class VersionShown(BaseModel):
    """Rules that were put in force. number: 0 for those that come with the program."""

    number: int
    made_by: str
    made_at: datetime | None


class PolicyShown(BaseModel):
    """The rules in force, as TOML, and those before them; the first of `versions` holds."""

    text: str
    rules: int
    terms: int
    versions: list[VersionShown]


class PolicyText(_Shape):
    """Rules as TOML (docs/support.md)."""

    text: str = Field(min_length=1, max_length=LONGEST)


class PolicyChange(_Shape):
    """Rules to be put in force: as TOML, or the number of a version of before. by: who does it."""

    text: str = Field("", max_length=LONGEST)
    version: int | None = Field(None, ge=0, le=2**63 - 1)
    by: str = Field(min_length=1, max_length=MAX_NAME)


class ToldShown(BaseModel):
    """What rules say: the sentences that stand against it or carry it, and what the customer is told before a yes."""

    verdict: Literal["yes", "no", "depends", "nothing"]
    rules: dict[str, str]
    terms: str


class DifferenceShown(BaseModel):
    """One decision, or one question, that these rules decide otherwise. action: null for a question."""

    conversation_id: str
    turn: int
    at: datetime
    action: ActionKind | None
    order_id: str
    question: str
    before: ToldShown
    after: ToldShown


class ReplayShown(BaseModel):
    """What would have changed. decisions, questions: how many were looked at. changed: ids of rules and terms that are
    new, gone or other, and names of other parts."""

    decisions: int
    questions: int
    since: datetime | None
    changed: list[str]
    differences: list[DifferenceShown]


class FiguresShown(BaseModel):
    """Beside `GET /v1/support/outcomes`: why people were called, and how long they let customers wait. waited_s: median
    time until somebody took what was handed over while somebody was there; taken: of how many that is; away: how many were
    handed over while nobody was there."""

    days: int
    reasons: dict[Reason, int]
    waited_s: float | None
    taken: int
    away: int
    unanswered: int


@router.get("/policy", response_model=PolicyShown)
def policy(shop: ShopOf) -> PolicyShown:
    """The rules in force."""
    found = shop.support.policy()
    versions = [
        VersionShown(number=v.number, made_by=v.made_by, made_at=v.made_at)
        for v in shop.support.policy_versions()
    ]
    return PolicyShown(
        text=found.source, rules=len(found.rules), terms=len(found.terms), versions=versions
    )


@router.put("/policy", response_model=PolicyShown)
def change(shop: ShopOf, wanted: PolicyChange) -> PolicyShown:
    """Put other rules in force at once. Ask for a replay first."""
    if wanted.version is not None:
        shop.support.use_policy(wanted.version, by=wanted.by)
    else:
        shop.support.set_policy(wanted.text, by=wanted.by)
    return policy(shop)


@router.post("/policy/replay", response_model=ReplayShown)
def replay(shop: ShopOf, wanted: PolicyText) -> ReplayShown:
    """What these rules would have changed of past conversations. Nothing is written."""
    found = shop.inbox.replay(wanted.text)
    return ReplayShown(
        decisions=found.decisions, questions=found.questions, since=found.since,
        changed=list(found.rules), differences=[_difference(d) for d in found.differences],
    )  # fmt: skip


@router.get("/figures", response_model=FiguresShown)
def figures(shop: ShopOf, days: Annotated[int, Query(ge=1, le=3650)] = 30) -> FiguresShown:
    """How the people of customer service fared in the last days."""
    found = shop.inbox.figures(days)
    waited = None if found.waited is None else found.waited.total_seconds()
    return FiguresShown(
        days=days, reasons=dict(found.reasons), waited_s=waited, taken=found.taken, away=found.away,
        unanswered=found.unanswered,
    )  # fmt: skip


def _difference(found: Difference) -> DifferenceShown:
    action = found.action
    return DifferenceShown(
        conversation_id=found.conversation_id, turn=found.turn, at=found.at,
        action=action.kind if action else None, order_id=action.order_id if action else "",
        question=found.question, before=_told(found.before), after=_told(found.after),
    )  # fmt: skip


def _told(told: Told) -> ToldShown:
    rules = {c.rule_id: c.text for c in told.rules}
    return ToldShown(verdict=told.verdict, rules=rules, terms=told.terms)
