"""Fast paths give what the plain ones give."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.training.fast import (
    IGNORED,
    chunked_cross_entropy,
    document_positions,
    document_sight,
)
from shopkeeper.training.objectives import Batch, CausalLM
from shopkeeper.training.transformer import Transformer
from tests.training.families import SMALL


@given(st.integers(1, 30), st.integers(1, 40), st.booleans(), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_the_chunked_loss_and_its_gradients_are_those_of_torch(
    tokens: int, chunk: int, biased: bool, seed: int
) -> None:
    random = torch.Generator().manual_seed(seed)
    hidden = torch.randn(tokens, 6, generator=random, dtype=torch.float64).requires_grad_()
    weight = torch.randn(16, 6, generator=random, dtype=torch.float64).requires_grad_()
    bias = torch.randn(16, generator=random, dtype=torch.float64).requires_grad_()
    targets = torch.randint(0, 13, (tokens,), generator=random)
    targets[torch.rand(tokens, generator=random) < 0.3] = IGNORED
    targets[0] = 3
    inputs = [hidden, weight, *([bias] if biased else [])]
    ours = chunked_cross_entropy(
        hidden, weight, targets, bias=bias if biased else None, vocabulary=13, chunk=chunk
    )
    logits = F.linear(hidden, weight, bias if biased else None)[:, :13]
    plain = F.cross_entropy(logits, targets, ignore_index=IGNORED)
    assert torch.allclose(ours.double(), plain, atol=1e-5)
    for a, b in zip(
        torch.autograd.grad(3 * ours, inputs), torch.autograd.grad(3 * plain, inputs), strict=True
    ):
        assert torch.allclose(a, b, atol=1e-5)


@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")  # torch's own
def test_compiled_the_loss_and_its_gradients_are_the_same() -> None:
    hidden = torch.randn(20, 6, generator=torch.Generator().manual_seed(0)).requires_grad_()
    weight = torch.randn(16, 6, generator=torch.Generator().manual_seed(1)).requires_grad_()
    targets = torch.arange(20) % 13
    targets[4] = IGNORED
    run = torch.compile(chunked_cross_entropy, backend="eager")  # traced, then run as it is
    plain, traced = (
        way(hidden, weight, targets, vocabulary=13, chunk=8) for way in (chunked_cross_entropy, run)
    )
    assert torch.allclose(plain, traced, atol=1e-6)
    for a, b in zip(
        torch.autograd.grad(plain, (hidden, weight)),
        torch.autograd.grad(traced, (hidden, weight)),
        strict=True,
    ):
        assert torch.allclose(a, b, atol=1e-6)


def test_a_batch_without_a_scored_token_costs_nothing() -> None:
    hidden, weight = torch.randn(4, 6, requires_grad=True), torch.randn(9, 6, requires_grad=True)
    loss = chunked_cross_entropy(hidden, weight, torch.full((4,), IGNORED), vocabulary=9)
    loss.backward()
    assert loss == 0 and hidden.grad is not None and not hidden.grad.any()


def test_positions_begin_anew_with_each_document() -> None:
    documents = torch.tensor([[4, 4, 4, 7, 7, 1]])
    assert document_positions(documents).tolist() == [[0, 1, 2, 0, 1, 0]]


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_packed_documents_do_not_see_each_other(name: str) -> None:
    torch.manual_seed(0)
    model = Transformer(SMALL[name]()).eval()
    first, second = torch.randint(0, 101, (1, 11)), torch.randint(0, 101, (1, 9))
    documents = torch.tensor([[0] * 11 + [1] * 9])
    with torch.no_grad():
        packed = model.decode(
            torch.cat([first, second], dim=1),
            allowed=document_sight(documents),
            positions=document_positions(documents),
        )
        alone = torch.cat([model.decode(first), model.decode(second)], dim=1)
    assert torch.allclose(packed, alone, atol=1e-5)


@pytest.mark.filterwarnings("ignore:.*should not be instantiated")  # torch's compiler does it
@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_a_step_is_one_graph_for_the_compiler(name: str) -> None:
    torch.manual_seed(0)
    model, objective = Transformer(SMALL[name]()), CausalLM(40, 1)
    tokens = torch.randint(0, 101, (2, 41))
    batch = Batch(tokens[:, :-1], tokens[:, 1:])
    plain = objective.loss(model, batch).value
    compiled = torch.compile(
        lambda rows: objective.loss(model, rows).value, fullgraph=True, backend="aot_eager"
    )
    parameters = list(model.parameters())
    wanted, value = torch.autograd.grad(plain, parameters), compiled(batch)
    assert torch.allclose(value, plain, atol=1e-6)
    found = torch.autograd.grad(value, parameters)
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(found, wanted, strict=True))
