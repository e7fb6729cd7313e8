"""What buyers say of a product, in short: how the ratings are spread, and a page of reviews."""

from collections.abc import Sequence
from dataclasses import dataclass

from shopkeeper.pages.links import page_number
from shopkeeper.shop import reviews
from shopkeeper.shop.database import Connection
from shopkeeper.shop.records import Review

A_PAGE = 6
STARS = (5, 4, 3, 2, 1)


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the spread. share: of all ratings, 0 to 1."""

    stars: int
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class Digest:
    """A product's reviews. count: of all; found: of those asked for. mean: 0 to 1, None where nobody gave stars."""

    count: int
    mean: float | None
    spread: Sequence[Step]
    shown: Sequence[Review]
    stars: int | None
    found: int
    page: int
    pages: int


def digest_of(conn: Connection, product_id: str, *, stars: str, page: str, language: str) -> Digest:
    """The reviews of a product. stars, page: as an address says them, whatever makes no sense left out."""
    wanted = int(stars) if stars in map(str, STARS) else None
    counts = reviews.spread(conn, product_id)
    rated = sum(counts.get(star, 0) for star in STARS)
    found = sum(counts.values()) if wanted is None else counts.get(wanted, 0)
    pages = max(1, -(-found // A_PAGE))
    number = page_number(page, pages)
    shown = reviews.of_product(
        conn,
        product_id,
        limit=A_PAGE,
        offset=(number - 1) * A_PAGE,
        stars=wanted,
        language=language,
    )
    return Digest(
        count=sum(counts.values()),
        mean=sum(star * counts.get(star, 0) for star in STARS) / rated / 5 if rated else None,
        spread=[
            Step(star, counts.get(star, 0), counts.get(star, 0) / rated if rated else 0.0)
            for star in STARS
        ],
        shown=shown,
        stars=wanted,
        found=found,
        page=number,
        pages=pages,
    )
