"""`shopkeeper lm`: asking models in the terminal, and what that used."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from shopkeeper.face import Shop
from shopkeeper.shop import model_calls
from tests.api.test_serve import PROGRAM
from tests.cli.conftest import Run
from tests.models.engines.bad_server import MODEL, World, serving


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A server behind the engines `well` and `down`, and a route that falls back from one to the other."""
    with serving() as world:
        engines = {
            name: {"kind": "openai", "model": MODEL, "url": world.url(does), "output_price": 2}
            for name, does in (("well", "well"), ("down", "wrong-model"))
        }
        monkeypatch.setenv("SHOPKEEPER_ENGINES", json.dumps(engines))
        monkeypatch.setenv("SHOPKEEPER_ROUTES", json.dumps({"support": ["down", "well"]}))
        monkeypatch.setenv("SHOPKEEPER_BUDGETS", json.dumps({"support": {"tokens_per_day": 20}}))
        yield world


def test_an_answer_is_written_and_what_it_used_is_said_beside_it(world: World, shop: Run) -> None:
    done = shop("lm", "generate", "hello", "--purpose", "support", "--system", "Be brief.")
    assert (done.code, done.out) == (0, "You said: hello\n")
    assert "7 tokens read" in done.err and "5 written" in done.err
    assert [m["role"] for m in world.asked[-1].body["messages"]] == ["system", "user"]
    table = shop("lm", "calls").out
    assert "support" in table and "down" in table and "well" in table
    single = shop("lm", "calls", "--last", "5").out
    assert "unavailable" in single and "ok" in single
    spent = shop("lm", "spend").out
    assert "support" in spent and "12" in spent and "20" in spent


def test_all_controls_reach_the_model(world: World, shop: Run, tmp_path: Path) -> None:
    schema = tmp_path / "schema.json"
    schema.write_text(
        '{"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a"]}'
    )
    done = shop(
        "lm", "generate", "x", "--model", "well", "--max-new-tokens", "9", "--temperature", "0.5",
        "--top-p", "0.9", "--presence-penalty", "0.1", "--frequency-penalty", "0.2", "--stop", "END",
        "--stop", "\n\n", "--seed", "3", "--logit-bias", "5=-2.5", "--json-schema", schema,
    )  # fmt: skip
    assert done.code == 0, done.err
    sent = world.asked[-1].body
    wanted = {"temperature": 0.5, "top_p": 0.9, "presence_penalty": 0.1, "frequency_penalty": 0.2, "seed": 3}  # fmt: skip
    assert wanted.items() <= sent.items()
    assert sent["stop"] == ["END", "\n\n"] and sent["logit_bias"] == {"5": -2.5}
    assert sent["response_format"]["json_schema"]["schema"]["required"] == ["a"]
    assert 9 in (sent.get("max_tokens"), sent.get("max_completion_tokens"))


def test_a_text_is_continued_from_stdin(
    world: World, shop: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = tmp_path / "text"
    text.write_text("once upon")
    with text.open() as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        done = shop("lm", "generate", "-", "--model", "well", "--raw")
    assert done.out == "You said: once upon\n"
    assert world.asked[-1].body["prompt"] == "once upon"


def test_who_may_be_asked_is_listed(world: World, shop: Run) -> None:
    listed = shop("lm", "models").out
    assert "well" in listed and "openai" in listed and "support" in listed and "ready" in listed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--model", "wel"), "did you mean well?"),
        (("--model", "down"), "error:"),
        (("--temperature", "-1"), "temperature=-1"),
        (("--logit-bias", "5"), "TOKEN=BIAS"),
        (("--json-schema", "/nowhere"), "/nowhere"),
        (("--purpose", "nothing-is-set-for-it"), "shopkeeper models pull default"),
    ],
)
def test_what_cannot_be_done_is_said_with_what_to_do(
    world: World, shop: Run, arguments: tuple[str, ...], said: str
) -> None:
    done = shop("lm", "generate", "hello", *arguments)
    assert done.code == 1 and said in done.err
    assert "Traceback" not in done.err and done.out == ""


def test_nothing_used_is_said_too(shop: Run) -> None:
    assert "no calls" in shop("lm", "calls").out
    assert "there are none" in shop("lm", "models").out


def test_interrupting_it_stops_the_model(world: World, folder: Path) -> None:
    engine = {"kind": "openai", "model": MODEL, "url": world.url("stall-in-stream")}
    command = [*PROGRAM, "--data-folder", str(folder), "lm", "generate", "hello", "--model", "slow"]
    environment = os.environ | {"SHOPKEEPER_ENGINES": json.dumps({"slow": engine}), "SHOPKEEPER_ROUTES": "{}"}  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None and process.stdout.read(3) == b"You"
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    with Shop.open(folder) as shop, shop.database.connection() as conn:
        (call,) = model_calls.recent(conn, 9)
    assert call.outcome == "stopped" and call.completion_tokens > 0
