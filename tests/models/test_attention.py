"""Attention by its formula: known answers, the laws that hold for any, and rollout."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from shopkeeper.models.attention import (
    AttentionMap,
    Explanation,
    attention_weights,
    causal_mask,
    rollout,
)

vectors = arrays(np.float64, (2, 3, 4), elements=st.floats(-30, 30, width=32))


def test_weights_of_two_tokens_computed_by_hand() -> None:
    queries, keys = np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([[2.0, 0.0], [0.0, 1.0]])
    # Q Kᵀ / √2 = [[√2, 0], [0, √2]]; softmax of (√2, 0) is (1, e^-√2) / (1 + e^-√2)
    high = float(1 / (1 + np.exp(-np.sqrt(2))))
    assert np.allclose(
        attention_weights(queries, keys), np.array([[high, 1 - high], [1 - high, high]])
    )


def test_equal_keys_share_the_attention_equally() -> None:
    weights = attention_weights(np.ones((1, 8)), np.ones((4, 8)))
    assert np.allclose(weights, 0.25)


def test_a_token_sees_nothing_behind_it() -> None:
    weights = attention_weights(np.ones((3, 2)), np.ones((3, 2)), mask=causal_mask(3))
    by_hand = np.array([[1, 0, 0], [1 / 2, 1 / 2, 0], [1 / 3, 1 / 3, 1 / 3]])
    assert np.allclose(weights, by_hand)


def test_who_may_look_nowhere_has_no_weights() -> None:
    mask = np.array([[False, False], [True, False]])
    weights = attention_weights(np.ones((2, 2)), np.ones((2, 2)), mask=mask)
    assert np.allclose(weights, [[0, 0], [1, 0]])


def test_scale_and_bias_take_the_place_of_the_roots_and_come_before_the_softmax() -> None:
    weights = attention_weights(
        np.ones((1, 4)), np.ones((2, 4)), scale=1.0, bias=np.array([[np.log(3), 0.0]])
    )
    assert np.allclose(weights, [[0.75, 0.25]])


@given(vectors, vectors)
def test_every_row_is_a_distribution_however_large_the_numbers(
    queries: np.ndarray, keys: np.ndarray
) -> None:
    weights = attention_weights(queries * 100, keys * 100)
    assert np.isfinite(weights).all()
    assert np.allclose(weights.sum(axis=-1), 1)
    assert (weights >= 0).all()


@given(vectors, vectors, st.floats(-5, 5))
def test_what_is_added_to_all_logits_changes_nothing(
    queries: np.ndarray, keys: np.ndarray, shift: float
) -> None:
    moved = attention_weights(queries, keys, bias=np.full((2, 3, 3), shift))
    assert np.allclose(moved, attention_weights(queries, keys))


def test_rollout_of_two_layers_computed_by_hand() -> None:
    # One head. Layer 1: the second token takes all from the first; layer 2: half and half.
    weights = np.array([[[[1.0, 0.0], [1.0, 0.0]]], [[[1.0, 0.0], [0.5, 0.5]]]])
    first, second = rollout(weights)
    assert np.allclose(
        first, np.array([[1, 0], [0.5, 0.5]])
    )  # half its own, by the residual connection
    assert np.allclose(second, np.array([[1, 0], [0.625, 0.375]]))


def test_rollout_is_of_the_heads_mean_and_its_rows_sum_to_one() -> None:
    rng = np.random.default_rng(0)
    weights = rng.dirichlet(np.ones(5), size=(3, 2, 5))
    assert np.allclose(rollout(weights).sum(axis=-1), 1)
    mean = weights.mean(axis=1, keepdims=True)
    assert np.allclose(rollout(weights), rollout(mean))


def test_rollout_wants_tokens_over_themselves() -> None:
    with pytest.raises(ValueError, match="over themselves"):
        rollout(np.ones((1, 1, 2, 3)))


def seen() -> AttentionMap:
    weights = np.arange(2 * 3 * 2 * 2, dtype=np.float32).reshape(2, 3, 2, 2)
    return AttentionMap("decoder", weights, ("a", "b"), ("a", "b"))


def test_layers_and_heads_count_from_one() -> None:
    assert np.array_equal(seen().one(2, 3), seen().weights[1, 2])
    assert np.array_equal(seen().one(1, None), seen().weights[0].mean(axis=0))


@pytest.mark.parametrize(("layer", "head"), [(0, 1), (3, 1), (1, 0), (1, 4)])
def test_a_layer_or_head_that_is_not_there_is_named(layer: int, head: int) -> None:
    with pytest.raises(ValueError, match=r"(layer|head) [034] is not one of 1 to [23]"):
        seen().one(layer, head)


def test_a_part_that_a_model_lacks_is_named_with_those_it_has() -> None:
    explained = Explanation("tiny", "a b", (seen(),), ())
    assert explained.part("decoder") is explained.maps[0]
    with pytest.raises(ValueError, match="tiny has no cross attention, but decoder"):
        explained.part("cross")
