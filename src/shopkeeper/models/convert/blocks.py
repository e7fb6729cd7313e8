"""Matrices of 4-bit weights in blocks of 32, as ggml's Q4_0 has them. Axes: R rows, K blocks of a row."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BLOCK = 32


@dataclass(frozen=True, slots=True)
class Blocks:
    """Scales (R, K), and halves of bytes (R, K, 16): all low ones, then all high ones, each minus 8, are the weights."""

    scales: NDArray[np.float16]
    halves: NDArray[np.uint8]

    def floats(self) -> NDArray[np.float32]:
        """The weights that they stand for, exactly. (R, K * 32)"""
        values = np.concatenate([self.halves & 15, self.halves >> 4], axis=2).astype(np.float32)
        values = (values - 8) * self.scales[:, :, None].astype(np.float32)
        return values.reshape(len(values), -1)


def read_blocks(stored: NDArray[np.uint8]) -> Blocks:
    """From bytes (R, K, 18): a block's scale as float16, then its weights."""
    scales = np.ascontiguousarray(stored[:, :, :2]).view("<f2")[:, :, 0]
    return Blocks(scales, np.ascontiguousarray(stored[:, :, 2:]))
