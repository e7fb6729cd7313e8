"""What is taken for a checkpoint, and what is said of the rest."""

import json
import shutil
from pathlib import Path

import pytest

from shopkeeper.errors import (
    ArtifactError,
    EngineUnavailable,
    FetchError,
    UnknownModel,
    Unsupported,
)
from shopkeeper.models.engines.reference.card import read_card
from shopkeeper.models.engines.reference.opening import find_checkpoint
from shopkeeper.models.records import Request
from tests.models.engines.reference.conftest import Checkpoints, opened


@pytest.fixture
def copy(checkpoints: Checkpoints, tmp_path: Path) -> Path:
    """The GPT-2 checkpoint, to be damaged."""
    return shutil.copytree(checkpoints["gpt2"], tmp_path / "copy")


def set_config(folder: Path, **values: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.parametrize(
    ("name", "kind", "context"),
    [
        ("gpt2", "decoder", 256),
        ("llama", "decoder", 256),
        ("bert", "encoder", 256),
        ("t5", "encoder-decoder", 0),
    ],
)
def test_a_checkpoint_says_what_it_is(
    checkpoints: Checkpoints, name: str, kind: str, context: int
) -> None:
    card = read_card(checkpoints[name])
    assert (card.kind, card.context_tokens) == (kind, context)
    assert (card.bos, card.eos) == ("<s>", "</s>")


def test_abilities_follow_from_the_kind(checkpoints: Checkpoints) -> None:
    assert opened(checkpoints["gpt2"]).abilities == {
        "generate",
        "chat",
        "score",
        "beams",
        "logit_bias",
    }
    assert opened(checkpoints["bert"]).abilities == {"score", "embed"}
    assert opened(checkpoints["t5"]).abilities == {
        "generate",
        "score",
        "beams",
        "logit_bias",
        "embed",
    }


def test_pickles_are_refused(copy: Path) -> None:
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    with pytest.raises(ArtifactError, match="only pickles"):
        read_card(copy)


def test_code_that_comes_along_is_not_run(copy: Path) -> None:
    set_config(
        copy,
        architectures=["EvilForCausalLM"],
        auto_map={"AutoModelForCausalLM": "evil.EvilForCausalLM"},
    )
    (copy / "evil.py").write_text("raise SystemExit('it was run')")
    with pytest.raises(EngineUnavailable, match="no EvilForCausalLM"):
        opened(copy).generate(Request("The"))


def test_a_checkpoint_that_is_no_language_model_is_refused(copy: Path) -> None:
    set_config(copy, architectures=["GPT2ForSequenceClassification"])
    with pytest.raises(ArtifactError, match="no language model"):
        read_card(copy)


def test_weights_of_another_architecture_are_noticed(copy: Path) -> None:
    set_config(copy, n_layer=3)
    with pytest.raises(EngineUnavailable, match="lacks weights"):
        opened(copy).generate(Request("The"))


def test_a_damaged_tokenizer_is_unavailable_and_not_a_crash(copy: Path) -> None:
    (copy / "tokenizer.json").write_text('{"model": 3}')
    with pytest.raises(EngineUnavailable, match="cannot be loaded"):
        opened(copy).generate(Request("The"))


def test_an_encoder_without_a_head_gives_vectors_alone(
    checkpoints: Checkpoints, tmp_path: Path
) -> None:
    folder = shutil.copytree(checkpoints["bert"], tmp_path / "bert")
    set_config(folder, architectures=["BertModel"])
    engine = opened(folder)
    assert engine.abilities == {"embed"}
    assert engine.embed(["a blue cup"]).vectors.shape == (1, 64)
    assert engine.explain("a blue cup").guesses == ()
    with pytest.raises(Unsupported):
        engine.fill_mask("a [MASK]")
    engine.close()


def test_what_is_not_here_says_how_to_bring_it(tmp_path: Path) -> None:
    with pytest.raises(FetchError) as raised:
        find_checkpoint("smollm2-135m", tmp_path)
    assert raised.value.hint == "shopkeeper models pull smollm2-135m"
    with pytest.raises(UnknownModel):
        find_checkpoint("no-such-model", tmp_path)
    with pytest.raises(ArtifactError, match="neither a folder"):
        read_card(tmp_path / "absent")
