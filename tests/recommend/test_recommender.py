"""The whole recommender: learnt from a prefix, better than its parts on what it was not shown."""

import numpy as np
import pytest

from shopkeeper.recommend import choosing, know, protocol, recommender
from shopkeeper.recommend.histories import Histories
from shopkeeper.recommend.popularity import fit as most_wanted
from shopkeeper.recommend.text import About
from tests.recommend.making import ITEMS, histories

ABOUT = [About(f"thing number{i} of kind{i % 3}", (f"brand {i % 2}",)) for i in range(ITEMS)]
PLAN = recommender.Plan(most=8)


@pytest.fixture(scope="module")
def split() -> protocol.Split:
    return protocol.leave_one_out(histories(people=300))[1]


@pytest.fixture(scope="module")
def fitted(split: protocol.Split) -> recommender.Recommender:
    return recommender.fit(split.fit, know(ABOUT), PLAN)


def test_it_finds_what_comes_next(fitted: recommender.Recommender, split: protocol.Split) -> None:
    found = protocol.ndcg(protocol.ranks(fitted, split), 3)
    assert found > 2 * protocol.ndcg(protocol.ranks(most_wanted(split.fit), split), 3)


def test_nothing_is_recommended_twice_or_again(
    fitted: recommender.Recommender, split: protocol.Split
) -> None:
    for person, row in enumerate(fitted.recommend(split.ask, k=4)):
        assert len({*row} | {*split.ask[person]}) == 4 + len(split.ask[person])


def test_lists_are_the_order_of_the_scores(
    fitted: recommender.Recommender, split: protocol.Split
) -> None:
    asked = split.ask.select(np.arange(20))
    scores = fitted.scores(asked)
    scores[asked.people, asked.items] = -np.inf
    best = np.take_along_axis(scores, fitted.recommend(asked, k=3), axis=1)
    assert np.allclose(best, -np.sort(-scores, axis=1)[:, :3])


def test_a_visitor_without_history_gets_what_is_popular(
    fitted: recommender.Recommender, split: protocol.Split
) -> None:
    new = Histories.of([[]], ITEMS)
    number = np.bincount(split.fit.items, minlength=ITEMS)
    assert number[fitted.recommend(new, k=1)[0, 0]] == number.max()


def test_a_fit_is_repeatable(fitted: recommender.Recommender, split: protocol.Split) -> None:
    again = recommender.fit(split.fit, know(ABOUT), PLAN)
    assert (again.scores(split.ask) == fitted.scores(split.ask)).all()


def test_the_conditional_logit_finds_the_weights_that_made_the_choices() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(4000, 6, 2)).astype(np.float32)
    noise = rng.gumbel(size=(4000, 6))
    taken = (features @ np.array([1.5, -0.5]) + noise).argmax(axis=1)
    assert choosing.fit(features, taken).weights == pytest.approx([1.5, -0.5], abs=0.1)


class Prophet:
    """Knows that the item after i is i + 1; with the sign -1 the other way round."""

    def __init__(self, sign: float) -> None:
        self.sign = sign

    def scores(self, histories: Histories) -> np.ndarray:
        found = np.zeros((len(histories), ITEMS), np.float32)
        found[np.arange(len(found)), (histories.last(1).items + 1) % ITEMS] = self.sign
        return found


def test_a_further_model_is_weighed_beside_the_others(split: protocol.Split) -> None:
    others = {"prophet": lambda had: Prophet(-1)}
    fitted = recommender.fit(split.fit, know(ABOUT), PLAN, others=others)
    one_up, last_place = (
        fitted.order.regular.weights[-2],
        fitted.order.regular.weights[-1] * np.log(PLAN.most),
    )
    assert last_place > one_up  # the item that it puts last is taken


def test_a_further_model_offers_what_the_base_does_not(split: protocol.Split) -> None:
    plan = recommender.Plan(most=1, more=1)
    fitted = recommender.fit(
        split.fit, know(ABOUT), plan, others={"prophet": lambda had: Prophet(1)}
    )
    asked = split.ask.select(np.arange(40))
    wanted = (asked.last(1).items + 1) % ITEMS
    offered = fitted.evidence.candidates(asked, 1, fitted.evidence.others_scores(asked), 1)[0]
    had = [item in asked[person] for person, item in enumerate(wanted)]
    assert ((offered == wanted[:, None]).any(axis=1) | had).all()
    assert not (offered[:, :1] == wanted[:, None]).all()


def test_the_closed_forms_serve_for_several_further_models(
    fitted: recommender.Recommender, split: protocol.Split
) -> None:
    ground = recommender.prepare(split.fit, know(ABOUT), PLAN)
    alone, beside = (recommender.weigh(ground, others) for others in ({}, {"popular": most_wanted}))
    assert (alone.scores(split.ask) == fitted.scores(split.ask)).all()
    assert len(beside.order.regular.weights) == len(alone.order.regular.weights) + 2
