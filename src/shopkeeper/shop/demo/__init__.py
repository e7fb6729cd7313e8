"""A shop made from a seed: catalogue, customers, behaviour, orders, reviews, texts, and trouble to be found.

In comes a seed and the time; out come records of the same kind that a feed gives, written to an empty shop. On the
way (`making`): `catalogue` makes products with hidden qualities, `people` customers with hidden tastes, `demand` what
they buy, `purchases` their orders, `reviewing` and `wording` what they write, `ring` and `trouble` what is wrong with
some of it, `behaviour` and `asking` their visits and searches, `texts` the pages; `building` writes everything,
`pictures` draws products. What only the generator knows goes to the table `demo_truth`, which tests and benchmarks
alone read.
"""

from shopkeeper.shop.demo.building import build, is_built, shop_name
from shopkeeper.shop.demo.making import Size
from shopkeeper.shop.demo.pictures import picture

__all__ = ["Size", "build", "is_built", "picture", "shop_name"]
