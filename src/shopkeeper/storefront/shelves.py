"""What the storefront reads of the whole shop: departments, what a visit has seen, texts to link to.

It is the same for everybody, so it is kept for a minute, or until the catalogue changes.
"""

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TypeVar, cast

from shopkeeper.search import ProductSearch, SearchRequest, Sort
from shopkeeper.search.shelves import SHELF
from shopkeeper.shop.database import Connection
from shopkeeper.shop.records import PageKind, ProductId

KEPT_S = 60.0
MAX_KEPT = 200  # answers; languages are few, so this is never reached by honest means

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Department:
    """One of the widest categories. emblem: its best rated product, whose picture stands for it."""

    value: str
    label: str
    count: int
    emblem: ProductId | None


@dataclass(frozen=True, slots=True)
class TextLink:
    """A page to link to."""

    slug: str
    title: str
    kind: PageKind


class Kept:
    """Answers that are kept for a while. clock: seconds that only go up."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._answers: dict[Hashable, tuple[float, object, object]] = {}

    def get(self, key: Hashable, version: object, ask: Callable[[], T]) -> T:
        """The answer under a key, asked for anew when it is old or of another version of the catalogue."""
        now = self._clock()
        found = self._answers.get(key)
        if found is not None and found[1] is version and now - found[0] < KEPT_S:
            return cast(T, found[2])
        answer = ask()
        with self._lock:
            if len(self._answers) >= MAX_KEPT:
                self._answers.clear()
            self._answers[key] = (now, version, answer)
        return answer


def departments(search: ProductSearch, language: str) -> tuple[Department, ...]:
    """The widest categories, the fullest first."""
    found = search.search(SearchRequest(limit=0, language=language)).categories
    return tuple(
        Department(c.value, c.label, c.count, _emblem(search, c.value, language)) for c in found
    )


def _emblem(search: ProductSearch, category: str, language: str) -> ProductId | None:
    wanted = SearchRequest(
        category=(category,), sort=Sort.RATING, limit=1, available_only=True, language=language
    )
    hits = search.search(wanted).hits
    return hits[0].product_id if hits else None


def seen_lately(conn: Connection, session_id: str, limit: int = SHELF) -> list[ProductId]:
    """Products that this visit has looked at, the latest first."""
    rows = conn.execute(
        "select object_id from events join products on products.id = object_id "
        "where session_id = %s and action = 'view' and products.status = 'active' "
        "group by object_id order by max(at) desc limit %s",
        [session_id, limit],
    ).fetchall()
    return [ProductId(row[0]) for row in rows]


def texts(conn: Connection, language: str) -> list[TextLink]:
    """The shop's pages by their titles, each in the visitor's language where it has it."""
    rows = conn.execute(
        "select distinct on (slug) slug, title, kind from pages order by slug, language <> %s",
        [language],
    ).fetchall()
    found = [TextLink(slug, title, PageKind(kind)) for slug, title, kind in rows]
    return sorted(found, key=lambda text: text.title)
