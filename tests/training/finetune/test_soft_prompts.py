"""A soft prompt is all that learns, and it works wherever vectors or tokens can be put before a text."""

from pathlib import Path

import pytest
import torch

from shopkeeper.errors import ArtifactError
from shopkeeper.training import interchange
from shopkeeper.training.finetune.decoding import answers
from shopkeeper.training.finetune.soft_prompts import (
    add_soft_prompt,
    load_soft_prompt,
    prompt_of,
    save_soft_prompt,
    with_tokens,
)
from shopkeeper.training.opening import Opened, open_model
from tests.training.finetune.small import base


def prompted(folder: Path) -> Opened:
    opened = open_model(str(base(folder)), data_folder=folder, cache_folder=folder)
    add_soft_prompt(opened.model, opened.words, tokens=4, text="a red cup")
    with torch.no_grad():
        prompt_of(opened.model).soft_prompt.add_(0.3)
    return opened


def test_it_begins_as_the_vectors_of_its_words(tmp_path: Path) -> None:
    opened = open_model(str(base(tmp_path)), data_folder=tmp_path, cache_folder=tmp_path)
    ids = opened.words.encode("a red cup")
    words = opened.model.embedding.weight[torch.tensor([ids[i % len(ids)] for i in range(5)])]
    add_soft_prompt(opened.model, opened.words, tokens=5, text="a red cup")
    assert torch.equal(prompt_of(opened.model).soft_prompt, words)
    learning = [n for n, p in opened.model.named_parameters() if p.requires_grad]
    assert learning == ["embedding.soft_prompt"]


def test_it_is_the_same_as_its_vectors_before_the_text(tmp_path: Path) -> None:
    opened = prompted(tmp_path)
    soft, model = prompt_of(opened.model), opened.model
    tokens = torch.tensor([[*soft.prefix, *opened.words.encode("a blue cup")]])
    vectors, _ = model.embed(tokens)
    assert torch.equal(vectors[0, :4], soft.soft_prompt)
    assert torch.equal(vectors[0, 4:], soft.table.weight[tokens[0, 4:]])


def test_saved_and_loaded_it_is_the_same(tmp_path: Path) -> None:
    opened = prompted(tmp_path / "one")
    save_soft_prompt(opened.model, tmp_path / "adapter", base="small")
    again = open_model(str(tmp_path / "one"), data_folder=tmp_path, cache_folder=tmp_path).model
    load_soft_prompt(again, tmp_path / "adapter")
    assert torch.equal(prompt_of(again).soft_prompt, prompt_of(opened.model).soft_prompt)
    (tmp_path / "adapter" / "adapter_model.safetensors").write_bytes(b"cut")
    with pytest.raises(ArtifactError, match="no soft prompt that can be read"):
        load_soft_prompt(again, tmp_path / "adapter")


def test_as_tokens_of_the_vocabulary_it_says_the_same_everywhere(tmp_path: Path) -> None:
    opened = prompted(tmp_path / "one")
    soft = prompt_of(opened.model)
    texts = ["a blue cup", "a red hat of size 3"]
    prompts = [[*soft.prefix, *opened.words.encode(text)] for text in texts]
    ends = frozenset([int(opened.words.id("eos") or 0)])
    wanted = answers(opened.model, prompts, max_new_tokens=8, ends=ends)
    model, words, name = with_tokens(opened.model, opened.words)
    interchange.save(model, tmp_path / "whole")
    words.save(tmp_path / "whole")
    whole = open_model(str(tmp_path / "whole"), data_folder=tmp_path, cache_folder=tmp_path)
    asked = [whole.words.encode(name + text) for text in texts]
    assert answers(whole.model, asked, max_new_tokens=8, ends=ends) == wanted
