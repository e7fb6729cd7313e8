"""The gateway, asked by OpenAI's own client over a real connection to our own server."""

import json
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import openai
import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletionToolParam

from shopkeeper.api.gateway.routes import AT_ONCE, Desk
from shopkeeper.api.keys import KeyKind, create
from shopkeeper.api.problems import RateLimited
from shopkeeper.face import Shop
from shopkeeper.models import hub
from shopkeeper.settings import Settings, load_settings
from shopkeeper.shop import model_calls
from shopkeeper.shop.database import Database, open_database
from tests.api.conftest import ORIGIN
from tests.api.test_serve import start
from tests.conftest import copy_shop, scratch_folder
from tests.models.engines.bad_server import MODEL, World, serving

SMALL = "smollm2-135m"
HELLO: Any = [{"role": "user", "content": "hello"}]
SAID = "You said: hello"
SEND: ChatCompletionToolParam = {
    "type": "function",
    "function": {"name": "send", "description": "Send it.", "parameters": {"type": "object", "properties": {"to": {"type": "string"}}}},
}  # fmt: skip
COLOUR = {
    "type": "object",
    "properties": {"colour": {"enum": ["red", "blue"]}, "n": {"type": "integer"}},
    "required": ["colour", "n"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Gateway:
    """A server under way, whose engine `small` is SmolLM2 and whose others behave as their names say."""

    base: str
    process: subprocess.Popen[bytes]
    key: str
    publishable: str
    database: Database
    world: World

    def client(self, key: str = "") -> OpenAI:
        return OpenAI(base_url=f"{self.base}/v1", api_key=key or self.key, max_retries=0)


def engines(world: World) -> dict[str, Any]:
    away = {
        name: {"kind": "openai", "model": MODEL, "url": world.url(name), "output_price": price}
        for name, price in (("well", 0), ("500", 0), ("cut", 0), ("too-long-vllm", 0), ("no-usage", 5), ("stall-in-stream", 0))
    }  # fmt: skip
    small = {"kind": "llama.cpp", "model": SMALL, "context_tokens": 1024, "parallel": 2}
    return {**away, "small": small | {"threads": 1}}


@pytest.fixture(scope="module")
def gateway(made_folder: Path) -> Iterator[Gateway]:
    folder = scratch_folder("gateway")
    copy_shop(made_folder, folder)
    with serving() as world, pytest.MonkeyPatch.context() as environment:
        environment.setenv("SHOPKEEPER_ENGINES", json.dumps(engines(world)))
        routes = {"support": ["500", "well"], "down": ["500"], "poor": ["no-usage"]}
        environment.setenv("SHOPKEEPER_ROUTES", json.dumps(routes))
        budgets = {"poor": {"money_per_day": 0.000001}}
        environment.setenv("SHOPKEEPER_BUDGETS", json.dumps(budgets))
        database = open_database(load_settings(data_folder=folder))
        with database.connection() as conn:
            _, secret = create(conn, KeyKind.SECRET, "test")
            _, publishable = create(conn, KeyKind.PUBLISHABLE, "test", origins=[ORIGIN])
        server = start(folder)
        yield Gateway(server.base, server.process, secret, publishable, database, world)
        database.close()
        server.process.terminate()
        server.process.wait(20)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def client(gateway: Gateway) -> OpenAI:
    return gateway.client()


@pytest.fixture
def small(gateway: Gateway) -> OpenAI:
    """A client of a server that has SmolLM2."""
    if not hub.is_here(SMALL, load_settings().cache_folder):
        pytest.skip(f"{SMALL} is not in the cache: shopkeeper models pull {SMALL}")
    return gateway.client()


def test_a_chat_is_answered(client: OpenAI) -> None:
    answer = client.chat.completions.create(model="well", messages=HELLO, max_tokens=20)
    assert answer.choices[0].message.content == SAID
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None and answer.usage.prompt_tokens_details is not None
    assert (answer.usage.prompt_tokens, answer.usage.total_tokens) == (7, 12)
    assert answer.usage.prompt_tokens_details.cached_tokens == 3


def test_a_chat_is_streamed_with_what_it_used_at_the_end(client: OpenAI) -> None:
    chunks = list(
        client.chat.completions.create(
            model="purpose/support",
            messages=HELLO,
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == SAID
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].choices == [] and chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == 12
    assert len({c.id for c in chunks}) == 1 and len(chunks) > 5


def test_tools_are_called_whole_and_in_a_stream(client: OpenAI) -> None:
    answer = client.chat.completions.create(model="well", messages=HELLO, tools=[SEND])
    calls = answer.choices[0].message.tool_calls
    assert calls is not None and len(calls) == 1
    call = calls[0]
    assert call.type == "function" and call.function.name == "send"
    assert json.loads(call.function.arguments) == {"to": SAID}
    assert answer.choices[0].finish_reason == "tool_calls" and not answer.choices[0].message.content
    with client.chat.completions.stream(model="well", messages=HELLO, tools=[SEND]) as stream:
        final = stream.get_final_completion()
    streamed = final.choices[0].message.tool_calls
    assert streamed is not None and len(streamed) == 1
    assert streamed[0].function.name == "send"
    assert json.loads(streamed[0].function.arguments) == {"to": SAID}


def test_a_tool_that_is_to_be_called_and_its_answer_reach_the_model(
    gateway: Gateway, client: OpenAI
) -> None:
    client.chat.completions.create(
        model="well",
        messages=[
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "send"}]},
            {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "send", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "c1", "content": "sent"},
        ],
        tools=[SEND],
        tool_choice={"type": "function", "function": {"name": "send"}},
    )  # fmt: skip
    sent = gateway.world.asked[-1].body
    assert [m["role"] for m in sent["messages"]] == ["system", "user", "assistant", "tool"]
    assert sent["messages"][2]["tool_calls"][0]["id"] == "c1"
    assert sent["tool_choice"] != "auto"


def test_a_text_is_continued(client: OpenAI) -> None:
    answer = client.completions.create(model="well", prompt="once", max_tokens=5, stop=["."])
    assert answer.choices[0].text == "You said: once"
    chunks = client.completions.create(model="well", prompt=["once"], stream=True)
    assert "".join(c.choices[0].text for c in chunks) == "You said: once"


def test_vectors_come_from_an_engine(client: OpenAI) -> None:
    made = client.embeddings.create(model="well", input=["a", "bcd"])
    assert [d.index for d in made.data] == [0, 1]
    assert np.allclose(np.linalg.norm([d.embedding for d in made.data], axis=1), 1)
    assert made.usage.prompt_tokens == 4


def test_vectors_come_from_an_embedder(client: OpenAI) -> None:
    if not hub.is_here("wordllama", load_settings().cache_folder):
        pytest.skip("wordllama is not in the cache: shopkeeper models pull wordllama")
    texts = ["a blue teapot", "tea pot, blue", "a tax form"]
    packed = client.embeddings.create(model="wordllama", input=texts)  # as base64
    plain = client.embeddings.create(model="wordllama", input=texts, encoding_format="float")
    vectors = np.array([d.embedding for d in packed.data], np.float32)
    assert np.allclose(vectors, [d.embedding for d in plain.data], atol=1e-6)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]
    with pytest.raises(openai.UnprocessableEntityError, match="256"):
        client.embeddings.create(model="wordllama", input="a", dimensions=7)


def test_the_models_are_listed(client: OpenAI) -> None:
    names = {model.id for model in client.models.list()}
    assert {"small", "well", "purpose/support", "purpose/down"} <= names
    assert "assistant" not in names  # none is wanted here
    assert client.models.retrieve("purpose/support").owned_by == "route"


def test_errors_are_those_of_the_clients_own_kinds(gateway: Gateway, client: OpenAI) -> None:
    def asked(model: str, **more: Any) -> Any:
        return client.chat.completions.create(model=model, messages=HELLO, **more)

    with pytest.raises(openai.NotFoundError) as missing:
        asked("gpt-5")
    assert (missing.value.code, missing.value.type) == ("model_not_found", "invalid_request_error")
    with pytest.raises(openai.UnprocessableEntityError) as two:
        asked("well", n=2)
    assert two.value.param == "n" and "n: " in two.value.message
    with pytest.raises(openai.UnprocessableEntityError) as logs:
        asked("well", logprobs=True)
    assert logs.value.param == "logprobs"
    with pytest.raises(openai.UnprocessableEntityError) as longer:
        asked("too-long-vllm")
    assert longer.value.code == "context_length_exceeded"
    with pytest.raises(openai.InternalServerError) as down:
        asked("purpose/down")
    assert down.value.status_code == 503 and down.value.type == "server_error"
    with pytest.raises(openai.InternalServerError):
        asked("500", stream=True)  # with its status, since nothing was sent yet
    with pytest.raises(openai.AuthenticationError):
        gateway.client("sk_live_aaaa_bbbb").models.list()


def test_a_spent_budget_is_a_rate_limit_that_is_not_tried_again(
    gateway: Gateway, client: OpenAI
) -> None:
    client.chat.completions.create(model="purpose/poor", messages=HELLO)
    patient = OpenAI(base_url=f"{gateway.base}/v1", api_key=gateway.key, max_retries=5)
    with pytest.raises(openai.RateLimitError) as spent:
        patient.chat.completions.create(model="purpose/poor", messages=HELLO)
    assert spent.value.code == "insufficient_quota"
    assert spent.value.response.headers["x-should-retry"] == "false"
    assert int(spent.value.response.headers["retry-after"]) <= 86_400


def test_a_stream_that_breaks_off_says_so(client: OpenAI) -> None:
    chunks = client.chat.completions.create(model="cut", messages=HELLO, stream=True)
    came = ""
    with pytest.raises(openai.APIError) as broken:
        for chunk in chunks:
            came += chunk.choices[0].delta.content or ""
    assert came and SAID.startswith(came)
    assert broken.value.code == "model_unavailable"


def test_a_publishable_key_does_not_open_it(gateway: Gateway) -> None:
    headers = {"authorization": f"Bearer {gateway.publishable}", "origin": ORIGIN}
    answer = httpx2.get(f"{gateway.base}/v1/models", headers=headers)
    assert answer.status_code == 403
    assert answer.json()["error"]["type"] == "permission_error"


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"max_tokens": 10**9}, "max_tokens"),
        ({"logit_bias": {str(n): 1 for n in range(2000)}}, "logit_bias"),
        ({"logit_bias": {"x": 1}}, "logit_bias"),
        ({"temperature": -1}, "temperature"),
        ({"stop": ["a"] * 99}, "stop"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"extra_body": {"top_k": -1}}, "top_k"),
        ({"extra_body": {"nonsense": 1}}, "nonsense"),
        ({"response_format": {"type": "json_schema"}}, "response_format"),
        ({"extra_body": {"grammar": 'root ::= p{0,200}\np ::= "a"?'}}, "grammar"),
        ({"extra_body": {"grammar": "x", "response_format": {"type": "json_object"}}}, "grammar"),
    ],
)
def test_what_is_out_of_range_is_refused_with_its_name(
    client: OpenAI, more: Any, param: str
) -> None:
    with pytest.raises(openai.UnprocessableEntityError) as wrong:
        client.chat.completions.create(model="well", messages=HELLO, **more)
    assert (wrong.value.param or "").startswith(param)


def test_what_means_harm_is_refused(client: OpenAI) -> None:
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(200):
        deep = {"type": "object", "properties": {"a": deep}, "required": ["a"]}
    wrapped: Any = {"type": "json_schema", "json_schema": {"name": "deep", "schema": deep}}
    with pytest.raises(openai.UnprocessableEntityError) as schema:
        client.chat.completions.create(model="well", messages=HELLO, response_format=wrapped)
    assert schema.value.param == "response_format.json_schema.schema"
    with pytest.raises(openai.APIStatusError) as long:
        client.completions.create(model="well", prompt="x" * 10**7)
    assert long.value.status_code == 413


@pytest.mark.parametrize(
    "more",
    [
        {"stop": ["\ud800"]},
        {"grammar": "\ud800"},
        {"messages": [{"role": "user", "content": "\udfff"}]},
        {"tools": [{"type": "function", "function": {"name": "a", "description": "\ud800"}}]},
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"schema": {"const": "\ud800"}},
            }
        },
    ],
)
def test_what_is_no_text_is_refused(gateway: Gateway, more: dict[str, Any]) -> None:
    answer = httpx2.post(
        f"{gateway.base}/v1/chat/completions",
        content=json.dumps({"model": "well", "messages": HELLO} | more),
        headers={"authorization": f"Bearer {gateway.key}", "content-type": "application/json"},
    )
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_no_more_are_worked_on_at_once_than_there_are_places(
    db: Database, settings: Settings
) -> None:
    desk = Desk(Shop(settings, db))
    leaving = [desk.enter() for _ in range(AT_ONCE)]
    with pytest.raises(RateLimited):
        desk.enter()
    leaving[0]()
    desk.enter()


def test_a_small_model_answers_in_the_shape_that_was_asked_for(small: OpenAI) -> None:
    wrapped: Any = {"type": "json_schema", "json_schema": {"name": "colour", "schema": COLOUR}}
    answer = small.chat.completions.create(
        model="small", messages=HELLO, response_format=wrapped, max_tokens=60
    )
    found = json.loads(answer.choices[0].message.content or "")
    assert found["colour"] in ("red", "blue") and isinstance(found["n"], int)
    answer = small.chat.completions.create(
        model="small", messages=HELLO, extra_body={"grammar": 'root ::= "yes" | "no"'}
    )
    assert answer.choices[0].message.content in ("yes", "no")
    answer = small.chat.completions.create(
        model="small", messages=HELLO, response_format={"type": "json_object"}, max_tokens=40
    )
    assert (answer.choices[0].message.content or "").lstrip().startswith("{")


def test_a_small_model_draws_the_same_with_the_same_seed(small: OpenAI) -> None:
    def drawn(seed: int) -> str | None:
        answer = small.chat.completions.create(
            model="small", messages=HELLO, temperature=1.5, seed=seed, max_tokens=12,
            extra_body={"top_k": 50, "min_p": 0.01, "repetition_penalty": 1.1},
        )  # fmt: skip
        return answer.choices[0].message.content

    assert drawn(1) == drawn(1)
    assert len({drawn(seed) for seed in range(1, 5)}) > 1


def test_what_a_small_model_cannot_do_is_said(small: OpenAI) -> None:
    with pytest.raises(openai.UnprocessableEntityError) as tools:
        small.chat.completions.create(model="small", messages=HELLO, tools=[SEND])
    assert tools.value.code == "unsupported"
    with pytest.raises(openai.UnprocessableEntityError) as length:
        small.completions.create(model="small", prompt="word " * 5000)
    assert length.value.code == "context_length_exceeded"
    with pytest.raises(openai.UnprocessableEntityError) as answer:
        small.completions.create(model="small", prompt="word", max_tokens=5000)
    assert answer.value.code == "context_length_exceeded"


def test_the_example_of_the_page_runs(gateway: Gateway, capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "language-models.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```py\n(.*?)^```", page, re.M | re.S)
    code = code.replace("http://127.0.0.1:8000", gateway.base).replace("sk_live_…", gateway.key)
    exec(compile(code, "language-models.md", "exec"), {})
    assert capsys.readouterr().out == "You said: Do you ship to Brazil?\n"


def test_leaving_a_stream_stops_the_model(small: OpenAI, gateway: Gateway) -> None:
    chunks = small.completions.create(model="small", prompt="Once", max_tokens=900, stream=True)
    next(iter(chunks))
    chunks.close()
    deadline = time.monotonic() + 30
    stopped: list[model_calls.ModelCall] = []
    while not stopped and time.monotonic() < deadline:
        time.sleep(0.1)
        with gateway.database.connection() as conn:
            stopped = [c for c in model_calls.recent(conn, 50) if c.outcome == "stopped"]
    assert stopped and stopped[0].completion_tokens < 900


def test_a_server_that_is_told_to_stop_ends_its_streams_with_a_word(
    gateway: Gateway, client: OpenAI
) -> None:
    chunks = client.chat.completions.create(model="stall-in-stream", messages=HELLO, stream=True)
    with pytest.raises(openai.APIError) as ended:
        for _ in chunks:
            gateway.process.send_signal(signal.SIGTERM)
    assert ended.value.code == "model_unavailable"
    assert gateway.process.wait(30) == 0
