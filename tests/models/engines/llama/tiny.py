"""Tiny GGUF files with random weights: a model that reads bytes, and a LoRA adapter for it."""

from pathlib import Path

import gguf
import numpy as np

LAYERS, WIDTH, HEADS, HIDDEN = 1, 32, 2, 64
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "<|im_start|>assistant\n"
)


def letters() -> list[str]:
    """GPT-2's visible letter for each byte (Radford et al. 2019, encoder.py)."""
    seen = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = iter(range(256, 512))
    return [chr(byte) if byte in seen else chr(next(rest)) for byte in range(256)]


def write_model(
    path: Path, *, template: str = CHATML, layers: int = LAYERS, pools: bool = False
) -> Path:
    """A model of the Llama family. layers: what the header claims; pools: made for vectors of whole texts."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(layers)
    writer.add_context_length(1024)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    tokens = [*letters(), "<|im_start|>", "<|im_end|>"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([1] * 256 + [3, 3])
    writer.add_token_merges(["Ġ Ġ"])
    writer.add_bos_token_id(256)
    writer.add_eos_token_id(257)
    writer.add_add_bos_token(False)
    writer.add_chat_template(template)
    if pools:
        writer.add_pooling_type(gguf.PoolingType.MEAN)
    rng = np.random.default_rng(7)
    for name, shape in _shapes(len(tokens)).items():
        drawn = rng.standard_normal(shape).astype(np.float32)
        writer.add_tensor(name, np.ones_like(drawn) if "norm" in name else drawn)
    return _written(writer, path)


def write_adapter(path: Path) -> Path:
    """A LoRA adapter of rank 2 on the queries, strong enough to change what is said."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", 64.0)
    rng = np.random.default_rng(8)
    for name in ("attn_q", "attn_v"):
        for side, shape in (("a", (2, WIDTH)), ("b", (WIDTH, 2))):
            drawn = rng.standard_normal(shape).astype(np.float32)
            writer.add_tensor(f"blk.0.{name}.weight.lora_{side}", drawn)
    return _written(writer, path)


def _shapes(vocabulary: int) -> dict[str, tuple[int, ...]]:
    square = (WIDTH, WIDTH)
    block = {
        "attn_norm": (WIDTH,), "attn_q": square, "attn_k": square, "attn_v": square, "attn_output": square,
        "ffn_norm": (WIDTH,), "ffn_gate": (HIDDEN, WIDTH), "ffn_up": (HIDDEN, WIDTH), "ffn_down": (WIDTH, HIDDEN),
    }  # fmt: skip
    made: dict[str, tuple[int, ...]] = {
        "token_embd.weight": (vocabulary, WIDTH), "output_norm.weight": (WIDTH,), "output.weight": (vocabulary, WIDTH),
    }  # fmt: skip
    return made | {f"blk.0.{name}.weight": shape for name, shape in block.items()}


def _written(writer: gguf.GGUFWriter, path: Path) -> Path:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
