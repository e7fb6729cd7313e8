"""The shop's window: products that are shown to somebody who only looks."""

from collections.abc import Sequence
from typing import Literal, Protocol

from shopkeeper.shop.records import Product

ShelfName = Literal["popular", "reduced", "newest", "best_rated"]


class Window(Protocol):
    """What the shop shows to everybody."""

    def shelf(self, name: ShelfName) -> Sequence[Product]:
        """Products of a shelf, the first of its order first: what many look at, what is reduced most, what is new, what
        buyers rate best."""


class NoWindow:
    """A shop that shows nothing by itself."""

    def shelf(self, name: ShelfName) -> Sequence[Product]:
        """Nothing."""
        return ()
