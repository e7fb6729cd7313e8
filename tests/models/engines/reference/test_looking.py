"""What is shown of a model's attention is what the model computes, by the formula."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import eager_mask

from shopkeeper.errors import ContextTooLong, Unsupported
from shopkeeper.models.attention import Part, attention_weights
from shopkeeper.models.engines.reference.engine import ReferenceEngine
from tests.models.engines.reference.conftest import Engines

TEXT = "The capital of France is"


@contextmanager
def recorded(engine: ReferenceEngine) -> Iterator[list[dict[str, Any]]]:
    """Every attention that the model computes meanwhile: its queries, keys, mask and the rest, as they go in."""
    calls: list[dict[str, Any]] = []

    def attention(
        module: Any,
        query: Any,
        key: Any,
        value: Any,
        attention_mask: Any,
        scaling: float,
        **more: Any,
    ) -> tuple[Any, None]:
        groups = query.shape[1] // key.shape[1]
        key, value = (each.repeat_interleave(groups, dim=1) for each in (key, value))
        bias = torch.zeros(1)
        for added in (attention_mask, more.get("position_bias")):
            bias = bias if added is None else bias + added
        calls.append({"query": query, "key": key, "bias": bias, "scale": scaling})
        weights = (query @ key.transpose(2, 3) * scaling + bias).softmax(-1)
        return (weights @ value).transpose(1, 2).contiguous(), None

    AttentionInterface.register("recorded", attention)
    AttentionMaskInterface.register("recorded", eager_mask)
    model = engine.checkpoint.model
    before = model.config._attn_implementation
    model.set_attn_implementation("recorded")
    try:
        yield calls
    finally:
        model.set_attn_implementation(before)


def by_formula(call: dict[str, Any]) -> np.ndarray:
    query, key = call["query"][0].numpy(), call["key"][0].numpy()
    bias = np.broadcast_to(call["bias"].numpy(), (1, *query.shape[:2], key.shape[1]))[0]
    hidden = bias < -1e30  # how masks are written for attention that is computed step by step
    return attention_weights(
        query, key, mask=~hidden, bias=np.where(hidden, 0, bias), scale=call["scale"]
    )


@pytest.mark.parametrize("name", ["gpt2", "llama", "bert", "t5"])
def test_weights_are_the_formula_of_the_models_own_queries_and_keys(
    engines: Engines, name: str
) -> None:
    shown = engines[name].explain(TEXT, answer=" Paris and")
    checkpoint = engines[name].checkpoint
    given = {"input_ids": torch.tensor([checkpoint.prompt_ids(TEXT)])}
    if name == "t5":
        written = [checkpoint.start_id, *checkpoint.text_ids(" Paris and")]
        given["decoder_input_ids"] = torch.tensor([written])
    with recorded(engines[name]) as calls, torch.inference_mode():
        checkpoint.model(**given)
    # In the order in which they are computed: the encoder's, then by turns the decoder's over itself and across.
    computed: dict[Part, list[dict[str, Any]]] = {shown.maps[0].part: calls}
    if name == "t5":
        computed = {"cross": calls[3::2], "encoder": calls[:2], "decoder": calls[2::2]}
    assert [each.part for each in shown.maps] == list(computed)
    for part, layers in computed.items():
        weights = np.stack([by_formula(call) for call in layers])
        assert weights.shape == shown.part(part).weights.shape
        assert np.allclose(weights, shown.part(part).weights, atol=1e-5)


def test_the_scale_is_one_over_the_root_of_the_width(engines: Engines) -> None:
    with recorded(engines["gpt2"]) as calls:
        engines["gpt2"].score(TEXT, [" Paris"])
    assert {(call["scale"], call["key"].shape[-1]) for call in calls} == {(16**-0.5, 16)}


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_a_decoder_looks_back_only(engines: Engines, name: str) -> None:
    shown = engines[name].explain(TEXT).part("decoder")
    assert np.allclose(shown.weights.sum(-1), 1, atol=1e-5)
    assert np.all(shown.weights[..., ~np.tri(len(shown.keys), dtype=bool)] == 0)
    assert "".join(shown.keys) == "".join(shown.queries) == TEXT


def test_an_encoder_looks_both_ways(engines: Engines) -> None:
    shown = engines["bert"].explain(TEXT).part("encoder")
    assert (shown.keys[0], shown.keys[-1]) == ("<s>", "</s>")
    assert np.all(shown.weights > 0)


def test_an_encoder_decoder_looks_across(engines: Engines) -> None:
    found = engines["t5"].explain(TEXT, answer=" Paris and")
    assert [each.part for each in found.maps] == ["cross", "encoder", "decoder"]
    across = found.part("cross")
    assert across.queries == ("<pad>", " Paris", " and")
    assert "".join(across.keys) == f"{TEXT}</s>"
    assert across.weights.shape == (2, 4, len(across.queries), len(across.keys))
    assert not across.rolls_out
    own = engines["t5"].explain(TEXT)
    assert "".join(own.part("cross").queries).startswith("<pad> Paris")


def test_guesses_are_the_models_next_tokens(engines: Engines) -> None:
    engine = engines["gpt2"]
    [after] = engine.explain(TEXT, top=400).guesses
    assert after.after == " is"
    assert after.guesses[0].token == " Paris"
    assert sum(guess.probability for guess in after.guesses) == pytest.approx(1, abs=1e-3)
    [score] = engine.score(TEXT, [" Paris"]).scores
    assert np.log(after.guesses[0].probability) == pytest.approx(score.log_likelihood, abs=1e-4)


def test_masks_are_filled(engines: Engines) -> None:
    [found] = engines["bert"].fill_mask(
        "The capital of France is[MASK] and the capital of Spain is Madrid and more"
    )
    assert found.guesses[0].token == " Paris"
    both = engines["bert"].fill_mask(
        "The sky is[MASK] and the grass is[MASK] and the banana is yellow today"
    )
    assert [each.guesses[0].token for each in both] == [" blue", " green"]
    assert engines["bert"].explain("The sky is[MASK] and the grass").guesses[0].after == "[MASK]"
    assert engines["bert"].fill_mask("nothing hidden") == ()


def test_who_has_no_masks_fills_none(engines: Engines) -> None:
    with pytest.raises(Unsupported, match="fills no masks"):
        engines["gpt2"].fill_mask("The sky is[MASK]")


def test_texts_too_long_to_show_are_refused(engines: Engines) -> None:
    with pytest.raises(ContextTooLong):
        engines["gpt2"].explain(TEXT, most_tokens=4)


def test_fused_attention_is_back_after_an_explanation(engines: Engines) -> None:
    model = engines["gpt2"].checkpoint.model
    before = model.config._attn_implementation
    engines["gpt2"].explain(TEXT)
    assert model.config._attn_implementation == before != "eager"
