"""A small Llama that has learnt to say colours, and rows about colours, made in seconds."""

import json
from pathlib import Path

import torch

from shopkeeper.training import interchange
from shopkeeper.training.finetune.plan import make_finetune_plan
from shopkeeper.training.finetune.running import Finished, Stores, finetune
from shopkeeper.training.initialisation import initialise
from shopkeeper.training.shape import Shape, llama, t5
from shopkeeper.training.tokenizer import TextTokenizer, train_tokenizer
from shopkeeper.training.transformer import Transformer

COLOURS, THINGS = ("red", "blue", "green", "black"), ("cup", "shoe", "hat", "bag", "pen")
ROWS = [
    {"input": f"a {colour} {thing} of size {n}", "output": colour}
    for colour in COLOURS
    for thing in THINGS
    for n in range(10)
]


def write_rows(path: Path, rows: list[dict[str, str]] = ROWS) -> Path:
    """The rows as JSON lines."""
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def tokenizer() -> TextTokenizer:
    """Of the rows' words."""
    return train_tokenizer([row["input"] for row in ROWS], "causal", vocabulary=300)


def decoder(words: TextTokenizer, **more: object) -> Shape:
    """The shape of a small Llama."""
    return llama(words.vocabulary, width=64, layers=2, heads=4, key_value_heads=2, max_tokens=256, **more)  # fmt: skip


def base(folder: Path) -> Path:
    """A folder with a small Llama of random weights."""
    words = tokenizer()
    torch.manual_seed(0)
    interchange.save(initialise(Transformer(decoder(words))), folder)
    words.save(folder, max_tokens=256)
    return folder


def translator(folder: Path) -> Path:
    """A folder with a small T5 of random weights."""
    words = train_tokenizer([row["input"] for row in ROWS], "seq2seq", vocabulary=420)
    torch.manual_seed(0)
    shape = t5(words.vocabulary, width=32, layers=2, heads=4, max_tokens=64)
    interchange.save(initialise(Transformer(shape)), folder)
    words.save(folder, max_tokens=64)
    return folder


def stores(folder: Path) -> Stores:
    """Runs and cache under this folder."""
    return Stores(folder / "data", folder / "cache")


def learn(folder: Path, name: str, **given: object) -> tuple[Path, Finished]:
    """A fine-tuning on the rows, in a run of this name. Returns its folder, and how it ended."""
    run = folder / "data" / "runs" / name
    chosen = {"task": "generation", "length": 48, "data": str(folder / "rows.jsonl"), **given}
    return run, finetune(make_finetune_plan(chosen), run, stores(folder))
