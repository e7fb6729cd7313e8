"""Measures of labels, facts and texts, against numbers worked out by hand or published."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.measures import (
    accuracy,
    auroc,
    bootstrap,
    chrf,
    counts,
    found,
    macro_f1,
    token_f1,
    wilson,
)

labels = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1)


def test_accuracy_and_macro_f1_of_a_small_table() -> None:
    expected, given_labels = ["a", "a", "a", "b"], ["a", "a", "b", "b"]
    assert accuracy(expected, given_labels) == 0.75
    assert macro_f1(expected, given_labels) == pytest.approx((0.8 + 2 / 3) / 2)
    assert accuracy([], []) == macro_f1([], []) == 0


@given(labels)
def test_they_agree_with_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    from sklearn.metrics import accuracy_score, f1_score

    expected, said = zip(*pairs, strict=True)
    assert accuracy(expected, said) == pytest.approx(accuracy_score(expected, said))
    ours = macro_f1(expected, said)
    assert ours == pytest.approx(f1_score(expected, said, average="macro", zero_division=0))


def test_lists_of_different_lengths_are_a_mistake() -> None:
    with pytest.raises(ValueError):
        accuracy(["a"], [])


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4)), min_size=1))
def test_auroc_is_the_share_of_pairs_in_the_right_order(rows: list[tuple[bool, int]]) -> None:
    inside = [score for belongs, score in rows if belongs]
    outside = [score for belongs, score in rows if not belongs]
    pairs = [(a > b) + (a == b) / 2 for a in inside for b in outside]
    wanted = sum(pairs) / len(pairs) if pairs else 0.5
    assert auroc([b for b, _ in rows], [s for _, s in rows]) == pytest.approx(wanted)


def test_wilson_of_published_cases() -> None:
    assert wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=5e-4)  # Newcombe 1998
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-4)  # Newcombe 1998
    assert wilson(0.0, 0) == (0.0, 1.0)


@given(st.integers(1, 200), st.data())
def test_wilson_holds_what_was_seen(n: int, data: st.DataObject) -> None:
    share = data.draw(st.integers(0, n)) / n
    low, high = wilson(share, n)
    assert 0 <= low <= share + 1e-9
    assert share - 1e-9 <= high <= 1


def test_facts_found_over_all_texts_together() -> None:
    table = counts([{"a", "b"}, {"c"}, set()], [{"a"}, {"d"}, set()])
    assert table.tolist() == [[1, 1, 2], [0, 1, 1], [0, 0, 0]]
    figures = found(table)
    assert (figures.precision, figures.recall, figures.f1) == (0.5, 1 / 3, 0.4)
    assert found(counts([], [])).f1 == 0


def test_a_bootstrap_surrounds_the_mean_as_theory_says() -> None:
    values = np.random.default_rng(0).random(400)
    low, high = bootstrap(lambda rows: float(values[rows].mean()), 400, seed=1)
    wide = 1.96 * values.std() / 20
    assert (high - low) / 2 == pytest.approx(wide, rel=0.15)
    assert low < values.mean() < high
    assert bootstrap(lambda rows: 0.0, 0, seed=1) == (0.0, 1.0)


def test_texts_alike_by_characters() -> None:
    assert chrf("blue bag", "bluebag") == 1.0  # spaces do not count
    assert chrf("ab", "ac") == pytest.approx(0.25)  # 1/2 of the letters, 0 of the pairs
    assert chrf("蓝色背包", "蓝色背包") == 1.0
    assert chrf("abc", "xyz") == chrf("abc", "") == chrf("", "abc") == 0.0
    assert chrf("", "") == 1.0


@given(st.text(max_size=30), st.text(max_size=30))
def test_likeness_is_between_none_and_whole(one: str, other: str) -> None:
    assert 0 <= chrf(one, other) <= 1
    assert chrf(one, one) == 1
    assert token_f1(one.split(), other.split()) == token_f1(other.split(), one.split())


def test_answers_alike_by_words() -> None:
    assert token_f1(["two", "days"], ["in", "two", "days"]) == 0.8
    assert token_f1([], []) == 1
    assert token_f1(["a"], []) == 0
