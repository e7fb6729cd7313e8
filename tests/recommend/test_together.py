"""What goes with a product is what orders tell of often enough, and nothing else."""

from dataclasses import replace

import numpy as np

from shopkeeper.recommend.together import LEAST, LIFT, together
from tests.recommend.small_shop import behaviour, goods, model


def test_it_is_what_was_ordered_with_it_often_and_more_often_than_by_chance() -> None:
    ordered = (behaviour().bought.matrix().toarray() > 0).astype(int)
    both, number = ordered.T @ ordered, ordered.sum(axis=0)
    some = 0
    for place in range(len(goods())):
        often = both[place] >= np.maximum(LEAST, LIFT * number[place] * number / len(ordered))
        often[place] = False
        assert together(model(), np.array([place])).tolist() == np.flatnonzero(often).tolist()
        some += bool(often.any())
    assert some > 0


def test_of_a_cart_it_is_what_goes_with_any_of_it() -> None:
    each = [set(together(model(), np.array([place])).tolist()) for place in range(4)]
    assert set(together(model(), np.arange(4)).tolist()) == set.union(*each)


def test_without_orders_nothing_goes_with_anything() -> None:
    lonely = replace(model(), links={n: of for n, of in model().links.items() if n != "bought"})
    assert len(together(lonely, np.arange(4))) == len(together(model(), np.arange(0))) == 0
