"""What language models scored in the database: at tasks on rows made of the shop's own catalogue, and in speed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shopkeeper.shop.bulk import Connection

_COLUMNS = "engine, model, task, measure, figure, low, high, rows, failed, tokens, seconds"


@dataclass(frozen=True, slots=True)
class ModelScore:
    """One figure. task: a task's name, or what was timed. low, high: it is between, as `rows` rows tell.

    failed: rows that got no answer of the right form. seconds, tokens: what all of it took.
    """

    engine: str
    model: str
    task: str
    measure: str
    figure: float
    low: float
    high: float
    rows: int
    failed: int = 0
    tokens: int = 0
    seconds: float = 0.0
    at: datetime | None = None


def add(conn: Connection, scores: Sequence[ModelScore]) -> None:
    """Write what was measured now."""
    with conn.cursor() as cursor:
        cursor.executemany(
            f"insert into lm_scores ({_COLUMNS}) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",  # noqa: S608  # our own column names
            [
                (
                    s.engine, s.model, s.task, s.measure, s.figure, s.low, s.high, s.rows, s.failed,
                    s.tokens, s.seconds,
                )
                for s in scores
            ],
        )  # fmt: skip


def latest(conn: Connection) -> list[ModelScore]:
    """The last figure of each engine, model, task and measure, by engine."""
    rows = conn.execute(
        f"select distinct on (engine, model, task, measure) {_COLUMNS}, at from lm_scores "  # noqa: S608  # our own column names
        "order by engine, model, task, measure, id desc"
    ).fetchall()
    return [ModelScore(*row) for row in rows]
