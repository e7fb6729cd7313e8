"""One request on its way along the engines of a route: who may be asked, for how long, and what each said."""

import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from shopkeeper.errors import (
    BudgetExceeded,
    ContextTooLong,
    DatabaseError,
    EngineError,
    EngineOverloaded,
    EngineTimeout,
    EngineUnavailable,
    ModelError,
    Unsupported,
)
from shopkeeper.models.engines.contract import LanguageModel
from shopkeeper.models.records import Ability, Timing, Usage
from shopkeeper.models.routing.budgets import Budgets, Closed
from shopkeeper.models.routing.engines import Engines
from shopkeeper.models.routing.opening import in_process
from shopkeeper.models.routing.recording import CallRecorder
from shopkeeper.settings import EngineSettings
from shopkeeper.shop.model_calls import ModelCall, Operation, Outcome

OUTCOMES: dict[type[ModelError], Outcome] = {
    EngineTimeout: "timeout",
    EngineOverloaded: "overloaded",
    Unsupported: "unsupported",
    ContextTooLong: "context",
    BudgetExceeded: "budget",
}
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Named:
    """An engine by its name in the settings."""

    name: str
    settings: EngineSettings

    @property
    def priced(self) -> bool:
        """True if using it costs money."""
        return self.settings.input_price > 0 or self.settings.output_price > 0


@dataclass(frozen=True, slots=True)
class House:
    """What all routes of a shop share."""

    engines: Engines
    budgets: Budgets
    recorder: CallRecorder


@dataclass(slots=True)
class Asking:
    """One request. needs: abilities without which an engine is passed over. timeout_s: for all engines together."""

    house: House
    purpose: str
    operation: Operation
    needs: frozenset[Ability]
    timeout_s: float
    prompt_version: str = ""
    begun: float = field(default_factory=time.monotonic)
    refused: list[tuple[str, ModelError]] = field(default_factory=list)  # without being asked
    failed: list[tuple[str, ModelError]] = field(default_factory=list)
    longest: int = 0  # tokens of context that were too few

    def attempts(self, engines: Sequence[Named]) -> Generator["Attempt"]:
        """The engines that may be asked, in their order, as long as there is time. Raises what the last one said."""
        closed = self._closed()
        for place, named in enumerate(engines):
            if self.left_s <= 0:
                self.refused.append((named.name, EngineTimeout("no time was left to ask it")))
                continue
            if spent := closed.for_engine(priced=named.priced):
                self.refused.append((named.name, spent))
                continue
            with ExitStack() as used:
                try:
                    engine = used.enter_context(self.house.engines.use(named.name, named.settings))
                except ModelError as error:
                    self.refused.append((named.name, error))
                    continue
                if lack := self._lack(engine, named):
                    self.refused.append((named.name, lack))
                    continue
                yield Attempt(self, named, engine, place, behind=len(engines) - place - 1)
        raise self._error()

    @property
    def left_s(self) -> float:
        """Seconds of the request's time that are left."""
        return self.timeout_s - (time.monotonic() - self.begun)

    def _closed(self) -> Closed:
        try:
            return self.house.budgets.closed(self.purpose)
        except DatabaseError as error:
            unknown = BudgetExceeded(
                f"what is spent cannot be known: {error.message}", hint=error.hint
            )
            return Closed(priced=unknown)

    def _lack(self, engine: LanguageModel, named: Named) -> EngineError | None:
        # One on another machine is asked straight away, and says so if it cannot: to look first would take its time.
        missing = self.needs - engine.abilities if in_process(named.settings) else ()
        if missing:
            return Unsupported(f"{engine.model} cannot do this: {', '.join(sorted(missing))}")
        if 0 < engine.context_tokens <= self.longest:
            return ContextTooLong(f"its context of {engine.context_tokens} tokens is no longer")
        return None

    def _error(self) -> ModelError:
        said = [*self.refused, *self.failed]
        if not said:
            return no_engine(self.purpose)
        last = self._deciding()
        if isinstance(last, BudgetExceeded):
            self._note_refusal(said[-1][0])
        if len(said) == 1:
            return last
        kind = type(last) if isinstance(last, EngineError | BudgetExceeded) else EngineUnavailable
        error = kind(
            f"no engine answered for {self.purpose}: "
            + "; ".join(f"{name}: {error.message}" for name, error in said),
            hint="; ".join(dict.fromkeys(error.hint for _, error in said if error.hint)),
        )
        if isinstance(error, BudgetExceeded | EngineOverloaded):
            error.retry_after_s = getattr(last, "retry_after_s", 0.0)
        return error

    def _deciding(self) -> ModelError:
        """Whose kind the error has: the last that was asked; if none was, a budget before what is as it is."""
        if self.failed:
            return self.failed[-1][1]
        budgets = [error for _, error in self.refused if isinstance(error, BudgetExceeded)]
        last = budgets[-1] if budgets else self.refused[-1][1]
        if isinstance(last, EngineError | BudgetExceeded):
            return last
        return EngineUnavailable(last.message, hint=last.hint)

    def _note_refusal(self, engine: str) -> None:
        """Record that a budget was why no engine was asked."""
        call = ModelCall(
            datetime.now(UTC), self.purpose, self.operation, engine, "",
            prompt_version=self.prompt_version, outcome="budget",
        )  # fmt: skip
        self.house.recorder.note(call, counted=True)


@dataclass(slots=True)
class Attempt:
    """One engine that is asked. behind: how many engines come after it."""

    asking: Asking
    named: Named
    engine: LanguageModel
    place: int
    behind: int
    begun: float = field(default_factory=time.monotonic)

    @property
    def left_s(self) -> float:
        """Seconds that it may take if it is the last, or once it has begun to answer."""
        return min(self.asking.left_s, self.named.settings.timeout_s)

    @property
    def share_s(self) -> float:
        """Seconds that it may take while others behind it may be asked still."""
        return min(self.asking.left_s / (self.behind + 1), self.named.settings.timeout_s)

    def failed(self, error: ModelError, usage: Usage | None = None) -> None:
        """Note that it gave no answer, and what that used as far as it is known."""
        self.asking.failed.append((self.named.name, error))
        if isinstance(error, ContextTooLong):
            self.asking.longest = max(self.asking.longest, self.engine.context_tokens)
        self.note(OUTCOMES.get(type(error), "unavailable"), usage or Usage(0))

    def note(self, outcome: Outcome, usage: Usage, timing: Timing | None = None) -> None:
        """Record and count this call."""
        prices = self.named.settings
        took_ms = (time.monotonic() - self.begun) * 1000
        call = ModelCall(
            at=datetime.now(UTC),
            purpose=self.asking.purpose,
            operation=self.asking.operation,
            engine=self.named.name,
            model=self.engine.model,
            prompt_version=self.asking.prompt_version,
            prompt_tokens=usage.prompt_tokens,
            cached_tokens=usage.cached_tokens,
            completion_tokens=usage.completion_tokens,
            first_token_ms=timing.first_token_ms if timing else 0.0,
            total_ms=timing.total_ms if timing else took_ms,
            cost=_price(prices.input_price, usage.prompt_tokens)
            + _price(prices.output_price, usage.completion_tokens),
            outcome=outcome,
            place=self.place,
        )
        house = self.asking.house
        house.recorder.note(call, counted=house.budgets.count(call))


def _price(per_million: float, tokens: int) -> Decimal:
    return Decimal(str(per_million)) * tokens / MILLION if per_million else Decimal(0)


def no_engine(purpose: str) -> EngineUnavailable:
    """What is raised where nothing can be asked at all."""
    return EngineUnavailable(
        f"there is no language model for {purpose}",
        hint="fetch the default one: shopkeeper models pull default; or name one in the settings: [engines.NAME]",
    )
