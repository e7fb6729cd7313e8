"""Texts into numbers of tokens, with the limits that a shop's texts need."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from tokenizers import Tokenizer

from shopkeeper.errors import ArtifactError
from shopkeeper.models.embed.unigram import UnigramTokenizer

CHARACTERS_PER_TOKEN = (
    16  # a text is cut here before it is tokenised, so that a long one costs no more
)


class Cutter(Protocol):
    """A tokenizer. Safe to share between threads."""

    def cut(self, texts: Sequence[str], *, special: bool) -> list[list[int]]:
        """The tokens of each text, with those that stand before and after it if `special`."""
        ...


class LibraryTokenizer:
    """A `tokenizer.json`, read by the `tokenizers` library. Raises ArtifactError if it cannot be."""

    def __init__(self, path: Path, *, max_tokens: int) -> None:
        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises Exception itself
            raise ArtifactError(f"{path} is not a tokenizer: {error}") from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_tokens)

    def cut(self, texts: Sequence[str], *, special: bool) -> list[list[int]]:
        """See `Cutter.cut`."""
        encoded = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=special)
        return [list(found.ids) for found in encoded]


def open_tokenizer(path: Path, *, max_tokens: int) -> Cutter:
    """The tokenizer of this file, cutting at `max_tokens` and not padding. Raises ArtifactError."""
    kind = UnigramTokenizer if path.suffix == ".tsv" else LibraryTokenizer
    return kind(path, max_tokens=max_tokens)


def tokenise(
    tokenizer: Cutter, texts: Sequence[str], *, prefix: str, max_tokens: int, special: bool
) -> list[list[int]]:
    """The tokens of each text after `prefix`; none for a text that is blank."""
    clean = [_clean(text[: CHARACTERS_PER_TOKEN * max_tokens]) for text in texts]
    tokens = tokenizer.cut([prefix + text for text in clean], special=special)
    return [found if text else [] for text, found in zip(clean, tokens, strict=True)]


def _clean(text: str) -> str:
    """Without blanks at the ends, and without halves of surrogate pairs, which are no text."""
    return text.encode("utf-8", "replace").decode("utf-8").strip()
