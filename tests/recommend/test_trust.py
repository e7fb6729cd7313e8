"""What is not believed, and the bound that it gives."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.recommend.trust import ENOUGH, MOST_A_DAY, TIMES, Acts, believe

ITEMS, CUSTOMERS, VISITORS = 120, 80, 400


def honest(seed: int = 0) -> list[tuple[str, int, int]]:
    """(visitor, item, day): customers and others who like the same things."""
    rng = np.random.default_rng(seed)
    liked = rng.dirichlet(np.full(ITEMS, 0.8))
    return [
        (visitor, int(item), int(rng.integers(30)))
        for visitor in [*(f"c{i}" for i in range(CUSTOMERS)), *(f"v{i}" for i in range(VISITORS))]
        for item in rng.choice(ITEMS, 4, p=liked)
    ]


def acts(rows: list[tuple[str, int, int]]) -> Acts:
    """Visitors whose name begins with c have bought."""
    names = sorted({visitor for visitor, _, _ in rows})
    place = {name: i for i, name in enumerate(names)}
    return Acts(
        names,
        np.array([place[v] for v, _, _ in rows], np.intp),
        np.array([i for _, i, _ in rows], np.intp),
        np.array([d for _, _, d in rows], np.intp),
        np.array([name[0] == "c" for name in names], np.bool_),
        ITEMS,
    )


def counted(rows: list[tuple[str, int, int]]) -> np.ndarray:
    found = acts(rows)
    return np.bincount(found.item[believe(found).kept], minlength=ITEMS)


def test_a_visitor_counts_once_for_an_item_and_day() -> None:
    rows = honest()
    assert (counted([r for r in rows for _ in range(7)]) == counted(rows)).all()


def test_a_program_that_looks_at_everything_counts_as_a_busy_visitor() -> None:
    many = Acts(
        ["v"], np.zeros(500, np.intp), np.arange(500), np.zeros(500, np.intp), np.zeros(1, bool), 500,
    )  # fmt: skip
    assert np.flatnonzero(believe(many).kept).tolist() == list(range(MOST_A_DAY))


def test_what_customers_do_is_always_believed_and_honest_visitors_mostly() -> None:
    found = acts(honest())
    once = believe(found)
    customers = found.bought[found.visitor]
    alone = acts([r for r in honest() if r[0][0] == "c"])
    assert once.kept[customers].sum() == believe(alone).kept.sum()
    assert once.kept.mean() > 0.85 and once.alarms == ()


def test_injected_clicks_stay_within_the_bound_and_raise_an_alarm() -> None:
    rows, target = honest(), int(counted(honest()).argmin())
    injected = [(f"x{i}", target, 29) for i in range(len(rows) // 20)]
    clean, dirty = acts(rows), acts(rows + injected)
    bought = np.bincount(
        clean.item[believe(clean).kept & clean.bought[clean.visitor]], minlength=ITEMS
    )
    ratio = (~dirty.bought[dirty.visitor]).sum() / bought.sum()
    bound = bought[target] + TIMES * ratio * (bought[target] + bought.mean())
    told = believe(dirty)
    assert np.bincount(dirty.item[told.kept], minlength=ITEMS)[target] <= 1.3 * bound  # by lot
    assert len(injected) > 1.5 * bound
    alarm = told.alarms[0]
    assert alarm.item == target and alarm.acts >= len(injected) and alarm.since_day == 29


def test_more_clicks_bring_no_more() -> None:
    rows, target = honest(), int(counted(honest()).argmin())
    once, ten = (
        counted(rows + [(f"x{i}", target, 29) for i in range(n)])[target] for n in (300, 900)
    )
    assert ten < 2.2 * once  # the ratio of visitors to customers is all that rises


def test_without_customers_there_is_nothing_to_go_by() -> None:
    rows = [r for r in honest() if r[0][0] == "v"][: 4 * ENOUGH]
    assert believe(acts(rows)).kept.sum() == len({*rows})


@given(st.lists(st.tuples(st.sampled_from("abcvw"), st.integers(0, ITEMS - 1), st.integers(0, 9))))
def test_what_is_kept_is_the_same_whenever_it_is_asked(rows: list[tuple[str, int, int]]) -> None:
    found = acts(rows)
    assert (believe(found).kept == believe(found).kept).all()
    assert believe(found).kept.sum() == len({*rows})
