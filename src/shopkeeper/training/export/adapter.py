"""LoRA adapters for llama.cpp: from PEFT's folder to one GGUF file, beside the GGUF file of the model it was trained on.

A folder holds `adapter_config.json` and `adapter_model.safetensors`, whose tensors are called
`base_model.model.….lora_A.weight`, (rank, inputs), and `….lora_B.weight`, (outputs, rank). The map W then acts as
W + α/rank · B·A. Source: Hu et al. 2021, LoRA, section 4.1; rank-stabilised: α/√rank (Kalajdzievski 2023).
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import gguf
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from shopkeeper.errors import ArtifactError
from shopkeeper.training.export.gguf import architecture_of, namer, turned
from shopkeeper.training.shape import Shape
from shopkeeper.training.storage import storing

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_NAME = re.compile(r"base_model\.model\.(?P<map>.+)\.lora_(?P<side>[AB])(\.default)?\.weight")


def write_adapter(folder: Path, shape: Shape, path: Path, *, name: str = "") -> None:
    """Write the adapter in this folder for a model of this shape.

    Raises ArtifactError if it is damaged, of another model, or of a kind that llama.cpp does not apply; StorageError.
    """
    config = _config(folder)
    halves = _halves(folder, shape)
    alpha = _alpha(config, "") or 1.0
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    with storing(path.parent):
        try:
            writer = gguf.GGUFWriter(part, architecture_of(shape))
            writer.add_type("adapter")
            if name:
                writer.add_name(name)
            writer.add_string("adapter.type", "lora")
            writer.add_float32("adapter.lora.alpha", alpha)
            for tensor, (theirs, a, b) in halves.items():
                b = b * (
                    _scale(config, theirs, len(a)) * len(a) / alpha
                )  # its scale is alpha / rows of A
                writer.add_tensor(f"{tensor}.lora_a", a.float().contiguous().numpy())
                writer.add_tensor(f"{tensor}.lora_b", b.float().contiguous().numpy())
            writer.write_header_to_file()
            writer.write_kv_data_to_file()
            writer.write_tensors_to_file()
            writer.close()
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def _config(folder: Path) -> Mapping[str, Any]:
    try:
        found = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{folder / CONFIG}: cannot be read: {error}") from error
    if not isinstance(found, dict) or found.get("peft_type", "LORA") != "LORA":
        raise ArtifactError(f"{folder / CONFIG} describes no LoRA adapter")
    for key in ("modules_to_save", "use_dora"):
        if found.get(key):
            raise ArtifactError(
                f"{folder / CONFIG}: llama.cpp does not apply {key}", hint="join it with the model"
            )
    return found


def _alpha(config: Mapping[str, Any], name: str) -> float:
    """α of the map of this name, as PEFT finds it: by the end of its name, else the one for all."""
    patterns = config.get("alpha_pattern") or {}
    found = next((a for end, a in patterns.items() if re.fullmatch(rf"(.*\.)?({end})", name)), None)
    return float(config.get("lora_alpha", 1) if found is None else found)


def _scale(config: Mapping[str, Any], name: str, rank: int) -> float:
    """What B·A of this map is multiplied by."""
    return _alpha(config, name) / (math.sqrt(rank) if config.get("use_rslora") else rank)


def _halves(folder: Path, shape: Shape) -> dict[str, tuple[str, Tensor, Tensor]]:
    """Name there, A and B of each adapted tensor, by llama.cpp's name."""
    sides: dict[str, dict[str, Tensor]] = {}
    for name, side, tensor in _read(folder):
        sides.setdefault(name, {})[side] = tensor
    name_of = namer(shape)
    found = {}
    for name, both in sides.items():
        if set(both) != {"A", "B"} or both["A"].shape[0] != both["B"].shape[1]:
            raise ArtifactError(
                f"{folder / WEIGHTS}: {name} lacks a half, or its halves do not fit"
            )
        ours = name_of(f"{name}.weight")
        found[ours] = name, both["A"], turned(ours, both["B"], shape)
    return found


def _read(folder: Path) -> Iterator[tuple[str, str, Tensor]]:
    try:
        tensors = load_file(folder / WEIGHTS)
    except (SafetensorError, OSError) as error:
        raise ArtifactError(f"{folder / WEIGHTS}: cannot be read: {error}") from error
    if not tensors:
        raise ArtifactError(f"{folder / WEIGHTS} holds nothing")
    for name, tensor in tensors.items():
        found = _NAME.fullmatch(name)
        if found is None:
            raise ArtifactError(f"{folder / WEIGHTS}: {name} is no half of a linear map's adapter")
        yield found["map"], found["side"], tensor
