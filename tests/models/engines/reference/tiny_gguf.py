"""A tiny Llama checkpoint as GGUF, written by llama.cpp's own package `gguf`."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter, TokenType
from gguf.quants import dequantize, quantize
from safetensors.numpy import load_file

Q8_0 = GGMLQuantizationType.Q8_0
NAMES = {
    "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
    "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}  # fmt: skip


def write(checkpoint: Path, target: Path, *, quantised: bool) -> Path:
    """The checkpoint in Q8_0, or in float32 with the numbers that Q8_0 leaves of it."""
    config = json.loads((checkpoint / "config.json").read_text())
    writer = GGUFWriter(target, "llama")
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config["rope_parameters"]["rope_theta"])
    writer.add_rope_dimension_count(config["hidden_size"] // config["num_attention_heads"])
    _add_words(writer, json.loads((checkpoint / "tokenizer.json").read_text()))
    for name, tensor in load_file(checkpoint / "model.safetensors").items():
        _add_tensor(writer, name, tensor, config, quantised=quantised)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return target


def _add_words(writer: Any, tokenizer: dict[str, Any]) -> None:
    special = {each["content"] for each in tokenizer["added_tokens"]}
    words = sorted(tokenizer["model"]["vocab"].items(), key=lambda each: each[1])
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list([word for word, _ in words])
    writer.add_token_types(
        [TokenType.CONTROL if word in special else TokenType.NORMAL for word, _ in words]
    )
    writer.add_token_merges([" ".join(pair) for pair in tokenizer["model"]["merges"]])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    writer.add_add_bos_token(False)


def _add_tensor(
    writer: Any, name: str, tensor: np.ndarray, config: dict[str, Any], *, quantised: bool
) -> None:
    *_, kind = name.rsplit(".", 1)
    part = name.removesuffix(f".{kind}")
    block = ""
    if part.startswith("model.layers."):
        _, _, number, part = part.split(".", 3)
        block = f"blk.{number}."
    heads = {"self_attn.q_proj": "num_attention_heads", "self_attn.k_proj": "num_key_value_heads"}
    if part in heads:  # the two rows that rotate together side by side, as llama.cpp keeps them
        count = config[heads[part]]
        rows = tensor.reshape(count, 2, tensor.shape[0] // count // 2, *tensor.shape[1:])
        tensor = rows.swapaxes(1, 2).reshape(tensor.shape)
    target = f"{block}{NAMES[part]}.{kind}"
    if tensor.ndim == 1:
        writer.add_tensor(target, tensor.astype(np.float32))
        return
    blocks = quantize(np.ascontiguousarray(tensor, np.float32), Q8_0)
    if quantised:
        writer.add_tensor(target, blocks, raw_dtype=Q8_0)
    else:
        writer.add_tensor(target, dequantize(blocks, Q8_0))
