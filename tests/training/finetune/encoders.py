"""Small models of each family with a tokenizer of their own, and short trainings of them."""

from pathlib import Path

import torch
from torch import nn

from shopkeeper.training.initialisation import initialise
from shopkeeper.training.opening import Opened, Origin
from shopkeeper.training.recipe import Recipe
from shopkeeper.training.shape import bert, gpt2, llama
from shopkeeper.training.tokenizer import Kind, train_tokenizer
from shopkeeper.training.trainer import Report, Trainer, Work
from shopkeeper.training.transformer import Transformer
from shopkeeper.training.words import Words, load_words

TEXT = (
    "where is my order 3312 from berlin",
    "refund the red shoes, please!",
    "a blue jug of 2 litres",
)
SHAPES = {
    "bert": lambda V: bert(V, width=32, layers=2, heads=4, max_tokens=48),
    "gpt2": lambda V: gpt2(V, width=32, layers=2, heads=4, max_tokens=48),
    "llama": lambda V: llama(V, width=32, layers=2, heads=4, key_value_heads=2, max_tokens=48),
    "qwen2": lambda V: llama(
        V, width=32, layers=2, heads=4, max_tokens=48, query_key_value_bias=True, tied_head=True
    ),
}  # fmt: skip


def small(folder: Path, family: str = "bert") -> Opened:
    """A model with random weights that differ from those of a beginning."""
    torch.manual_seed(0)
    words = small_words(folder, "masked" if family == "bert" else "causal")
    model = initialise(Transformer(SHAPES[family](words.vocabulary)))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    return Opened(model.eval(), words, Origin(family, "folder", folder, ""))


def small_words(folder: Path, kind: Kind) -> Words:
    """A tokenizer of a few merges: most words are several tokens."""
    made = train_tokenizer(TEXT * 3, kind, vocabulary=300)
    made.save(folder / kind, max_tokens=48)
    return load_words(folder / kind)


def trained(
    module: nn.Module, work: Work, folder: Path, *, steps: int, rate: float = 3e-3
) -> Report:
    """So many steps of 16 rows."""
    recipe = Recipe(
        steps=steps, batch_rows=16, micro_rows=16, learning_rate=rate, decay="linear", final_share=0.0,
        betas=(0.9, 0.999), weight_decay=0.01, report_every=steps,
    )  # fmt: skip
    return Trainer(module, work, recipe, folder).fit()
