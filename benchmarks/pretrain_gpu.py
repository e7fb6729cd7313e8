"""Pretraining of GPT-2 124M on one GPU: share of its peak, beside a nanoGPT-style loop and the HF Trainer.

Rows of 1,024 tokens, 360 rows a step, bfloat16 by autocast, a compiled step, the vocabulary padded, the same first
weights and the same rows in the same order for all. Each way runs in a process of its own, at each number of rows at
once that memory bears, and is judged by its fastest. The HF Trainer stands as its defaults are. The learning rate is
so small that no way goes astray in its first steps: the losses after the last are equal within bfloat16, but that
nanoGPT scores the padding of the vocabulary too.

Tokens are drawn: stretches of 32 from a bank of 4,096, often the first, so that there is something to learn. Share of
the peak (MFU) is by nanoGPT's formula over dense bfloat16 (`training.trainer.mfu`).

`--quick` is the rehearsal: a tiny model, on whatever device there is, nothing compiled. It shows that all of it runs;
its figures say nothing.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.pretrain_gpu_worker import Protocol
from shopkeeper.training import gpu
from shopkeeper.training.fast import IGNORED, chunked_cross_entropy
from shopkeeper.training.initialisation import initialise
from shopkeeper.training.interchange import save
from shopkeeper.training.shape import Shape, gpt2
from shopkeeper.training.shards import write_shards
from shopkeeper.training.transformer import Transformer

SEED = 0
WAYS = ("ours", "nanogpt", "hf")
MICRO_ROWS = (60, 120, 180)
LONGEST_S = 1200


def run(*, quick: bool, data: Path) -> dict[str, Any]:
    """The figures. Ends with a word where there is no GPU."""
    if not quick and not torch.cuda.is_available():
        raise SystemExit("pretrain_gpu needs a GPU; `--quick` rehearses it on the CPU")
    protocol = (
        Protocol(64, batch_rows=8, steps=20, not_counted=5, compiled=False)
        if quick
        else Protocol(1024, batch_rows=360, steps=15, not_counted=5, compiled=True)
    )
    distance = {} if quick else {"kernel_distance": kernel_distance()}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _prepare(folder, protocol, quick=quick)
        found = {way: _fastest(way, folder, (4, 8) if quick else MICRO_ROWS) for way in WAYS}
    return _figures({way: each for way, each in found.items() if each}, protocol) | distance


def kernel_distance() -> float:
    """How far what our kernels give, gradients too, is from what torch gives, in float32 on this GPU, as the largest
    share of the largest value. Raises SystemExit if that is more than rounding."""
    torch.manual_seed(SEED)
    worst = max(_distance(*both) for both in (*_losses(), *_gelus()))
    print(f"what our kernels give lies within {worst:.1e} of what torch gives", flush=True)
    if worst > 1e-4:
        raise SystemExit("a kernel of ours is wrong on this GPU")
    return worst


def _losses() -> Iterator[tuple[Tensor, Tensor]]:
    """Cross-entropy and its gradients by our kernel, and by torch over all logits."""
    hidden, table = (torch.randn(n, 64, device="cuda").requires_grad_() for n in (300, 50_304))
    targets = torch.randint(0, 50_257, (300,), device="cuda")
    targets[::7] = IGNORED
    ours = chunked_cross_entropy(hidden, table, targets, vocabulary=50_257, chunk=128)
    plain = F.cross_entropy((hidden @ table.t())[:, :50_257], targets, ignore_index=IGNORED)
    yield ours, plain
    of = (hidden, table)
    yield from zip(torch.autograd.grad(ours, of), torch.autograd.grad(plain, of), strict=True)


def _gelus() -> Iterator[tuple[Tensor, Tensor]]:
    """GELU of rows and a bias, and its gradients, by our kernels and by torch; in numbers that fill no block."""
    x, bias = (torch.randn(*size, device="cuda").requires_grad_() for size in ((1000, 300), (300,)))
    above = torch.randn(1000, 300, device="cuda")
    ours, plain = gpu.biased_gelu(x, bias), F.gelu(x + bias, approximate="tanh")
    yield ours, plain
    of = (x, bias)
    yield from zip(
        torch.autograd.grad(ours, of, above), torch.autograd.grad(plain, of, above), strict=True
    )


def _distance(ours: Tensor, plain: Tensor) -> float:
    return float(((ours - plain).abs().max() / plain.abs().max()).detach())


def _figures(found: Mapping[str, dict[str, Any]], protocol: Protocol) -> dict[str, Any]:
    for way, each in found.items():
        print(
            f"{way:>12}: {each['tokens_per_s']:9.0f} tokens a second, {each['micro_rows']} rows at once, "
            f"{each['memory_gb']} GB, loss {each['loss']:.4f}, share of the peak {each['mfu'] or 'not known'}"
        )
    for needed in WAYS:
        if needed not in found:
            raise SystemExit(f"{needed} fits into this GPU with none of {MICRO_ROWS} rows at once")
    ours = found["ours"]
    rivals = {"tokens_per_s_ratio.nanogpt": "nanogpt", "tokens_per_s_ratio.hf_trainer": "hf"}
    return {
        "seed": SEED,
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "a CPU: rehearsal",
        "mfu": None if ours["mfu"] is None else round(ours["mfu"], 4),
        **{
            key: round(ours["tokens_per_s"] / found[way]["tokens_per_s"], 3)
            for key, way in rivals.items()
        },
        **{f"tokens_per_s.{way}": round(each["tokens_per_s"]) for way, each in found.items()},
        **{f"micro_rows.{way}": each["micro_rows"] for way, each in found.items()},
        **{f"loss.{way}": round(each["loss"], 4) for way, each in found.items()},
        "steps": protocol.steps,
        "batch_rows": protocol.batch_rows,
        "length": protocol.length,
    }


def _prepare(folder: Path, protocol: Protocol, *, quick: bool) -> None:
    """Protocol, tokens and first weights."""
    (folder / "protocol.json").write_text(json.dumps(asdict(protocol)), encoding="utf-8")
    shape = _shape(protocol, quick=quick)
    wanted = (protocol.length + 1) * protocol.batch_rows * protocol.steps
    write_shards(
        folder / "train", _documents(wanted, shape.vocabulary), vocabulary=shape.vocabulary, separator=0
    )  # fmt: skip
    torch.manual_seed(SEED)
    save(initialise(Transformer(shape)), folder / "first")


def _shape(protocol: Protocol, *, quick: bool) -> Shape:
    if quick:
        return gpt2(500, width=64, layers=2, heads=2, max_tokens=protocol.length)
    return gpt2(50_257, width=768, layers=12, heads=12, max_tokens=protocol.length)


def _documents(tokens: int, vocabulary: int) -> Iterator[tuple[Sequence[int], int]]:
    """Documents of 16 stretches, until there are enough tokens."""
    random = np.random.default_rng(SEED)
    bank = random.integers(1, vocabulary, (4096, 32))
    for _ in range(tokens // (16 * 32) + 1):
        chosen = np.minimum(random.zipf(1.2, 16) - 1, 4095)
        yield bank[chosen].ravel().tolist(), 0


def _fastest(way: str, folder: Path, sizes: Sequence[int]) -> dict[str, Any]:
    """What this way says at its best number of rows at once; empty if it bears none."""
    found = [said for micro in sizes if (said := _work(way, micro, folder))]
    return max(found, key=lambda said: float(said["tokens_per_s"]), default={})


def _work(way: str, micro: int, folder: Path) -> dict[str, Any]:
    """One training in a process of its own; empty if the memory of the device is too small for it."""
    module = "benchmarks.pretrain_gpu_worker"
    done = subprocess.run(
        [sys.executable, "-m", module, f"{way}:{micro}", str(folder)], capture_output=True, text=True, check=False,
        timeout=LONGEST_S,
    )  # fmt: skip
    if done.returncode and "out of memory" in done.stderr:
        print(f"{way:>12}: {micro} rows at once are too many for the memory", flush=True)
        return {}
    if done.returncode:
        raise SystemExit(f"{way} with {micro} rows at once failed:\n{done.stderr[-3000:]}")
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(
        f"{way:>12}: {micro} rows at once, {said['tokens_per_s']:.0f} tokens a second", flush=True
    )
    return said | {"micro_rows": micro}
