"""What servers answer becomes records, whatever their habits."""

import numpy as np
import pytest

from shopkeeper.errors import EngineUnavailable, Unsupported
from shopkeeper.models.records import Message, Request, Tool, Usage
from tests.models.engines.bad_server import MODEL, likelihood
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
    assert (usage.prompt_tokens, usage.completion_tokens) == (2, 5)


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


@pytest.mark.parametrize("kind", ["vllm", "sglang"])
@pytest.mark.parametrize("prompt", ["Once upon", HELLO.prompt], ids=["text", "messages"])
def test_an_echo_tells_how_likely_a_continuation_is(engine_for: Make, kind: str, prompt: str) -> None:  # fmt: skip
    done = engine_for(kind=kind).score(prompt, [" a", "", "time"])
    expected = [sum(likelihood(ord(c)) for c in text) for text in (" a", "", "time")]
    assert [s.log_likelihood for s in done.scores] == pytest.approx(expected)
    assert [s.tokens for s in done.scores] == [2, 0, 4]
    assert done.usage.prompt_tokens > 6


@pytest.mark.parametrize("behaviour", ["no-choices", "array", "page"])
def test_a_score_that_is_none_is_an_error(engine_for: Make, behaviour: str) -> None:
    for kind in ("vllm", "llama-server"):
        with pytest.raises(EngineUnavailable, match="its answer cannot be used"):
            engine_for(behaviour, kind=kind).score("Once", [" a"])


def test_a_hosted_server_does_not_score(engine_for: Make) -> None:
    with pytest.raises(Unsupported, match="does not tell how likely a text is"):
        engine_for().score("Once", [" a"])


def test_an_estimate_counts_letters_and_characters(engine_for: Make) -> None:
    count = engine_for().count_tokens
    texts = ("", " ", "hello there", "保温杯", "2024", "unbelievable!")
    assert [count(text) for text in texts] == [0, 1, 2, 3, 4, 3]
