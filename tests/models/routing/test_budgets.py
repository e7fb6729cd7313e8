"""Budgets: checked before a call, counted after it, in one place for all programs."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from shopkeeper.errors import BudgetExceeded, EngineUnavailable
from shopkeeper.models.routing import LanguageModels
from shopkeeper.models.routing.budgets import Budgets
from shopkeeper.settings import BudgetSettings
from shopkeeper.shop import model_calls
from shopkeeper.shop.database import Database
from shopkeeper.shop.model_calls import ModelCall
from tests.models.engines.bad_server import World
from tests.models.routing.conftest import ANSWER, QUESTION, Make

Calls = Callable[[LanguageModels], list[ModelCall]]

ANOTHER_PROGRAM = """
import sys
from datetime import UTC, datetime
from shopkeeper.models.routing.budgets import Budgets
from shopkeeper.settings import BudgetSettings
from shopkeeper.shop.database import Database
from shopkeeper.shop.model_calls import ModelCall

database = Database(sys.argv[1])
budgets = Budgets(database, {"support": BudgetSettings(tokens_per_day=100)})
for _ in range(5):
    budgets.count(ModelCall(datetime.now(UTC), "support", "generate", "e", "m", completion_tokens=9))
database.close()
"""


def test_spent_tokens_stop_every_engine_until_the_day_ends(make: Make, world: World) -> None:
    models = make(budgets={"support": {"tokens_per_day": 10}}, first=("well",), second=("well",))
    route = models.route("support")
    assert route.generate(QUESTION).text == ANSWER  # 12 tokens, which nobody knew before
    with pytest.raises(BudgetExceeded, match="10 tokens") as caught:
        route.generate(QUESTION)
    assert 0 < caught.value.retry_after_s <= 86_400
    assert "00:00 UTC" in caught.value.hint
    assert len(world.asked) == 1


def test_spent_money_stops_priced_engines_and_a_free_one_still_answers(
    make: Make, calls: Calls
) -> None:
    models = make(
        budgets={"support": {"money_per_day": 0.000_001}}, prices={"dear": 1.0},
        dear=("well",), free=("well",),
    )  # fmt: skip
    route = models.route("support")
    assert route.generate(QUESTION).text == route.generate(QUESTION).text == ANSWER
    first, second = calls(models)
    assert (first.engine, first.cost) == ("dear", Decimal("0.000005"))
    assert (second.engine, second.cost, second.place) == ("free", Decimal(0), 1)
    with pytest.raises(BudgetExceeded, match="money"):
        models.engine("dear", purpose="support").generate(QUESTION)


def test_a_stream_is_stopped_and_counted_alike(make: Make) -> None:
    models = make(budgets={"support": {"tokens_per_day": 10}}, first=("well",))
    list(models.route("support").stream(QUESTION))
    with pytest.raises(BudgetExceeded):
        list(models.route("support").stream(QUESTION))


def test_all_purposes_together_have_a_budget_too(make: Make) -> None:
    budgets = {"all": {"tokens_per_day": 20}}
    models = make(budgets=budgets, routes={"default": ("first",)}, first=("well",))
    models.route("reviews").generate(QUESTION)
    models.route("content").generate(QUESTION)
    with pytest.raises(BudgetExceeded, match="all purposes together"):
        models.route("support").generate(QUESTION)


def test_another_purpose_is_not_stopped(make: Make) -> None:
    models = make(budgets={"content": {"tokens_per_day": 1}}, first=("well",))
    for _ in range(3):
        assert models.route("support").generate(QUESTION).text == ANSWER


def test_what_another_program_used_counts(db: Database) -> None:
    budgets = Budgets(db, {"support": BudgetSettings(tokens_per_day=90)})
    subprocess.run([sys.executable, "-c", ANOTHER_PROGRAM, db.url], check=True, timeout=60)
    assert budgets.closed("support").every is None  # 45 of 90
    call = ModelCall(datetime.now(UTC), "support", "generate", "e", "m", completion_tokens=45)
    assert budgets.count(call)
    assert budgets.closed("support").every is not None
    with db.connection() as conn:
        assert model_calls.spent(conn, call.day)["support"].tokens == 90


def test_a_new_day_begins_with_nothing_spent(db: Database) -> None:
    evening = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    limits = {"support": BudgetSettings(tokens_per_day=5)}
    Budgets(db, limits).count(ModelCall(evening, "support", "score", "e", "m", prompt_tokens=5))
    spent = Budgets(db, limits, clock=lambda: evening).closed("support").every
    assert spent is not None and spent.retry_after_s == 30 * 60
    assert "2026-03-02 00:00 UTC" in spent.hint
    next_day = datetime(2026, 3, 2, 0, 0, 1, tzinfo=UTC)
    assert Budgets(db, limits, clock=lambda: next_day).closed("support").every is None


def test_a_refusal_is_recorded_though_nobody_was_asked(make: Make, calls: Calls) -> None:
    models = make(budgets={"support": {"tokens_per_day": 1}}, first=("well",))
    models.route("support").generate(QUESTION)
    with pytest.raises(BudgetExceeded):
        models.route("support").generate(QUESTION)
    assert [call.outcome for call in calls(models)] == ["ok", "budget"]


def test_what_is_spent_is_not_guessed_while_the_database_is_away(
    make: Make, db: Database, world: World
) -> None:
    models = make(
        budgets={"support": {"money_per_day": 1}}, prices={"dear": 1.0}, dear=("well",), free=("500",)
    )  # fmt: skip
    gone = Database(db.url)
    gone.close()
    models._house.budgets._database = gone
    with pytest.raises(EngineUnavailable) as caught:
        models.route("support").generate(QUESTION)
    assert "cannot be known" in caught.value.message
    assert all("500" in asked.path for asked in world.asked)
