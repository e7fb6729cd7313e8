"""What purposes may use in a day: asked before a call, counted after it, in the database that all programs share.

Each limit stops what uses up what it limits: spent tokens stop every engine, spent money stops engines that have a
price, and one without a price may still answer. Since a call is counted when it has ended, calls that are under way
together may use more than was left, by what they use themselves.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg

from shopkeeper.errors import BudgetExceeded, DatabaseError
from shopkeeper.settings import BudgetSettings
from shopkeeper.shop import model_calls
from shopkeeper.shop.database import Database
from shopkeeper.shop.model_calls import ModelCall, Spent

log = logging.getLogger(__name__)

ALL = "all"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a purpose (or `all`) has used today, what it may use, and what is left; None where nothing limits it."""

    purpose: str
    spent: Spent
    tokens: int | None = None
    money: Decimal | None = None

    @property
    def tokens_left(self) -> int | None:
        """Tokens that it may still use today."""
        return None if self.tokens is None else max(0, self.tokens - self.spent.tokens)

    @property
    def money_left(self) -> Decimal | None:
        """Money that it may still use today."""
        return None if self.money is None else max(Decimal(0), self.money - self.spent.money)


@dataclass(frozen=True, slots=True)
class Closed:
    """Why engines are not asked, if they are not: those with a price, and all of them."""

    priced: BudgetExceeded | None = None
    every: BudgetExceeded | None = None

    def for_engine(self, *, priced: bool) -> BudgetExceeded | None:
        """Why this engine is not asked, or None."""
        return self.every or (self.priced if priced else None)


class Budgets:
    """The limits of the settings against what was used today. clock: the time in UTC."""

    def __init__(
        self,
        database: Database,
        limits: Mapping[str, BudgetSettings],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._limits = limits
        self._clock = clock

    def limits(self, purpose: str) -> bool:
        """True if something limits this purpose."""
        return purpose in self._limits or ALL in self._limits

    def closed(self, purpose: str) -> Closed:
        """What is spent of this purpose's budget and of all purposes' together.

        Raises DatabaseError if that cannot be known.
        """
        if not self.limits(purpose):
            return Closed()
        now = self._clock()
        with self._database.reading() as conn:
            used = model_calls.spent(conn, now.date())
        sums = {purpose: used.get(purpose, Spent()), ALL: _together(used)}
        return self._compared(sums, now)

    def standing(self) -> list[Standing]:
        """Every purpose that has used something today or is limited, and all together at the end."""
        with self._database.reading() as conn:
            used = model_calls.spent(conn, self._clock().date())
        names = sorted({*used, *self._limits} - {ALL})
        sums = {name: used.get(name, Spent()) for name in names} | {ALL: _together(used)}
        return [self._stands(name, spent) for name, spent in sums.items()]

    def _stands(self, name: str, spent: Spent) -> Standing:
        limit = self._limits.get(name)
        tokens = limit.tokens_per_day if limit and limit.tokens_per_day else None
        money = Decimal(str(limit.money_per_day)) if limit and limit.money_per_day else None
        return Standing(name, spent, tokens, money)

    def _compared(self, sums: Mapping[str, Spent], now: datetime) -> Closed:
        priced = every = None
        for name, spent in sums.items():
            limit = self._limits.get(name)
            if limit is None:
                continue
            if limit.tokens_per_day and spent.tokens >= limit.tokens_per_day:
                every = _exceeded(name, f"{limit.tokens_per_day:,} tokens", now)
            if limit.money_per_day and spent.money >= Decimal(str(limit.money_per_day)):
                priced = _exceeded(name, f"{limit.money_per_day:g} of money", now)
        return Closed(priced, every)

    def count(self, call: ModelCall) -> bool:
        """Count what a call used at once, where something limits its purpose. False if it is yet to be counted."""
        if not self.limits(call.purpose):
            return False
        try:
            with self._database.connection() as conn:
                model_calls.count(conn, [call])
        except (DatabaseError, psycopg.Error) as error:
            log.warning("a call of a language model is counted later: %s", error)
            return False
        return True


def _together(used: Mapping[str, Spent]) -> Spent:
    return Spent(
        sum(spent.tokens for spent in used.values()),
        sum((spent.money for spent in used.values()), Decimal(0)),
    )


def _exceeded(name: str, limit: str, now: datetime) -> BudgetExceeded:
    tomorrow = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    whose = "all purposes together" if name == ALL else f"the purpose {name!r}"
    error = BudgetExceeded(
        f"the {limit} that {whose} may use in a day are spent",
        hint=f"it goes on at {tomorrow:%Y-%m-%d %H:%M} UTC, or raise budgets.{name} in the settings",
    )
    error.retry_after_s = (tomorrow - now).total_seconds()
    return error
