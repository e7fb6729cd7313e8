"""Reviews in the database."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from shopkeeper.errors import NotFound
from shopkeeper.shop import bulk
from shopkeeper.shop.bulk import Connection, Counts
from shopkeeper.shop.records import Review, ReviewId, from_row

_COLUMNS = (
    "id", "product_id", "text", "rating", "scale_max", "title", "author", "author_email",
    "customer_id", "variant_id", "language", "posted_at", "verified", "metadata",
)  # fmt: skip
_SELECT = f"select {', '.join(_COLUMNS)} from reviews"  # noqa: S608  # our own column names
_STARS = "greatest(1, round(rating / scale_max * 5))"


def upsert(conn: Connection, reviews: Sequence[Review]) -> Counts:
    """Write reviews; those that are as they were stay untouched."""
    rows = [_row(r) for r in bulk.last_of_each(reviews)]
    return bulk.upsert(conn, "reviews", (*_COLUMNS, "hash"), rows)[0]


def _row(r: Review) -> tuple[Any, ...]:
    return (
        r.id, r.product_id, r.text, r.rating, r.scale_max, r.title, r.author, r.author_email,
        r.customer_id, r.variant_id, r.language, r.posted_at, r.verified,
        bulk.jsonb(dict(r.metadata)), bulk.content_hash(r),
    )  # fmt: skip


def _review(row: tuple[Any, ...]) -> Review:
    return from_row(Review, _COLUMNS, row)


def get(conn: Connection, review_id: str) -> Review:
    """The review with this id. Raises NotFound."""
    found = get_many(conn, [review_id])
    if not found:
        raise NotFound(f"no review has the id {review_id!r}", hint="ids are case-sensitive")
    return next(iter(found.values()))


def get_many(conn: Connection, ids: Collection[str]) -> dict[ReviewId, Review]:
    """The reviews with these ids, in the order of `ids`; unknown ids are left out."""
    rows = conn.execute(_SELECT + " where id = any(%s)", [list(ids)]).fetchall()
    found = {row[0]: _review(row) for row in rows}
    return {ReviewId(i): found[i] for i in ids if i in found}


def of_product(
    conn: Connection,
    product_id: str,
    *,
    limit: int = 20,
    offset: int = 0,
    stars: int | None = None,
    language: str = "",
) -> list[Review]:
    """A product's reviews, the newest first; those without a date last.

    stars: only those that gave so many of five. language: those in it before all others.
    """
    rows = conn.execute(
        _SELECT + " where product_id = %(product)s "
        f"and (%(stars)s::int is null or {_STARS} = %(stars)s::int) "
        "order by (%(language)s <> '' and language <> %(language)s), posted_at desc nulls last, id "
        "limit %(limit)s offset %(offset)s",
        {"product": product_id, "stars": stars, "language": language, "limit": limit, "offset": offset},
    ).fetchall()  # fmt: skip
    return [_review(row) for row in rows]


def spread(conn: Connection, product_id: str) -> dict[int | None, int]:
    """How many of a product's reviews gave how many of five stars; None: words without a rating."""
    rows = conn.execute(
        f"select {_STARS}::int, count(*) from reviews where product_id = %s group by 1",  # noqa: S608
        [product_id],
    ).fetchall()
    return dict(rows)


def iterate(conn: Connection, *, after: str = "", batch: int = 1000) -> Iterator[Review]:
    """All reviews in the order of their ids, from behind the id `after`, in constant memory."""
    for rows in bulk.pages(conn, _SELECT, after=after, batch=batch):
        yield from map(_review, rows)


def count(conn: Connection) -> int:
    """How many reviews there are."""
    return bulk.count(conn, "reviews")


def delete(conn: Connection, ids: Collection[str]) -> int:
    """Delete reviews. Returns how many there were."""
    return bulk.delete(conn, "reviews", ids)
