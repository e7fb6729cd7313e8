"""Each way leaves an artefact that can be used, and a report of what it saved and cost."""

import json
from pathlib import Path

import pytest
import torch

from shopkeeper.errors import ArtifactError
from shopkeeper.models.embed.folder import open_encoder
from shopkeeper.training import interchange
from shopkeeper.training.compress import weight_only
from shopkeeper.training.compress.measuring import likeness
from shopkeeper.training.compress.pruning import linear_weights, prune, sparsity
from shopkeeper.training.compress.report import Report, Side
from shopkeeper.training.compress.ways import (
    Texts,
    to_gguf,
    to_int8,
    to_narrow,
    to_pruned,
    to_weights,
)
from shopkeeper.training.opening import Opened, Origin
from shopkeeper.training.transformer import Transformer
from tests.training.export.made import decoder, served, small_encoder, words

TEXTS = Texts.halves([f"a {c} cup and {n} blue cups" for n in range(12) for c in ("red", "blue")])


def opened(model: Transformer) -> Opened:
    return Opened(model, words(), Origin("made", "folder", Path(), "0" * 64))


def test_an_encoder_in_whole_numbers_is_served_and_told_of(tmp_path: Path) -> None:
    report = to_int8(opened(small_encoder(width=64, layers=4)), TEXTS, tmp_path, name="small")
    assert open_encoder(tmp_path).encode(["a cup"], kind="query").shape == (1, 64)
    assert report.size_ratio < 0.6 and report.after.quality["direction"] > 0.98
    said = json.loads((tmp_path / "report.json").read_text())
    assert said["settings"]["model"] == "made" and said["after"]["quality"] == report.after.quality


def test_an_encoder_is_made_narrow_and_rounded_at_once(tmp_path: Path) -> None:
    report = to_narrow(opened(small_encoder()), TEXTS, tmp_path, name="n", heads=2, feed_forward=64)
    assert report.settings["heads"] == 2 and report.settings["numbers"] == "int8"
    assert open_encoder(tmp_path).dimension == 32


def test_a_decoder_is_made_narrow_in_the_layout_of_transformers(tmp_path: Path) -> None:
    report = to_narrow(
        opened(decoder("llama")), TEXTS, tmp_path, name="n", heads=2, feed_forward=64
    )
    again = interchange.load(tmp_path)
    assert (again.shape.heads, again.shape.head_size, again.shape.feed_forward) == (2, 16, 64)
    assert report.size_ratio < 1 and set(report.measures) == {"loss"}


def test_a_decoder_in_4_bits_is_served_by_llama_cpp(tmp_path: Path) -> None:
    report = to_gguf(opened(decoder("qwen2")), TEXTS, tmp_path, name="q", quantisation="q4_0")
    assert (
        report.size_ratio < 0.8
        and abs(report.after.quality["loss"] - report.before.quality["loss"]) < 1
    )
    assert len(served(tmp_path / "q-q4_0.gguf", "a red cup", tokens=3)) == 3


def test_weights_in_8_bits_are_read_again_and_say_nearly_the_same(tmp_path: Path) -> None:
    model = decoder("gpt2")
    report = to_weights(opened(model), TEXTS, tmp_path)
    again = weight_only.load(tmp_path)
    tokens = torch.tensor([words().encode("a red cup")])
    with torch.no_grad():
        likeness = torch.cosine_similarity(model(tokens), again(tokens), dim=-1)
    assert likeness.min() > 0.99 and report.size_ratio < 0.5


def test_damaged_weights_in_8_bits_are_refused(tmp_path: Path) -> None:
    weight_only.save(weight_only.in_8_bits(decoder("gpt2")), tmp_path)
    path = tmp_path / weight_only.WEIGHTS
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(ArtifactError, match="no model in 8 bits"):
        weight_only.load(tmp_path)


@pytest.mark.parametrize("per", ["layer", "model"])
def test_half_of_the_weights_become_zero_and_the_rest_stays(per: str) -> None:
    model = small_encoder()
    pruned, found = prune(model, share=0.5, per=per)  # type: ignore[arg-type]
    assert found.share == pytest.approx(0.5, abs=0.01)
    assert (found.least == pytest.approx(found.most, abs=0.01)) is (per == "layer")
    for before, after in zip(linear_weights(model), linear_weights(pruned), strict=True):
        kept = after != 0
        assert torch.equal(before[kept], after[kept])
        if per == "layer":
            assert before[kept].abs().min() >= before[~kept].abs().max()
    assert sparsity(model).zeros == 0


def test_zeros_save_neither_size_nor_pretend_to(tmp_path: Path) -> None:
    report = to_pruned(opened(small_encoder()), TEXTS, tmp_path, share=0.5)
    assert report.size_ratio == pytest.approx(1, abs=0.02) and report.notes
    assert sparsity(interchange.load(tmp_path)).share == pytest.approx(0.5, abs=0.01)


def test_all_of_the_weights_cannot_go() -> None:
    with pytest.raises(ValueError, match="share of 1"):
        prune(small_encoder(), share=1)


def test_one_text_cannot_decide_and_measure() -> None:
    with pytest.raises(ArtifactError, match="1 texts are too few"):
        Texts.halves(["one"])


def test_vectors_that_did_not_change_are_like_themselves() -> None:
    vectors = torch.nn.functional.normalize(torch.randn(20, 8), dim=-1).numpy()
    assert likeness(vectors, vectors) == pytest.approx({"direction": 1, "neighbours": 1})


def test_a_report_says_both_sides_and_the_change() -> None:
    sides = Side(1000, 10.0, {"loss": 2.0}), Side(250, 25.0, {"loss": 2.1})
    rows = list(Report("gguf", {}, "tokens", *sides, {"loss": "lower"}).rows())
    assert (
        rows[0][3] == "25.0 %"
        and rows[1][3] == "2.50 x"
        and rows[2] == ("loss", "2.0000", "2.1000", "+0.1000")
    )
