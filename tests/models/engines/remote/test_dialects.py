"""Each kind of server is asked in its own words, and not at all for what it would ignore."""

import pytest

from shopkeeper.errors import Unsupported
from shopkeeper.models.engines.remote.refusals import seconds_of
from shopkeeper.models.records import Controls, Grammar, JsonSchema, Message, Request, Tool
from tests.models.engines.bad_server import World
from tests.models.engines.remote.conftest import Make

MESSAGES = (Message("system", "Be brief."), Message("user", "hello"))
KINDS = ("openai", "vllm", "sglang", "llama-server", "ollama")
TOOL = Tool("send", "Send it.", {"type": "object"})


def test_a_request_in_the_words_of_all(engine_for: Make, world: World) -> None:
    controls = Controls(max_new_tokens=9, temperature=0.5, top_p=0.9, stop=("\n",), seed=3, logit_bias={5: -100.0}, presence_penalty=1.0)  # fmt: skip
    asked = Request(MESSAGES, controls, tools=(TOOL,), tool_choice="required", constraint=JsonSchema({"type": "object"}))  # fmt: skip
    engine_for().generate(asked)
    assert world.asked[0].body == {
        "model": "m",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello"}],
        "max_tokens": 9, "temperature": 0.5, "top_p": 0.9, "stop": ["\n"], "seed": 3, "logit_bias": {"5": -100.0}, "presence_penalty": 1.0,
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}, "strict": True}},
        "tools": [{"type": "function", "function": {"name": "send", "description": "Send it.", "parameters": {"type": "object"}}}],
        "tool_choice": "required",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "penalty", "all_tokens"),
    [("vllm", "repetition_penalty", -1), ("sglang", "repetition_penalty", -1), ("llama-server", "repeat_penalty", 0)],
)  # fmt: skip
def test_controls_that_are_off_are_said_to_be_off(engine_for: Make, world: World, kind: str, penalty: str, all_tokens: int) -> None:  # fmt: skip
    """Servers have defaults of their own: llama-server takes 40 tokens, vLLM what the model's author thought best."""
    engine_for(kind=kind).generate(Request(MESSAGES))
    body = world.asked[0].body
    assert (body["top_k"], body["min_p"], body[penalty], body["top_p"]) == (
        all_tokens,
        0.0,
        1.0,
        1.0,
    )


@pytest.mark.parametrize("kind", ["openai", "ollama"])
@pytest.mark.parametrize(
    "controls",
    [{"top_k": 5, "temperature": 1.0}, {"min_p": 0.1, "temperature": 1.0}, {"repetition_penalty": 1.1}],
    ids=lambda c: next(iter(c)),
)  # fmt: skip
def test_a_control_that_would_be_ignored_is_refused(engine_for: Make, world: World, kind: str, controls: dict[str, float]) -> None:  # fmt: skip
    with pytest.raises(Unsupported, match=f"cannot take {next(iter(controls))}"):
        engine_for(kind=kind).generate(Request(MESSAGES, Controls(**controls)))  # type: ignore[arg-type]
    assert not world.asked


@pytest.mark.parametrize(
    ("kind", "where"),
    [("vllm", {"structured_outputs": {"grammar": "root ::= [a]"}}), ("sglang", {"ebnf": "root ::= [a]"}), ("llama-server", {"grammar": "root ::= [a]"})],
)  # fmt: skip
def test_grammars_go_where_the_server_looks(engine_for: Make, world: World, kind: str, where: dict[str, object]) -> None:  # fmt: skip
    engine_for(kind=kind).generate(Request(MESSAGES, constraint=Grammar("root ::= [a]")))
    assert where.items() <= world.asked[0].body.items()


@pytest.mark.parametrize(("kind", "key"), [("vllm", "response_format"), ("llama-server", "json_schema")])  # fmt: skip
def test_a_text_can_be_continued_in_json(engine_for: Make, world: World, kind: str, key: str) -> None:  # fmt: skip
    engine_for(kind=kind).generate(Request("Once", constraint=JsonSchema({"type": "object"})))
    assert key in world.asked[0].body


@pytest.mark.parametrize(
    ("kind", "request_"),
    [
        ("openai", Request(MESSAGES, constraint=Grammar("root ::= [a]"))),
        ("ollama", Request(MESSAGES, constraint=Grammar("root ::= [a]"))),
        ("openai", Request("Once", constraint=JsonSchema({}))),
        ("ollama", Request("Once")),
        ("ollama-hf", Request("Once")),
        ("ollama", Request(MESSAGES, Controls(logit_bias={1: 1.0}))),
        ("ollama", Request(MESSAGES, tools=(TOOL,), tool_choice="required")),
        ("vllm", Request("Once", tools=(TOOL,))),
        ("vllm", Request(MESSAGES, Controls(beams=2))),
        ("openai", Request(MESSAGES, adapter="red")),
    ],
)
def test_what_a_server_lacks_is_refused_before_it_is_sent(engine_for: Make, world: World, kind: str, request_: Request) -> None:  # fmt: skip
    with pytest.raises(Unsupported, match="engine cloud"):
        engine_for(kind=kind).generate(request_)
    assert not world.asked


def test_an_adapter_is_a_model_of_its_own_at_vllm(engine_for: Make, world: World) -> None:
    engine_for(kind="vllm").generate(Request(MESSAGES, adapter="red"))
    assert world.asked[0].body["model"] == "red"


@pytest.mark.parametrize("kind", KINDS)
def test_abilities_are_those_of_the_server(engine_for: Make, kind: str) -> None:
    abilities = engine_for(kind=kind).abilities
    assert {"chat", "json_schema", "tools", "embed"} <= abilities
    local = kind in ("vllm", "sglang", "llama-server")
    assert ("grammar" in abilities, "score" in abilities) == (local, local)
    assert ("generate" in abilities) == local


def test_a_server_without_vectors_does_not_embed(engine_for: Make) -> None:
    assert "embed" not in engine_for("nothing-here").abilities


def test_a_server_that_is_busy_is_not_judged(engine_for: Make, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr("shopkeeper.models.engines.remote.engine.PROBE_AGAIN_S", 0)
    engine = engine_for("503", "well")
    assert ["embed" in engine.abilities for _ in range(2)] == [False, True]


def test_abilities_of_a_server_that_is_not_there_are_those_of_any(engine_for: Make) -> None:
    assert "chat" in engine_for(url="http://127.0.0.1:9/v1").abilities


def test_the_context_is_the_smaller_of_ours_and_theirs(engine_for: Make) -> None:
    engine = engine_for(kind="vllm", context_tokens=8192)
    assert engine.context_tokens == 8192  # nothing asked yet
    engine.generate(Request(MESSAGES))
    assert engine.context_tokens == 2048


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("3", 3.0), ("0.5", 0.5), ("", 0.0), ("soon", 0.0), ("-1", 0.0), ("9" * 400, 0.0), ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0)],
)  # fmt: skip
def test_waits_are_read(header: str, seconds: float) -> None:
    assert seconds_of(header) == seconds
