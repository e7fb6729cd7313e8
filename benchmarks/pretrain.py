"""Pretraining beside its rivals: bits per byte on held-out text, and tokens a second against the HF Trainer.

Text: `reviews/amazon_polarity10k`, its official train part; held out is its official test part, on which nothing is
chosen. A GPT-2 shape of 4 layers of 256 with its own byte-level BPE of 4,096 tokens, rows of 256. The HF Trainer trains
the same first weights on the same rows in the same order by the same recipe (AdamW, warm-up and cosine, clipping);
float32 is its default, and its own in bfloat16 stands beside. Speeds are of turns taken one after another, medians.
The n-gram is a byte-level Kneser-Ney of order 6 of the same text.
"""

import gzip
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset
from transformers import GPT2LMHeadModel, TrainingArguments
from transformers import Trainer as HFTrainer
from transformers.utils import logging as hf_logging

from benchmarks.ngram import NGram
from shopkeeper.training.initialisation import initialise
from shopkeeper.training.interchange import imported, save, shape_of
from shopkeeper.training.objectives import CausalLM
from shopkeeper.training.parallel import World
from shopkeeper.training.pretraining import Pretraining
from shopkeeper.training.recipe import Recipe
from shopkeeper.training.shape import gpt2
from shopkeeper.training.shards import Shards, write_shards
from shopkeeper.training.tokenizer import TextTokenizer, train_tokenizer
from shopkeeper.training.trainer import Trainer
from shopkeeper.training.transformer import Transformer

LENGTH, BATCH, VOCABULARY = 256, 16, 4096
SHAPE = {"width": 256, "layers": 4, "heads": 4}
TURN_STEPS, TURNS = 12, 5
SEED = 0


def run(*, quick: bool, data: Path) -> dict[str, Any]:
    """The figures; `--quick` trains for a minute."""
    hf_logging.set_verbosity_error()
    torch.set_num_threads(2)
    train, held_out = (_texts(data, part) for part in ("train", "test"))
    with tempfile.TemporaryDirectory() as folder:
        return _figures(Path(folder), train, held_out, steps=24 if quick else 400, quick=quick)


def _figures(
    folder: Path, train: Sequence[str], held_out: Sequence[str], *, steps: int, quick: bool
) -> dict[str, Any]:
    tokenizer = train_tokenizer(train, "causal", vocabulary=VOCABULARY)
    shards = {
        name: _shards(folder / name, texts, tokenizer)
        for name, texts in (("train", train), ("held_out", held_out))
    }
    recipe = _recipe(steps)
    model, work = _begin(tokenizer), _work(shards)
    save(model, folder / "first")
    report = Trainer(model, work, recipe, folder / "ours").fit()
    rival = _hf(folder / "first", shards["train"], steps, folder / "hf", bf16=False)
    rival.train()
    theirs = _bits_per_byte(rival.model, shards["held_out"], recipe.evaluate_rows)
    ngram = NGram([t.encode() for t in train[: 2000 if quick else None]], order=6)
    bits = ngram.bits_per_byte([t.encode() for t in held_out[: 100 if quick else 500]])
    speeds = _speeds(folder, tokenizer, shards, turns=2 if quick else TURNS)
    ours = max(speeds.keys() & {"float32", "bfloat16"}, key=lambda p: speeds[p])
    figures = {
        "seed": SEED,
        "bits_per_byte": round(report.measures["bits_per_byte"], 4),
        "bits_per_byte.hf_trainer": round(theirs, 4),
        "bits_per_byte.ngram": round(bits, 4),
        "loss_gap.hf_trainer": round(abs(report.measures["bits_per_byte"] - theirs), 4),
        "steps": steps,
        "tokens": steps * BATCH * LENGTH,
        "parameters": sum(p.numel() for p in model.parameters()),
        "precision": ours,
        "tokens_per_s_ratio.hf_trainer": round(speeds[ours] / speeds["hf"], 3),
        **{
            f"tokens_per_s_ratio.{way}": round(speed / speeds["hf"], 3)
            for way, speed in speeds.items()
            if way != "hf"
        },
    }
    print(
        f"{steps} steps of {BATCH}x{LENGTH} tokens, {figures['parameters']:,} parameters; bits per byte held out: "
        f"ours {figures['bits_per_byte']}, HF Trainer {figures['bits_per_byte.hf_trainer']}, "
        f"n-gram {figures['bits_per_byte.ngram']}"
    )
    print(
        "tokens a second, medians of turns: " + ", ".join(f"{k} {v:.0f}" for k, v in speeds.items())
    )
    return figures


def _recipe(steps: int, *, precision: str = "float32") -> Recipe:
    return Recipe(
        steps=steps, batch_rows=BATCH, micro_rows=BATCH, learning_rate=1e-3, warmup_steps=max(2, steps // 20),
        final_share=0.0, betas=(0.9, 0.95), weight_decay=0.1, clip=1.0, report_every=50, evaluate_rows=10_000,
        precision=precision, seed=SEED,  # type: ignore[arg-type]
    )  # fmt: skip


def _begin(tokenizer: TextTokenizer) -> Transformer:
    torch.manual_seed(SEED)
    return initialise(Transformer(gpt2(tokenizer.vocabulary, max_tokens=LENGTH, **SHAPE)))


def _work(shards: dict[str, Path]) -> Pretraining:
    objective = CausalLM(LENGTH, 0)
    rows = {name: Shards(path, length=objective.row_tokens) for name, path in shards.items()}
    return Pretraining(objective, rows["train"], held_out=rows["held_out"], seed=SEED)


def _shards(folder: Path, texts: Sequence[str], tokenizer: TextTokenizer) -> Path:
    documents = ((tokenizer.encode(text), len(text.encode())) for text in texts)
    write_shards(folder, documents, vocabulary=tokenizer.vocabulary, separator=tokenizer.separator)
    return folder


class _Rows(Dataset[dict[str, Tensor]]):
    """The rows that our trainer sees, in its order, as the HF Trainer wants them."""

    def __init__(self, folder: Path, count: int) -> None:
        self.shards, self.count = Shards(folder, length=LENGTH + 1), count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, place: int) -> dict[str, Tensor]:
        row = torch.from_numpy(self.shards.row(self.shards.at(place)))
        return {"input_ids": row[:-1], "labels": row[1:]}


class _InOrder(HFTrainer):  # type: ignore[misc]  # the library is not read by the type checker
    """The HF Trainer as it is, but for the order of the rows and labels that are shifted already."""

    def _get_train_sampler(self, *_: Any) -> Any:
        return torch.utils.data.SequentialSampler(self.train_dataset)

    def compute_loss(self, model: Any, inputs: Any, **_: Any) -> Any:
        logits = model(input_ids=inputs["input_ids"]).logits
        return torch.nn.functional.cross_entropy(
            logits.float().flatten(0, 1), inputs["labels"].flatten()
        )


def _hf(first: Path, shards: Path, steps: int, folder: Path, *, bf16: bool) -> HFTrainer:
    """The library's trainer of the library's model, ready to begin."""
    model = GPT2LMHeadModel.from_pretrained(first)
    recipe = _recipe(steps)
    arguments = TrainingArguments(
        output_dir=str(folder), max_steps=steps, per_device_train_batch_size=BATCH, learning_rate=1e-3,
        warmup_steps=recipe.warmup_steps, lr_scheduler_type="cosine", weight_decay=0.1, adam_beta1=0.9,
        adam_beta2=0.95, max_grad_norm=1.0, logging_steps=10_000, save_strategy="no", report_to=[], seed=SEED,
        disable_tqdm=True, use_cpu=True, bf16=bf16,
    )  # fmt: skip
    return _InOrder(model=model, args=arguments, train_dataset=_Rows(shards, steps * BATCH))


def _bits_per_byte(model: Any, folder: Path, rows: int) -> float:
    """Of the rival's model, by our own evaluation on the same rows."""
    objective = CausalLM(LENGTH, 0)
    held_out = Shards(folder, length=objective.row_tokens)
    work = Pretraining(objective, held_out, held_out=held_out, seed=SEED)
    ours = imported(shape_of(model.config.to_dict()), model.state_dict()).eval()
    return work.evaluate(ours, rows, World())["bits_per_byte"]


def _speeds(
    folder: Path, tokenizer: TextTokenizer, shards: dict[str, Path], *, turns: int
) -> dict[str, float]:
    """Tokens a second of each trainer: short trainings in turn, the first turn not counted.

    In bfloat16 only where the processor has it: elsewhere it is many times slower.
    """
    narrow = torch.cpu._is_avx512_bf16_supported()  # torch has no public name for it
    ways = ["float32", "hf", *(["bfloat16", "hf_bf16"] if narrow else [])]
    found: dict[str, list[float]] = {way: [] for way in ways}
    for turn in range(turns + 1):
        for name, rates in found.items():
            run = folder / f"turn-{name}-{turn}"
            train: Callable[[], object]
            if name.startswith("hf"):
                train = _hf(
                    folder / "first", shards["train"], TURN_STEPS, run, bf16=name == "hf_bf16"
                ).train
            else:
                work = replace(_work(shards), held_out=None)
                train = Trainer(
                    _begin(tokenizer), work, _recipe(TURN_STEPS, precision=name), run
                ).fit
            begun = time.perf_counter()
            train()
            if turn:
                rates.append(TURN_STEPS * BATCH * LENGTH / (time.perf_counter() - begun))
    return {name: statistics.median(rates) for name, rates in found.items()}


def _texts(data: Path, part: str) -> list[str]:
    path = data / "reviews" / "amazon_polarity10k" / f"amazon.{part}.txt.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [line.rpartition("$LABEL$")[0].strip() for line in file if "$LABEL$" in line]
