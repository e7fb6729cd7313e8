"""The shop's pages in the database: policies, answers, guides."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from shopkeeper.errors import NotFound
from shopkeeper.shop import bulk
from shopkeeper.shop.bulk import Connection, Counts
from shopkeeper.shop.records import Page, PageId, from_row

_COLUMNS = ("id", "kind", "slug", "title", "body", "language", "updated_at")
_SELECT = f"select {', '.join(_COLUMNS)} from pages"  # noqa: S608  # our own column names


def upsert(conn: Connection, pages: Sequence[Page]) -> Counts:
    """Write pages; those that are as they were stay untouched."""
    rows = [
        (
            p.id,
            p.kind.value,
            p.slug,
            p.title,
            p.body,
            p.language,
            p.updated_at,
            bulk.content_hash(p),
        )
        for p in bulk.last_of_each(pages)
    ]
    return bulk.upsert(conn, "pages", (*_COLUMNS, "hash"), rows)[0]


def _page(row: tuple[Any, ...]) -> Page:
    return from_row(Page, _COLUMNS, row)


def get(conn: Connection, page_id: str) -> Page:
    """The page with this id. Raises NotFound."""
    row = conn.execute(_SELECT + " where id = %s", [page_id]).fetchone()
    if row is None:
        raise NotFound(f"no page has the id {page_id!r}", hint="ids are case-sensitive")
    return _page(row)


def get_many(conn: Connection, ids: Collection[str]) -> dict[PageId, Page]:
    """The pages with these ids; unknown ids are left out."""
    rows = conn.execute(_SELECT + " where id = any(%s)", [list(ids)])
    return {page.id: page for page in map(_page, rows)}


def find(conn: Connection, slug: str, language: str) -> Page:
    """The page of this slug in the language, else in any other. Raises NotFound."""
    row = conn.execute(
        _SELECT + " where slug = %s order by language <> %s, id limit 1", [slug, language]
    ).fetchone()
    if row is None:
        raise NotFound(f"no page has the slug {slug!r}", hint="the page may have been renamed")
    return _page(row)


def iterate(conn: Connection, *, after: str = "", batch: int = 500) -> Iterator[Page]:
    """All pages in the order of their ids, from behind the id `after`, in constant memory."""
    for rows in bulk.pages(conn, _SELECT, after=after, batch=batch):
        yield from map(_page, rows)


def count(conn: Connection) -> int:
    """How many pages there are."""
    return bulk.count(conn, "pages")


def digest(conn: Connection) -> str:
    """Changes whenever a page does."""
    row = conn.execute("select md5(string_agg(id || ':' || hash::text, ',' order by id)) from pages").fetchone()  # fmt: skip
    return str(row[0]) if row else ""


def delete(conn: Connection, ids: Collection[str]) -> int:
    """Delete pages. Returns how many there were."""
    return bulk.delete(conn, "pages", ids)
