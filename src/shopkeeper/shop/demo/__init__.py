"""A shop made from a seed: catalogue, customers, behaviour, orders, reviews, texts, and trouble to be found.

In comes a seed and the time; out come records of the same kind that a feed gives, written to an empty shop. On the
way: `catalogue` makes products with hidden qualities, `building` writes everything in order, `pictures` draws
products. What only the generator knows (tastes, qualities, who is fake) goes to the table `demo_truth`, which tests
and benchmarks alone read.
"""

from shopkeeper.shop.demo.building import build, is_built, shop_name
from shopkeeper.shop.demo.pictures import picture

__all__ = ["build", "is_built", "picture", "shop_name"]
