"""What a customer bought and may need again: from their own orders, and from how many buyers come back for a thing."""

import numpy as np

from shopkeeper.recommend.model import Model
from shopkeeper.recommend.scoring import FEATURES, Scored
from shopkeeper.recommend.slots import Reason, Why
from shopkeeper.recommend.trails import Way

HALF_LIFE_S = 180 * 86_400.0
LEAST = 0.05  # share of buyers who come back; below it one purchase says nothing about a next
FLOOR = 0.05


def again(way: Way, model: Model) -> tuple[Scored, dict[int, tuple[Reason, ...]]]:
    """The score of each product that was bought, and its reason.

        score = log(1 + r · Σ 0.5^(age / half-life) / floor)     r: the share of its buyers who bought it again

    Left out is what was bought once and hardly anybody buys twice.
    """
    places: list[int] = []
    scores: list[float] = []
    told: dict[int, tuple[Reason, ...]] = {}
    for place, bought in way.bought.items():
        times, share = len(bought.ages_s), float(model.again[place])
        if times < 2 and share < LEAST:
            continue
        fresh = sum(0.5 ** (age / HALF_LIFE_S) for age in bought.ages_s)
        score = float(np.log1p(max(share, LEAST) * fresh / FLOOR))
        places.append(place)
        scores.append(score)
        told[place] = (Reason(Why.AGAIN, score, product_id=model.items.ids[place], times=times),)
    found = Scored(
        np.array(places, np.intp), np.zeros((len(places), len(FEATURES))), np.zeros(len(FEATURES)),
        np.array(scores, np.float64),
    )  # fmt: skip
    return found, told
