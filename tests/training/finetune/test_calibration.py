"""Temperatures make probabilities mean what they say; weights of a pool leave out what does not help."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.training.finetune.calibration import calibration_error, cross_entropy, fit_weights


def rows(seed: int, n: int = 4000, labels: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits, and labels drawn by their probabilities."""
    random = torch.Generator().manual_seed(seed)
    logits = torch.randn(n, labels, generator=random) * 2
    return logits, torch.multinomial(logits.softmax(1), 1, generator=random)[:, 0]


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([0.25, 0.5, 1.0, 4.0]))
def test_the_temperature_that_spoilt_probabilities_is_found(seed: int, sharpness: float) -> None:
    logits, targets = rows(seed)
    found = fit_weights((logits * sharpness)[None], targets)
    assert float(found[0]) == pytest.approx(1 / sharpness, rel=0.15)


def test_calibrated_probabilities_err_less() -> None:
    logits, targets = rows(1)
    weight = fit_weights((5 * logits)[None], targets)[0]

    def error(scores: torch.Tensor) -> float:
        sure, best = scores.softmax(1).max(1)
        return calibration_error(sure, best == targets)

    assert error(5 * logits * weight) < 0.03 < 0.08 < error(5 * logits)


def test_a_model_that_knows_nothing_gets_no_weight() -> None:
    logits, targets = rows(2)
    noise = torch.randn(logits.shape, generator=torch.Generator().manual_seed(9))
    weights = fit_weights(torch.stack([logits, noise]), targets)
    assert weights[0] == pytest.approx(1, abs=0.15) and weights[1] < 0.05


def test_a_model_that_says_the_opposite_is_left_out() -> None:
    logits, targets = rows(3)
    weights = fit_weights(torch.stack([logits + torch.randn_like(logits), -logits]), targets)
    assert weights[1] == 0 and weights[0] > 0.1


def test_rows_that_are_all_told_apart_choose_no_infinite_weight() -> None:
    targets = torch.tensor([0, 1] * 20)
    logits = torch.nn.functional.one_hot(targets, 2).float()
    assert 1 < float(fit_weights(logits[None], targets)[0]) <= 50


def test_several_labels_are_calibrated_one_by_one() -> None:
    random = torch.Generator().manual_seed(4)
    logits = torch.randn(3000, 2, generator=random) * 2
    targets = torch.bernoulli(logits.sigmoid(), generator=random)
    assert float(fit_weights((3 * logits)[None], targets)[0]) == pytest.approx(1 / 3, rel=0.15)
    assert float(cross_entropy(torch.zeros(1, 2), torch.tensor([[0.0, 1.0]]))) == pytest.approx(
        1.3863, abs=1e-3
    )


def test_the_calibration_error_by_hand() -> None:
    sure = torch.tensor([0.95, 0.95, 0.55, 0.55])
    right = torch.tensor([True, True, True, False])
    assert calibration_error(sure, right) == pytest.approx((0.05 * 2 + 0.05 * 2) / 4)
    assert calibration_error(torch.empty(0), torch.empty(0, dtype=torch.bool)) == 0
