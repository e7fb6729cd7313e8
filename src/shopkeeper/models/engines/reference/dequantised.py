"""GGUF files of the families Llama and Qwen2 as Transformers' models, their weights made float32 again.

Transformers reads such files too, walking several times over their vocabularies in Python, which takes half a minute;
it is asked for all other families.
"""

from pathlib import Path
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

from shopkeeper.models.engines.reference.gguf_weights import config_of, is_known, weights
from shopkeeper.models.gguf import read_header

FAMILIES = {"llama": (LlamaConfig, LlamaForCausalLM), "qwen2": (Qwen2Config, Qwen2ForCausalLM)}


def load_dequantised(path: Path) -> Any | None:
    """The model of this file, or None if its family or its positions are not among those known here."""
    header = read_header(path)
    if not is_known(header):
        return None
    config_class, model_class = FAMILIES[header.architecture]
    said = {name: value for name, value in config_of(header).items() if name != "model_type"}
    config = config_class(**said)
    with torch.device("meta"):
        model = model_class(config)
    state = {name: torch.from_numpy(numbers) for name, numbers in weights(path, header)}
    model.load_state_dict(state, strict=False, assign=True)
    model.tie_weights()
    model.model.rotary_emb = type(model.model.rotary_emb)(config)  # computed, not stored
    if lacking := [name for name, each in model.named_parameters() if each.is_meta]:
        raise ValueError(f"no tensor for {lacking[0]}")
    return model.eval()
