"""GGUF files of the families Llama and Qwen2 as Transformers' models, their weights made float32 again.

Transformers reads such files too, walking several times over their vocabularies in Python, which takes half a minute;
it is asked for all other families. Blocks are turned into numbers by the package `gguf`, which llama.cpp publishes.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gguf import GGMLQuantizationType
from gguf.quants import dequantize
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

from shopkeeper.models.gguf import Header, read_header

FAMILIES = {"llama": (LlamaConfig, LlamaForCausalLM), "qwen2": (Qwen2Config, Qwen2ForCausalLM)}
NAMES = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "output": "lm_head",
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def load_dequantised(path: Path) -> Any | None:
    """The model of this file, or None if its family or its positions are not among those known here."""
    header = read_header(path)
    scaled = any("rope.scaling" in key for key in header.values)
    if header.architecture not in FAMILIES or scaled or not all(map(_name, _tensor_names(header))):
        return None
    config_class, model_class = FAMILIES[header.architecture]
    config = config_class(**_config(header))
    with torch.device("meta"):
        model = model_class(config)
    model.load_state_dict(dict(_weights(path, header, config)), strict=False, assign=True)
    model.tie_weights()
    model.model.rotary_emb = type(model.model.rotary_emb)(config)  # computed, not stored
    if lacking := [name for name, each in model.named_parameters() if each.is_meta]:
        raise ValueError(f"no tensor for {lacking[0]}")
    return model.eval()


def _tensor_names(header: Header) -> list[str]:
    return [tensor.name for tensor in header.tensors]


def _config(header: Header) -> dict[str, Any]:
    def value(key: str, absent: Any = None) -> Any:
        return header.values.get(f"{header.architecture}.{key}", absent)

    heads = value("attention.head_count")
    embedding = next(each for each in header.tensors if each.name == "token_embd.weight")
    config = {
        "vocab_size": embedding.shape[1],
        "hidden_size": value("embedding_length"),
        "num_hidden_layers": value("block_count"),
        "intermediate_size": value("feed_forward_length"),
        "num_attention_heads": heads,
        "num_key_value_heads": value("attention.head_count_kv", heads),
        "rms_norm_eps": value("attention.layer_norm_rms_epsilon"),
        "max_position_embeddings": value("context_length"),
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": value("rope.freq_base", 10_000.0),
        },
        "tie_word_embeddings": "output.weight" not in _tensor_names(header),
    }
    for end in ("bos", "eos"):
        config[f"{end}_token_id"] = header.values.get(f"tokenizer.ggml.{end}_token_id")
    return config


def _name(name: str) -> str | None:
    """Transformers' name of a tensor, None for one that is not known here."""
    *block, part, kind = name.split(".")
    if part not in NAMES or kind not in ("weight", "bias"):
        return None
    within = f"model.layers.{block[1]}." if block else ""
    return f"{within}{NAMES[part]}.{kind}"


def _weights(path: Path, header: Header, config: Any) -> Iterator[tuple[str, Tensor]]:
    data = np.memmap(path, mode="r", dtype=np.uint8)
    for tensor in header.tensors:
        raw = np.asarray(data[tensor.offset : tensor.offset + tensor.size_bytes])
        shape = tensor.shape[::-1]
        kind = GGMLQuantizationType[tensor.type]
        numbers = dequantize(raw.reshape(*shape[:-1], -1), kind).reshape(shape).astype(np.float32)
        if header.architecture == "llama" and ".attn_q." in tensor.name:
            numbers = _unpaired(numbers, config.num_attention_heads)
        if header.architecture == "llama" and ".attn_k." in tensor.name:
            numbers = _unpaired(numbers, config.num_key_value_heads)
        yield str(_name(tensor.name)), torch.from_numpy(np.ascontiguousarray(numbers))


def _unpaired(numbers: np.ndarray[Any, np.dtype[np.float32]], heads: int) -> np.ndarray[Any, Any]:
    """Rows in Transformers' order: llama.cpp keeps the two that rotate together side by side in files of Llama."""
    rows = numbers.reshape(heads, numbers.shape[0] // heads // 2, 2, *numbers.shape[1:])
    return rows.swapaxes(1, 2).reshape(numbers.shape)
