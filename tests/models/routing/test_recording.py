"""Records of calls: what was used and how it ended, never what was said; written later, and none lost by a pause."""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from shopkeeper.errors import EngineError
from shopkeeper.models.records import Message, Request, Tool
from shopkeeper.models.routing import LanguageModels
from shopkeeper.models.routing.recording import CallRecorder
from shopkeeper.shop import model_calls
from shopkeeper.shop.database import Database
from shopkeeper.shop.model_calls import ModelCall
from tests.models.routing.conftest import QUESTION, Make

Calls = Callable[[LanguageModels], list[ModelCall]]
CANARIES = ("wren@secret.example", "+44 20 7946 0123", "Nightingale Lane 5", "canary-tool")


def a_call(**changes: object) -> ModelCall:
    given = {"at": datetime.now(UTC), "purpose": "support", "operation": "generate", "engine": "e", "model": "m"}  # fmt: skip
    return ModelCall(**(given | changes))  # type: ignore[arg-type]


def test_a_call_is_recorded_with_all_that_it_used(make: Make, calls: Calls) -> None:
    models = make(prices={"first": 2.0}, first=("well",))
    models.route("support").generate(Request("hello", prompt_version="reply@3"))
    (call,) = calls(models)
    assert (call.purpose, call.operation, call.engine, call.model) == ("support", "generate", "first", "m")  # fmt: skip
    assert (call.prompt_tokens, call.completion_tokens, call.cached_tokens) == (7, 5, 3)
    assert (call.prompt_version, call.outcome, call.place) == ("reply@3", "ok", 0)
    assert call.cost == 2 * 5 / 1_000_000 or float(call.cost) == pytest.approx(1e-5)
    assert 0 < call.first_token_ms <= call.total_ms
    assert datetime.now(UTC) - call.at < timedelta(minutes=1)


@pytest.mark.parametrize("fault", ["well", "chatty-400", "chatty-500", "cut", "bad-json"])
def test_nothing_that_was_said_is_in_records_or_logs(
    make: Make, calls: Calls, db: Database, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    models = make(first=(fault,), second=(fault,))
    said = " ".join(CANARIES[:3])
    request = Request(
        (Message("system", said), Message("user", said)),
        tools=(Tool("send", CANARIES[3], {"type": "object"}),),
        timeout_s=5,
    )
    with caplog.at_level(logging.DEBUG):
        for ask in (
            models.route("support").generate,
            lambda r: list(models.route("support").stream(r)),
        ):
            try:
                ask(request)
            except EngineError as error:
                assert not any(canary in error.message + error.hint for canary in CANARIES)
    assert calls(models)
    with db.connection() as conn:
        rows = conn.execute("select row_to_json(c)::text from lm_calls c").fetchall()
    for text in (json.dumps(rows), caplog.text):
        assert not any(canary in text for canary in CANARIES)


def test_what_is_noted_is_written_when_it_closes(db: Database) -> None:
    recorder = CallRecorder(db, every_s=60)
    for n in range(3):
        recorder.note(a_call(completion_tokens=n), counted=False)
    recorder.close()
    with db.connection() as conn:
        assert [c.completion_tokens for c in model_calls.recent(conn, 9)] == [2, 1, 0]
        assert model_calls.spent(conn, datetime.now(UTC).date())["support"].tokens == 3


def test_what_is_counted_already_is_not_counted_again(db: Database) -> None:
    recorder = CallRecorder(db)
    recorder.note(a_call(completion_tokens=7), counted=True)
    recorder.close()
    with db.connection() as conn:
        assert len(model_calls.recent(conn, 9)) == 1
        assert model_calls.spent(conn, datetime.now(UTC).date()) == {}


def test_records_wait_for_a_database_that_is_away(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    gone = Database(db.url)
    gone.close()
    recorder = CallRecorder(gone, every_s=60)
    recorder.note(a_call(), counted=False)
    recorder.flush()
    assert "wait to be recorded" in caplog.text
    recorder._database = db  # it is back
    recorder.close()
    with db.connection() as conn:
        assert len(model_calls.recent(conn, 9)) == 1


def test_old_records_are_deleted(db: Database) -> None:
    recorder = CallRecorder(db, kept_days=30)
    for days in (31, 29, 0):
        recorder.note(a_call(at=datetime.now(UTC) - timedelta(days=days), prompt_tokens=1), counted=False)  # fmt: skip
    recorder.close()
    with db.connection() as conn:
        assert len(model_calls.recent(conn, 9)) == 2
        assert conn.execute("select count(*) from lm_spend").fetchone() == (2,)


def test_use_is_summed_by_day_purpose_and_model(make: Make, db: Database) -> None:
    models = make(routes={"default": ("first", "second")}, first=("500",), second=("well",))
    for purpose in ("support", "support", "content"):
        models.route(purpose).generate(QUESTION)
    models.flush()
    with db.connection() as conn:
        use = model_calls.use_since(conn, datetime.now(UTC) - timedelta(days=1))
    found = {(u.purpose, u.engine): (u.calls, u.failed, u.prompt_tokens) for u in use}
    assert found == {
        ("support", "first"): (2, 2, 0), ("support", "second"): (2, 0, 14),
        ("content", "first"): (1, 1, 0), ("content", "second"): (1, 0, 7),
    }  # fmt: skip
