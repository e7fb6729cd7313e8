"""Calls of language models in the database: what each used and how it ended, and what is spent by purpose and day.

No text that was said or answered is here, and nothing about who asked. Days are UTC's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Literal

from psycopg import sql

from shopkeeper.shop.bulk import Connection

Operation = Literal["generate", "stream", "score", "embed"]

# `stopped`: whoever read the stream left. `budget`: no engine was asked. The others but `ok` are kinds of EngineError.
Outcome = Literal[
    "ok", "stopped", "unavailable", "timeout", "overloaded", "unsupported", "context", "budget"
]

_COLUMNS = (
    "at", "purpose", "operation", "engine", "model", "prompt_version", "prompt_tokens", "cached_tokens",
    "completion_tokens", "first_token_ms", "total_ms", "cost", "outcome", "place",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One engine asked once. place: how many engines of the route had been asked before it."""

    at: datetime
    purpose: str
    operation: Operation
    engine: str
    model: str
    prompt_version: str = ""
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    first_token_ms: float = 0.0
    total_ms: float = 0.0
    cost: Decimal = Decimal(0)
    outcome: Outcome = "ok"
    place: int = 0

    @property
    def day(self) -> date:
        """The day that it counts for."""
        return self.at.astimezone(UTC).date()

    @property
    def tokens(self) -> int:
        """Of prompt and answer."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class Spent:
    """What was used."""

    tokens: int = 0
    money: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Use:
    """All calls of one day for one purpose to one model. ms: medians of those that were answered."""

    day: date
    purpose: str
    engine: str
    model: str
    calls: int
    failed: int
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    cost: Decimal
    first_token_ms: float
    total_ms: float


def add(conn: Connection, calls: Sequence[ModelCall]) -> None:
    """Write calls."""
    with conn.cursor() as cursor:
        columns = sql.SQL(", ").join(map(sql.Identifier, _COLUMNS))
        with cursor.copy(sql.SQL("copy lm_calls ({}) from stdin").format(columns)) as copy:
            for call in calls:
                copy.write_row([getattr(call, column) for column in _COLUMNS])


def count(conn: Connection, calls: Iterable[ModelCall]) -> None:
    """Add what these calls used to what their purposes have used on their days."""
    sums: dict[tuple[date, str], tuple[int, Decimal]] = {}
    for call in calls:
        key = call.day, call.purpose
        tokens, money = sums.get(key, (0, Decimal(0)))
        sums[key] = tokens + call.tokens, money + call.cost
    rows = [(*key, *used) for key, used in sorted(sums.items()) if any(used)]
    with conn.cursor() as cursor:
        cursor.executemany(
            "insert into lm_spend as s (day, purpose, tokens, money) values (%s, %s, %s, %s) "
            "on conflict (day, purpose) do update "
            "set tokens = s.tokens + excluded.tokens, money = s.money + excluded.money",
            rows,
        )


def spent(conn: Connection, day: date) -> dict[str, Spent]:
    """Purpose -> what it has used on this day, of those that used anything."""
    rows = conn.execute(
        "select purpose, tokens, money from lm_spend where day = %s", [day]
    ).fetchall()
    return {purpose: Spent(tokens, money) for purpose, tokens, money in rows}


def use_since(conn: Connection, since: datetime) -> list[Use]:
    """Use by day, purpose and model since a moment, the newest day first."""
    rows = conn.execute(
        "select (at at time zone 'UTC')::date as day, purpose, engine, model, count(*), "
        "count(*) filter (where outcome not in ('ok', 'stopped')), sum(prompt_tokens)::bigint, "
        "sum(cached_tokens)::bigint, sum(completion_tokens)::bigint, sum(cost), "
        "coalesce(percentile_cont(0.5) within group (order by first_token_ms) filter (where outcome = 'ok'), 0), "
        "coalesce(percentile_cont(0.5) within group (order by total_ms) filter (where outcome = 'ok'), 0) "
        "from lm_calls where at >= %s group by 1, 2, 3, 4 order by 1 desc, 2, 3, 4",
        [since],
    ).fetchall()
    return [Use(*row) for row in rows]


def recent(conn: Connection, limit: int) -> list[ModelCall]:
    """The last calls, the newest first."""
    rows = conn.execute(
        f"select {', '.join(_COLUMNS)} from lm_calls order by id desc limit %s",  # noqa: S608  # our own column names
        [limit],
    ).fetchall()
    return [ModelCall(*row) for row in rows]


def last_of_engines(conn: Connection) -> dict[str, tuple[datetime, Outcome]]:
    """Engine -> when it was last asked, and how that ended; a budget that was spent says nothing of an engine."""
    rows = conn.execute(
        "select distinct on (engine) engine, at, outcome from lm_calls where outcome <> 'budget' "
        "order by engine, id desc"
    ).fetchall()
    return {engine: (at, outcome) for engine, at, outcome in rows}


def prune(conn: Connection, before: datetime) -> int:
    """Delete calls from before a moment, and what was spent before its day. Returns how many calls."""
    deleted = conn.execute("delete from lm_calls where at < %s", [before]).rowcount
    conn.execute("delete from lm_spend where day < %s", [before.astimezone(UTC).date()])
    return deleted
