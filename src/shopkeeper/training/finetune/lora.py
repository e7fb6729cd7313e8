"""Low-rank adapters: a frozen linear map learns a small change beside it, y = x·Wᵀ + (alpha / r) · x·Aᵀ·Bᵀ.

A is (r, in) and random, B is (out, r) and zero, so that training begins at the model as it was. Adapters are saved in
the layout of the library PEFT, which the ecosystem reads; GPT-2, whose format has queries, keys and values in one
tensor, has their adapters as one of three times the rank there. Source: Hu et al. 2022 (LoRA), section 4.1.

Axes: r rank, in and out of a linear map.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from shopkeeper.errors import ArtifactError
from shopkeeper.training.interchange import pairs
from shopkeeper.training.shape import Shape
from shopkeeper.training.storage import storing
from shopkeeper.training.transformer import Transformer

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_PREFIX = "base_model.model."
_KINDS = {"gpt2": "CAUSAL_LM", "llama": "CAUSAL_LM", "t5": "SEQ_2_SEQ_LM", "bert": "FEATURE_EXTRACTION"}  # fmt: skip


class LoraLinear(nn.Module):
    """A linear map that is left as it is, and its adapter."""

    def __init__(self, base: nn.Linear, *, rank: int, alpha: float, dropout: float = 0.0) -> None:
        super().__init__()
        self.base = base.requires_grad_(False)
        like = base.weight
        self.lora_a = nn.Parameter(like.new_empty(rank, base.in_features))
        self.lora_b = nn.Parameter(like.new_zeros(base.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_a, a=math.sqrt(5))
        self.scale, self.dropout = alpha / rank, dropout

    def forward(self, x: Tensor) -> Tensor:
        """(…, in) to (…, out)."""
        seen = F.dropout(x, self.dropout, self.training) if self.dropout else x
        change = F.linear(F.linear(seen, self.lora_a), self.lora_b)
        return torch.add(self.base(x), change, alpha=self.scale)

    def change(self) -> Tensor:
        """What the adapter adds to the weight: (out, in)."""
        return self.scale * (self.lora_b @ self.lora_a)


def add_lora(
    model: Transformer, *, rank: int, alpha: float, targets: Sequence[str], dropout: float = 0.0
) -> None:
    """Freeze the model and put adapters on the linear maps of its blocks that have these names.

    Raises ValueError if the model has none of them.
    """
    model.requires_grad_(False)
    found = [
        (parent, name)
        for where, parent in model.named_modules()
        for name, child in parent.named_children()
        if ".blocks." in f".{where}." and name in targets and isinstance(child, nn.Linear)
    ]
    if not found:
        raise ValueError(f"a {model.shape.family} has no maps called {', '.join(targets)}")
    for parent, name in found:
        base = getattr(parent, name)
        setattr(parent, name, LoraLinear(base, rank=rank, alpha=alpha, dropout=dropout))


def adapted(model: nn.Module) -> Iterator[tuple[str, LoraLinear]]:
    """The adapters in a model, by the names of the maps that they are on."""
    return ((n, m) for n, m in model.named_modules() if isinstance(m, LoraLinear))


@torch.no_grad()
def merge(model: nn.Module) -> None:
    """Add every adapter to its weight, and take it off: the same model without the price of adapters."""
    for name, each in list(adapted(model)):
        each.base.weight += each.change().to(each.base.weight.dtype)
        where, _, last = name.rpartition(".")
        setattr(model.get_submodule(where), last, each.base)


def save_adapter(model: Transformer, folder: Path, *, base: str) -> None:
    """Write a model's adapters in PEFT's layout. base: what they are for. Raises StorageError."""
    layers = dict(adapted(model))
    if not layers:
        raise ValueError("the model has no adapters")
    tensors, ranks = _to_peft(model.shape, layers)
    first = next(iter(layers.values()))
    rank = first.lora_a.shape[0]
    more = {name: found for name, found in ranks.items() if found != rank}
    config: dict[str, Any] = {
        "peft_type": "LORA", "base_model_name_or_path": base, "task_type": _KINDS[model.shape.family],
        "r": rank, "lora_alpha": first.scale * rank, "lora_dropout": first.dropout, "bias": "none",
        "target_modules": sorted({name.rpartition(".")[2] for name in ranks}), "inference_mode": True,
        "fan_in_fan_out": model.shape.family == "gpt2", "use_rslora": False, "use_dora": False,
        "rank_pattern": {n.rpartition(".")[2]: r for n, r in more.items()},
        "alpha_pattern": {n.rpartition(".")[2]: first.scale * r for n, r in more.items()},
    }  # fmt: skip
    with storing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})
        text = json.dumps(config, indent=2, sort_keys=True)
        (folder / CONFIG).write_text(text + "\n", encoding="utf-8")


def load_adapter(model: Transformer, folder: Path) -> None:
    """Put the adapters of a folder in PEFT's layout on a model without any.

    Raises ArtifactError if they are damaged, of another model, or of a kind that is not read.
    """
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        tensors = load_file(folder / WEIGHTS)
        plain = config["peft_type"] == "LORA" and not config.get("use_dora")
        rank, alpha = int(config["r"]), float(config["lora_alpha"])
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise ArtifactError(f"{folder} holds no adapter that can be read: {error}") from error
    if not plain or config.get("use_rslora"):
        raise ArtifactError(f"{folder}: adapters of the kind {config['peft_type']} with its options are not read")  # fmt: skip
    if len(_scales(config)) > 1:
        raise ArtifactError(f"{folder}: adapters of several scales are not read")
    found = _of_peft(model.shape, tensors)
    for name, (a, b) in found.items():
        try:
            base = model.get_submodule(name)
        except AttributeError:
            base = None
        if not isinstance(base, nn.Linear):
            raise ArtifactError(f"{folder}: the model has no map {name} to adapt")
        layer = LoraLinear(base, rank=a.shape[0], alpha=alpha / rank * a.shape[0])
        if a.shape != layer.lora_a.shape or b.shape != layer.lora_b.shape:
            raise ArtifactError(f"{folder}: the adapter of {name} is for a model of another shape")
        layer.lora_a, layer.lora_b = nn.Parameter(a.float()), nn.Parameter(b.float())
        where, _, last = name.rpartition(".")
        setattr(model.get_submodule(where), last, layer)
    if not found or 2 * len(found) != _ours(shape=model.shape, tensors=tensors):
        raise ArtifactError(f"{folder}: the adapter is of another family than {model.shape.family}")


def _scales(config: Mapping[str, Any]) -> set[float]:
    """alpha / r of every map that the file names."""
    ranks, alphas = config.get("rank_pattern") or {}, config.get("alpha_pattern") or {}
    named = {"", *ranks, *alphas}
    pairs_ = ((alphas.get(n, config["lora_alpha"]), ranks.get(n, config["r"])) for n in named)
    return {round(alpha / rank, 6) for alpha, rank in pairs_}


def _names(shape: Shape) -> Iterator[tuple[str, str, int | None]]:
    """Each linear map, its name in the Transformers format, and which third of a fused one it is."""
    for pair in pairs(shape):
        if pair.ours.endswith(".weight"):
            yield pair.ours.removesuffix(".weight"), pair.theirs.removesuffix(".weight"), pair.part


def _to_peft(
    shape: Shape, layers: Mapping[str, LoraLinear]
) -> tuple[dict[str, Tensor], dict[str, int]]:
    """Tensors by PEFT's names, and the rank of each adapted map."""
    tensors: dict[str, Tensor] = {}
    ranks: dict[str, int] = {}
    fused: dict[str, list[LoraLinear | None]] = {}
    for ours, theirs, part in _names(shape):
        layer = layers.get(ours)
        if part is not None:
            fused.setdefault(theirs, []).append(layer)
        elif layer is not None:
            a, b = layer.lora_a.detach(), layer.lora_b.detach()
            tensors |= _named(theirs, a, b)
            ranks[theirs] = len(a)
    for theirs, thirds in fused.items():
        there = [each for each in thirds if each is not None]
        if not there:
            continue
        like_a, like_b = there[0].lora_a.detach(), there[0].lora_b.detach()
        a = torch.cat([like_a * 0 if each is None else each.lora_a.detach() for each in thirds])
        b = torch.block_diag(*(like_b * 0 if each is None else each.lora_b.detach() for each in thirds))  # fmt: skip
        tensors |= _named(theirs, a, b)
        ranks[theirs] = len(a)
    return tensors, ranks


def _named(theirs: str, a: Tensor, b: Tensor) -> dict[str, Tensor]:
    there = f"{_PREFIX}{theirs}"
    return {
        f"{there}.lora_A.weight": a.contiguous().clone(),
        f"{there}.lora_B.weight": b.contiguous().clone(),
    }


def _of_peft(shape: Shape, tensors: Mapping[str, Tensor]) -> dict[str, tuple[Tensor, Tensor]]:
    found: dict[str, tuple[Tensor, Tensor]] = {}
    for ours, theirs, part in _names(shape):
        a, b = (tensors.get(f"{_PREFIX}{theirs}.lora_{letter}.weight") for letter in "AB")
        if a is None or b is None:
            continue
        if part is not None:  # rows of its own third; the rank stays that of the whole
            b = b.chunk(3)[part].contiguous()
        found[ours] = a, b
    return found


def _ours(*, shape: Shape, tensors: Mapping[str, Tensor]) -> int:
    """Tensors that the file would have for the maps found: a fused one stands for three."""
    fused = {theirs for _, theirs, part in _names(shape) if part is not None}
    return sum(3 if n.removeprefix(_PREFIX).rpartition(".lora_")[0] in fused else 1 for n in tensors)  # fmt: skip
