"""Small models of the four families, and the Transformers library's own with the same weights."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    BertForPreTraining,
    GPT2LMHeadModel,
    LlamaForCausalLM,
    Qwen2ForCausalLM,
    T5ForConditionalGeneration,
)

from shopkeeper.training.interchange import config_of
from shopkeeper.training.shape import Shape, bert, gpt2, llama, t5

SMALL: Mapping[str, Callable[..., Shape]] = {
    "gpt2": lambda **more: gpt2(101, width=32, layers=2, heads=4, max_tokens=48, **more),
    "bert": lambda **more: bert(101, width=32, layers=2, heads=4, max_tokens=48, **more),
    "t5": lambda **more: t5(101, width=32, layers=2, heads=4, max_tokens=48, **more),
    "t5-2019": lambda **more: t5(
        101, width=32, layers=2, heads=4, max_tokens=48, gated=False, activation="relu", tied_head=True,
        scaled_head=True, **more,
    ),
    "llama": lambda **more: llama(
        101, width=32, layers=2, heads=4, key_value_heads=2, max_tokens=48, **more
    ),
    "qwen2": lambda **more: llama(
        101, width=32, layers=2, heads=4, key_value_heads=2, max_tokens=48, query_key_value_bias=True,
        tied_head=True, **more,
    ),
}  # fmt: skip

_THEIRS: Mapping[str, Any] = {
    "gpt2": GPT2LMHeadModel,
    "bert": BertForPreTraining,
    "t5": T5ForConditionalGeneration,
    "llama": LlamaForCausalLM,
    "qwen2": Qwen2ForCausalLM,
}


def theirs(shape: Shape, seed: int = 0) -> nn.Module:
    """A model of the Transformers library of this shape, its weights random and none of them at its initial 0 or 1."""
    config = config_of(shape)
    torch.manual_seed(seed)
    kind = config.pop("model_type")
    model = _THEIRS[kind](AutoConfig.for_model(kind, **config))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    return model.eval()  # type: ignore[no-any-return]


def their_logits(model: nn.Module, tokens: Tensor, source: Tensor | None = None) -> Tensor:
    """Logits (B, T, V) that the library gives."""
    with torch.no_grad():
        if source is not None:
            return model(input_ids=source, decoder_input_ids=tokens).logits  # type: ignore[no-any-return]
        found = model(input_ids=tokens)
    return found.prediction_logits if hasattr(found, "prediction_logits") else found.logits  # type: ignore[no-any-return]
