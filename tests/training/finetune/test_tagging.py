"""Taggers learn spans by characters, are those of Transformers, and come back equal."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForTokenClassification

from shopkeeper.training.finetune.rows import collate
from shopkeeper.training.finetune.spans import Span
from shopkeeper.training.finetune.tagging import (
    Tagged,
    Tagging,
    load_tagger,
    make_tagger,
)
from tests.training.finetune.encoders import TEXT, small, trained


def toy(n: int, seed: int) -> list[Tagged]:
    """An order's number after the word order, a city after the word from; other numbers are nothing."""
    random = np.random.default_rng(seed)
    rows = []
    for _ in range(n):
        number, city, price = str(random.integers(100, 999)), random.choice(["berlin", "oslo", "rome"]), random.integers(100, 999)  # fmt: skip
        text = f"order {number} from {city} {price}"
        spans = [Span(6, 6 + len(number), "order"), Span(text.index(city), text.index(city) + len(city), "city")]  # fmt: skip
        rows.append(Tagged(text, tuple(spans)))
    return rows


def test_a_tagger_learns_spans_and_comes_back(tmp_path: Path) -> None:
    tagger = make_tagger(small(tmp_path), ("city", "order"))
    work = Tagging.of(tagger, toy(96, 0), toy(32, 1), seed=0, rows_at_once=16)
    report = trained(tagger.headed, work, tmp_path / "run", steps=200)
    assert report.measures["f1"] > 0.9
    text = "order 845 from oslo 121"
    assert tagger.predict([text]) == [[Span(6, 9, "order"), Span(15, 19, "city")]]
    tagger.save(tmp_path / "saved")
    again = load_tagger(tmp_path / "saved")
    assert again.measures(toy(20, 2)) == tagger.measures(toy(20, 2))


@pytest.mark.parametrize("family", ["bert", "gpt2", "llama", "qwen2"])
def test_saved_taggers_are_those_of_transformers(tmp_path: Path, family: str) -> None:
    tagger = make_tagger(small(tmp_path, family), ("city", "order"))
    tagger.save(tmp_path / "saved")
    theirs, about = AutoModelForTokenClassification.from_pretrained(
        tmp_path / "saved", output_loading_info=True
    )
    assert not about["missing_keys"] and not about["unexpected_keys"]
    assert theirs.config.id2label[1] == "B-city"
    rows = tagger.reading.rows(TEXT)
    batch = collate(rows, torch.zeros(len(rows)), padding=0)
    assert batch.seen is not None
    with torch.no_grad():
        wanted = theirs.eval()(batch.tokens, attention_mask=batch.seen.long()).logits
        ours = tagger.headed(batch)
    assert torch.allclose(ours[batch.seen], wanted[batch.seen], atol=1e-5)


@pytest.mark.parametrize("family", ["bert", "llama"])
def test_words_of_several_tokens_keep_their_ends(tmp_path: Path, family: str) -> None:
    """The words are cut into pieces, and byte-level tokens begin with the blank before them."""
    tagger = make_tagger(small(tmp_path, family), ("city",))
    text = "from Düsseldorf, to São Paulo!"
    spans = (Span(5, 15, "city"), Span(20, 29, "city"))
    [row] = tagger.token_rows([Tagged(text, spans)])
    said = tagger.tags.spans([max(0, t) for t in row.tokens.target], row.offsets)  # type: ignore[attr-defined]
    assert said == list(spans) and len(row.offsets) > 8


def test_spans_beyond_the_models_length_count_as_missed(tmp_path: Path) -> None:
    tagger = make_tagger(small(tmp_path), ("city",), max_tokens=12)
    text = "order " * 20 + "rome"
    measures = tagger.measures([Tagged(text, (Span(len(text) - 4, len(text), "city"),))])
    assert measures["recall"] == 0
