"""Blocks of 4 bits made 8: the same numbers, in a file that says so and is otherwise the same."""

from pathlib import Path

import gguf
import numpy as np
import pytest
from gguf import GGMLQuantizationType as Type
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.errors import ArtifactError
from shopkeeper.models.convert.gguf_eight_bits import eight_bits, widened
from shopkeeper.models.gguf import read_header


@given(st.integers(0, 1000), st.floats(1e-2, 1e3), st.floats(-1e3, 1e3))
@settings(max_examples=30)
def test_values_are_kept_to_within_half_a_step(seed: int, scale: float, shift: float) -> None:
    numbers = np.random.default_rng(seed).normal(shift, scale, (3, 64)).astype(np.float32)
    numbers[0, :32] = 0
    narrow = gguf.quantize(numbers, Type.Q4_1)
    before = gguf.dequantize(narrow, Type.Q4_1)
    wide = np.frombuffer(widened(narrow), np.uint8).reshape(3, -1)
    after = gguf.dequantize(wide, Type.Q8_0)
    most = np.abs(before.reshape(-1, 32)).max(axis=1, keepdims=True)
    # Half a step of 127, and what the scale loses as a half-precision number.
    assert (np.abs(before - after).reshape(-1, 32) <= most * (0.5 / 127 + 2**-10) + 4e-6).all()


def written(path: Path, kind: Type) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    tensors = {
        f"blk.{n}.attn_q.weight": random.normal(size=(n + 1, 32)).astype(np.float32)
        for n in range(3)
    }
    file = gguf.GGUFWriter(path, "llama")
    file.add_file_type(gguf.LlamaFileType.MOSTLY_Q4_1)
    file.add_token_list(["a", "b"])
    for name, numbers in tensors.items():
        file.add_tensor(name, gguf.quantize(numbers, kind), raw_dtype=kind)
    file.add_tensor("output_norm.weight", np.arange(5, dtype=np.float32))
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()
    return tensors


def test_a_file_comes_out_with_the_same_tensors_and_says_what_it_is(tmp_path: Path) -> None:
    tensors = written(tmp_path / "narrow.gguf", Type.Q4_1)
    wide = tmp_path / "wide.gguf"
    wide.write_bytes(b"".join(eight_bits(tmp_path / "narrow.gguf")))
    header = read_header(wide, keep=["tokenizer.ggml.tokens"])
    assert (header.quantisation, header.kept["tokenizer.ggml.tokens"]) == ("Q8_0", ("a", "b"))
    found = {tensor.name: tensor for tensor in gguf.GGUFReader(wide).tensors}
    for name, numbers in tensors.items():
        read = gguf.dequantize(found[name].data, found[name].tensor_type)
        assert np.abs(read - numbers).max() < 0.2
    assert found["output_norm.weight"].data.tolist() == [0, 1, 2, 3, 4]


def test_a_file_without_such_blocks_is_refused(tmp_path: Path) -> None:
    written(tmp_path / "other.gguf", Type.Q8_0)
    with pytest.raises(ArtifactError, match="no tensor of type Q4_1"):
        eight_bits(tmp_path / "other.gguf")
