"""Small models with random weights, a tokenizer, and how llama.cpp goes on after a prompt."""

from functools import cache
from pathlib import Path

import torch

from shopkeeper.models.engines.llama import LlamaEngine
from shopkeeper.models.records import Controls, Request
from shopkeeper.settings import EngineSettings
from shopkeeper.training.initialisation import initialise
from shopkeeper.training.opening import encoder
from shopkeeper.training.shape import Shape, gpt2, llama
from shopkeeper.training.tokenizer import train_tokenizer
from shopkeeper.training.transformer import Transformer
from shopkeeper.training.words import Words

PROMPTS = ("a red cup", "It's 12345 blue cups — café, 鞋子!\n\n x")


@cache
def words() -> Words:
    """Byte-level BPE of a few words."""
    made = train_tokenizer(["a red cup and a blue cup, 12 cups"] * 9, "causal", vocabulary=280)
    end = "<|endoftext|>"
    return Words(made.tokenizer, {"bos_token": end, "eos_token": end, "pad_token": end})


def shape_of(family: str) -> Shape:
    """A shape of each family that llama.cpp computes."""
    V = words().vocabulary
    if family == "gpt2":
        return gpt2(V, width=64, layers=2, heads=4, max_tokens=64)
    return llama(
        V, width=64, layers=2, heads=4, key_value_heads=2, feed_forward=96, max_tokens=64,
        query_key_value_bias=family == "qwen2", tied_head=family == "qwen2",
    )  # fmt: skip


def decoder(family: str) -> Transformer:
    """With weights large enough that what it says depends on what it read."""
    torch.manual_seed(0)
    model = initialise(Transformer(shape_of(family)))
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            if tensor.ndim == 1:
                tensor.add_(0.1 * torch.randn_like(tensor))
            elif name != "embedding.weight":
                tensor.mul_(8)
    return model.eval()


def small_encoder(**more: int) -> Transformer:
    """A BERT without the heads of its pretraining."""
    torch.manual_seed(0)
    sizes = {"width": 32, "layers": 2, "heads": 4, "max_tokens": 24} | more
    model = initialise(Transformer(encoder(words().vocabulary, **sizes)))
    with torch.no_grad():
        for tensor in model.parameters():
            tensor.add_(0.1 * torch.randn_like(tensor))
    return model.eval()


def continued(model: Transformer, ids: list[int], *, tokens: int) -> list[int]:
    """The likeliest tokens, one after another."""
    with torch.no_grad():
        for _ in range(tokens):
            ids = [*ids, int(model(torch.tensor([ids]))[0, -1].argmax())]
    return ids[-tokens:]


def served(path: Path, prompt: str, *, tokens: int, adapter: Path | None = None) -> list[int]:
    """The same by llama.cpp, from the file."""
    settings = EngineSettings(
        kind="llama.cpp", model=str(path), context_tokens=256, parallel=1, threads=1,
        adapters={"tuned": adapter} if adapter else {},
    )  # fmt: skip
    engine = LlamaEngine.open(path, name="made", settings=settings, tried=True)
    try:
        request = Request(
            prompt, Controls(max_new_tokens=tokens), adapter="tuned" if adapter else ""
        )
        return list(engine.generate(request).token_ids)
    finally:
        engine.close()
