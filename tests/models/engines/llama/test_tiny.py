"""The whole way with tiny models of random weights: damage, adapters, templates, tools."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from shopkeeper.errors import ArtifactError, EngineUnavailable, Unsupported
from shopkeeper.models.engines.llama import LlamaEngine
from shopkeeper.models.records import Controls, Message, Request, Tool

gguf = pytest.importorskip(
    "gguf", reason="the package gguf, which writes the tiny models, is of the extra train"
)

from tests.models.engines.llama.conftest import opened  # noqa: E402
from tests.models.engines.llama.tiny import WIDTH, write_adapter, write_model  # noqa: E402

SHORT = Controls(max_new_tokens=8)
HELLO = (Message("user", "hello"),)
TOOL = Tool(
    "weather",
    "",
    {
        "type": "object",
        "properties": {"city": {"enum": ["Lyon", "Oslo"]}},
        "required": ["city"],
        "additionalProperties": False,
    },
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tiny")


@pytest.fixture(scope="module")
def adapted(folder: Path) -> Iterator[LlamaEngine]:
    """A tiny model with an adapter, whose template knows tools."""
    template = "{% if tools %}{{ tools | tojson }}{% endif %}{{ messages[0].content }}"
    model = write_model(folder / "model.gguf", template=template)
    adapter = write_adapter(folder / "adapter.gguf")
    engine = opened(model, adapters={"loud": adapter})
    yield engine
    engine.close()


def test_an_adapter_is_used_only_where_it_is_asked_for(adapted: LlamaEngine) -> None:
    names = ("", "loud", "", "loud")
    plain, loud, *again = (
        adapted.generate(Request("one two", SHORT, adapter=name)).token_ids for name in names
    )
    assert plain != loud
    assert again == [plain, loud]


def test_without_being_asked_for_an_adapter_changes_nothing(
    adapted: LlamaEngine, folder: Path
) -> None:
    bare = opened(folder / "model.gguf")
    asked = Request("one two", SHORT)
    assert adapted.generate(asked).token_ids == bare.generate(asked).token_ids
    ours, theirs = (
        each.score("one", [" two"]).scores[0].log_likelihood for each in (adapted, bare)
    )
    assert ours == pytest.approx(theirs, abs=1e-3)
    bare.close()


def test_an_unknown_adapter_is_refused(adapted: LlamaEngine) -> None:
    with pytest.raises(Unsupported, match="no adapter is named 'quiet'"):
        adapted.generate(Request("one", SHORT, adapter="quiet"))


def test_a_required_call_is_a_call_of_an_offered_tool(adapted: LlamaEngine) -> None:
    request = Request(HELLO, Controls(max_new_tokens=100), tools=(TOOL,), tool_choice="required")
    done = adapted.generate(request)
    assert done.finish == "tool_calls"
    assert done.text == ""
    [call] = done.tool_calls
    assert call.name == "weather"
    assert call.arguments in ('{"city": "Lyon"}', '{"city": "Oslo"}')
    *pieces, last = adapted.stream(request)
    assert pieces == []
    assert last.generation is not None
    assert last.generation.tool_calls[0].arguments == call.arguments


def test_tools_that_are_not_to_be_called_are_not_shown(adapted: LlamaEngine) -> None:
    shown, hidden = (
        adapted.generate(Request(HELLO, SHORT, tools=tools, tool_choice="none")).usage.prompt_tokens
        for tools in ((), (TOOL,))
    )
    assert shown == hidden


def test_a_prompt_of_nothing_is_refused(adapted: LlamaEngine) -> None:
    with pytest.raises(Unsupported, match="begin from nothing"):
        adapted.generate(Request("", SHORT))


def test_a_hostile_template_fails_the_request_and_nothing_else(folder: Path) -> None:
    source = "{{ ''.__class__.__mro__ }}"
    engine = opened(write_model(folder / "hostile.gguf", template=source))
    with pytest.raises(Unsupported, match="SecurityError"):
        engine.generate(Request(HELLO, SHORT))
    assert engine.generate(Request("one", SHORT)).usage.completion_tokens > 0
    engine.close()


def test_a_file_that_ends_llama_cpp_does_not_end_this_program(folder: Path) -> None:
    engine = opened(write_model(folder / "layers.gguf", layers=0))
    for _ in range(2):
        with pytest.raises(EngineUnavailable, match="on a trial"):
            engine.generate(Request("one", SHORT))
    engine.close()


def test_a_model_is_no_adapter_and_an_adapter_no_model(folder: Path) -> None:
    model, adapter = write_model(folder / "m.gguf"), write_adapter(folder / "a.gguf")
    with pytest.raises(ArtifactError, match="of type adapter, not model"):
        opened(adapter)
    with pytest.raises(ArtifactError, match="of type model, not adapter"):
        opened(model, adapters={"wrong": model})


def test_a_cut_file_is_refused_wherever_it_is_cut(folder: Path) -> None:
    whole = write_model(folder / "whole.gguf").read_bytes()
    cut = folder / "cut.gguf"
    for length in range(0, len(whole), len(whole) // 50):
        cut.write_bytes(whole[:length])
        with pytest.raises(ArtifactError):
            opened(cut)


def test_a_model_made_for_vectors_gives_them_and_nothing_else(folder: Path) -> None:
    engine = opened(write_model(folder / "pools.gguf", pools=True))
    assert engine.abilities == {"embed"}
    texts = ["a blue cup", "保温杯", "a"]
    together = engine.embed(texts)
    alone = np.vstack([engine.embed([text]).vectors for text in texts])
    assert together.vectors.shape == (3, WIDTH)
    assert together.vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(together.vectors, axis=1), 1, atol=1e-5)
    assert np.allclose(together.vectors, alone, atol=1e-5)
    assert together.usage.prompt_tokens == len("".join(texts).encode())
    with pytest.raises(Unsupported):
        engine.generate(Request("one", SHORT))
    engine.close()
