"""What servers answer becomes records, whatever their habits."""

import numpy as np
import pytest

from shopkeeper.models.records import Message, Request, Tool, Usage
from tests.models.engines.bad_server import MODEL
from tests.models.engines.remote.conftest import Make

HELLO = Request((Message("user", "hello there"),))


def test_an_answer_says_what_it_took(engine_for: Make) -> None:
    done = engine_for().generate(HELLO)
    assert (done.text, done.finish, done.model) == ("You said: hello there", "stop", MODEL)
    assert done.usage == Usage(7, 5, 3)
    assert 0 < done.timing.first_token_ms <= done.timing.total_ms


def test_a_stream_says_the_same(engine_for: Make) -> None:
    *pieces, last = engine_for().stream(HELLO)
    done = last.generation
    assert done is not None
    assert (done.text, done.finish, done.usage) == ("You said: hello there", "stop", Usage(7, 5, 3))
    assert len(pieces) > 1
    assert 0 < done.timing.first_token_ms <= done.timing.total_ms


def test_a_text_is_continued(engine_for: Make) -> None:
    engine = engine_for()
    assert engine.generate(Request("Once")).text == "You said: Once"
    assert "".join(p.text for p in engine.stream(Request("Once"))) == "You said: Once"


@pytest.mark.parametrize("behaviour", ["no-usage", "odd-usage"])
def test_usage_that_is_not_told_is_estimated_and_says_so(engine_for: Make, behaviour: str) -> None:
    usage = engine_for(behaviour).generate(HELLO).usage
    assert usage.estimated
    assert (usage.prompt_tokens, usage.completion_tokens) == (3, 6)


def test_characters_that_nobody_can_keep_are_left_out(engine_for: Make) -> None:
    assert engine_for("nul").generate(HELLO).text == "ab"


def test_content_in_parts_is_joined(engine_for: Make) -> None:
    assert engine_for("parts").generate(HELLO).text == "ab"


def test_calls_are_told_apart_and_get_ids(engine_for: Make) -> None:
    calls = engine_for("object-call").generate(HELLO).tool_calls
    assert [(c.id, c.name, c.arguments) for c in calls] == [("call_0", "send", '{"a": 1}'), ("call_1", "send", '{"a": 1}')]  # fmt: skip


def test_a_call_comes_whole_out_of_a_stream(engine_for: Make) -> None:
    asked = Request(HELLO.prompt, tools=(Tool("send", "Send it.", {}),))
    engine = engine_for()
    *_, last = engine.stream(asked)
    assert last.generation is not None
    assert last.generation.tool_calls == engine.generate(asked).tool_calls
    assert last.generation.finish == "tool_calls"


def test_vectors_are_in_order_and_of_length_one(engine_for: Make) -> None:
    engine = engine_for()
    done = engine.embed(["a", "bcd"] * 100)  # more than one request
    assert done.vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(done.vectors, axis=1), 1)
    assert np.allclose(done.vectors[0], np.array([2, 1]) / np.sqrt(5))
    assert np.allclose(done.vectors[-1], np.array([4, 1]) / np.sqrt(17))
    assert engine.embed([]).vectors.shape == (0, 0)


def test_an_estimate_counts_letters_and_characters(engine_for: Make) -> None:
    count = engine_for().count_tokens
    assert (count(""), count("hello there"), count("保温杯")) == (0, 3, 3)
