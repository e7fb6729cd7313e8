"""The Transformers library's own models, with weights that ours are checked against."""

from collections.abc import Mapping
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
from shopkeeper.training.shape import Shape

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
