"""Which values of a facet are shown: the chosen ones first, then the most frequent."""

from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.search.facets import MAX_VALUES, facets_of

COUNTS = st.dictionaries(st.integers(0, 999).map("v{:03}".format), st.integers(1, 5), min_size=1)


@given(COUNTS.filter(lambda c: len(c) > 1), st.lists(st.sampled_from(["v001", "v500", "new"])))
def test_values_are_the_first_of_all_in_their_order(
    counts: dict[str, int], selected: list[str]
) -> None:
    total = sum(counts.values()) + 1
    (facet,) = facets_of({"brand": counts}, {"brand": selected}, {}, total)
    everything = {**dict.fromkeys(selected, 0), **counts}
    plainly = sorted(everything, key=lambda v: (v not in selected, -everything[v], v))
    assert [(v.value, v.count) for v in facet.values] == [
        (v, everything[v]) for v in plainly[:MAX_VALUES]
    ]


def test_of_thousands_the_most_frequent_and_the_chosen_are_shown() -> None:
    counts = {f"v{number:04}": 1 + number % 7 for number in range(5000)}
    (facet,) = facets_of({"brand": counts}, {"brand": ("v0000",)}, {}, 5000)
    assert facet.values[0].value == "v0000" and facet.values[0].selected
    assert {value.count for value in facet.values[1:]} == {7}
