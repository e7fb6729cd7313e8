"""The shelf follows the shop, and what is new reaches the right people before anybody has wanted it."""

from dataclasses import replace

import numpy as np

from shopkeeper.recommend.goods import Good
from shopkeeper.recommend.scoring import Scorer, Trail
from shopkeeper.recommend.shelf import arrived, stocked
from tests.recommend.small_shop import EACH, KINDS, good, goods, model, shelf


def new_hat() -> Good:
    return replace(
        good(EACH), id="new", title="Field blue hat", words="Field blue hat", thing="new"
    )


def test_a_product_that_sells_out_leaves_the_shelf_and_comes_back() -> None:
    first = goods()[0]
    without = shelf().changed([replace(first, sellable=False)])
    assert shelf().sellable[0] and not without.sellable[0]
    assert without.changed([first]).sellable[0]
    assert not shelf().changed([], gone=[first.id]).sellable[0]


def test_a_product_without_events_is_offered_to_those_who_like_its_kind() -> None:
    wider = arrived(model(), [new_hat()])
    asked = Scorer(wider)
    place = wider.items.place["new"]

    def better(kind: str) -> int:
        """How many unseen items stand before it, for somebody who likes a kind."""
        way = Trail.of(np.arange(3) + KINDS.index(kind) * EACH, np.ones(3), np.full(3, 30.0))
        found = asked.score(way)
        own = found.score[found.candidates == place]
        unseen = ~np.isin(found.candidates, way.places)
        return int((found.score[unseen] > own).sum()) if len(own) else len(wider.items)

    assert better("hat") < 10 <= better("spade")


def test_what_was_there_scores_as_before_when_something_arrives() -> None:
    wider = arrived(model(), [new_hat()])
    way = Trail.of(
        np.array([40]), np.ones(1), np.zeros(1)
    )  # a rake: the hat is none of its neighbours
    before, after = Scorer(model()).score(way), Scorer(wider).score(way)
    theirs = dict(zip(after.candidates.tolist(), after.evidence[:, :-1].tolist(), strict=True))
    for place, evidence in zip(before.candidates.tolist(), before.evidence[:, :-1], strict=True):
        assert np.allclose(theirs[place], evidence)


def test_what_is_known_already_does_not_arrive() -> None:
    assert arrived(model(), goods()) is model()


def test_goods_that_the_model_does_not_know_have_no_place() -> None:
    assert "new" not in stocked(model(), [*goods(), new_hat()]).place
