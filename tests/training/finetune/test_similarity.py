"""The contrastive losses give the numbers that their formulas give."""

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from shopkeeper.training.finetune.similarity import (
    multiple_negatives,
    supervised_contrastive,
    to_prototypes,
)

X, Y = [1.0, 0.0], [0.0, 1.0]


def test_two_pairs_at_right_angles() -> None:
    vectors = torch.tensor([X, Y])
    loss = multiple_negatives(vectors, 3 * vectors, torch.tensor([0, 1]), temperature=0.5)
    assert float(loss) == pytest.approx(math.log(1 + math.exp(-2)))


def test_a_hard_negative_counts_against_every_anchor() -> None:
    anchors = torch.tensor([X, Y])
    candidates = torch.tensor([X, Y, X])
    loss = multiple_negatives(anchors, candidates, torch.tensor([0, 1]), temperature=1.0)
    e = math.e
    assert float(loss) == pytest.approx((math.log(2 + 1 / e) + math.log(1 + 2 / e)) / 2)


def test_the_same_positive_twice_is_no_negative() -> None:
    anchors = torch.tensor([X, X])
    loss = multiple_negatives(anchors, anchors, torch.tensor([7, 7]))
    assert float(loss) == 0


def test_supervised_contrastive_by_hand() -> None:
    vectors = torch.tensor([X, X, Y, [-1.0, 0.0]])
    loss = supervised_contrastive(vectors, torch.tensor([0, 0, 1, 2]), temperature=1.0)
    e = math.e
    assert float(loss) == pytest.approx(math.log((e + 1 + 1 / e) / e))


def test_texts_that_stand_alone_teach_nothing() -> None:
    vectors = torch.randn(3, 4, requires_grad=True)
    loss = supervised_contrastive(vectors, torch.tensor([0, 1, 2]))
    loss.backward()
    assert loss.item() == 0 and vectors.grad is not None and not vectors.grad.any()


def test_prototypes_by_hand() -> None:
    loss = to_prototypes(
        torch.tensor([[2.0, 0.0]]), torch.tensor([X, Y]), torch.tensor([0]), temperature=1.0
    )
    assert float(loss) == pytest.approx(math.log(1 + math.exp(-1)))


@given(st.integers(0, 1000), st.floats(0.1, 10))
def test_only_directions_matter(seed: int, factor: float) -> None:
    random = torch.Generator().manual_seed(seed)
    vectors, labels = torch.randn(6, 4, generator=random), torch.tensor([0, 0, 1, 1, 2, 2])
    losses: tuple[Callable[[Tensor], Tensor], ...] = (
        lambda v: supervised_contrastive(v, labels),
        lambda v: multiple_negatives(v[:3], v[3:], labels[:3] + torch.arange(3)),
        lambda v: to_prototypes(v, vectors[:3], labels),
    )
    for loss in losses:
        plain = float(loss(vectors))
        assert plain == pytest.approx(float(loss(vectors * factor)), rel=1e-4, abs=1e-5)
