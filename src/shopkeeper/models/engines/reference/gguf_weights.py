"""Weights of GGUF files of the families Llama and Qwen2, made float32 again, under the names of Transformers.

Blocks are turned into numbers by the package `gguf` (extra `train`), which llama.cpp publishes. No torch here.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGMLQuantizationType
from gguf.quants import dequantize
from numpy.typing import NDArray

from shopkeeper.models.gguf import Header

FAMILIES = ("llama", "qwen2")
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


def is_known(header: Header) -> bool:
    """True if the file's family, its positions and all its tensors are among those known here."""
    scaled = any("rope.scaling" in key for key in header.values)
    known = all(hub_name(tensor.name) for tensor in header.tensors)
    return header.architecture in FAMILIES and not scaled and known


def config_of(header: Header) -> dict[str, Any]:
    """What the file says of its shape, by the keys of Transformers' `config.json`."""

    def value(key: str, absent: Any = None) -> Any:
        return header.values.get(f"{header.architecture}.{key}", absent)

    heads = value("attention.head_count")
    names = {tensor.name: tensor for tensor in header.tensors}
    config = {
        "model_type": header.architecture,
        "vocab_size": names["token_embd.weight"].shape[1],
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
        "tie_word_embeddings": "output.weight" not in names,
    }
    for end in ("bos", "eos"):
        config[f"{end}_token_id"] = header.values.get(f"tokenizer.ggml.{end}_token_id")
    return config


def hub_name(name: str) -> str | None:
    """Transformers' name of a tensor, None for one that is not known here."""
    *block, part, kind = name.split(".")
    if part not in NAMES or kind not in ("weight", "bias"):
        return None
    within = f"model.layers.{block[1]}." if block else ""
    return f"{within}{NAMES[part]}.{kind}"


def weights(path: Path, header: Header) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Each tensor of a file that is known, one after another."""
    data = np.memmap(path, mode="r", dtype=np.uint8)
    config = config_of(header)
    turned = {".attn_q.": "num_attention_heads", ".attn_k.": "num_key_value_heads"}
    for tensor in header.tensors:
        raw = np.asarray(data[tensor.offset : tensor.offset + tensor.size_bytes])
        shape = tensor.shape[::-1]
        kind = GGMLQuantizationType[tensor.type]
        numbers = dequantize(raw.reshape(*shape[:-1], -1), kind).reshape(shape).astype(np.float32)
        for part, heads in turned.items():
            if header.architecture == "llama" and part in tensor.name:
                numbers = _unpaired(numbers, config[heads])
        yield str(hub_name(tensor.name)), np.ascontiguousarray(numbers)


def _unpaired(numbers: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """Rows in Transformers' order: llama.cpp keeps the two that rotate together side by side in files of Llama."""
    rows = numbers.reshape(heads, numbers.shape[0] // heads // 2, 2, *numbers.shape[1:])
    return rows.swapaxes(1, 2).reshape(numbers.shape)
