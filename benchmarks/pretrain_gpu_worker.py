"""One training of the GPU benchmark, in a process of its own; the last line says how fast and how well.

    python -m benchmarks.pretrain_gpu_worker WAY FOLDER

FOLDER holds `first`, the first weights, `train`, the tokens, and `protocol.json`. WAY is a trainer with the rows it
works on at once, `ours:32`; after a `+` what is varied: `hf+compile:32`.
"""

import json
import math
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import Dataset, SequentialSampler
from transformers import GPT2LMHeadModel, TrainerCallback, TrainingArguments
from transformers import Trainer as HFTrainer
from transformers.utils import logging as hf_logging

from shopkeeper.training.interchange import load
from shopkeeper.training.objectives import CausalLM
from shopkeeper.training.parallel import World, best_device
from shopkeeper.training.pretraining import Pretraining
from shopkeeper.training.progress import Event
from shopkeeper.training.recipe import Recipe
from shopkeeper.training.shards import Shards
from shopkeeper.training.trainer import Trainer, mfu

EVERY = 5  # steps between two readings of the loss, which wait for the device


@dataclass(frozen=True)
class Protocol:
    """What all ways have in common. not_counted: steps in which code is compiled and memory found."""

    length: int
    batch_rows: int
    steps: int
    not_counted: int
    compiled: bool


@dataclass
class Clock:
    """Step, time and loss at each reading."""

    readings: list[tuple[int, float, float]] = field(default_factory=list)

    def read(self, step: int, loss: float) -> None:
        self.readings.append((step, time.perf_counter(), loss))

    def rows_per_s(self, protocol: Protocol) -> float:
        counted = [each for each in self.readings if each[0] >= protocol.not_counted]
        (first, began, _), (last, ended, _) = counted[0], counted[-1]
        return (last - first) * protocol.batch_rows / (ended - began)


def recipe_of(protocol: Protocol, micro: int) -> Recipe:
    """GPT-2's (Brown et al. 2020, table 2.1), at a smaller rate, in bfloat16 by autocast."""
    return Recipe(
        steps=protocol.steps, batch_rows=protocol.batch_rows, micro_rows=micro, learning_rate=1e-4, decay="constant",
        betas=(0.9, 0.95), weight_decay=0.1, clip=1.0, precision="bfloat16", compile=protocol.compiled,
        report_every=EVERY,
    )  # fmt: skip


def ours(folder: Path, protocol: Protocol, micro: int, option: str) -> Clock:
    """By our trainer."""
    clock = Clock()

    def observe(event: Event) -> None:
        if event.kind == "step":
            clock.read(event.step, event.values["loss"])

    objective = CausalLM(protocol.length, 0)
    work = Pretraining(objective, Shards(folder / "train", length=objective.row_tokens))
    model = load(folder / "first", vocabulary_multiple=128)
    run, world = folder / f"run-{time.time_ns()}", World(device=best_device())
    Trainer(model, work, recipe_of(protocol, micro), run, world=world, observer=observe).fit()
    return clock


def nanogpt(folder: Path, protocol: Protocol, micro: int, option: str) -> Clock:
    """By a loop as nanoGPT's train.py has it: compiled model, autocast, fused AdamW, pinned batches, accumulation."""
    device, recipe = best_device(), recipe_of(protocol, micro)
    torch.set_float32_matmul_precision("high")
    model = Nano(GPT2LMHeadModel.from_pretrained(folder / "first")).to(device)
    several = [p for p in model.parameters() if p.ndim >= 2]
    single = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": several, "weight_decay": 0.1}, {"params": single, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=1e-4, betas=(0.9, 0.95), fused=True)
    run: Callable[[Tensor, Tensor], Tensor] = torch.compile(model) if recipe.compile else model
    rows, clock = Rows(folder, protocol), Clock()
    accumulated = protocol.batch_rows // micro
    place = 0
    following = rows.batch(place, micro, device)
    for step in range(1, protocol.steps + 1):
        total = torch.zeros((), device=device)
        for _ in range(accumulated):
            tokens, targets = following
            with torch.autocast(device.type, dtype=torch.bfloat16):
                loss = run(tokens, targets) / accumulated
            place += micro
            following = rows.batch(place, micro, device)  # while the device works
            loss.backward()
            total += loss.detach()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        if step % EVERY == 0:
            clock.read(step, float(total))
    return clock


class Nano(nn.Module):
    """nanoGPT's model: GPT-2 with fused attention, loss over all logits, those of the padding of the vocabulary too."""

    def __init__(self, like: Any) -> None:
        super().__init__()
        config = like.config
        self.heads, D = config.n_head, config.n_embd
        self.vocabulary = config.vocab_size
        padded = math.ceil(self.vocabulary / 64) * 64
        self.tokens, self.positions = nn.Embedding(padded, D), nn.Embedding(config.n_positions, D)
        self.blocks = nn.ModuleList(NanoBlock(D, self.heads) for _ in range(config.n_layer))
        self.norm = nn.LayerNorm(D)
        nn.init.normal_(self.tokens.weight, std=0.02)
        self._take(like.state_dict())

    @torch.no_grad()
    def _take(self, theirs: dict[str, Tensor]) -> None:
        self.tokens.weight[: self.vocabulary] = theirs["transformer.wte.weight"]
        self.positions.weight.copy_(theirs["transformer.wpe.weight"])
        names = {
            "ln_1": "norm1", "attn.c_attn": "qkv", "attn.c_proj": "out", "ln_2": "norm2",
            "mlp.c_fc": "up", "mlp.c_proj": "down",
        }  # fmt: skip
        for number, block in enumerate(self.blocks):
            for there, here in names.items():
                part = block.get_submodule(here)
                weight = theirs[f"transformer.h.{number}.{there}.weight"]
                part.weight.copy_(weight if here.startswith("norm") else weight.t())  # type: ignore[operator]
                part.bias.copy_(theirs[f"transformer.h.{number}.{there}.bias"])  # type: ignore[operator]
        self.norm.weight.copy_(theirs["transformer.ln_f.weight"])
        self.norm.bias.copy_(theirs["transformer.ln_f.bias"])

    def forward(self, tokens: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy of the targets."""
        place = torch.arange(tokens.shape[1], device=tokens.device)
        x = self.tokens(tokens) + self.positions(place)
        for block in self.blocks:
            x = block(x)
        logits = F.linear(self.norm(x), self.tokens.weight)
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


class NanoBlock(nn.Module):
    """A layer of it."""

    def __init__(self, D: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(D), nn.LayerNorm(D)
        self.qkv, self.out = nn.Linear(D, 3 * D), nn.Linear(D, D)
        self.up, self.down = nn.Linear(D, 4 * D), nn.Linear(4 * D, D)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, D) to (B, T, D)."""
        B, T, D = x.shape
        split = self.qkv(self.norm1(x)).view(B, T, 3, self.heads, D // self.heads)
        q, k, v = split.permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(seen.transpose(1, 2).reshape(B, T, D))
        changed: Tensor = x + self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh"))
        return changed


class Rows(Dataset[dict[str, Tensor]]):
    """The rows that our trainer sees, in its order."""

    def __init__(self, folder: Path, protocol: Protocol) -> None:
        self.shards = Shards(folder / "train", length=protocol.length + 1)
        self.count = protocol.steps * protocol.batch_rows

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, place: int) -> dict[str, Tensor]:
        row = torch.from_numpy(self.shards.row(self.shards.at(place)))
        return {"input_ids": row[:-1], "labels": row[1:]}

    def batch(self, place: int, rows: int, device: torch.device) -> tuple[Tensor, Tensor]:
        """Tokens and targets, on their way to the device."""
        found: NDArray[np.int64] = self.shards.batch(range(place, place + rows))
        both = torch.from_numpy(found)
        if device.type == "cuda":
            both = both.pin_memory().to(device, non_blocking=True)
        return both[:, :-1], both[:, 1:]


class InOrder(HFTrainer):  # type: ignore[misc]  # the library is not read by the type checker
    """The HF Trainer as it is, but for the order of the rows and labels that are shifted already."""

    shares: deque[Tensor]  # of the loss of a step, by the micro-batches

    def _get_train_sampler(self, *_: Any) -> Any:
        return SequentialSampler(self.train_dataset)

    def compute_loss(self, model: Any, inputs: Any, **_: Any) -> Any:
        logits = model(input_ids=inputs["input_ids"]).logits
        loss = F.cross_entropy(logits.float().flatten(0, 1), inputs["labels"].flatten())
        loss = loss / self.args.gradient_accumulation_steps
        self.shares.append(loss.detach())
        return loss


class Reading(TrainerCallback):  # type: ignore[misc]
    """Tells the clock of each reading."""

    def __init__(self, clock: Clock, shares: deque[Tensor]) -> None:
        self.clock, self.shares = clock, shares

    def on_log(self, _: Any, state: Any, __: Any, logs: Any = None, **___: Any) -> None:
        if logs and "loss" in logs:
            self.clock.read(state.global_step, float(torch.stack(list(self.shares)).sum()))


def hf(folder: Path, protocol: Protocol, micro: int, option: str) -> Clock:
    """By the HF Trainer, in bfloat16 as it does that; `compile`: with its compiled step."""
    hf_logging.set_verbosity_error()
    clock, cuda = Clock(), best_device().type == "cuda"
    arguments = TrainingArguments(
        output_dir=str(folder / "hf"), max_steps=protocol.steps, per_device_train_batch_size=micro,
        gradient_accumulation_steps=protocol.batch_rows // micro, learning_rate=1e-4,
        lr_scheduler_type="constant", weight_decay=0.1, adam_beta1=0.9, adam_beta2=0.95, max_grad_norm=1.0,
        logging_steps=EVERY, save_strategy="no", report_to=[], disable_tqdm=True, bf16=True, use_cpu=not cuda,
        torch_compile=option == "compile",
    )  # fmt: skip
    model = GPT2LMHeadModel.from_pretrained(folder / "first")
    rows = Rows(folder, protocol)
    shares: deque[Tensor] = deque(maxlen=protocol.batch_rows // micro)
    told = [Reading(clock, shares)]
    trainer = InOrder(model=model, args=arguments, train_dataset=rows, callbacks=told)
    trainer.shares = shares
    trainer.train()
    return clock


def main(way: str, where: str) -> None:
    """One training, told on the last line."""
    folder = Path(where)
    protocol = Protocol(**json.loads((folder / "protocol.json").read_text(encoding="utf-8")))
    what, micro = way.split(":")
    name, _, option = what.partition("+")
    clock = {"ours": ours, "nanogpt": nanogpt, "hf": hf}[name](folder, protocol, int(micro), option)
    tokens_per_s = clock.rows_per_s(protocol) * protocol.length
    device = best_device()
    peak = torch.cuda.max_memory_allocated() / 2**30 if device.type == "cuda" else 0.0
    found = {
        "tokens_per_s": tokens_per_s,
        "loss": clock.readings[-1][2],
        "memory_gb": round(peak, 1),
        "mfu": mfu(load(folder / "first"), tokens_per_s, device),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
