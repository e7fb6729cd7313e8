"""What every embedder promises: rows of length 1 that do not depend on their neighbours, and meaning."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.errors import ArtifactError, ModelError
from shopkeeper.models import hub
from shopkeeper.models.embed import EMBEDDERS, Embedder, load_embedder, recommended
from shopkeeper.models.embed.static import StaticEmbedder

TEXTS = st.lists(st.one_of(st.text(max_size=40), st.sampled_from(["red shoes", "4 x 100 ml"])))


@settings(max_examples=15, deadline=None)
@given(texts=TEXTS)
def test_a_batch_gives_what_its_texts_give_one_by_one(embedder: Embedder, texts: list[str]) -> None:
    together = embedder.encode(texts, kind="passage")
    assert together.shape == (len(texts), embedder.dimension)
    for row, text in zip(together, texts, strict=True):
        alone = embedder.encode([text], kind="passage")[0]
        assert alone @ row == pytest.approx(row @ row, abs=1e-5)


def test_rows_have_length_one_and_blank_texts_are_zeros(embedder: Embedder) -> None:
    rows = embedder.encode(["blue mug", "", "茶杯", " \t\n", "!"], kind="passage")
    assert rows.dtype == np.float32
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1, 0, 1, 0, 1], abs=1e-5)


def test_what_means_the_same_lies_closest(embedder: Embedder) -> None:
    titles = ["Alpine rucksack 40 l, rain cover", "Running shoes for men", "Cast iron frying pan"]
    queries = ["waterproof hiking backpack", "jogging sneakers", "skillet for cooking steak"]
    passages = embedder.encode(titles, kind="passage")
    found = embedder.encode(queries, kind="query") @ passages.T
    assert found.argmax(axis=1).tolist() == [0, 1, 2]


def test_a_long_text_is_cut_and_not_refused(embedder: Embedder) -> None:
    long = "wool sweater " * 50_000
    rows = embedder.encode([long, long + "frying pan", "x" * 1_000_000], kind="passage")
    assert rows[0] @ rows[1] == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("text", ["\x00", "\ud800", "‮abc", "a\x00b", "́" * 300, "'; drop"])
def test_hostile_texts_give_finite_rows(embedder: Embedder, text: str) -> None:
    assert np.isfinite(embedder.encode([text], kind="query")).all()


def test_threads_share_an_embedder(embedder: Embedder) -> None:
    texts = [f"item number {number}" for number in range(40)]
    with ThreadPoolExecutor(4) as pool:
        rows = list(pool.map(lambda text: embedder.encode([text], kind="query")[0], texts))
    assert np.allclose(rows, embedder.encode(texts, kind="query"), atol=1e-3)


def test_the_recommended_speak_the_languages_asked_for() -> None:
    assert "minilm-l6" in recommended({"en"})
    assert all({"en", "zh"} <= EMBEDDERS[name].languages for name in recommended({"en", "zh"}))
    assert recommended({"tlh"}) == ()


def test_an_unknown_embedder_is_an_error_that_lists_the_known(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nonsense") as caught:
        load_embedder("nonsense", tmp_path)
    assert "minilm-l6" in caught.value.hint


@pytest.mark.parametrize("name", list(EMBEDDERS))
def test_an_embedder_that_was_not_fetched_says_how_to(name: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        load_embedder(name, tmp_path)
    assert f"shopkeeper models pull {name}" in caught.value.hint


@pytest.mark.parametrize("name", list(EMBEDDERS))
def test_pulling_an_embedder_by_its_name_brings_its_tokenizer(name: str) -> None:
    spec = EMBEDDERS[name]
    assert spec.weights == name
    assert spec.tokenizer in hub.entry(name).needs


def test_a_file_that_holds_no_vectors_is_named(cache_folder: Path, tmp_path: Path) -> None:
    weights = tmp_path / "table.safetensors"
    weights.write_bytes(b"nothing")
    tokenizer = hub.pull("wordllama-tokenizer", cache_folder)
    broken = StaticEmbedder(
        "broken", weights=weights, tokenizer=tokenizer, digest="", dimension=2,
        languages=frozenset(), max_tokens=8,
    )  # fmt: skip
    with pytest.raises(ArtifactError, match=r"table\.safetensors"):
        broken.encode(["a"], kind="query")
