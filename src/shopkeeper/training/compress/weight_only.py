"""Weights in 8 bits and everything else as it was: a quarter of the memory, for any model of ours, in torch.

    small = in_8_bits(model)            # a copy whose linear maps hold bytes
    save(small, folder); load(folder)   # weights.safetensors and shape.json

Weights are made float again where they are used, so it is not faster; with one scale an output it errs by half a step
of 1/127 of the output's largest weight. `int8` makes encoders that multiply bytes.
"""

import copy
import json
from pathlib import Path
from typing import cast

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from shopkeeper.errors import ArtifactError
from shopkeeper.training.shape import Shape
from shopkeeper.training.storage import storing
from shopkeeper.training.transformer import Transformer

WEIGHTS, SHAPE = "weights.safetensors", "shape.json"


class ByteLinear(nn.Module):
    """x·Wᵀ + b, with W (outputs, inputs) as bytes and a scale for each output."""

    weight: Tensor
    scale: Tensor

    def __init__(self, outputs: int, inputs: int, *, bias: bool) -> None:
        super().__init__()
        self.register_buffer("weight", torch.zeros(outputs, inputs, dtype=torch.int8))
        self.register_buffer("scale", torch.ones(outputs, 1))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """(…, inputs) to (…, outputs)."""
        return F.linear(x, self.weight.to(x.dtype) * self.scale.to(x.dtype), self.bias)


class ByteEmbedding(nn.Module):
    """Rows of a table (rows, D) as bytes, with a scale for each row."""

    bytes: Tensor
    scale: Tensor

    def __init__(self, rows: int, width: int) -> None:
        super().__init__()
        self.register_buffer("bytes", torch.zeros(rows, width, dtype=torch.int8))
        self.register_buffer("scale", torch.ones(rows, 1))

    @property
    def weight(self) -> Tensor:
        """The table in float32: where it is the head too."""
        return self.bytes * self.scale

    def forward(self, ids: Tensor) -> Tensor:
        """(…) to (…, D)."""
        return self.bytes[ids] * self.scale[ids]


def in_8_bits(model: Transformer) -> Transformer:
    """A copy whose linear maps and table of words hold bytes. It is for use, not for training."""
    made = copy.deepcopy(model).eval()
    for parent in list(made.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Linear):
                small = ByteLinear(*child.weight.shape, bias=child.bias is not None)
                small.weight, small.scale = _bytes(child.weight)
                if child.bias is not None:
                    small.bias = nn.Parameter(child.bias.detach().clone())
                setattr(parent, name, small)
    table = ByteEmbedding(*made.embedding.weight.shape)
    table.bytes, table.scale = _bytes(made.embedding.weight)
    made.embedding = cast(nn.Embedding, table)
    return made.requires_grad_(False)


def _bytes(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Whole numbers from −127 to 127 and the scale of each row."""
    weight = weight.detach()
    scale = (weight.abs().amax(1, keepdim=True) / 127).clamp(min=1e-12)
    return (weight / scale).round().to(torch.int8), scale


def save(model: Transformer, folder: Path) -> None:
    """Write what `in_8_bits` made. Raises StorageError."""
    with storing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {name: t.contiguous().clone() for name, t in model.state_dict().items()}
        try:
            save_file(tensors, folder / WEIGHTS)
        except SafetensorError as error:  # how it says that the disk is full
            raise OSError(str(error)) from error
        text = json.dumps(model.shape.to_dict(), indent=2)
        (folder / SHAPE).write_text(text + "\n", encoding="utf-8")


def load(folder: Path) -> Transformer:
    """What `save` wrote. Raises ArtifactError if it is damaged."""
    try:
        shape = Shape(**json.loads((folder / SHAPE).read_text(encoding="utf-8")))
        made = in_8_bits(Transformer(shape))
        made.load_state_dict(load_file(folder / WEIGHTS))
    except (OSError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
        raise ArtifactError(f"{folder} holds no model in 8 bits: {error}") from error
    return made
