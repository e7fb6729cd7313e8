"""What an embedder is. Axes: N texts, D numbers of a vector."""

from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Kind = Literal["query", "passage"]


class Embedder(Protocol):
    """Texts into vectors. Safe to share between threads; weights are read at the first use."""

    @property
    def id(self) -> str:
        """Its name in the catalogue."""
        ...

    @property
    def digest(self) -> str:
        """Changes whenever the vectors may: vectors of different digests must not be compared."""
        ...

    @property
    def dimension(self) -> int:
        """D, numbers of a vector."""
        ...

    @property
    def languages(self) -> frozenset[str]:
        """ISO 639-1 codes of the languages it was trained for."""
        ...

    def encode(self, texts: Sequence[str], *, kind: Kind) -> Vectors:
        """One row a text, (N, D), each of length 1, whatever else is in the batch.

        A text without a single token is a row of zeros: it is near nothing. What is beyond the embedder's limit is
        cut off. Raises ArtifactError if the files of the model cannot be read.
        """
        ...
