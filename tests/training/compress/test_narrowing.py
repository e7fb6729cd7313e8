"""What is taken out of a model leaves smaller matrices, and as little error as can be."""

import pytest
import torch

from shopkeeper.errors import ArtifactError
from shopkeeper.training.compress.narrowing import narrow, of_one_length, surgery
from shopkeeper.training.initialisation import initialise
from shopkeeper.training.interchange import config_of
from shopkeeper.training.shape import t5
from shopkeeper.training.transformer import FeedForward, Transformer
from tests.training.export.made import decoder, small_encoder

ROWS = [[int(i) for i in torch.randint(5, 270, (12,))] for _ in range(40)]


@pytest.mark.parametrize("family", ["bert", "gpt2", "llama"])
def test_matrices_are_really_smaller(family: str) -> None:
    model = small_encoder() if family == "bert" else decoder(family)
    small = narrow(model, ROWS, heads=2, feed_forward=48)
    assert (small.shape.heads, small.shape.feed_forward) == (2, 48)
    assert small.shape.head_size == model.shape.head_size
    sizes = [sum(t.numel() for t in each.state_dict().values()) for each in (model, small)]
    assert sizes[1] < sizes[0]
    assert torch.isfinite(
        small.encode(torch.tensor(ROWS[:2])) if family == "bert" else small(torch.tensor(ROWS[:2]))
    ).all()


def test_numbers_that_are_copies_of_others_can_go_without_loss() -> None:
    model = small_encoder()
    with torch.no_grad():
        for block in model.modules():
            if not isinstance(block, FeedForward):
                continue
            up = block.up
            up.weight[64:], up.bias[64:] = up.weight[:64], up.bias[:64]
    tokens = torch.tensor(ROWS[:4])
    with torch.no_grad():
        wanted, found = model.encode(tokens), narrow(model, ROWS, feed_forward=64).encode(tokens)
    assert torch.allclose(wanted, found, atol=0.02)


def test_it_errs_less_than_taking_out_the_smallest_and_leaving_the_rest() -> None:
    torch.manual_seed(0)
    h = torch.randn(500, 20).double() @ torch.randn(20, 20).double()
    weight = torch.randn(7, 20)
    kept, changed = surgery(weight, h.T @ h, keep=12, group=1)
    smallest = (weight.square().sum(0) * h.square().sum(0)).argsort()[8:]

    def error(columns: torch.Tensor, weights: torch.Tensor) -> float:
        return float((h @ weight.T.double() - h[:, columns] @ weights.T.double()).square().sum())

    assert error(kept, changed) < 0.5 * error(smallest, weight[:, smallest])


def test_what_stays_is_the_best_fit_of_what_was() -> None:
    torch.manual_seed(0)
    h, weight = torch.randn(200, 8).double(), torch.randn(3, 8)
    kept, changed = surgery(weight, h.T @ h, keep=2, group=2)
    places = (kept[:, None] * 2 + torch.arange(2)).flatten()
    best = torch.linalg.lstsq(h[:, places], h @ weight.T.double()).solution.T
    assert len(kept) == 2
    assert torch.allclose(changed.double(), best, atol=1e-4)


def test_all_of_it_leaves_the_model_as_it_was() -> None:
    model = small_encoder()
    same = narrow(model, ROWS)
    tokens = torch.tensor(ROWS[:2])
    with torch.no_grad():
        assert torch.equal(model.encode(tokens), same.encode(tokens))


def test_more_than_there_is_cannot_stay() -> None:
    with pytest.raises(ValueError, match="9 and 128 cannot stay"):
        narrow(small_encoder(), ROWS, heads=9)
    with pytest.raises(ValueError, match="share keys"):
        narrow(decoder("llama"), ROWS, heads=1)


def test_a_model_of_two_stacks_is_refused() -> None:
    model = initialise(Transformer(t5(101, width=32, layers=1, heads=2)))
    with pytest.raises(ArtifactError, match="two stacks"):
        narrow(model, ROWS, feed_forward=8)


def test_rows_of_one_length_go_together() -> None:
    assert of_one_length([[1], [2, 3], [4], []]) == [[[1], [4]], [[2, 3]]]
    with pytest.raises(ArtifactError, match="no text"):
        of_one_length([[]])


def test_a_format_without_a_place_for_fewer_heads_says_so() -> None:
    with pytest.raises(ValueError, match="no place for 2 heads of 8 in a width of 32"):
        config_of(narrow(small_encoder(), ROWS, heads=2).shape)
