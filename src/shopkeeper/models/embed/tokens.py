"""Texts into numbers of tokens, by the `tokenizers` library, with the limits that a shop's texts need."""

from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer

from shopkeeper.errors import ArtifactError

CHARACTERS_PER_TOKEN = (
    16  # a text is cut here before it is tokenised, so that a long one costs no more
)


def open_tokenizer(path: Path, *, max_tokens: int) -> Tokenizer:
    """The tokenizer of this file, cutting at `max_tokens` and not padding. Raises ArtifactError."""
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises Exception itself
        raise ArtifactError(f"{path} is not a tokenizer: {error}") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    return tokenizer


def tokenise(
    tokenizer: Tokenizer, texts: Sequence[str], *, prefix: str, max_tokens: int, special: bool
) -> list[list[int]]:
    """The tokens of each text after `prefix`; none for a text that is blank."""
    cut = [_clean(text[: CHARACTERS_PER_TOKEN * max_tokens]) for text in texts]
    encoded = tokenizer.encode_batch_fast(
        [prefix + text for text in cut], add_special_tokens=special
    )
    return [list(found.ids) if text else [] for text, found in zip(cut, encoded, strict=True)]


def _clean(text: str) -> str:
    """Without blanks at the ends, and without halves of surrogate pairs, which are no text."""
    return text.encode("utf-8", "replace").decode("utf-8").strip()
