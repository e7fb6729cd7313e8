"""The contract of engines, by SmolLM2 behind llama.cpp's own HTTP server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from shopkeeper.models.engines.llama import LlamaEngine
from shopkeeper.models.engines.remote import RemoteEngine
from shopkeeper.models.records import Controls, Message, Request
from shopkeeper.settings import EngineSettings
from tests.models.engines.suite import EngineSuite


def served(path: Path, *, slots: int = 2) -> Any:
    """A llama-server on this machine, as one would start it by hand."""
    xllamacpp = pytest.importorskip("xllamacpp")
    wanted = xllamacpp.CommonParams()
    wanted.model.path = str(path)
    wanted.n_parallel = slots
    wanted.n_ctx = 512 * slots
    wanted.kv_unified = wanted.fit_params = wanted.warmup = False
    wanted.cpuparams.n_threads = wanted.cpuparams_batch.n_threads = 1
    wanted.verbosity = -1
    wanted.port = 0
    return xllamacpp.Server(wanted)


@pytest.fixture(scope="module")
def server(smollm2: Path) -> Any:
    return served(smollm2)


def opened(server: Any) -> RemoteEngine:
    address = f"{server.listening_address}/v1"
    settings = EngineSettings(kind="openai", model="smollm2", url=address, parallel=2, private=True)
    return RemoteEngine("served", settings)


@pytest.fixture(scope="module")
def engine(server: Any) -> Iterator[RemoteEngine]:
    made = opened(server)
    yield made
    made.close()


@pytest.fixture
def another(server: Any) -> Iterator[RemoteEngine]:
    made = opened(server)
    yield made
    made.close()


class TestRemote(EngineSuite):
    """On SmolLM2, by the fixtures `engine` and `another`."""

    counts_exactly: ClassVar[bool] = False


@pytest.mark.parametrize(
    "prompt", ["The capital of France is", (Message("user", "Where is Paris?"),)], ids=["text", "chat"]
)  # fmt: skip
def test_scores_are_those_of_the_engine_of_this_machine(smollm2: Path, engine: RemoteEngine, prompt: Any) -> None:  # fmt: skip
    texts = [" Paris", " London is", "", "\n"]
    settings = EngineSettings(kind="llama.cpp", model=str(smollm2), context_tokens=512, parallel=1)
    local = LlamaEngine.open(smollm2, name="here", settings=settings)
    ours, theirs = (each.score(prompt, texts).scores for each in (engine, local))
    local.close()
    assert [s.tokens for s in ours] == [s.tokens for s in theirs]
    assert np.allclose([s.log_likelihood for s in ours], [s.log_likelihood for s in theirs], atol=0.05)  # fmt: skip


def test_an_estimate_is_near_what_the_server_counts(engine: RemoteEngine) -> None:
    text = (
        "This thermos keeps tea hot for 12 hours. The lid doubles as a cup, holds 250 ml and screws on tight; "
        "the steel body weighs 380 g and comes in green, blue or white with a two-year warranty."
    )
    counted = engine.generate(Request(text, Controls(max_new_tokens=1))).usage.prompt_tokens
    assert engine.count_tokens(text) == pytest.approx(counted, rel=0.2)
