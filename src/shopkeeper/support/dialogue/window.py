"""The shop's window: products that are shown to somebody who only looks."""

from collections.abc import Sequence
from typing import Literal, Protocol

from shopkeeper.shop.records import Product, ProductId

ShelfName = Literal["popular", "reduced", "newest", "best_rated"]
Beside = Literal["goes_with", "is_like"]


class Window(Protocol):
    """What the shop shows to everybody."""

    def shelf(self, name: ShelfName) -> Sequence[Product]:
        """Products of a shelf, the first of its order first: what many look at, what is reduced most, what is new, what
        buyers rate best."""

    def beside(self, product_id: ProductId, key: Beside) -> Sequence[Product]:
        """Products that go with this one, or are like it."""


class NoWindow:
    """A shop that shows nothing by itself."""

    def shelf(self, name: ShelfName) -> Sequence[Product]:
        """Nothing."""
        return ()

    def beside(self, product_id: ProductId, key: Beside) -> Sequence[Product]:
        """Nothing."""
        return ()
