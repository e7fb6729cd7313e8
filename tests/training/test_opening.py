"""Models that training begins from are the same models, whatever form they come in."""

from pathlib import Path

import pytest
import torch
from transformers import AutoModel

from shopkeeper.errors import ArtifactError, UnknownModel
from shopkeeper.models import hub
from shopkeeper.models.embed import load_embedder
from shopkeeper.models.engines.llama import LlamaEngine
from shopkeeper.models.engines.reference.dequantised import load_dequantised
from shopkeeper.settings import EngineSettings
from shopkeeper.training import interchange
from shopkeeper.training.opening import Opened, encoder, open_model
from shopkeeper.training.shape import llama
from shopkeeper.training.tokenizer import train_tokenizer
from shopkeeper.training.transformer import Transformer
from tests.models.engines.reference import tiny_gguf

TEXTS = (
    "It's 12345 red shoes — café,  naïve 3.5 cm!",
    "鞋子 红色\n\n  x",
    "def f(x):\n    return x",
    " a ",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small Llama with random weights, in Transformers' layout."""
    tokenizer = train_tokenizer(["a red cup and a blue cup"] * 9, "causal", vocabulary=280)
    torch.manual_seed(0)
    shape = llama(
        tokenizer.vocabulary, width=32, layers=2, heads=4, key_value_heads=2, feed_forward=64
    )
    interchange.save(Transformer(shape), tmp_path / "small")
    tokenizer.save(tmp_path / "small", max_tokens=64)
    return tmp_path / "small"


def opened(which: object, tmp_path: Path, cache: Path | None = None) -> Opened:
    return open_model(
        str(which), data_folder=tmp_path / "data", cache_folder=cache or tmp_path / "cache"
    )


def test_a_gguf_file_gives_the_logits_that_the_library_gives(folder: Path, tmp_path: Path) -> None:
    path = tiny_gguf.write(folder, tmp_path / "small.gguf", quantised=True)
    tokens = torch.randint(0, 250, (2, 20), generator=torch.Generator().manual_seed(1))
    theirs = load_dequantised(path)
    assert theirs is not None
    with torch.no_grad():
        ours = opened(path, tmp_path).model(tokens)
        assert torch.allclose(ours, theirs(tokens).logits, atol=1e-5)


def test_a_gguf_file_and_the_folder_it_was_made_of_cut_texts_alike(
    folder: Path, tmp_path: Path
) -> None:
    path = tiny_gguf.write(folder, tmp_path / "small.gguf", quantised=True)
    one, other = opened(path, tmp_path).words, opened(folder, tmp_path).words
    assert one.encode_all(TEXTS) == other.encode_all(TEXTS)
    assert [one.decode(ids) for ids in one.encode_all(TEXTS)] == list(TEXTS)


def test_a_model_knows_its_weights_again(folder: Path, tmp_path: Path) -> None:
    first, again = (opened(folder, tmp_path).origin for _ in range(2))
    assert first == again and first.kind == "folder" and len(first.sha256) == 64


def test_an_encoder_without_heads_goes_to_the_library_and_back(tmp_path: Path) -> None:
    torch.manual_seed(0)
    ours = Transformer(encoder(101, width=32, layers=2, heads=4, max_tokens=48)).eval()
    interchange.save(ours, tmp_path)
    theirs = AutoModel.from_pretrained(tmp_path, add_pooling_layer=False).eval()
    tokens = torch.randint(0, 101, (2, 20))
    with torch.no_grad():
        wanted = ours.encode(tokens)
        assert torch.allclose(theirs(tokens).last_hidden_state, wanted, atol=1e-5)
        assert torch.equal(interchange.load(tmp_path).eval().encode(tokens), wanted)


def test_what_cannot_be_opened_says_why(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownModel, match="no model is called 'nonesuch'"):
        opened("nonesuch", tmp_path)
    with pytest.raises(ArtifactError, match="of the format tokenizer, which cannot be trained"):
        opened("minilm-l6-tokenizer", tmp_path)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ArtifactError, match=r"has no tokenizer\.json"):
        opened(folder, tmp_path)


def test_minilm_gives_the_vectors_that_are_served(cache_folder: Path, tmp_path: Path) -> None:
    if not all(hub.is_here(name, cache_folder) for name in ("minilm-l6", "minilm-l6-float")):
        pytest.skip("MiniLM and its float weights are not in the cache")
    ours = opened("minilm-l6", tmp_path, cache_folder)
    served = load_embedder("minilm-l6", cache_folder).encode([TEXTS[0]], kind="query")[0]
    with torch.no_grad():
        states = ours.model.encode(torch.tensor([ours.words.encode(TEXTS[0], special=True)]))
    vector = torch.nn.functional.normalize(states.mean(1)[0], dim=0)
    assert float(vector @ torch.from_numpy(served)) > 0.995


def test_smollm2_says_what_llama_cpp_says_of_it(cache_folder: Path, tmp_path: Path) -> None:
    path = hub.path_here("smollm2-135m", cache_folder)
    if path is None:
        pytest.skip("SmolLM2 is not in the cache")
    ours = opened("smollm2-135m", tmp_path, cache_folder)
    settings = EngineSettings(kind="llama.cpp", model="smollm2-135m", context_tokens=256)
    engine = LlamaEngine.open(path, name="smollm2-135m", settings=settings, tried=True)
    for text in TEXTS:
        assert len(ours.words.encode(text)) == engine.count_tokens(text)
    prompt, ends = "The capital of France is", [" Paris", " London", " a"]
    theirs = [score.log_likelihood for score in engine.score(prompt, ends).scores]
    engine.close()
    with torch.no_grad():
        likely = ours.model(torch.tensor([ours.words.encode(prompt)]))[0, -1].log_softmax(-1)
    said = [float(likely[ours.words.encode(end)[0]]) for end in ends]
    assert said == pytest.approx(theirs, abs=0.3)  # llama.cpp rounds what it multiplies with
    assert ours.words.chat_template and ours.words.eos == "<|im_end|>"
