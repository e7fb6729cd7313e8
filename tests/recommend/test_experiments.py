"""Experiments: fair draws, honest verdicts under continuous looking, and differences that are there are found."""

from collections import Counter
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.recommend.experiments import (
    Team,
    Verdict,
    assigned,
    judge_ab,
    judge_interleaving,
    preference,
    team_draft,
    visitors_needed,
)

SECRET = b"s" * 32
VISITORS = [f"visitor-{n}" for n in range(4000)]


def test_a_visitor_is_always_given_the_same_and_shares_are_kept() -> None:
    given_ = [assigned(SECRET, "one", v, share=0.3) for v in VISITORS]
    assert given_ == [assigned(SECRET, "one", v, share=0.3) for v in VISITORS]
    assert given_.count(Team.CHALLENGER) / len(VISITORS) == pytest.approx(0.3, abs=0.03)


def test_experiments_and_shops_draw_apart_from_each_other() -> None:
    one = [assigned(SECRET, "one", v) for v in VISITORS]
    for other in (
        [assigned(SECRET, "two", v) for v in VISITORS],
        [assigned(b"t" * 32, "one", v) for v in VISITORS],
    ):
        same = sum(a is b for a, b in zip(one, other, strict=True))
        assert same / len(VISITORS) == pytest.approx(0.5, abs=0.04)


def test_looking_all_the_time_finds_nothing_where_nothing_is() -> None:
    rng = np.random.default_rng(0)
    ours = naive = 0
    for _ in range(300):
        outcome, challenger = (rng.random((2, 2000)) < [[0.05], [0.5]]).astype(float)
        found = judge_ab(outcome, challenger > 0).sequence
        ours += bool(((found.low > 0) | (found.high < 0)).any())
        naive += ever_significant(outcome, challenger)
    assert ours / 300 <= 0.05
    assert naive / 300 > 0.2  # what a plain test at each visitor would have claimed


def ever_significant(outcome: np.ndarray, challenger: np.ndarray) -> bool:
    """Whether a z-test at 0.05, looked at after each visitor from the hundredth on, ever says so."""
    number, good = np.cumsum(challenger), np.cumsum(challenger * outcome)
    others, good_others = np.cumsum(1 - challenger), np.cumsum((1 - challenger) * outcome)
    rate = (good + good_others) / (number + others)
    error = np.sqrt(rate * (1 - rate) * (1 / np.maximum(number, 1) + 1 / np.maximum(others, 1)))
    z = (good / np.maximum(number, 1) - good_others / np.maximum(others, 1)) / (error + 1e-12)
    return bool((np.abs(z[100:]) > 1.96).any())


def test_a_real_difference_is_found_in_about_the_planned_number_of_visitors() -> None:
    rng = np.random.default_rng(1)
    planned = visitors_needed(0.1, 0.04)
    assert planned is not None
    challenger = rng.random(2 * planned) < 0.5
    outcome = (rng.random(2 * planned) < np.where(challenger, 0.12, 0.08)).astype(float)
    found = judge_ab(outcome, challenger)
    assert found.verdict is Verdict.BETTER
    first = int((found.sequence.low > 0).argmax())
    assert planned / 3 < first < 2 * planned
    assert found.difference.low < 0.04 < found.difference.high


def test_an_uneven_share_is_judged_right() -> None:
    rng = np.random.default_rng(2)
    challenger = rng.random(20_000) < 0.2
    outcome = (rng.random(20_000) < np.where(challenger, 0.05, 0.15)).astype(float)
    found = judge_ab(outcome, challenger, share=0.2)
    assert found.verdict is Verdict.WORSE
    assert found.difference.low < -0.1 < found.difference.high


def test_a_difference_too_small_to_matter_is_called_alike() -> None:
    rng = np.random.default_rng(3)
    challenger = rng.random(30_000) < 0.5
    outcome = (rng.random(30_000) < 0.05).astype(float)
    assert judge_ab(outcome, challenger, least=0.03).verdict is Verdict.ALIKE
    assert judge_ab(outcome, challenger).verdict is Verdict.OPEN


def test_nobody_yet_means_open() -> None:
    nothing = judge_ab(np.zeros(0), np.zeros(0, bool))
    assert nothing.verdict is Verdict.OPEN and nothing.difference.low == -2


def test_a_difference_beyond_reason_is_not_planned() -> None:
    assert visitors_needed(0.05, 1e-6) is None
    assert visitors_needed(0.05, 0) is None


lists = st.lists(st.integers(0, 30), unique=True, max_size=15)


@given(lists, lists, st.integers(1, 12), st.integers(0, 999))
def test_a_draft_is_fair_and_keeps_each_order(
    control: list[int], challenger: list[int], k: int, seed: int
) -> None:
    made = team_draft(control, challenger, k, Random(seed))
    assert len(set(made.items)) == len(made.items) == min(k, len({*control, *challenger}))
    for team, ranking in ((Team.CONTROL, control), (Team.CHALLENGER, challenger)):
        own = [i for i, t in zip(made.items, made.teams, strict=True) if t is team]
        assert own == sorted(own, key=ranking.index)
    if len({*control}) >= k and len({*challenger}) >= k:
        lead = Counter(made.teams)
        assert (
            k > len({*control, *challenger}) or abs(lead[Team.CONTROL] - lead[Team.CHALLENGER]) <= k
        )


def test_a_draft_by_hand() -> None:
    orders = {team_draft("abc", "cbd", 4, Random(s)).items for s in range(50)}
    assert orders == {tuple("acbd"), tuple("cabd")}


def test_interleaving_finds_the_better_ranking_and_no_difference_where_none_is() -> None:
    good, bad = list(range(10)), list(range(9, -1, -1))
    assert judge_interleaving(visitors(good, bad, 300)).verdict is Verdict.WORSE
    assert judge_interleaving(visitors(bad, good, 300)).verdict is Verdict.BETTER
    wrong = sum(
        judge_interleaving(visitors(good, good[::-1], 200, want=4.5, seed=s)).verdict
        is not Verdict.OPEN
        for s in range(60)
    )
    assert wrong <= 3


def visitors(
    control: list[int], challenger: list[int], number: int, *, want: float = 0, seed: int = 0
) -> np.ndarray:
    """Preferences of visitors who click what is near to `want`, more often at the top."""
    rng = Random(seed)
    found = []
    for _ in range(number):
        made = team_draft(control, challenger, 6, rng)
        likely = [0.7**p / (1 + abs(item - want)) for p, item in enumerate(made.items)]
        found.append(
            preference([t for t, p in zip(made.teams, likely, strict=True) if rng.random() < p])
        )
    return np.array(found, float)


def test_as_many_from_each_is_no_preference() -> None:
    assert preference([Team.CONTROL, Team.CHALLENGER]) == 0
    assert preference([Team.CHALLENGER]) == 1 and preference([Team.CONTROL] * 3) == -1
