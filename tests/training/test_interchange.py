"""Weights go to the Transformers library and come from it, and mean the same on both sides."""

import json
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForPreTraining, AutoModelForSeq2SeqLM

from shopkeeper.errors import ArtifactError
from shopkeeper.training.interchange import config_of, exported, imported, load, save, shape_of
from shopkeeper.training.transformer import Transformer
from tests.training.families import SMALL
from tests.training.library import their_logits, theirs

LIBRARY = {
    "gpt2": AutoModelForCausalLM,
    "bert": AutoModelForPreTraining,
    "t5": AutoModelForSeq2SeqLM,
    "llama": AutoModelForCausalLM,
}


def tokens(seed: int, length: int = 40) -> torch.Tensor:
    return torch.randint(3, 101, (3, length), generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("multiple", [1, 64])
def test_a_model_of_the_library_gives_its_own_logits_here(name: str, multiple: int) -> None:
    shape = SMALL[name](vocabulary_multiple=multiple)
    model = theirs(shape)
    ours = imported(shape, model.state_dict()).eval()
    source = tokens(2, 30) if shape.family == "t5" else None
    with torch.no_grad():
        found = ours(tokens(1), source)
    assert torch.allclose(found, their_logits(model, tokens(1), source), atol=1e-4)
    assert found.shape[-1] == shape.vocabulary


@pytest.mark.parametrize("name", SMALL)
def test_what_we_save_the_library_loads_with_equal_logits(name: str, tmp_path: Path) -> None:
    shape = SMALL[name](vocabulary_multiple=64)
    torch.manual_seed(0)
    ours = Transformer(shape).eval()
    with torch.no_grad():
        for parameter in ours.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    save(ours, tmp_path)
    loaded, report = LIBRARY[shape.family].from_pretrained(tmp_path, output_loading_info=True)
    assert not report["missing_keys"] and not report["unexpected_keys"]
    source = tokens(2, 30) if shape.family == "t5" else None
    with torch.no_grad():
        found = ours(tokens(1), source)
    assert torch.allclose(found, their_logits(loaded.eval(), tokens(1), source), atol=1e-4)


@pytest.mark.parametrize("name", SMALL)
def test_saving_and_loading_changes_no_weight(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    ours = Transformer(SMALL[name]())
    save(ours, tmp_path)
    back = load(tmp_path)
    assert all(torch.equal(a, back.state_dict()[key]) for key, a in ours.state_dict().items())
    assert back.shape == shape_of(config_of(ours.shape))


def test_next_sentence_logits_are_those_of_the_library() -> None:
    shape = SMALL["bert"]()
    model = theirs(shape)
    ours = imported(shape, model.state_dict()).eval()
    segments = (torch.arange(40) >= 17).long().expand(3, 40)
    with torch.no_grad():
        found = ours.next_sentence_logits(ours.encode(tokens(1), segments=segments))
        wanted = model(input_ids=tokens(1), token_type_ids=segments).seq_relationship_logits
    assert torch.allclose(found, wanted, atol=1e-4)


def test_padding_of_the_source_is_not_looked_at() -> None:
    shape = SMALL["t5"]()
    ours = Transformer(shape).eval()
    short, long = tokens(2, 20), torch.cat([tokens(2, 20), tokens(9, 10)], dim=1)
    allowed = (torch.arange(30) < 20)[None, None, None]
    with torch.no_grad():
        assert torch.allclose(
            ours(tokens(1), short), ours(tokens(1), long, allowed=allowed), atol=1e-5
        )


def test_weights_of_another_shape_are_an_error_that_names_the_tensor(tmp_path: Path) -> None:
    save(Transformer(SMALL["gpt2"]()), tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"n_inner": 96}))
    with pytest.raises(ArtifactError, match=r"mlp\.c_fc\.weight has the shape"):
        load(tmp_path)


def test_weights_cut_short_are_an_error_that_names_the_file(tmp_path: Path) -> None:
    save(Transformer(SMALL["gpt2"]()), tmp_path)
    file = tmp_path / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ArtifactError, match=r"model\.safetensors: cannot be read"):
        load(tmp_path)


def test_a_family_that_is_not_read_is_named() -> None:
    with pytest.raises(ArtifactError, match="'mamba'"):
        shape_of({"model_type": "mamba"})


def test_exported_names_are_all_of_the_library() -> None:
    for name in SMALL:
        shape = SMALL[name]()
        assert set(exported(Transformer(shape))) <= set(theirs(shape).state_dict())
