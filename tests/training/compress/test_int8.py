"""Encoders in whole numbers are close to what they were, whatever else is in the batch."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from shopkeeper.errors import ArtifactError
from shopkeeper.models.embed.folder import open_encoder
from shopkeeper.training.compress.int8 import WholeMaps, calibrate, step, whole
from shopkeeper.training.export.onnx import save_encoder
from tests.training.export.made import small_encoder, words

TEXTS = ["a red cup", "a blue cup and a red cup", "12", "cups, cups, cups", "and a"]


def rounded(tmp_path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Vectors in float32 and in whole numbers."""
    model = small_encoder()
    save_encoder(model, words(), tmp_path / "float", name="float")
    ranges = calibrate(model, words().encode_all(TEXTS, special=True))
    save_encoder(
        model, words(), tmp_path / "int8", name="int8", numbers="int8", maps=WholeMaps(ranges)
    )
    return tuple(  # type: ignore[return-value]
        open_encoder(tmp_path / name).encode(TEXTS, kind="passage") for name in ("float", "int8")
    )


def test_vectors_keep_their_direction(tmp_path: Path) -> None:
    float_, int8 = rounded(tmp_path)
    cosines = (float_ * int8).sum(axis=1)
    assert cosines.min() > 0.99 and cosines.max() <= 1 + 1e-6
    assert not np.array_equal(float_, int8)


def test_a_batch_gives_what_its_texts_give_one_by_one(tmp_path: Path) -> None:
    _, together = rounded(tmp_path)
    served = open_encoder(tmp_path / "int8")
    alone = np.concatenate([served.encode([text], kind="passage") for text in TEXTS])
    assert np.allclose(together, alone, atol=1e-5)


def test_the_file_has_a_byte_for_a_number(tmp_path: Path) -> None:
    model = small_encoder(width=64, layers=4)
    ranges = calibrate(model, words().encode_all(TEXTS, special=True))
    save_encoder(model, words(), tmp_path / "float", name="float")
    save_encoder(model, words(), tmp_path / "int8", name="int8", maps=WholeMaps(ranges))
    sizes = [(tmp_path / name / "model.onnx").stat().st_size for name in ("float", "int8")]
    assert sizes[1] < 0.35 * sizes[0]


def test_without_a_text_nothing_is_calibrated() -> None:
    with pytest.raises(ArtifactError, match="no text"):
        calibrate(small_encoder(), [[]])


@given(arrays(np.float32, (6, 3), elements=st.floats(-9, 9, width=32)))
def test_whole_weights_err_by_half_a_step_and_no_two_neighbours_overflow(
    weight: np.ndarray,
) -> None:
    bytes_, scales = whole(weight)
    assert np.abs(bytes_ * scales - weight).max() <= scales.max() / 2 + 1e-6
    pairs = np.abs(bytes_.astype(int)).reshape(3, 2, 3).sum(axis=1)
    assert pairs.max() * 255 <= 2**15 - 1


@given(arrays(np.float32, 4, elements=st.floats(-9, 9, width=32)))
def test_a_byte_reaches_from_the_least_to_the_most_and_zero_is_exact(ends: np.ndarray) -> None:
    scale, zero = step(ends, ends)
    assert 0 <= zero <= 255
    low, high = (0 - zero) * scale, (255 - zero) * scale
    assert low - scale <= min(0, ends.min()) and max(0, ends.max()) <= high + scale
