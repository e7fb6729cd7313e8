"""Experiments in the shop: begun, ended, and read off the lists that were shown and what followed them.

What a visitor is given is drawn again whenever a list is made (`experiments.assigned`), and stands with the list in
`recommendations.arm`: the team for A/B, one letter an item for interleaving. A visitor counts once their window is
over, with what they did inside it; so what was counted never changes, and looking at it early costs nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from random import Random
from typing import Any

import numpy as np
import psycopg

from shopkeeper.errors import Conflict, NotFound
from shopkeeper.recommend import versions
from shopkeeper.recommend.experiments import (
    Interleaved,
    Kind,
    Result,
    Team,
    assigned,
    drawn,
    judge_ab,
    judge_interleaving,
    preference,
    team_draft,
)
from shopkeeper.recommend.slots import Slot
from shopkeeper.shop.bulk import Connection, jsonb

LETTERS = {
    Team.CONTROL: "o",
    Team.CHALLENGER: "n",
}  # old and new, of the items of an interleaved list
NOBODYS = "p"  # of a pinned item, which both sides show at one place
TEAMS = {letter: team for team, letter in LETTERS.items()}
MAX_NAME = 60

_COLUMNS = (
    "name", "slot", "kind", "control", "challenger", "share", "outcome", "window_hours", "least",
    "started_at", "ended_at",
)  # fmt: skip
_SELECT = f"select {', '.join(_COLUMNS)} from recommendation_experiments "  # noqa: S608  # our own column names


class Outcome(StrEnum):
    """What is hoped for of a visitor."""

    CLICK = "click"
    CART = "add_to_cart"
    PURCHASE = "purchase"


@dataclass(frozen=True, slots=True)
class Experiment:
    """Two versions of the recommender in one slot. share: of visitors who are given the challenger (A/B); least: the smallest
    difference that matters."""

    name: str
    slot: Slot
    kind: Kind
    control: int
    challenger: int
    share: float = 0.5
    outcome: Outcome = Outcome.CLICK
    window_hours: int = 24
    least: float = 0.0
    started_at: datetime | None = None
    ended_at: datetime | None = None

    def __post_init__(self) -> None:
        if not 0 < len(self.name) <= MAX_NAME or not self.name.isprintable():
            raise ValueError(
                f"the name of an experiment has 1 to {MAX_NAME} characters, all printable"
            )
        if not 0.01 <= self.share <= 0.99:
            raise ValueError(f"share {self.share} is not from 0.01 to 0.99")
        if not 1 <= self.window_hours <= 24 * 60:
            raise ValueError(f"window_hours {self.window_hours} is not from 1 to 1440")
        if not 0 <= self.least < 1:
            raise ValueError(f"least {self.least} is not from 0 to 1")
        if self.control == self.challenger:
            raise ValueError(f"both sides are version {self.control}")

    def team(self, secret: bytes, visitor: str) -> Team:
        """What a visitor is given, A/B."""
        return assigned(secret, self.name, visitor, share=self.share)

    def version(self, team: Team) -> int:
        """The version of a team."""
        return self.challenger if team is Team.CHALLENGER else self.control

    def merged(
        self, secret: bytes, list_id: str, control: Sequence[str], challenger: Sequence[str]
    ) -> Interleaved[str]:
        """Both lists in one, all of it."""
        coin = Random(drawn(secret, self.name, list_id))
        return team_draft(control, challenger, len(control) + len(challenger), coin)


@dataclass(frozen=True, slots=True)
class Standing:
    """An experiment and what it has shown. waiting: visitors whose window is still open."""

    experiment: Experiment
    result: Result
    waiting: int


def begin(conn: Connection, experiment: Experiment) -> Experiment:
    """Begin to show it. Raises NotFound for a version that is not there, Conflict where the name is taken, another runs in the slot, or a
    version is not finished."""
    for version in (experiment.control, experiment.challenger):
        found = versions.get(conn, version)
        if found.state.value not in ("ready", "in_use", "retired"):
            raise Conflict(
                f"version {version} is {found.state.value}",
                hint="only a finished version can be tried",
            )
    values = [_plain(getattr(experiment, name)) for name in _COLUMNS[:-2]]
    try:
        with conn.transaction():
            row = conn.execute(
                f"insert into recommendation_experiments ({', '.join(_COLUMNS[:-2])}) "  # noqa: S608
                f"values (%s, %s, %s, %s, %s, %s, %s, %s, %s) returning {', '.join(_COLUMNS)}",
                values,
            ).fetchone()
    except psycopg.errors.UniqueViolation as error:
        taken = error.diag.constraint_name == "recommendation_experiments_pkey"
        what = f"there was an experiment {experiment.name!r} already" if taken else f"another experiment runs in the slot {experiment.slot.value!r}"  # fmt: skip
        raise Conflict(what, hint="choose another name" if taken else "end it first") from error
    assert row is not None
    return _experiment(row)


def end(conn: Connection, name: str) -> Experiment:
    """Stop to show it; what was shown is still counted. Raises NotFound."""
    get(conn, name)
    conn.execute(
        "update recommendation_experiments set ended_at = coalesce(ended_at, now()) where name = %s",
        [name],
    )
    return get(conn, name)


def get(conn: Connection, name: str) -> Experiment:
    """The experiment of this name. Raises NotFound."""
    row = conn.execute(_SELECT + "where name = %s", [name]).fetchone()
    if row is None:
        raise NotFound(f"there is no experiment {name!r}", hint="list the experiments")
    return _experiment(row)


def listing(conn: Connection) -> list[Experiment]:
    """All experiments, the newest first."""
    rows = conn.execute(_SELECT + "order by started_at desc, name").fetchall()
    return [_experiment(row) for row in rows]


def running(conn: Connection) -> Mapping[Slot, Experiment]:
    """The experiment that runs in each slot."""
    rows = conn.execute(_SELECT + "where ended_at is null").fetchall()
    return {found.slot: found for found in map(_experiment, rows)}


_SEEN = """
with shown as (
    select id, made_at, arm, items, session_id, client_id, customer_id,
           coalesce(nullif(client_id, ''), nullif(session_id, ''), customer_id) as visitor
    from recommendations where experiment = %(name)s
), begun as (
    select visitor, min(made_at) as first_at, (array_agg(arm order by made_at, id))[1] as arm from shown
    where visitor is not null group by visitor
), clicked as (
    select s.visitor, s.arm, array_position(s.items, e.object_id) as place, e.object_id as item, min(e.at) as at,
           b.first_at, s.session_id, s.client_id, s.customer_id
    from shown s join begun b using (visitor) join events e on e.query_id = s.id
    where e.action in ('click', 'view') and e.object_id = any(s.items) and e.at < b.first_at + %(window)s
    group by s.id, s.visitor, s.arm, s.items, e.object_id, b.first_at, s.session_id, s.client_id, s.customer_id
), credited as (
    select visitor, arm, place from clicked c where %(outcome)s::text = 'click' or exists (
        select 1 from events e where e.action = %(outcome)s::text and e.object_id = c.item and e.at >= c.at
            and e.at < c.first_at + %(window)s
            and ((c.session_id <> '' and e.session_id = c.session_id)
                 or (c.client_id <> '' and e.client_id = c.client_id) or e.customer_id = c.customer_id))
)
select b.first_at + %(window)s <= %(now)s, b.arm,
       array(select c.arm from credited c where c.visitor = b.visitor order by 1, c.place),
       array(select c.place from credited c where c.visitor = b.visitor order by c.arm, 1)
from begun b order by b.first_at, b.visitor
"""


def standing(conn: Connection, name: str, *, now: datetime | None = None) -> Standing:
    """What an experiment has shown up to now. Raises NotFound."""
    found = get(conn, name)
    row = conn.execute(
        "select counted from recommendation_experiments where name = %s", [name]
    ).fetchone()
    if row is not None and row[0] is not None:
        over, waiting = row[0], 0
    else:
        over, waiting = _seen(conn, found, now or datetime.now(UTC))
    judge = _interleaving if found.kind is Kind.INTERLEAVING else _ab
    return Standing(found, judge(found, over), waiting)


def settle(conn: Connection, *, before: datetime) -> None:
    """Keep what experiments counted that ended, windows and all, before this moment: from then on their lists may go."""
    for found in listing(conn):
        if found.ended_at is None or found.ended_at + timedelta(hours=found.window_hours) > before:
            continue
        over, _ = _seen(conn, found, before)
        conn.execute(
            "update recommendation_experiments set counted = %s where name = %s and counted is null",
            [jsonb(over), found.name],
        )


def _seen(conn: Connection, found: Experiment, now: datetime) -> tuple[list[list[Any]], int]:
    """Of each visitor whose window is over: arm, arms of what was taken, its places; and how many windows are open."""
    rows = conn.execute(
        _SEEN,
        {
            "name": found.name, "window": timedelta(hours=found.window_hours), "now": now,
            "outcome": found.outcome.value,
        },
    ).fetchall()  # fmt: skip
    over = [list(row[1:]) for row in rows if row[0]]
    return over, len(rows) - len(over)


def _ab(experiment: Experiment, rows: Sequence[Sequence[Any]]) -> Result:
    outcome = np.array([float(bool(places)) for _, _, places in rows])
    challenger = np.array([arm == Team.CHALLENGER.value for arm, _, _ in rows], np.bool_)
    return judge_ab(outcome, challenger, share=experiment.share, least=experiment.least)


def _interleaving(experiment: Experiment, rows: Sequence[Sequence[Any]]) -> Result:
    chosen = []
    for _, arms, places in rows:
        letters = [arm[place - 1] for arm, place in zip(arms, places, strict=True)]
        chosen.append(preference([TEAMS[letter] for letter in letters if letter in TEAMS]))
    return judge_interleaving(np.array(chosen, np.float64), least=experiment.least)


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, StrEnum) else value


def _experiment(row: Sequence[Any]) -> Experiment:
    made = Experiment(*row)
    return replace(made, slot=Slot(made.slot), kind=Kind(made.kind), outcome=Outcome(made.outcome))
