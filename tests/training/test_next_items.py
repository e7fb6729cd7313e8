"""The sequential Transformer: it learns what follows what, and serves the same without torch."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from shopkeeper.recommend import sequential
from shopkeeper.recommend.histories import Histories
from shopkeeper.recommend.sequential import Sequential
from shopkeeper.training.next_items import (
    NextItems,
    Recipe,
    batches,
    full_loss,
    onnx_graph,
    sampled_loss,
    train,
)
from tests.recommend.making import ITEMS, histories

RECIPE = Recipe(width=16, longest=6, epochs=12, events=200, negatives=8, rate=0.01, warmup=5)
KNOWN = np.eye(ITEMS, 4, dtype=np.float32)


@pytest.fixture(scope="module")
def had() -> Histories:
    return histories(people=300)


@pytest.fixture(scope="module")
def model(had: Histories) -> NextItems:
    return train(had.items, had.start, KNOWN, RECIPE)


def serve(model: NextItems) -> Sequential:
    vectors = model.vectors().detach().numpy()
    return Sequential.of(onnx_graph(model).chunks(), vectors, RECIPE.longest)


def test_it_learns_what_follows_what(model: NextItems) -> None:
    asked = Histories.of([[i] for i in range(ITEMS)], ITEMS)
    best = serve(model).scores(asked).argmax(axis=1)
    assert np.mean(best == (np.arange(ITEMS) + 1) % ITEMS) > 0.8


@torch.no_grad()
def test_onnx_gives_the_states_of_torch(model: NextItems) -> None:
    asked = Histories.of([[3, 4, 9], [5], [1, 2, 0, 7, 8, 11], [], [6, 7, 1]], ITEMS)
    states = serve(model).states(asked)
    for person in range(len(asked)):
        row = torch.from_numpy(asked[person][None])
        expected = model(row)[0, -1].numpy() if len(asked[person]) else np.zeros(16)
        assert np.allclose(states[person], expected, atol=1e-5)


def test_only_the_newest_items_of_a_long_history_are_looked_at(model: NextItems) -> None:
    asked = Histories.of([[*range(10)], [*range(4, 10)]], ITEMS)
    long, short = serve(model).states(asked)
    assert np.allclose(long, short, atol=1e-6)


def test_batches_hold_each_history_once_and_no_padding(had: Histories) -> None:
    found = list(batches(had.items, had.start, RECIPE, np.random.default_rng(1)))
    rows = sorted(tuple(row) for batch in found for row in batch.tolist())
    assert rows == sorted(tuple(had[p][-7:].tolist()) for p in range(len(had)))


def test_a_fit_is_repeatable(had: Histories) -> None:
    short = Recipe(width=8, heads=1, longest=6, epochs=1, negatives=4)
    first, second = (train(had.items, had.start, KNOWN, short) for _ in range(2))
    assert torch.equal(first.vectors(), second.vectors())


@torch.no_grad()
def test_with_every_item_drawn_the_loss_is_near_the_full_softmax(model: NextItems) -> None:
    batch = torch.from_numpy(np.array([[1, 2, 3], [5, 6, 0]]))
    torch.manual_seed(0)
    drawn = np.mean([float(sampled_loss(model, batch, 4000)) for _ in range(5)])
    assert drawn == pytest.approx(float(full_loss(model, batch)), abs=0.05)


@torch.no_grad()
def test_the_full_loss_is_the_cross_entropy_of_all_scores(model: NextItems) -> None:
    batch = torch.from_numpy(np.array([[1, 2, 3], [5, 6, 0]]))
    state = model(batch[:, :-1]).flatten(0, 1)
    scores = state @ model.vectors().T * model.sharpness
    expected = torch.nn.functional.cross_entropy(scores, batch[:, 1:].reshape(-1))
    assert float(full_loss(model, batch)) == pytest.approx(float(expected), rel=1e-5)


def test_over_all_items_it_learns_what_follows_what_too(had: Histories) -> None:
    model = train(had.items, had.start, KNOWN, replace(RECIPE, negatives=0, epochs=8))
    best = serve(model).scores(Histories.of([[i] for i in range(ITEMS)], ITEMS)).argmax(axis=1)
    assert np.mean(best == (np.arange(ITEMS) + 1) % ITEMS) > 0.8


def test_several_seeds_are_served_as_their_mean(had: Histories) -> None:
    recipe = replace(RECIPE, epochs=1)
    both = sequential.fit(had, KNOWN, recipe, seeds=[0, 1])
    alone = [sequential.fit(had, KNOWN, recipe, seeds=[seed]) for seed in (0, 1)]
    asked = Histories.of([[3, 4], [7]], ITEMS)
    expected = sum(model.scores(asked) for model in alone) / 2
    assert np.allclose(both.scores(asked), expected, atol=1e-5)
