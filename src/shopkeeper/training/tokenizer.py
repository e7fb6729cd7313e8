"""Tokenizers made of a corpus: byte-level BPE for GPT-2, BERT and Llama shapes, Unigram for T5.

Trained and saved by the library `tokenizers`; a folder holds `tokenizer.json` and `tokenizer_config.json`, which the
Transformers library reads as they are.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

from shopkeeper.errors import ArtifactError
from shopkeeper.text.language import is_han
from shopkeeper.training.storage import storing

Kind = Literal["causal", "masked", "seq2seq"]
SENTINELS = 100

END_OF_TEXT = "<|endoftext|>"
UNKNOWN = "<unk>"
_SPECIAL: dict[Kind, list[str]] = {
    "causal": [END_OF_TEXT],
    "masked": ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
    "seq2seq": ["<pad>", "</s>", "<unk>"],
}
_ROLES: dict[Kind, dict[str, str]] = {
    "causal": {"bos_token": END_OF_TEXT, "eos_token": END_OF_TEXT, "pad_token": END_OF_TEXT},
    "masked": {
        "pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]",
    },
    "seq2seq": {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"},
}  # fmt: skip


@dataclass(frozen=True)
class TextTokenizer:
    """A tokenizer and what it is for. Any text can be said in it: bytes, or pieces that fall back on bytes."""

    kind: Kind
    tokenizer: Tokenizer

    @property
    def vocabulary(self) -> int:
        """V, ids there are."""
        return int(self.tokenizer.get_vocab_size())

    @property
    def separator(self) -> int:
        """The token that begins a document in shards."""
        return self.id({"causal": END_OF_TEXT, "masked": "[SEP]", "seq2seq": "</s>"}[self.kind])

    @property
    def special(self) -> frozenset[int]:
        """Ids that stand for no text."""
        names = list(_SPECIAL[self.kind])
        names += [f"<extra_id_{i}>" for i in range(SENTINELS)] if self.kind == "seq2seq" else []
        return frozenset(self.id(name) for name in names)

    @property
    def sha256(self) -> str:
        """Of the whole definition: shards of another tokenizer are not to be mixed with these."""
        return sha256(self.tokenizer.to_str().encode()).hexdigest()

    def id(self, token: str) -> int:
        """Number of a token that has to exist."""
        found = self.tokenizer.token_to_id(token)
        if found is None:
            raise ArtifactError(f"the tokenizer has no token {token}", hint="make it for this kind")
        return int(found)

    def encode(self, text: str) -> list[int]:
        """Ids of a text, without special tokens."""
        return list(self.tokenizer.encode(text, add_special_tokens=False).ids)

    def decode(self, ids: Iterable[int]) -> str:
        """The text of these ids, without special tokens."""
        return str(self.tokenizer.decode([int(i) for i in ids], skip_special_tokens=True))

    def word_begins(self) -> NDArray[np.bool_]:
        """(V,) True where a token begins a word: after a space, at punctuation, and at every Chinese character."""
        found = np.ones(self.vocabulary, dtype=bool)
        for token, number in self.tokenizer.get_vocab().items():
            text = self.tokenizer.decode([number])
            begins = token.startswith(("Ġ", "▁", "Ċ")) or not text[:1].isalnum() or is_han(text[0])
            found[number] = begins and "\ufffd" not in text
        return found

    def save(self, folder: Path, *, max_tokens: int) -> None:
        """Write both files. Raises StorageError."""
        config: dict[str, Any] = {
            "tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": max_tokens,
            "clean_up_tokenization_spaces": False, "shopkeeper_kind": self.kind, **_ROLES[self.kind],
        }  # fmt: skip
        with storing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "tokenizer.json").write_text(self.tokenizer.to_str(), encoding="utf-8")
            text = json.dumps(config, indent=2, ensure_ascii=False)
            (folder / "tokenizer_config.json").write_text(text + "\n", encoding="utf-8")


def load_tokenizer(folder: Path) -> TextTokenizer:
    """The tokenizer in this folder. Raises ArtifactError if it is damaged or was not made here."""
    try:
        config = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
        tokenizer = Tokenizer.from_str((folder / "tokenizer.json").read_text(encoding="utf-8"))
        kind = config["shopkeeper_kind"]
    except FileNotFoundError as error:
        raise ArtifactError(
            f"{folder} holds no tokenizer", hint="shopkeeper lm tokenizer"
        ) from error
    except Exception as error:  # `tokenizers` raises bare Exception
        raise ArtifactError(f"{folder}: the tokenizer cannot be read: {error}") from error
    if kind not in _SPECIAL:
        raise ArtifactError(f"{folder}: a tokenizer of kind {kind!r} is not known")
    return TextTokenizer(kind, tokenizer)


def train_tokenizer(
    texts: Iterable[str], kind: Kind, *, vocabulary: int, min_frequency: int = 2
) -> TextTokenizer:
    """A tokenizer for these texts. Raises ArtifactError if there are none, ValueError if the vocabulary is too small.

    causal and masked: byte-level BPE (Sennrich et al. 2016; Radford et al. 2019). seq2seq: Unigram (Kudo 2018) whose
    last hundred ids are the sentinels of span corruption. A corpus may hold fewer pieces than were asked for.
    """
    least = 256 + len(_SPECIAL[kind]) + (SENTINELS if kind == "seq2seq" else 0)
    if vocabulary < least:
        raise ValueError(
            f"a vocabulary of {vocabulary} is too small for bytes and special tokens: {least}"
        )
    checked = _not_empty(texts)
    tokenizer = (
        _unigram(checked, vocabulary)
        if kind == "seq2seq"
        else _byte_level(checked, kind, vocabulary, min_frequency)
    )
    return TextTokenizer(kind, tokenizer)


def _not_empty(texts: Iterable[str]) -> Iterable[str]:
    found = False
    for text in texts:
        found = found or bool(text.strip())
        yield text
    if not found:
        raise ArtifactError("the corpus is empty", hint="a tokenizer is made of text")


def _byte_level(texts: Iterable[str], kind: Kind, vocabulary: int, min_frequency: int) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, min_frequency=min_frequency, special_tokens=_SPECIAL[kind],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False,
    )  # fmt: skip
    tokenizer.train_from_iterator(texts, trainer)
    if kind == "masked":
        ends = [(name, tokenizer.token_to_id(name)) for name in ("[CLS]", "[SEP]")]
        tokenizer.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ends
        )
    return tokenizer


def _unigram(texts: Iterable[str], vocabulary: int) -> Tokenizer:
    """Bytes are pieces too, so that no text is lost; sentinels come last, from the highest id downwards."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    special = [*_SPECIAL["seq2seq"], *(f"<0x{byte:02X}>" for byte in range(256))]
    trainer = trainers.UnigramTrainer(
        vocab_size=vocabulary - SENTINELS, special_tokens=special, unk_token=UNKNOWN, show_progress=False,
        max_piece_length=16,
    )  # fmt: skip
    tokenizer.train_from_iterator(texts, trainer)
    learnt = json.loads(tokenizer.to_str())
    learnt["model"]["byte_fallback"] = True
    kept = set(_SPECIAL["seq2seq"])
    learnt["added_tokens"] = [t for t in learnt["added_tokens"] if t["content"] in kept]
    tokenizer = Tokenizer.from_str(json.dumps(learnt))
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace()])
    tokenizer.add_special_tokens([f"<extra_id_{i}>" for i in reversed(range(SENTINELS))])
    end = tokenizer.token_to_id("</s>")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B:1 </s>:1", special_tokens=[("</s>", end)]
    )
    return tokenizer
