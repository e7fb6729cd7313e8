"""What shoppers searched for: counts, clicks, first clicks and places, over searches of the last month only."""

from datetime import UTC, datetime, timedelta

import pytest

from shopkeeper.console.search.asked import PAGE_SIZE, Asked, Show, listing, totals
from shopkeeper.shop import events
from shopkeeper.shop.database import Connection, Database
from shopkeeper.shop.records import Event, EventId, Query, QueryId

NOW = datetime.now(UTC)


def asked(conn: Connection, id_: str, words: str, *hits: str, days: int = 1, page: int = 1) -> None:
    at = NOW - timedelta(days=days)
    query = Query(QueryId(id_), words, at, hits=hits, attributes={"page": page})
    events.add_queries(conn, [query])


def clicked(
    conn: Connection, query: str, product: str, place: int | None, *, after: int = 1
) -> None:
    at = NOW - timedelta(days=1) + timedelta(seconds=after)
    event = Event(
        EventId(f"{query}-{product}"), "click", at, query_id=QueryId(query), object_id=product,
        object_id_type="product", position=place,
    )  # fmt: skip
    events.add(conn, [event])


def fill(conn: Connection) -> None:
    for n in range(4):
        asked(conn, f"lamp{n}", "Lamp " if n else "lamp", "a", "b", "c")
    clicked(conn, "lamp0", "b", 2)
    clicked(conn, "lamp1", "b", 2)
    clicked(conn, "lamp1", "a", 1, after=9)  # not the first click of its search
    clicked(conn, "lamp2", "c", 3)
    asked(conn, "later-page", "lamp", "d", page=2)
    asked(conn, "old", "lamp", "a", days=31)
    asked(conn, "nothing", "zeppelin")
    for n in range(3):
        asked(conn, f"rug{n}", "rug", "r")
    asked(conn, "blank", "  ", "a")


def test_searches_of_the_same_words_are_one_line_with_what_came_of_them(db: Database) -> None:
    with db.connection() as conn:
        fill(conn)
        lamp, rug, zeppelin = listing(conn, Show.POPULAR)
    assert lamp == Asked("lamp", 4, 0, 3, "b", lamp.position, lamp.last_at)
    assert lamp.position == pytest.approx(7 / 3)
    assert (rug.words, rug.times, rug.clicked, rug.first, rug.position) == ("rug", 3, 0, None, None)
    assert (zeppelin.words, zeppelin.empty) == ("zeppelin", 1)


def test_what_found_nothing_and_what_nobody_clicked_have_lists_of_their_own(db: Database) -> None:
    with db.connection() as conn:
        fill(conn)
        assert [one.words for one in listing(conn, Show.EMPTY)] == ["zeppelin"]
        assert [one.words for one in listing(conn, Show.IGNORED)] == ["rug"]
        found = totals(conn)
    assert (found.searches, found.empty, found.clicked) == (8, 1, 3)
    assert found.words == {Show.POPULAR: 3, Show.EMPTY: 1, Show.IGNORED: 1}


def test_a_shop_that_nobody_searched_has_empty_lists(db: Database) -> None:
    with db.connection() as conn:
        assert totals(conn).searches == 0
        assert all(listing(conn, show) == [] for show in Show)


def test_pages_of_a_list_follow_each_other(db: Database) -> None:
    with db.connection() as conn:
        for n in range(PAGE_SIZE + 3):
            asked(conn, f"q{n}", f"word {n}", "a")
        pages = [listing(conn, Show.POPULAR, page) for page in (1, 2, 3)]
    words = [one.words for page in pages for one in page]
    assert len(set(words)) == len(words) == PAGE_SIZE + 3
