"""Pretraining beside its rivals: bits per byte on held-out text, and tokens a second against the HF Trainer.

Text: `reviews/amazon_polarity10k`, its official train part; held out is its official test part, on which nothing is
chosen. A GPT-2 shape of 4 layers of 256 with its own byte-level BPE of 4,096 tokens, rows of 256, in float32 on two
threads. The HF Trainer trains the same first weights on the same rows in the same order by the same recipe (AdamW,
warm-up and cosine, clipping), its other settings as they come. Beside it stands the best that its settings give here:
a compiled step, and an allocator that keeps its memory. Both trainers train to the end once, for the loss; speeds are
of short trainings taken in turn, each in a process of its own, the first steps not counted.

The n-gram is a byte-level modified Kneser-Ney of the same text, its order chosen on a twentieth of the train part.
"""

import gzip
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks.ngram import NGram, best_order
from benchmarks.pretrain_worker import BATCH, LENGTH, SEED
from shopkeeper.training.initialisation import initialise
from shopkeeper.training.interchange import load, save
from shopkeeper.training.objectives import CausalLM
from shopkeeper.training.parallel import World
from shopkeeper.training.pretraining import Pretraining
from shopkeeper.training.shape import gpt2
from shopkeeper.training.shards import Shards, write_shards
from shopkeeper.training.tokenizer import TextTokenizer, train_tokenizer
from shopkeeper.training.transformer import Transformer

VOCABULARY = 4096
SHAPE = {"width": 256, "layers": 4, "heads": 4}
ORDERS = (5, 6, 7, 8)
# glibc: never give memory back, so that no step waits for new pages.
KEEPING = {"MALLOC_TRIM_THRESHOLD_": str(1 << 40), "MALLOC_MMAP_MAX_": "0"}


def run(*, quick: bool, data: Path) -> dict[str, Any]:
    """The figures; `--quick` trains for a minute, and compiles nothing."""
    train, held_out = (_texts(data, part) for part in ("train", "test"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parameters = _prepare(folder, train, held_out)
        steps = 8 if quick else 300
        bits = _trained(folder, steps)
        bits["ngram"], order = _ngram(train, held_out, quick=quick)
        speeds = _speeds(folder, turns=2 if quick else 5, steps=7 if quick else 15, quick=quick)
    return _figures(bits, speeds, order=order, steps=steps, parameters=parameters)


def _figures(
    bits: Mapping[str, float], speeds: Mapping[str, list[float]], *, order: int, steps: int, parameters: int
) -> dict[str, Any]:  # fmt: skip
    middle = {way: statistics.median(rates) for way, rates in speeds.items()}
    best = {
        name: max(v for way, v in middle.items() if way.startswith(name)) for name in ("ours", "hf")
    }
    print(f"{steps} steps of {BATCH}x{LENGTH} tokens, {parameters:,} parameters, seed {SEED}")
    print("bits per byte held out: " + ", ".join(f"{k} {v:.4f}" for k, v in bits.items()))
    for way, rates in speeds.items():
        print(
            f"{way:>16}: {middle[way]:6.0f} tokens a second ({min(rates):.0f} to {max(rates):.0f})"
        )
    return {
        "seed": SEED,
        "bits_per_byte": round(bits["ours"], 4),
        "bits_per_byte.hf_trainer": round(bits["hf"], 4),
        "bits_per_byte.ngram": round(bits["ngram"], 4),
        "ngram_order": order,
        "bits_gap.hf_trainer": round(abs(bits["ours"] - bits["hf"]), 4),
        "steps": steps,
        "tokens": steps * BATCH * LENGTH,
        "parameters": parameters,
        **{f"tokens_per_s.{way}": round(speed) for way, speed in middle.items()},
        "tokens_per_s_ratio.hf_trainer": round(middle["ours"] / middle["hf"], 3),
        "tokens_per_s_ratio.hf_trainer_best": round(best["ours"] / best["hf"], 3),
    }


def _prepare(folder: Path, train: Sequence[str], held_out: Sequence[str]) -> int:
    """Tokens and first weights. Returns how many parameters there are."""
    tokenizer = train_tokenizer(train, "causal", vocabulary=VOCABULARY)
    for name, texts in (("train", train), ("held_out", held_out)):
        _write(folder / name, texts, tokenizer)
    torch.manual_seed(SEED)
    model = initialise(Transformer(gpt2(tokenizer.vocabulary, max_tokens=LENGTH, **SHAPE)))
    save(model, folder / "first")
    return sum(p.numel() for p in model.parameters())


def _write(folder: Path, texts: Sequence[str], tokenizer: TextTokenizer) -> None:
    documents = ((tokenizer.encode(text), len(text.encode())) for text in texts)
    write_shards(folder, documents, vocabulary=tokenizer.vocabulary, separator=tokenizer.separator)


def _trained(folder: Path, steps: int) -> dict[str, float]:
    """Bits per byte of what each trainer makes, by the same evaluation of all held-out rows."""
    objective = CausalLM(LENGTH, 0)
    rows = Shards(folder / "held_out", length=objective.row_tokens)
    work = Pretraining(objective, rows, held_out=rows, seed=SEED)
    found = {}
    for way in ("ours", "hf"):
        _work(way, folder, steps, into=folder / f"trained-{way}")
        model = load(folder / f"trained-{way}").eval()
        found[way] = work.evaluate(model, rows.rows, World())["bits_per_byte"]
    return found


def _speeds(folder: Path, *, turns: int, steps: int, quick: bool) -> dict[str, list[float]]:
    """Tokens a second of each way, turn by turn; where code is compiled a first turn fills its cache, uncounted."""
    ways: dict[str, Mapping[str, str]] = {"ours": {}, "hf": {}, "hf (memory kept)": KEEPING}
    if not quick and shutil.which("g++"):
        ways |= {"ours+compile": {}, "hf+compile": KEEPING}
    found: dict[str, list[float]] = {way: [] for way in ways}
    for turn in range(0 if len(ways) > 3 else 1, turns + 1):
        for way, environment in ways.items():
            rate = _work(way.split()[0], folder, steps, environment=environment)
            if turn:
                found[way].append(rate)
    return found


def _work(
    way: str, folder: Path, steps: int, *, into: Path | None = None, environment: Mapping[str, str] = {}
) -> float:  # fmt: skip
    """Tokens a second of one training in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.pretrain_worker", way, str(folder), str(steps)]
    done = subprocess.run(
        [*command, *([str(into)] if into else [])], env=os.environ | environment, stdout=subprocess.PIPE, text=True,
        check=True,
    )  # fmt: skip
    return float(json.loads(done.stdout.splitlines()[-1])["tokens_per_s"])


def _ngram(train: Sequence[str], held_out: Sequence[str], *, quick: bool) -> tuple[float, int]:
    """Bits per byte of the n-gram of the best order, and that order. A quick run counts a fifth of the text."""
    texts = [text.encode() for text in train[:: 5 if quick else 1]]
    aside = texts[::20]
    rest = [text for number, text in enumerate(texts) if number % 20]
    order = best_order(rest, aside[:100], ORDERS)
    said = [text.encode() for text in held_out[:: 10 if quick else 1]]
    return NGram(texts, order=order).bits_per_byte(said), order


def _texts(data: Path, part: str) -> list[str]:
    path = data / "reviews" / "amazon_polarity10k" / f"amazon.{part}.txt.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [line.rpartition("$LABEL$")[0].strip() for line in file if "$LABEL$" in line]
