"""One training on many processes, by torch's own distributed layer under `torchrun`, on GPUs (NCCL) or CPUs (gloo).

    ddp     every process holds the model and works on its share of the rows; gradients are averaged
    fsdp    as ddp, but weights, gradients and optimisers are cut up among the processes (FSDP2, `fully_shard`)
    tensor  every process works on all rows with its share of the heads and of the feed-forward numbers

Sources: Li et al. 2020 (DDP); Zhao et al. 2023 (FSDP); Shoeybi et al. 2019 (tensor parallel, section 3).
"""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, NoReturn, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.distributed.tensor.parallel import (
    ColwiseParallel,
    RowwiseParallel,
    parallelize_module,
)
from torch.nn.parallel import DistributedDataParallel

from shopkeeper.training.transformer import Block, RelativePositions

Kind = Literal["none", "ddp", "fsdp", "tensor"]


@dataclass(frozen=True)
class World:
    """Which process this is, of how many, and what they share."""

    kind: Kind = "none"
    rank: int = 0
    size: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    mesh: DeviceMesh | None = None

    @property
    def is_first(self) -> bool:
        """This process writes files and says how far it is."""
        return self.rank == 0

    @property
    def data_rank(self) -> int:
        """Whose share of the rows this process works on."""
        return 0 if self.kind == "tensor" else self.rank

    @property
    def data_size(self) -> int:
        """Into how many shares the rows are cut."""
        return 1 if self.kind == "tensor" else self.size

    def total(self, value: Tensor) -> Tensor:
        """The sum of a value over all shares of the rows, on every process."""
        if self.data_size > 1:
            value = value.clone()
            dist.all_reduce(value)
        return value

    def wrap(self, module: nn.Module) -> nn.Module:
        """The module as this kind wants it: with hooks on it, or with its weights cut up."""
        match self.kind:
            case "ddp":
                return DistributedDataParallel(module)
            case "fsdp":
                for block in _blocks(module):
                    fully_shard(block, mesh=self.mesh)
                return cast(nn.Module, fully_shard(module, mesh=self.mesh))
            case "tensor":
                assert self.mesh is not None
                _cut_heads(module, self.mesh)
                return module
            case _:
                return module


@contextmanager
def in_one_piece(module: nn.Module) -> Iterator[None]:
    """Inside, methods of a model whose weights are cut up by FSDP can be called as those of any other."""
    cut = [each for each in module.modules() if isinstance(each, FSDPModule)]
    for each in cut:
        each.unshard()
    yield
    for each in cut:
        each.reshard()


@contextmanager
def joined(kind: Kind) -> Iterator[World]:
    """The world that `torchrun` made, or this process alone. Raises ValueError for a kind without `torchrun`."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if kind == "none":
        yield World(device=best_device())
        return
    if "WORLD_SIZE" not in os.environ:
        raise ValueError(
            f"{kind} needs several processes: torchrun --nproc-per-node 2 -m shopkeeper.training …"
        )
    gpu = torch.cuda.is_available()
    local = int(os.environ.get("LOCAL_RANK", "0"))
    device = torch.device("cuda", local) if gpu else torch.device("cpu")
    if gpu:
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if gpu else "gloo")
    try:
        mesh = init_device_mesh(device.type, (size,)) if kind in ("fsdp", "tensor") else None
        yield World(kind, dist.get_rank(), size, device, mesh)
    finally:
        dist.destroy_process_group()


def leave(code: int) -> NoReturn:
    """End this process of several without Python's tearing down, which would now and then abort a training that is done.

    Threads of gloo outlive `destroy_process_group` for as long as a mesh or a wrapped module is referred to. If one of
    them lets go of a tensor while the interpreter ends, C++ calls terminate and `torchrun` reports a failure.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def best_device() -> torch.device:
    """The GPU if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def whole(tensor: Tensor) -> Tensor:
    """The full tensor of one that is cut up; all processes have to ask for it together."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def cut_like(tensor: Tensor, model: Tensor) -> Tensor:
    """A full tensor, cut up as `model` is."""
    if isinstance(model, DTensor) and not isinstance(tensor, DTensor):
        return distribute_tensor(tensor, model.device_mesh, model.placements)
    return tensor


@torch.no_grad()
def clip_gradients(parameters: Iterable[nn.Parameter], limit: float) -> Tensor:
    """Make the norm of all gradients together at most `limit` (0: leave them). Returns what it was."""
    gradients = [p.grad for p in parameters if p.grad is not None]
    cut_up = [
        g for g in gradients if isinstance(g, DTensor) and any(p.is_shard() for p in g.placements)
    ]
    pieces = [g.to_local() for g in cut_up]
    plain = [
        g.to_local() if isinstance(g, DTensor) else g
        for g in gradients
        if not any(g is each for each in cut_up)
    ]
    squares = _squares(plain)
    if pieces:
        cut = _squares(pieces)
        dist.all_reduce(cut)
        squares = squares + cut
    norm = squares.sqrt()
    if limit:
        factor = (limit / (norm + 1e-6)).clamp(max=1.0)
        torch._foreach_mul_(pieces + plain, factor)
    return norm


def _squares(gradients: list[Tensor]) -> Tensor:
    if not gradients:
        return torch.zeros(())
    return torch.stack(torch._foreach_norm([g.float() for g in gradients])).square().sum()


def _blocks(module: nn.Module) -> list[Block]:
    return [each for each in module.modules() if isinstance(each, Block)]


def _cut_heads(module: nn.Module, mesh: DeviceMesh) -> None:
    """Heads and feed-forward numbers by columns going in and by rows coming out: one sum a sublayer."""
    columns, rows = ColwiseParallel(), RowwiseParallel()
    for block in _blocks(module):
        attentions = {"attention": block.attention, "cross": block.cross}
        plan: dict[str, ColwiseParallel | RowwiseParallel] = {
            "feed_forward.up": columns,
            "feed_forward.down": rows,
        }
        if block.feed_forward.gate is not None:
            plan["feed_forward.gate"] = columns
        for name, attention in attentions.items():
            if attention is not None:
                if attention.groups % mesh.size():
                    raise ValueError(
                        f"{attention.groups} heads of keys cannot be shared by {mesh.size()} processes"
                    )
                plan |= {f"{name}.{part}": columns for part in ("query", "key", "value")}
                plan[f"{name}.output"] = rows
        parallelize_module(block, mesh, dict(plan))
    for each in module.modules():
        if isinstance(each, RelativePositions):
            parallelize_module(each, mesh, {"table": columns})
