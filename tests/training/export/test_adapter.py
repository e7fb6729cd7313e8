"""An adapter acts in llama.cpp as it does here."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from shopkeeper.errors import ArtifactError
from shopkeeper.training.export.adapter import write_adapter
from shopkeeper.training.export.gguf import write_gguf
from shopkeeper.training.finetune.lora import adapted, add_lora, save_adapter
from shopkeeper.training.interchange import exported, imported
from shopkeeper.training.transformer import Transformer
from tests.training.export.made import PROMPTS, continued, decoder, served, words

MAPS = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "mlp.down_proj")
RANK, ALPHA = 4, 8


def made(model: Transformer, folder: Path, **more: object) -> dict[str, tuple[Tensor, Tensor]]:
    """A folder in PEFT's layout with random halves; they are returned by the name of the map."""
    names = [f"model.layers.{layer}.{map_}" for layer in range(2) for map_ in MAPS]
    weights = exported(model)
    halves = {}
    for name in names:
        outputs, inputs = weights[f"{name}.weight"].shape
        halves[name] = torch.randn(RANK, inputs) * 0.3, torch.randn(outputs, RANK) * 0.3
    folder.mkdir(exist_ok=True)
    sides = {
        f"{n}.lora_{side}.weight": half
        for n, both in halves.items()
        for side, half in zip("AB", both, strict=True)
    }
    save_file(
        {f"base_model.model.{n}": t for n, t in sides.items()}, folder / "adapter_model.safetensors"
    )
    config = {"peft_type": "LORA", "r": RANK, "lora_alpha": ALPHA, **more}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return halves


def joined(
    model: Transformer, halves: dict[str, tuple[Tensor, Tensor]], scale: float
) -> Transformer:
    """W + scale·B·A."""
    weights = exported(model)
    for name, (a, b) in halves.items():
        weights[f"{name}.weight"] += scale * b @ a
    return imported(model.shape, weights).eval()


@pytest.mark.parametrize("family", ["llama", "qwen2"])
@pytest.mark.parametrize("stabilised", [False, True])
def test_llama_cpp_applies_the_adapter_as_we_do(
    family: str, stabilised: bool, tmp_path: Path
) -> None:
    model = decoder(family)
    halves = made(model, tmp_path / "adapter", use_rslora=stabilised)
    write_gguf(model, words(), tmp_path / "base.gguf", quantisation="f32")
    write_adapter(tmp_path / "adapter", model.shape, tmp_path / "adapter.gguf", name="tuned")
    adapted = joined(model, halves, ALPHA / (RANK**0.5 if stabilised else RANK))
    said = served(tmp_path / "base.gguf", PROMPTS[0], tokens=8, adapter=tmp_path / "adapter.gguf")
    assert said == continued(adapted, words().encode(PROMPTS[0]), tokens=8)
    assert said != continued(model, words().encode(PROMPTS[0]), tokens=8)


def test_adapters_of_one_fused_map_act_each_by_itself(tmp_path: Path) -> None:
    torch.manual_seed(2)
    model = decoder("gpt2")
    write_gguf(model, words(), tmp_path / "base.gguf", quantisation="f32")
    add_lora(model, rank=4, alpha=8, targets=("query", "value", "down"))
    with torch.no_grad():
        for _, map_ in adapted(model):
            map_.lora_b.normal_(std=0.3)
    save_adapter(model, tmp_path / "adapter", base="made")
    write_adapter(tmp_path / "adapter", model.shape, tmp_path / "adapter.gguf")
    said = served(tmp_path / "base.gguf", PROMPTS[0], tokens=8, adapter=tmp_path / "adapter.gguf")
    assert said == continued(model, words().encode(PROMPTS[0]), tokens=8)
    assert said != continued(decoder("gpt2"), words().encode(PROMPTS[0]), tokens=8)


def test_what_llama_cpp_would_leave_out_is_refused(tmp_path: Path) -> None:
    model = decoder("llama")
    made(model, tmp_path / "adapter", use_dora=True)
    with pytest.raises(ArtifactError, match="does not apply use_dora"):
        write_adapter(tmp_path / "adapter", model.shape, tmp_path / "adapter.gguf")


def test_a_damaged_adapter_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    model = decoder("llama")
    made(model, tmp_path / "adapter")
    weights = tmp_path / "adapter" / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(ArtifactError, match="cannot be read"):
        write_adapter(tmp_path / "adapter", model.shape, tmp_path / "adapter.gguf")
    assert not (tmp_path / "adapter.gguf").exists()


def test_an_adapter_with_half_a_map_is_refused(tmp_path: Path) -> None:
    model = decoder("llama")
    made(model, tmp_path / "adapter")
    save_file(
        {"base_model.model.model.layers.0.mlp.down_proj.lora_A.weight": torch.zeros(4, 96)},
        tmp_path / "adapter" / "adapter_model.safetensors",
    )
    with pytest.raises(ArtifactError, match="lacks a half"):
        write_adapter(tmp_path / "adapter", model.shape, tmp_path / "adapter.gguf")
