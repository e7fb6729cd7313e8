"""No list shows what cannot be bought, breaks a rule, or shows one thing twice; what the merchant sets is kept to."""

from collections import Counter
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.recommend.merchandising import Left, Placed, arrange
from shopkeeper.recommend.scoring import NOBODY, Trail
from shopkeeper.recommend.slots import Controls
from shopkeeper.rules import Action, Effects, Rule, Selection, effects
from tests.recommend.small_shop import goods, model, scorer, shelf, trail

IDS = [good.id for good in goods()]
LIMIT = 8


def arranged(
    way: Trail, *, effect: Effects | None = None, controls: Controls | None = None, left: Left | None = None
) -> list[Placed]:  # fmt: skip
    return arrange(
        scorer().score(way), shelf(), effect=effect or Effects(), controls=controls or Controls(diversity=0),
        left=left or Left(), popular=scorer().popular, terms=model().words.rows, limit=LIMIT,
    )  # fmt: skip


def rules() -> st.SearchStrategy[Effects]:
    """What some rules about some products do."""
    selection = st.lists(st.sampled_from(IDS), min_size=1, max_size=6, unique=True).map(tuple)
    rule = st.builds(
        Rule, st.just("a rule"), st.sampled_from(list(Action)), st.builds(Selection, selection),
        place=st.integers(1, 6), strength=st.floats(0.5, 10),
    )  # fmt: skip
    return st.lists(rule, max_size=4).map(lambda found: effects(found, lambda s: s.ids))


def controls() -> st.SearchStrategy[Controls]:
    share = st.floats(0, 1)
    return st.builds(Controls, share, share, share, st.integers(0, 3), st.integers(0, 3))


@given(st.integers(0, 10_000), rules(), controls())
@settings(max_examples=150)
def test_no_list_breaks_a_rule_or_shows_what_cannot_be_bought(
    seed: int, effect: Effects, said: Controls
) -> None:
    way = trail(np.random.default_rng(seed))
    left = Left(way.places, shelf().thing[way.places])
    found = [goods()[item.place] for item in arranged(way, effect=effect, controls=said, left=left)]
    assert len(found) <= LIMIT
    assert all(good.sellable for good in found)
    assert not {good.id for good in found} & effect.hidden
    assert len({good.thing for good in found}) == len(found)
    gone = {goods()[place].thing for place in way.places}
    assert not gone & {good.thing for good in found}
    free = [good for good in found if good.id not in dict(map(reversed, effect.pinned))]  # type: ignore[arg-type]  # pairs the other way round
    for cap, numbers in (
        (said.per_category, Counter(good.category for good in free)),
        (said.per_brand, Counter(good.brand for good in free)),
    ):
        assert not cap or max(numbers.values(), default=0) <= cap


def test_a_pinned_product_stands_at_its_place_and_one_that_is_sold_out_does_not() -> None:
    pins = Effects(pinned=((2, "p30"), (4, "p09")))
    found = [
        goods()[item.place].id
        for item in arranged(Trail.of(np.array([0]), np.ones(1), np.zeros(1)), effect=pins)
    ]
    assert found[1] == "p30" and "p09" not in found and not goods()[9].sellable


def test_a_boost_raises_and_a_bury_lowers() -> None:
    way = Trail.of(np.array([0, 2]), np.ones(2), np.zeros(2))
    before = [item.place for item in arranged(way)]
    third = goods()[before[2]].id
    up = [item.place for item in arranged(way, effect=Effects(moved={third: 5.0}))]
    down = [item.place for item in arranged(way, effect=Effects(moved={third: -5.0}))]
    assert up[0] == before[2] and before[2] not in down


def test_diversity_makes_the_items_of_a_list_less_alike() -> None:
    way = Trail.of(np.arange(3), np.ones(3), np.zeros(3))

    def likeness(diversity: float) -> float:
        found = arranged(way, controls=Controls(diversity=diversity))
        rows = model().words.rows[[item.place for item in found]]
        return float((rows @ rows.T).toarray().mean())

    assert likeness(0.9) < likeness(0.5) < likeness(0.0)


def test_novelty_holds_back_what_everybody_knows() -> None:
    def popularity(novelty: float) -> float:
        found = arranged(NOBODY, controls=Controls(diversity=0, novelty=novelty))
        return float(np.mean([scorer().popular[item.place] for item in found]))

    assert popularity(1.0) < popularity(0.0)


def test_margin_raises_what_earns_more() -> None:
    way = Trail.of(np.array([0]), np.ones(1), np.zeros(1))
    poor = [replace(good, cost=good.price) for good in goods()]
    rich = shelf().changed([*poor, replace(goods()[47], cost=0.0)])

    def place(margin: float) -> int:
        found = arrange(
            scorer().score(way), rich, effect=Effects(), controls=Controls(diversity=0, margin=margin), left=Left(),
            popular=scorer().popular, terms=model().words.rows, limit=40,
        )  # fmt: skip
        return [goods()[item.place].id for item in found].index("p47")

    assert place(1.0) < place(0.0)
