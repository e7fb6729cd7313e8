"""Whatever the server does, the caller gets an answer or a typed error within the time budget."""

import pytest

from shopkeeper.errors import (
    ContextTooLong,
    EngineError,
    EngineOverloaded,
    EngineTimeout,
    EngineUnavailable,
    Unsupported,
)
from shopkeeper.models.engines.remote.attempts import Breaker
from shopkeeper.models.records import Message, Request
from shopkeeper.settings import EngineSettings
from tests.models.engines.bad_server import BROKEN, TOO_LONG, World
from tests.models.engines.remote.conftest import Make

HELLO = Request((Message("user", "hello there"),))
HURRIED = Request(HELLO.prompt, timeout_s=0.15)
ANSWER = "You said: hello there"


@pytest.mark.parametrize(
    "fault", ["429", "429-soon", "500", "502", "503", "504", "529", "reset", "cut"]
)
def test_what_may_go_better_is_tried_again(engine_for: Make, world: World, fault: str) -> None:
    assert engine_for(fault, fault, "well").generate(HELLO).text == ANSWER
    assert len(world.asked) == 3


@pytest.mark.parametrize("fault", ["500", "503", "429-soon", "reset", "cut-early", "error-in-200"])
def test_a_stream_of_which_nothing_came_is_tried_again(engine_for: Make, fault: str) -> None:
    *pieces, last = engine_for(fault, "well").stream(HELLO)
    assert "".join(p.text for p in pieces) == ANSWER
    assert last.generation is not None


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("400", Unsupported), ("401", EngineUnavailable), ("403", EngineUnavailable), ("405", Unsupported), ("413", ContextTooLong),
     ("501", Unsupported), ("wrong-model", EngineUnavailable), ("nothing-here", Unsupported), ("redirect", EngineUnavailable),
     ("no-quota", EngineOverloaded), ("429-later", EngineOverloaded), ("bad-parameter", Unsupported), ("not-http", EngineUnavailable)],
)  # fmt: skip
def test_what_stays_wrong_is_not_tried_again(engine_for: Make, world: World, fault: str, kind: type[EngineError]) -> None:  # fmt: skip
    with pytest.raises(kind, match="engine cloud"):
        engine_for(fault, "well").generate(HELLO)
    assert len(world.asked) == 1


def test_a_server_that_keeps_failing_is_asked_four_times(engine_for: Make, world: World) -> None:
    with pytest.raises(EngineUnavailable, match="status 500"):
        engine_for("500").generate(HELLO)
    assert len(world.asked) == 4


def test_what_the_server_asks_to_wait_is_told(engine_for: Make) -> None:
    with pytest.raises(EngineOverloaded, match="429") as raised:
        engine_for("429-later").generate(HELLO)
    assert raised.value.retry_after_s == 3600


@pytest.mark.parametrize("fault", sorted(BROKEN))
def test_an_answer_that_is_none_is_an_error(engine_for: Make, fault: str) -> None:
    with pytest.raises(EngineUnavailable, match="engine cloud: its answer cannot be used"):
        engine_for(fault).generate(HELLO)


@pytest.mark.parametrize("dialect", sorted(TOO_LONG))
def test_a_context_that_is_too_long_is_known_in_every_dialect(engine_for: Make, world: World, dialect: str) -> None:  # fmt: skip
    engine = engine_for(f"too-long-{dialect}")
    with pytest.raises(ContextTooLong):
        engine.generate(HELLO)
    with pytest.raises(ContextTooLong):
        list(engine.stream(HELLO))
    assert len(world.asked) == 2


@pytest.mark.parametrize("fault", ["stall", "drip", "drip-headers", "stall-in-stream"])
def test_nobody_is_held_longer_than_the_budget(engine_for: Make, fault: str) -> None:
    """The server would go on for a minute, and then break off, which is another error."""
    engine = engine_for(fault)
    for ask in (lambda: engine.generate(HURRIED), lambda: list(engine.stream(HURRIED))):
        with pytest.raises(EngineTimeout, match="engine cloud: no whole answer within 0"):
            ask()


def test_an_event_without_an_end_is_given_up(engine_for: Make) -> None:
    with pytest.raises(EngineUnavailable, match="an event is too long"):
        list(engine_for("long-line").stream(HELLO))


def test_a_stream_cut_after_pieces_is_an_error_and_not_begun_again(engine_for: Make, world: World) -> None:  # fmt: skip
    stream = engine_for("cut", "well").stream(HELLO)
    assert next(stream).text
    with pytest.raises(EngineUnavailable, match="broke off"):
        list(stream)
    assert len(world.asked) == 1


def test_a_stream_whose_last_mark_is_missing_is_whole(engine_for: Make) -> None:
    *_, last = engine_for("no-done").stream(HELLO)
    assert last.generation is not None
    assert (last.generation.text, last.generation.usage.estimated) == ("all", True)


def test_a_server_that_does_not_stream_answers_in_one_piece(engine_for: Make) -> None:
    piece, last = engine_for("no-stream").stream(HELLO)
    assert piece.text == ANSWER
    assert last.generation is not None


def test_nobody_there_is_an_error(engine_for: Make) -> None:
    engine = engine_for(url="http://127.0.0.1:9/v1")  # nothing listens on the discard port
    with pytest.raises(
        EngineUnavailable, match=r"engine cloud cannot be reached \(ConnectionRefusedError\)"
    ):
        engine.generate(HELLO)


def test_the_key_goes_nowhere_else(engine_for: Make, world: World) -> None:
    with pytest.raises(EngineUnavailable, match="redirects to another address"):
        engine_for("redirect").generate(HELLO)
    assert [asked.path.split("/")[2] for asked in world.asked] == ["redirect"]


def test_a_parameter_that_is_refused_is_named(engine_for: Make) -> None:
    with pytest.raises(Unsupported, match="because of temperature"):
        engine_for("bad-parameter").generate(HELLO)


def test_the_server_s_way_of_limiting_length_is_learned(engine_for: Make, world: World) -> None:
    engine = engine_for("max-completion-tokens")
    assert engine.generate(HELLO).text == engine.generate(HELLO).text == ANSWER
    assert len(world.asked) == 3


def test_a_server_without_stream_options_streams(engine_for: Make) -> None:
    *_, last = engine_for("no-stream-options").stream(HELLO)
    assert last.generation is not None
    assert last.generation.usage.estimated


def test_a_connection_is_used_again_and_replaced_when_the_server_closed_it(engine_for: Make, world: World) -> None:  # fmt: skip
    engine = engine_for("well", "well", "well", "reset", "well")
    for _ in range(3):
        engine.generate(HELLO)
    list(engine.stream(HELLO))
    assert world.connections == 2
    assert len(world.asked) == 5


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_breaker_opens_and_heals(engine_for: Make, world: World) -> None:
    clock = Clock()
    breaker = Breaker("cloud", failures=3, rest_s=10, clock=clock)
    engine = engine_for(*["500"] * 4, "well", breaker=breaker)
    with pytest.raises(EngineUnavailable, match="status 500"):
        engine.generate(HELLO)
    assert len(world.asked) == 3  # the fourth attempt was spared
    with pytest.raises(EngineUnavailable, match="failed 3 times in a row and is left alone"):
        engine.generate(HELLO)
    assert len(world.asked) == 3
    clock.now = 10  # half open: one request, which fails, so that it is left alone again
    with pytest.raises(EngineUnavailable):
        engine.generate(HELLO)
    assert len(world.asked) == 4
    clock.now = 20
    assert engine.generate(HELLO).text == ANSWER
    assert engine.generate(HELLO).text == ANSWER


def test_refusals_and_short_budgets_do_not_open_the_breaker(engine_for: Make) -> None:
    breaker = Breaker("cloud", failures=1)
    engine = engine_for("400", "429-later", "stall", "well", breaker=breaker)
    for _ in range(3):
        with pytest.raises(EngineError):
            engine.generate(HURRIED)
    assert engine.generate(HELLO).text == ANSWER


def test_a_server_that_stays_silent_opens_the_breaker(engine_for: Make) -> None:
    engine = engine_for("stall", breaker=Breaker("cloud", failures=1), timeout_s=0.1)
    with pytest.raises(EngineTimeout):
        engine.generate(HELLO)
    with pytest.raises(EngineUnavailable, match="left alone"):
        engine.generate(HELLO)


def test_waiting_for_a_place_counts(engine_for: Make) -> None:
    engine = engine_for("well", parallel=1)
    held = engine.stream(HELLO)
    next(held)
    with pytest.raises(EngineTimeout, match="all 1 places were taken"):
        engine.generate(HURRIED)
    held.close()  # type: ignore[attr-defined]  # a generator's way to stop
    assert engine.generate(HELLO).text == ANSWER


def test_a_list_of_models_is_not_needed(engine_for: Make) -> None:
    assert engine_for("well", kind="no-list").generate(HELLO).text == ANSWER


def test_settings_without_an_address_are_refused() -> None:
    with pytest.raises(ValueError, match="needs a url"):
        EngineSettings(kind="openai", model="m")
