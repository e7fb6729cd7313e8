"""What is personal stays on this machine, and comes back where the caller expects it; keys and prompts get into no log."""

import json
import logging
from collections.abc import Callable

import pytest

from shopkeeper.errors import EngineError, SettingsError
from shopkeeper.models.records import JsonSchema, Message, Request, Tool, ToolCall
from tests.models.engines.bad_server import BEHAVIOURS, World
from tests.models.engines.remote.conftest import KEY, Make

MAIL, PHONE, NAME = "canary.jane@example.com", "+44 20 7946 0958", "Zhao Canary"
SAID = f"I am {NAME}, write to {MAIL} or call {PHONE} about [EMAIL_1] and my blue cup"
SEND = Tool("send", "Send a message.", {"type": "object", "properties": {"to": {"type": "string"}}})


def request(**given: object) -> Request:
    return Request((Message("user", SAID),), personal=(NAME,), **given)  # type: ignore[arg-type]


def everything_sent(world: World) -> str:
    return json.dumps([asked.body for asked in world.asked], ensure_ascii=False)


def test_personal_data_does_not_leave_and_comes_back(engine_for: Make, world: World) -> None:
    assert engine_for().generate(request()).text == f"You said: {SAID}"
    sent = world.asked[0].body["messages"][0]["content"]
    assert (
        sent == "I am [NAME_1], write to [EMAIL_1] or call [PHONE_1] about [TEXT_1] and my blue cup"
    )


def test_tokens_are_put_back_in_a_stream_that_splits_them(engine_for: Make, world: World) -> None:
    *pieces, last = engine_for().stream(request())
    assert last.generation is not None
    assert "".join(p.text for p in pieces) == last.generation.text == f"You said: {SAID}"
    assert not any("[N" in p.text for p in pieces)
    assert MAIL not in everything_sent(world)


@pytest.mark.parametrize("streamed", [False, True])
def test_arguments_of_tools_stay_json(engine_for: Make, streamed: bool) -> None:
    named = 'Ann "Quote\\" Lee'
    asked = Request((Message("user", f"send it to {named}"),), tools=(SEND,), personal=(named,))
    engine = engine_for()
    done = [*engine.stream(asked)][-1].generation if streamed else engine.generate(asked)
    assert done is not None
    assert done.finish == "tool_calls"
    assert json.loads(done.tool_calls[0].arguments) == {"to": f"You said: send it to {named}"}


def test_an_answer_in_json_stays_json(engine_for: Make) -> None:
    named = 'Ann "Quote" Lee'
    asked = Request((Message("user", f'{{"name": "{named}"}}'),), constraint=JsonSchema({}), personal=(named,))  # fmt: skip
    assert r"Ann \"Quote\" Lee" in engine_for().generate(asked).text


def test_schemas_tools_calls_and_stops_are_searched_too(engine_for: Make, world: World) -> None:
    call = ToolCall("1", "send", json.dumps({"to": MAIL, "phone": 13812345678, "n": 3}))
    schema = JsonSchema({"enum": [MAIL, "none"], "pattern": "[a-z]+"})
    tool = Tool("send", f"Never to {MAIL}.", {"properties": {"to": {"enum": [MAIL]}}})
    messages = (Message("assistant", "", tool_calls=(call,)), Message("tool", MAIL, tool_call_id="1"))  # fmt: skip
    engine_for().generate(Request(messages, constraint=schema, tools=(tool,)))
    body = world.asked[0].body
    assert MAIL not in everything_sent(world)
    arguments = body["messages"][0]["tool_calls"][0]["function"]["arguments"]
    assert json.loads(arguments) == {"to": "[EMAIL_1]", "phone": "[PHONE_1]", "n": 3}
    assert body["response_format"]["json_schema"]["schema"]["enum"] == ["[EMAIL_1]", "none"]


def test_texts_to_embed_and_to_score_are_searched_too(engine_for: Make, world: World) -> None:
    engine_for().embed([SAID, "a cup"])
    with pytest.raises(EngineError):
        engine_for("nothing-here", kind="vllm").score(SAID, [MAIL])
    assert len(world.asked) == 2
    assert MAIL not in everything_sent(world)
    assert PHONE not in everything_sent(world)


def test_the_shop_s_own_server_gets_the_text_as_it_is(engine_for: Make, world: World) -> None:
    assert engine_for(private=True).generate(request()).text == f"You said: {SAID}"
    assert world.asked[0].body["messages"][0]["content"] == SAID


@pytest.mark.parametrize("behaviour", sorted(set(BEHAVIOURS) - {"long-line"}))
def test_no_log_and_no_error_says_what_nobody_may_know(engine_for: Make, caplog: pytest.LogCaptureFixture, behaviour: str) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    engine = engine_for(behaviour, private=True)  # so that the server has all of it to repeat
    ways: list[Callable[[], object]] = [
        lambda: engine.generate(request(timeout_s=0.1)),
        lambda: list(engine.stream(request(timeout_s=0.1))),
        lambda: engine.embed([SAID], timeout_s=0.1),
    ]
    told = []
    for way in ways:
        try:
            way()
        except EngineError as error:
            told += chain_of(error)
    told += [record.getMessage() + str(record.exc_info) for record in caplog.records]
    for secret in (KEY, MAIL, PHONE, NAME, "blue cup"):
        assert not any(secret in text for text in told)


def chain_of(error: BaseException | None) -> list[str]:
    """All that a traceback would print of it."""
    if error is None:
        return []
    shown = None if error.__suppress_context__ else error.__context__
    return [repr(error), getattr(error, "hint", ""), *chain_of(error.__cause__ or shown)]


def test_a_key_that_cannot_be_sent_is_refused_without_showing_it(engine_for: Make) -> None:
    with pytest.raises(SettingsError, match=r"engines\.cloud\.api_key") as raised:
        engine_for(api_key=f"{KEY}\nX-Other: 1")
    assert KEY not in str(raised.value)


def test_the_key_is_sent_as_bearer_token(engine_for: Make, world: World) -> None:
    engine_for().generate(request())
    assert world.asked[0].headers["Authorization"] == f"Bearer {KEY}"
