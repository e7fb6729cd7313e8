"""What is hidden, what is asked and what is scored."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.training.fast import IGNORED
from shopkeeper.training.objectives import (
    CausalLM,
    MaskedLM,
    PrefixLM,
    Sequences,
    SpanCorruption,
)
from shopkeeper.training.shards import Shards, write_shards
from shopkeeper.training.transformer import Transformer
from tests.training.families import SMALL

SEPARATOR = 1


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    random = np.random.default_rng(0)
    documents = [random.integers(10, 90, random.integers(5, 60)).tolist() for _ in range(200)]
    write_shards(folder, ((d, len(d)) for d in documents), vocabulary=101, separator=SEPARATOR)
    return folder


def masked(**more: object) -> MaskedLM:
    begins = np.arange(101) % 3 != 0  # ids that are multiples of 3 go on with a word
    values: dict[str, object] = {
        "length": 40, "begin": 2, "between": 3, "mask": 4, "vocabulary": 101, "word_begins": begins,
        "special": frozenset({0, 1, 2, 3, 4}),
    }  # fmt: skip
    return MaskedLM(**values | more)  # type: ignore[arg-type]


def test_a_causal_batch_asks_for_the_next_token(corpus: Path) -> None:
    objective = CausalLM(16, SEPARATOR)
    batch = objective.batch(Shards(corpus, length=objective.row_tokens), range(4), seed=0)
    assert torch.equal(batch.tokens[:, 1:], batch.targets[:, :-1])
    assert batch.scored == 4 * 16


def test_isolated_documents_give_the_loss_that_each_has_alone() -> None:
    torch.manual_seed(0)
    model = Transformer(SMALL["gpt2"]()).eval()
    objective = CausalLM(12, SEPARATOR, isolated=True)
    rows = np.array([[SEPARATOR, 20, 21, 22, 23, SEPARATOR, 30, 31, 32, 33, 34, 35, 36]])
    batch = objective.batch(_Rows(rows), range(1), seed=0)  # type: ignore[arg-type]
    with torch.no_grad():
        packed = objective.loss(model, batch).value * 12
        parts = [
            objective.loss(model, objective.batch(_Rows(part), range(1), seed=0)).value * n  # type: ignore[arg-type]
            for part, n in ((rows[:, :6], 5), (rows[:, 5:], 7))
        ]
    assert torch.allclose(packed, parts[0] + parts[1], atol=1e-3)


class _Rows:
    """Rows given by hand, in the place of shards."""

    def __init__(self, rows: np.ndarray) -> None:
        self.array, self.rows = rows, len(rows)

    def batch(self, places: range) -> np.ndarray:
        return self.array[places.start : places.stop]

    def row(self, number: int) -> np.ndarray:
        return self.array[number]  # type: ignore[no-any-return]


@given(st.integers(0, 1000))
@settings(max_examples=50, deadline=None)
def test_masking_takes_whole_words_and_leaves_the_rest(seed: int) -> None:
    random = np.random.default_rng(seed)
    row = random.integers(5, 101, 60)
    row[[0, 30]] = [2, 3]
    objective = masked()
    tokens, targets = objective.hide(row, random)
    chosen = targets != IGNORED
    assert not chosen[[0, 30]].any()
    assert (targets[chosen] == row[chosen]).all() and (tokens[~chosen] == row[~chosen]).all()
    assert 1 <= chosen.sum() <= max(1, round(0.15 * 58)) or chosen.sum() <= 12
    for i in range(1, 60):  # a token that goes on with a word shares its fate
        if row[i] % 3 == 0 and row[i] > 4 and row[i - 1] > 4:
            assert chosen[i] == chosen[i - 1]


def test_of_the_hidden_four_fifths_are_masked_a_tenth_stays_and_a_tenth_is_drawn() -> None:
    random = np.random.default_rng(0)
    objective = masked(word_begins=np.ones(101, dtype=bool))
    kinds = np.zeros(3)
    for _ in range(400):
        row = random.integers(5, 101, 100)
        tokens, targets = objective.hide(row, random)
        chosen = targets != IGNORED
        assert chosen.sum() == 15
        kinds += [
            (tokens[chosen] == 4).sum(),
            (tokens[chosen] == row[chosen]).sum(),
            ((tokens[chosen] != row[chosen]) & (tokens[chosen] != 4)).sum(),
        ]
    assert np.allclose(kinds / kinds.sum(), [0.8, 0.1, 0.1], atol=0.015)


def test_half_of_the_second_stretches_follow_and_the_others_are_strangers(corpus: Path) -> None:
    objective = masked(share=0.01)
    shards = Shards(corpus, length=objective.row_tokens)
    batch = objective.batch(shards, range(200), seed=3)
    assert batch.next_sentence is not None and batch.segments is not None
    assert 70 <= int(batch.next_sentence.sum()) <= 130
    original = torch.where(batch.targets == IGNORED, batch.tokens, batch.targets)
    for place in range(20):
        second = batch.segments[place].bool()
        row = torch.from_numpy(shards.row(shards.at(place)))
        cut = int((~second).sum()) - 2
        assert torch.equal(original[place, 1 : 1 + cut], row[:cut])
        follows = torch.equal(original[place, cut + 2 : -1], row[cut:])
        assert follows == (batch.next_sentence[place] == 0)


@given(st.integers(16, 200), st.integers(0, 99))
@settings(max_examples=50, deadline=None)
def test_span_corruption_loses_nothing_and_fills_the_row(length: int, seed: int) -> None:
    objective = SpanCorruption(length, vocabulary=1000, end=1)
    random = np.random.default_rng(seed)
    row = random.integers(10, 900, objective.row_tokens)
    source, target = objective.corrupt(row, random)
    assert length - 1 <= len(source) <= length
    assert len(target) == objective.target_tokens
    said: dict[int, list[int]] = {}
    for token in target[:-1]:
        if token >= 900:
            said[int(token)] = []
        else:
            said[max(said, key=lambda s: -s)].append(int(token))
    rebuilt = [t for token in source[:-1] for t in (said[int(token)] if token >= 900 else [token])]
    assert rebuilt == row.tolist()
    assert source[-1] == target[-1] == 1


def test_prefix_tokens_see_each_other_and_are_not_scored(corpus: Path) -> None:
    torch.manual_seed(0)
    model = Transformer(SMALL["gpt2"]()).eval()
    objective = PrefixLM(20, SEPARATOR)
    batch = objective.batch(Shards(corpus, length=21), range(3), seed=1)
    assert batch.prefix is not None
    for row, prefix in enumerate(batch.prefix.tolist()):
        assert (batch.targets[row, : prefix - 1] == IGNORED).all()
        assert (batch.targets[row, prefix - 1 :] != IGNORED).all()
    assert objective.loss(model, batch).value > 0


def test_the_padding_of_pairs_changes_no_loss() -> None:
    torch.manual_seed(0)
    model = Transformer(SMALL["t5"]()).eval()
    objective = Sequences(start=0, end=1, padding=0, max_source=32, max_target=32)
    short, long = ([5, 6, 7], [8, 9]), ([11, 12, 13, 14, 15], [16, 17, 18, 19])
    with torch.no_grad():
        both = objective.loss(model, objective.batch_of_pairs([short, long])).value * 8
        alone = [objective.loss(model, objective.batch_of_pairs([p])).value for p in (short, long)]
    assert torch.allclose(both, alone[0] * 3 + alone[1] * 5, atol=1e-4)


def test_rows_are_the_same_whoever_asks_and_in_which_batch(corpus: Path) -> None:
    objective = masked()
    shards = Shards(corpus, length=objective.row_tokens)
    whole = objective.batch(shards, range(4, 12), seed=5)
    halves = [objective.batch(shards, r, seed=5) for r in (range(4, 8), range(8, 12))]
    assert torch.equal(whole.tokens, torch.cat([h.tokens for h in halves]))
    assert torch.equal(whole.targets, torch.cat([h.targets for h in halves]))
