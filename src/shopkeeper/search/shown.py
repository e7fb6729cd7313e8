"""Products as they are shown with their hits: read once, kept until they change."""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence

from shopkeeper.shop import products
from shopkeeper.shop.database import Database
from shopkeeper.shop.records import Product, ProductId

KEPT = 20_000


class ShownProducts:
    """The products read last. What changed must be forgotten when the index takes the change in, so that a hit and
    its product are of one age. Safe to use from several threads."""

    def __init__(self, database: Database, *, keep: int = KEPT) -> None:
        self._database = database
        self._keep = keep
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Product] = OrderedDict()
        self._age = 0  # counts what was forgotten: what was read before that is not kept

    def get(self, ids: Sequence[str]) -> dict[ProductId, Product]:
        """The products with these ids, in this order; those that are gone are left out."""
        with self._lock:
            age = self._age
            found = {i: self._kept[i] for i in ids if i in self._kept}
            for i in found:
                self._kept.move_to_end(i)
        missing = [i for i in ids if i not in found]
        if missing:
            with self._database.reading() as conn:
                read = products.get_many(conn, missing)
            found.update((product.id, product) for product in read.values())
            self._remember(read.values(), age)
        return {ProductId(i): found[i] for i in ids if i in found}

    def _remember(self, read: Iterable[Product], age: int) -> None:
        with self._lock:
            if age != self._age:
                return
            self._kept.update((product.id, product) for product in read)
            while len(self._kept) > self._keep:
                self._kept.popitem(last=False)

    def forget(self, ids: Iterable[str]) -> None:
        """These have changed, or are gone."""
        with self._lock:
            self._age += 1
            for i in ids:
                self._kept.pop(i, None)
