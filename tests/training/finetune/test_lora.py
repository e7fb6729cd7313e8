"""Adapters change a model as the formula says, merge into it, and are read by others."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from shopkeeper.errors import ArtifactError
from shopkeeper.training.finetune.lora import adapted, add_lora, load_adapter, merge, save_adapter
from shopkeeper.training.finetune.plan import MAPS
from shopkeeper.training.transformer import Transformer
from tests.training.families import SMALL

FAMILIES = ("gpt2", "t5", "llama", "qwen2", "bert")


def model(name: str) -> Transformer:
    torch.manual_seed(0)
    return Transformer(SMALL[name]()).eval()


def logits(of: Transformer) -> torch.Tensor:
    tokens = torch.randint(0, 101, (2, 12), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        found = of(tokens, tokens if of.encoder is not None and of.decoder is not None else None)
    assert isinstance(found, torch.Tensor)
    return found


def first_query(of: Transformer) -> torch.Tensor:
    return dict(of.named_parameters())["decoder.blocks.0.attention.query.weight"].detach().clone()


def moved(name: str, targets: tuple[str, ...] = MAPS) -> Transformer:
    """A model whose adapters are not zero any more."""
    made = model(name)
    add_lora(made, rank=3, alpha=6.0, targets=targets)
    with torch.no_grad():
        for _, each in adapted(made):
            each.lora_b.normal_(std=0.1)
    return made


@pytest.mark.parametrize("name", FAMILIES)
def test_a_new_adapter_changes_nothing(name: str) -> None:
    made = model(name)
    before = logits(made)
    add_lora(made, rank=3, alpha=6.0, targets=MAPS)
    assert torch.equal(logits(made), before)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_merged_adapter_says_what_it_said_beside_the_model(name: str) -> None:
    made = moved(name)
    wanted = logits(made)
    assert not torch.allclose(wanted, logits(model(name)), atol=1e-3)
    merge(made)
    assert not list(adapted(made))
    assert torch.allclose(logits(made), wanted, atol=1e-5)


def test_the_change_is_alpha_over_r_times_b_times_a() -> None:
    made = model("llama")
    weight = first_query(made)
    add_lora(made, rank=2, alpha=8.0, targets=["query"])
    layer = dict(adapted(made))["decoder.blocks.0.attention.query"]
    with torch.no_grad():
        layer.lora_a.copy_(torch.arange(64).reshape(2, 32))
        layer.lora_b.fill_(0.5)
    merge(made)
    change = first_query(made) - weight
    assert torch.allclose(change[0], 4.0 * 0.5 * (torch.arange(32.0) + torch.arange(32.0, 64.0)), atol=1e-3)  # fmt: skip


def test_only_adapters_learn() -> None:
    made = moved("llama")
    learning = [name for name, p in made.named_parameters() if p.requires_grad]
    assert learning and all("lora_" in name for name in learning)
    made(torch.zeros(1, 4, dtype=torch.long)).sum().backward()
    assert all((p.grad is None) != p.requires_grad for p in made.parameters())


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("targets", [MAPS, ("query", "value")])
def test_an_adapter_that_is_saved_and_loaded_is_the_same(
    name: str, targets: tuple[str, ...], tmp_path: Path
) -> None:
    made, again = moved(name, targets), model(name)
    save_adapter(made, tmp_path, base="small")
    load_adapter(again, tmp_path)
    assert torch.allclose(logits(again.eval()), logits(made), atol=1e-4)


def test_the_layout_is_that_of_peft(tmp_path: Path) -> None:
    save_adapter(moved("llama", ("query", "up")), tmp_path, base="small")
    tensors = load_file(tmp_path / "adapter_model.safetensors")
    names = {f"{m}.{ab}" for m in ("self_attn.q_proj", "mlp.up_proj") for ab in ("lora_A", "lora_B")}  # fmt: skip
    layers = range(SMALL["llama"]().decoder_layers)
    assert set(tensors) == {f"base_model.model.model.layers.{i}.{n}.weight" for i in layers for n in names}  # fmt: skip
    config = json.loads((tmp_path / "adapter_config.json").read_text())
    assert (config["r"], config["lora_alpha"], config["peft_type"]) == (3, 6.0, "LORA")
    assert config["target_modules"] == ["q_proj", "up_proj"]


def test_an_adapter_of_another_model_is_refused(tmp_path: Path) -> None:
    save_adapter(moved("llama"), tmp_path, base="small")
    with pytest.raises(ArtifactError, match="of another family"):
        load_adapter(model("t5"), tmp_path)
    other = Transformer(SMALL["llama"](feed_forward=192))
    with pytest.raises(ArtifactError, match="for a model of another shape"):
        load_adapter(other, tmp_path)


def test_maps_that_a_family_does_not_have_are_refused() -> None:
    with pytest.raises(ValueError, match="a gpt2 has no maps called gate"):
        add_lora(model("gpt2"), rank=2, alpha=2.0, targets=["gate"])
