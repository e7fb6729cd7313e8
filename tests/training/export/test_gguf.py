"""A GGUF file says what the checkpoint says, and what cannot be said in one is refused."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models

from shopkeeper.errors import ArtifactError
from shopkeeper.models.gguf import read_header
from shopkeeper.training.export.gguf import Card, architecture_of, pre_tokenizer_of, write_gguf
from shopkeeper.training.gguf_reading import read_gguf
from shopkeeper.training.shape import bert
from shopkeeper.training.words import Words
from tests.training.export.made import PROMPTS, continued, decoder, served, words


@pytest.mark.parametrize("family", ["llama", "qwen2", "gpt2"])
def test_llama_cpp_says_the_tokens_of_the_checkpoint(family: str, tmp_path: Path) -> None:
    model = decoder(family)
    write_gguf(model, words(), tmp_path / "made.gguf", quantisation="f32")
    for prompt in PROMPTS:
        wanted = continued(model, words().encode(prompt), tokens=8)
        assert len(set(wanted)) > 1, "it repeats itself whatever it reads"
        assert served(tmp_path / "made.gguf", prompt, tokens=8) == wanted


@pytest.mark.parametrize("quantisation", ["f32", "f16", "q8_0", "q5_1", "q4_1", "q4_0"])
def test_what_is_read_again_differs_by_no_more_than_the_rounding(
    quantisation: str, tmp_path: Path
) -> None:
    most = {"f32": 0, "f16": 1e-3, "q8_0": 0.02, "q5_1": 0.06, "q4_1": 0.1, "q4_0": 0.15}
    model = decoder("llama")
    write_gguf(model, words(), tmp_path / "made.gguf", quantisation=quantisation)
    again, cut = read_gguf(tmp_path / "made.gguf")
    name = "decoder.blocks.0.feed_forward.up.weight"
    ours, theirs = model.state_dict()[name], again.state_dict()[name]
    error = (ours - theirs).abs().max() / ours.abs().max()
    assert float(error) <= most[quantisation]
    assert cut.encode_all(PROMPTS) == words().encode_all(PROMPTS)


def test_fewer_bits_make_smaller_files(tmp_path: Path) -> None:
    sizes = []
    for quantisation in ("f32", "f16", "q8_0", "q4_0"):
        write_gguf(decoder("llama"), words(), tmp_path / "made.gguf", quantisation=quantisation)
        sizes.append(sum(t.size_bytes for t in read_header(tmp_path / "made.gguf").tensors))
    assert sizes == sorted(sizes, reverse=True) and sizes[3] < sizes[0] / 3


def test_the_file_says_what_it_is(tmp_path: Path) -> None:
    card = Card(name="shop-lm", licence="Apache-2.0", made_from="smollm2-135m")
    chatting = Words(words().tokenizer, {**words().config, "chat_template": "{{ messages }}"})
    write_gguf(decoder("qwen2"), chatting, tmp_path / "made.gguf", card=card)
    header = read_header(tmp_path / "made.gguf")
    assert (header.name, header.licence, header.quantisation) == ("shop-lm", "Apache-2.0", "F16")
    assert (header.context_tokens, header.chat_template) == (64, "{{ messages }}")


def test_ids_without_a_token_are_unused(tmp_path: Path) -> None:
    model = decoder("llama")
    wider = type(model)(replace(model.shape, vocabulary=model.shape.vocabulary + 8)).eval()
    write_gguf(wider, words(), tmp_path / "made.gguf", quantisation="f32")
    assert served(tmp_path / "made.gguf", PROMPTS[0], tokens=2)


def test_what_llama_cpp_does_not_compute_is_refused() -> None:
    with pytest.raises(ArtifactError, match="no bert of this shape"):
        architecture_of(bert(280, width=32, layers=2, heads=4))
    with pytest.raises(ArtifactError, match="no llama of this shape"):
        architecture_of(replace(decoder("llama").shape, activation="relu"))


def test_a_tokenizer_that_llama_cpp_has_no_name_for_is_refused() -> None:
    with pytest.raises(ArtifactError, match="kind WordLevel"):
        pre_tokenizer_of(Words(Tokenizer(models.WordLevel({"a": 0}, unk_token="a")), {}))
    cut = Tokenizer.from_str(words().tokenizer.to_str())
    cut.pre_tokenizer = None
    with pytest.raises(ArtifactError, match="no name for"):
        pre_tokenizer_of(Words(cut, {}))


def test_a_quantisation_that_is_none_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="q3_x"):
        write_gguf(decoder("gpt2"), words(), tmp_path / "made.gguf", quantisation="q3_x")
    assert not list(tmp_path.iterdir())


def test_weights_are_not_changed_by_writing_them(tmp_path: Path) -> None:
    model = decoder("llama")
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    write_gguf(model, words(), tmp_path / "made.gguf", quantisation="q4_0")
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
