"""Rows that belong together come out together, whatever the order of the file, held against a plain twin."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.shop.feeds import grouping
from shopkeeper.shop.feeds.grouping import grouped
from shopkeeper.shop.feeds.rows import BadRow
from shopkeeper.shop.feeds.seen import Seen
from shopkeeper.shop.feeds.tables import Row

KEYS = st.lists(st.sampled_from(["", "a", "b", "c", "d"]), max_size=40)


def groups(keys: list[str]) -> list[list[Row]]:
    rows = [Row(i + 1, {"key": key}) for i, key in enumerate(keys)]

    def again() -> Iterator[Row | BadRow]:
        return iter(rows)

    return [g for g in grouped(again, lambda row: row.cells["key"]) if isinstance(g, list)]


@given(KEYS)
def test_every_key_comes_once_and_whole(keys: list[str]) -> None:
    found = groups(keys)
    lines = {name: [i + 1 for i, k in enumerate(keys) if k == name] for name in set(keys) - {""}}
    named = [group for group in found if group[0].cells["key"]]
    assert {g[0].cells["key"]: [row.line for row in g] for g in named} == lines
    assert len(named) == len(lines)


@given(KEYS)
def test_no_row_is_lost_or_doubled(keys: list[str]) -> None:
    assert sorted(row.line for group in groups(keys) for row in group) == list(
        range(1, len(keys) + 1)
    )


def test_a_group_without_end_is_cut_and_told() -> None:
    rows = [Row(i, {"key": "a"}) for i in range(grouping.MAX_GROUP + 3)]
    found = list(grouped(lambda: iter(rows), lambda row: row.cells["key"], keys=["a"]))
    bad = [item for item in found if isinstance(item, BadRow)]
    assert len(bad) == 3 and "more than 100,000 rows" in bad[0].reason


@given(st.lists(st.integers(0, 30)))
def test_seen_counts_as_a_dictionary_does(keys: list[int]) -> None:
    seen = Seen()
    counts: dict[int, int] = {}
    for key in keys:
        counts[key] = counts.get(key, 0) + 1
        assert seen.count(key) == counts[key]
