"""Two answers to one search, side by side: which configurations there are to ask, and what moved between them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from shopkeeper.artifacts import Artifact, State
from shopkeeper.pages import Visit
from shopkeeper.pages.products import picture_of, translation_of
from shopkeeper.search import Hit, Piece, SearchRequest, SearchResponse, Way, highlight, versions
from shopkeeper.search.merchant import Merchant
from shopkeeper.shop import products
from shopkeeper.shop.records import Product

SHOWN = 12  # hits of each side


@dataclass(frozen=True, slots=True)
class Choice:
    """A configuration to ask. name: in addresses; empty for what shoppers get. plain: without synonyms and rules."""

    name: str
    text: str
    way: Way = Way.HYBRID
    version: int | None = None
    plain: bool = False

    def ask(self, visit: Visit, request: SearchRequest) -> SearchResponse:
        """Its answer. Raises what `ProductSearch.search` does of a version."""
        return visit.shop.search.search(
            replace(request, way=self.way), version=self.version, merchant=Merchant() if self.plain else None
        )  # fmt: skip


def choices(visit: Visit) -> list[Choice]:
    """What can be asked, what shoppers get first."""
    with visit.shop.database.connection() as conn:
        found = versions.listing(conn)
    others = [v for v in found if v.state in (State.READY, State.RETIRED)]
    return [
        Choice("", visit.t("As shoppers get it")),
        Choice("words", visit.t("Words alone"), Way.WORDS),
        Choice("plain", visit.t("Without synonyms and rules"), plain=True),
        *(Choice(f"v{v.id}", name_of(visit, v), version=v.id) for v in others),
    ]


def name_of(visit: Visit, version: Artifact) -> str:
    """What a version is called."""
    return visit.t("Version {n}: {embedder}", n=version.id, embedder=version.spec["embedder"])


@dataclass(frozen=True, slots=True)
class Row:
    """One hit as it is shown: its place from 1, and its title in pieces, those that the query asked for marked."""

    number: int
    product: Product
    title: Sequence[Piece]
    picture: str
    hit: Hit


def rows_of(visit: Visit, answer: SearchResponse, query: str, *, first: int = 1) -> list[Row]:
    """The hits of an answer as they are shown; what has been deleted meanwhile is left out."""
    with visit.shop.database.connection() as conn:
        found = products.get_many(conn, [hit.product_id for hit in answer.hits])
    return [
        Row(
            number, product, highlight(translation_of(product, visit.language).title, query),
            picture_of(product), hit,
        )
        for number, hit in enumerate(answer.hits, first)
        if (product := found.get(hit.product_id)) is not None
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mark:
    """How a hit stands to the other side's. moved: places up, negative for down. alone: the other side lacks it."""

    moved: int = 0
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """Of the first hits of two sides: how many both have, and how many of these stand higher or lower on the second."""

    of: int
    same: int
    up: int
    down: int


def marks(ids: Sequence[str], others: Sequence[str]) -> list[Mark]:
    """How each of these hits stands to the others."""
    places = {i: place for place, i in enumerate(others)}
    return [
        Mark(places[i] - here) if i in places else Mark(alone=True) for here, i in enumerate(ids)
    ]


def difference(first: Sequence[str], second: Sequence[str]) -> Difference:
    """What changed from the first side to the second."""
    found = marks(second, first)
    same = [mark.moved for mark in found if not mark.alone]
    return Difference(
        max(len(first), len(second)), len(same), sum(m > 0 for m in same), sum(m < 0 for m in same)
    )
