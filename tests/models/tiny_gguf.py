"""A GGUF file of a few kilobytes, written by the format's own library."""

from pathlib import Path

import gguf
import numpy as np


def write(path: Path, *, file_type: int | None = 0) -> Path:
    """A small GGUF, written by the format's own library."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("Tiny")
    writer.add_license("apache-2.0")
    writer.add_context_length(512)
    writer.add_chat_template("{{ messages }}")
    writer.add_token_list(["a", "b", "中"])
    writer.add_token_scores([0.5, 1.5, 2.5])
    if file_type is not None:
        writer.add_file_type(file_type)
    writer.add_tensor("token_embd.weight", np.ones((3, 32), np.float32))
    writer.add_tensor(
        "output.weight",
        gguf.quants.quantize(np.ones((4, 64), np.float32), gguf.GGMLQuantizationType.Q8_0),
        raw_dtype=gguf.GGMLQuantizationType.Q8_0,
    )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
