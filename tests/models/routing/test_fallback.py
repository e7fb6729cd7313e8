"""An answer from the next engine, or an error that says what each engine said, within the time of the request."""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import pytest

from shopkeeper.errors import (
    ContextTooLong,
    EngineError,
    EngineOverloaded,
    EngineTimeout,
    EngineUnavailable,
    UnknownModel,
    Unsupported,
)
from shopkeeper.models.records import Controls, Grammar, Request
from shopkeeper.models.routing import LanguageModels
from shopkeeper.shop.model_calls import ModelCall
from tests.models.engines.bad_server import World
from tests.models.routing.conftest import ANSWER, QUESTION, Make

Calls = Callable[[LanguageModels], list[ModelCall]]
FAULTS = ("429-later", "500", "reset", "cut", "cut-early", "bad-json", "page", "empty", "wrong-model",
          "no-quota", "not-http", "error-in-200")  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_the_next_engine_answers_for_one_that_fails(make: Make, calls: Calls, fault: str) -> None:
    models = make(first=(fault,), second=("well",))
    assert models.route("support").generate(QUESTION).text == ANSWER
    first, second = calls(models)
    assert (first.engine, second.engine, second.outcome) == ("first", "second", "ok")
    assert first.outcome in ("unavailable", "overloaded") and second.place == 1


@pytest.mark.parametrize("fault", ["stall", "drip-headers"])
def test_an_engine_that_stalls_leaves_time_for_the_next(
    make: Make, calls: Calls, fault: str
) -> None:
    models = make(first=(fault,), second=("well",))
    assert models.route("support").generate(replace(QUESTION, timeout_s=1.2)).text == ANSWER
    assert [call.outcome for call in calls(models)] == ["timeout", "ok"]


@pytest.mark.parametrize("fault", ["stall", "drip", "500", "cut-early"])
def test_a_stream_begins_at_the_engine_that_has_a_first_word(make: Make, fault: str) -> None:
    models = make(first=(fault,), second=("well",))
    pieces = list(models.route("support").stream(replace(QUESTION, timeout_s=1.2)))
    assert "".join(piece.text for piece in pieces) == ANSWER
    assert pieces[-1].generation is not None and pieces[-1].generation.text == ANSWER


def test_a_stream_that_breaks_off_is_not_gone_on_with_by_another(make: Make, calls: Calls) -> None:
    models = make(first=("cut",), second=("well",))
    came = []
    with pytest.raises(EngineUnavailable):
        for piece in models.route("support").stream(QUESTION):
            came.append(piece.text)
    assert ANSWER.startswith("".join(came)) and came
    (call,) = calls(models)
    assert call.outcome == "unavailable" and call.completion_tokens > 0


def test_a_stream_that_has_begun_may_use_all_the_time(make: Make) -> None:
    models = make(first=("stall-in-stream",), second=("well",))
    begun = time.monotonic()
    with pytest.raises(EngineTimeout):
        list(models.route("support").stream(replace(QUESTION, timeout_s=1)))
    assert time.monotonic() - begun > 0.9  # not half of it, its share before the first word


def test_when_all_fail_the_error_tells_what_each_said(make: Make) -> None:
    models = make(first=("500",), second=("wrong-model",), third=("429-later",))
    with pytest.raises(EngineOverloaded) as caught:
        models.route("support").generate(QUESTION)
    for name in ("first: ", "second: ", "third: "):
        assert name in caught.value.message
    assert caught.value.retry_after_s > 0 and "support" in caught.value.message


@pytest.mark.parametrize("fault", [*FAULTS, "stall"])
def test_alone_it_gives_its_own_error_within_the_time(make: Make, fault: str) -> None:
    models = make(only=(fault,))  # one that stalls would do so for a minute
    with pytest.raises(EngineError) as caught:
        models.route("support").generate(replace(QUESTION, timeout_s=1))
    assert isinstance(caught.value, EngineTimeout) == (fault == "stall")


def test_what_an_engine_cannot_do_it_is_not_asked(make: Make, world: World) -> None:
    models = make(first=("well",), second=("well",))
    with pytest.raises(Unsupported, match="beams") as caught:
        models.route("support").generate(replace(QUESTION, controls=Controls(beams=4)))
    assert "first: " in caught.value.message and not world.asked


def test_too_long_for_one_is_tried_on_those_with_a_longer_context(make: Make, calls: Calls) -> None:
    models = make(first=("too-long-openai",), second=("well",))
    assert models.route("support").generate(QUESTION).text == ANSWER
    models = make(first=("well",), second=("too-long-openai",))  # contexts of 2000 and 3000
    backwards = models.engine("second")
    with pytest.raises(ContextTooLong):
        backwards.generate(QUESTION)


def test_a_shorter_context_is_not_tried_after_a_longer_one(make: Make, world: World) -> None:
    routes = {"support": ("long", "short")}
    models = make(routes=routes, short=("well",), long=("too-long-openai",))
    with pytest.raises(ContextTooLong, match="short: "):
        models.route("support").generate(QUESTION)
    assert len(world.asked) == 1


def test_a_purpose_without_a_route_takes_the_default_one(make: Make) -> None:
    models = make(routes={"default": ("first",)}, first=("well",))
    assert models.route("anything").generate(QUESTION).text == ANSWER


def test_without_any_model_the_error_says_how_to_get_one(make: Make) -> None:
    models = make()
    for ask in (models.route("anything").generate, lambda r: list(models.route("x").stream(r))):
        with pytest.raises(EngineUnavailable) as caught:
            ask(QUESTION)
        assert "shopkeeper models pull default" in caught.value.hint


def test_a_name_that_is_no_model_is_answered_with_one_that_is(make: Make) -> None:
    models = make(careful=("well",))
    with pytest.raises(UnknownModel) as caught:
        models.engine("carefull")
    assert "careful" in caught.value.hint


def test_leaving_a_stream_stops_the_model_and_counts_what_came(make: Make, calls: Calls) -> None:
    models = make(first=("stall-in-stream",))
    with closing(models.route("support").stream(QUESTION)) as pieces:
        next(pieces)
    (call,) = calls(models)
    assert call.outcome == "stopped" and call.completion_tokens == 1 and call.prompt_tokens > 0


def test_a_vector_comes_from_the_engine_that_has_them(make: Make) -> None:
    models = make(first=("500",), second=("well",))
    assert models.route("support").embed(["a", "bb"]).vectors.shape == (2, 2)


def test_a_closed_shop_answers_that_it_is_closed(make: Make) -> None:
    models = make(first=("well",))
    route = models.route("support")
    models.close()
    with pytest.raises(EngineUnavailable):
        route.generate(QUESTION)


def test_a_grammar_goes_to_an_engine_that_keeps_to_it(make: Make) -> None:
    models = make(first=("well",))
    request = Request("say", constraint=Grammar('root ::= "a"'))
    with pytest.raises(Unsupported, match="grammar"):
        models.route("support").generate(request)
