"""Tokenizers say any text, and the Transformers library reads them."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from shopkeeper.errors import ArtifactError
from shopkeeper.training.tokenizer import (
    Kind,
    TextTokenizer,
    load_tokenizer,
    train_tokenizer,
)

KINDS: tuple[Kind, ...] = ("causal", "masked", "seq2seq")
TEXTS = [
    f"The {colour} {thing} is made of {stuff} and weighs {n} grams. 这个{thing}是{stuff}做的，重{n}克。"
    for colour in ("red", "blue", "green", "dark blue")
    for thing in ("kettle", "backpack", "running shoe", "lamp")
    for stuff in ("steel", "leather", "cotton")
    for n in (120, 450)
]


@pytest.fixture(scope="module")
def tokenizers() -> dict[Kind, TextTokenizer]:
    return {kind: train_tokenizer(TEXTS, kind, vocabulary=600) for kind in KINDS}


@pytest.mark.parametrize("kind", ["causal", "masked"])
@given(text=st.text(max_size=40))
@settings(max_examples=60, deadline=None)
def test_byte_level_tokenizers_give_any_text_back(
    tokenizers: dict[Kind, TextTokenizer], kind: Kind, text: str
) -> None:
    text = text.encode("utf-8", "ignore").decode()
    found = tokenizers[kind]
    assert found.decode(found.encode(text)) == text or any(s in text for s in ("[", "<|"))


@pytest.mark.parametrize("kind", KINDS)
def test_text_of_the_corpus_comes_back_and_is_short(
    tokenizers: dict[Kind, TextTokenizer], kind: Kind
) -> None:
    found = tokenizers[kind]
    for text in TEXTS[:5]:
        ids = found.encode(text)
        assert found.decode(ids) == text
        assert len(ids) < len(text.encode()) / 2
        assert not set(ids) & found.special


def test_what_the_corpus_never_had_is_said_in_bytes(tokenizers: dict[Kind, TextTokenizer]) -> None:
    found = tokenizers["seq2seq"]
    assert found.decode(found.encode("Ωmega 茶壶 🫖")) == "Ωmega 茶壶 🫖"
    assert found.id("<unk>") not in found.encode("🫖")


def test_sentinels_are_the_last_ids_downwards(tokenizers: dict[Kind, TextTokenizer]) -> None:
    found = tokenizers["seq2seq"]
    assert [found.id(f"<extra_id_{i}>") for i in range(3)] == [
        found.vocabulary - 1 - i for i in range(3)
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_the_library_reads_what_was_saved(
    tokenizers: dict[Kind, TextTokenizer], kind: Kind, tmp_path: Path
) -> None:
    tokenizers[kind].save(tmp_path, max_tokens=64)
    theirs = AutoTokenizer.from_pretrained(tmp_path)
    text = TEXTS[0]
    assert theirs.encode(text, add_special_tokens=False) == tokenizers[kind].encode(text)
    assert theirs.eos_token or theirs.mask_token
    assert load_tokenizer(tmp_path).sha256 == tokenizers[kind].sha256


def test_words_begin_after_spaces_at_punctuation_and_at_chinese_characters(
    tokenizers: dict[Kind, TextTokenizer],
) -> None:
    found = tokenizers["masked"]
    begins = found.word_begins()
    ids = found.encode(" backpacking, 红色")
    words = [found.decode([i]) for i in ids if begins[i]]
    assert words[0].startswith(" ") and "," in "".join(words)


def test_an_empty_corpus_and_a_tiny_vocabulary_are_errors(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="empty"):
        train_tokenizer([" "], "causal", vocabulary=400)
    with pytest.raises(ValueError, match="too small"):
        train_tokenizer(TEXTS, "causal", vocabulary=200)
    with pytest.raises(ArtifactError, match="no tokenizer"):
        load_tokenizer(tmp_path)
