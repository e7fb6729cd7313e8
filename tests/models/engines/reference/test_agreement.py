"""The llama.cpp engine and the reference on the same weights: the same tokens, the same scores."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from transformers import AutoModelForCausalLM

from shopkeeper.models.engines import LanguageModel
from shopkeeper.models.engines.llama import LlamaEngine
from shopkeeper.models.engines.reference.dequantised import load_dequantised
from shopkeeper.models.engines.reference.engine import ReferenceEngine
from shopkeeper.models.records import Controls, Request
from shopkeeper.settings import EngineSettings
from tests.models.engines.reference import tiny_gguf
from tests.models.engines.reference.conftest import Checkpoints, opened
from tests.models.engines.reference.tiny import SENTENCES

PROMPTS = [text[:cut] for text in SENTENCES for cut in (12, 20, 30)]
NEAR = 0.1  # nats between two tokens that rounding may put in either order


@pytest.fixture(scope="module")
def files(checkpoints: Checkpoints, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The tiny Llama in Q8_0, and the numbers that this leaves in float32."""
    folder = tmp_path_factory.mktemp("gguf")
    return {
        name: tiny_gguf.write(checkpoints["llama"], folder / f"{name}.gguf", quantised=quantised)
        for name, quantised in (("q8_0", True), ("float32", False))
    }


@pytest.fixture(scope="module")
def reference(files: dict[str, Path]) -> Iterator[ReferenceEngine]:
    """The quantised file, dequantised, by Transformers."""
    made = opened(files["q8_0"])
    yield made
    made.close()


@pytest.fixture(scope="module")
def llama(files: dict[str, Path]) -> Iterator[LanguageModel]:
    """The same numbers by llama.cpp."""
    settings = EngineSettings(kind="llama.cpp", model="tiny", context_tokens=256, parallel=1)
    made = LlamaEngine.open(files["float32"], name="tiny", settings=settings)
    yield made
    made.close()


def test_greedy_tokens_are_the_same(reference: ReferenceEngine, llama: LanguageModel) -> None:
    for prompt in PROMPTS:
        ours, theirs = (
            engine.generate(Request(prompt, Controls(max_new_tokens=32))).token_ids
            for engine in (reference, llama)
        )
        at = next((n for n, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b), None)
        if at is not None:
            before = prompt + reference.checkpoint.decode(ours[:at])
            [after] = reference.explain(before, top=400).guesses
            likely = {guess.token_id: np.log(guess.probability) for guess in after.guesses}
            assert likely[ours[at]] - likely[theirs[at]] < NEAR, (prompt, at)


def test_scores_are_the_same(reference: ReferenceEngine, llama: LanguageModel) -> None:
    texts = [" is blue and", " Paris", " three one two", ""]
    for prompt in PROMPTS:
        ours, theirs = (
            [score.log_likelihood for score in engine.score(prompt, texts).scores]
            for engine in (reference, llama)
        )
        assert np.allclose(ours, theirs, atol=0.05)


def test_tokens_are_cut_alike(reference: ReferenceEngine, llama: LanguageModel) -> None:
    for text in (*PROMPTS, "保温杯 – café", "don't  stop\n\n12345", "[MASK]</s>", ""):
        assert reference.count_tokens(text) == llama.count_tokens(text)


def test_weights_are_those_that_transformers_reads(files: dict[str, Path]) -> None:
    ours, same = (load_dequantised(files[name]) for name in ("q8_0", "float32"))
    assert ours is not None and same is not None
    theirs = AutoModelForCausalLM.from_pretrained(
        files["q8_0"].parent, gguf_file="q8_0.gguf", local_files_only=True
    ).state_dict()
    for name, weights in ours.state_dict().items():
        assert np.array_equal(weights.numpy(), theirs[name].numpy()), name
        assert np.array_equal(weights.numpy(), same.state_dict()[name].numpy()), name


def test_smollm2_is_read(smollm2: Path) -> None:
    """The real file: its name for the capital, a conversation by its own template, its own end."""
    engine = opened(smollm2, timeout_s=600)
    assert engine.abilities == {"generate", "chat", "score", "beams", "logit_bias"}
    likely, unlikely = engine.score("The capital of France is", [" Paris", " London"]).scores
    assert likely.log_likelihood > unlikely.log_likelihood + 3
    [after] = engine.explain("The capital of France is").guesses
    assert after.guesses[0].token == " Paris"
    assert engine.checkpoint.ends == {0, 2}  # <|endoftext|> and <|im_end|>
    engine.close()
