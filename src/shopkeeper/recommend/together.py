"""What goes with a product: what orders tell of often enough to be no accident.

One order of a lamp with a scarf says nothing about lamps. In the demo shop's later orders, what stood in a list by such
pairs was bought as seldom as what is popular anyway; what at least `LEAST` orders had with the product, and `LIFT` times as
many as chance would bring, more than twice as often as the ten that stand highest (`python -m benchmarks recommend_shop`,
`together.*`). So lists are short, and empty where few orders tell.
"""

import numpy as np

from shopkeeper.recommend.histories import Ints
from shopkeeper.recommend.model import Model

LEAST = 3  # orders with both
LIFT = 1.5  # times what chance would bring


def together(model: Model, places: Ints) -> Ints:
    """The items that were ordered with any of these often enough. What was never ordered is not among them, though links
    may have been lent to it."""
    links = model.links.get("bought")
    if links is None or not len(places):
        return np.zeros(0, np.intp)
    of = links.of[places]  # (E, K)
    each = model.baskets[places][:, None].astype(np.float64) * model.baskets[of]
    both = np.round(links.value[places] * (np.sqrt(each) + model.shrinkage))  # `neighbours.py`
    chance = each / (model.made.orders or np.inf)  # nothing, if it is not known how many there were
    return np.unique(of[(each > 0) & (both >= LEAST) & (both >= LIFT * chance)]).astype(np.intp)
