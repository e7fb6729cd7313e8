"""Filters and facets: counts equal hits, for any catalogue, and equal what a slow, plain twin counts."""

from decimal import Decimal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.retrieval.columns import Columns, Facts, Filters, VariantFacts, build
from shopkeeper.retrieval.words import key_of

COLORS, SIZES, BRANDS = ("red", "blue", "green"), ("S", "M"), ("Acme", "Birch")
NAMES = {"Color": COLORS, "Size": SIZES, "brand": BRANDS}
PRICES = st.none() | st.integers(0, 20).map(Decimal)


@st.composite
def variants(draw: st.DrawFn) -> VariantFacts:
    facets = [
        (n, draw(st.sampled_from(NAMES[n]))) for n in ("Color", "Size") if draw(st.booleans())
    ]
    return VariantFacts(draw(PRICES), draw(st.booleans()), tuple(facets))


@st.composite
def catalogues(draw: st.DrawFn) -> list[Facts]:
    number = draw(st.integers(0, 8))
    return [
        Facts(
            id=f"p{i}", key=key_of(f"p{i}"), title=f"t{i}",
            variants=tuple(draw(st.lists(variants(), min_size=1, max_size=3))),
            facets=(("brand", draw(st.sampled_from(BRANDS))),),
        )
        for i in range(number)
    ]  # fmt: skip


@st.composite
def filters(draw: st.DrawFn) -> Filters:
    values = {
        n: tuple(draw(st.lists(st.sampled_from((*v, "absent")), max_size=2, unique=True)))
        for n, v in NAMES.items()
        if draw(st.booleans())
    }
    return Filters(values, draw(PRICES), draw(PRICES), draw(st.booleans()))


def plain_hits(catalogue: list[Facts], wanted: Filters) -> set[str]:
    """The slow twin: a product is a hit if one variant satisfies everything."""

    def holds(product: Facts, v: VariantFacts) -> bool:
        has = {*product.facets, *v.facets}
        return (
            all(any((n, x) in has for x in xs) for n, xs in wanted.values.items() if xs)
            and (wanted.price_min is None or (v.price is not None and v.price >= wanted.price_min))
            and (wanted.price_max is None or (v.price is not None and v.price <= wanted.price_max))
            and (v.available or not wanted.available)
        )

    return {p.id for p in catalogue if any(holds(p, v) for v in p.variants)}


def hits(columns: Columns, wanted: Filters) -> set[str]:
    return {columns.ids[r] for r in columns.narrow(columns.everything(), wanted).rows}


def with_value(wanted: Filters, name: str, value: str) -> Filters:
    return Filters(
        {**wanted.values, name: (value,)}, wanted.price_min, wanted.price_max, wanted.available
    )


@given(catalogues(), filters())
def test_hits_are_those_that_a_plain_loop_finds(catalogue: list[Facts], wanted: Filters) -> None:
    assert hits(build(catalogue), wanted) == plain_hits(catalogue, wanted)


@given(catalogues(), filters())
def test_a_facet_counts_what_choosing_it_shows(catalogue: list[Facts], wanted: Filters) -> None:
    columns = build(catalogue)
    counts = columns.narrow(columns.everything(), wanted).counts
    for name, values in NAMES.items():
        for value in values:
            expected = len(plain_hits(catalogue, with_value(wanted, name, value)))
            assert counts.get(name, {}).get(value, 0) == expected


@given(catalogues(), filters(), st.sets(st.integers(0, 7)))
def test_only_hits_given_are_counted(
    catalogue: list[Facts], wanted: Filters, chosen: set[int]
) -> None:
    columns = build(catalogue)
    rows = np.array([r for r in sorted(chosen) if r < len(catalogue)], np.int32)
    narrowed = columns.narrow(rows, wanted)
    some = [catalogue[r] for r in rows]
    assert {columns.ids[r] for r in narrowed.rows} == plain_hits(some, wanted)
    for values in narrowed.counts.values():
        assert all(0 < n <= len(some) for n in values.values())


@given(catalogues(), catalogues(), st.sets(st.integers(0, 7)), filters())
def test_changing_equals_building_anew(
    before: list[Facts], after: list[Facts], deleted: set[int], wanted: Filters
) -> None:
    gone = {f"p{i}" for i in deleted}
    columns = build(before).changed([f for f in after if f.id not in gone], gone)
    final = {f.id: f for f in [*before, *after] if f.id not in gone}
    anew = build(final.values())
    one = columns.narrow(columns.everything(), wanted)
    two = anew.narrow(anew.everything(), wanted)
    assert {columns.ids[r] for r in one.rows} == {anew.ids[r] for r in two.rows}
    assert one.counts == two.counts
    assert one.price == two.price
    assert columns.size == len(final)


def test_a_red_one_and_a_medium_one_are_no_red_medium() -> None:
    shirt = Facts(
        "a", key_of("a"), "shirt",
        (VariantFacts(Decimal(5), True, (("Color", "red"), ("Size", "S"))),
         VariantFacts(Decimal(9), False, (("Color", "red"), ("Size", "M")))),
    )  # fmt: skip
    columns = build([shirt])
    assert hits(columns, Filters({"Color": ("red",), "Size": ("M",)})) == {"a"}
    assert hits(columns, Filters({"Color": ("red",), "Size": ("M",)}, available=True)) == set()
    assert hits(columns, Filters({"Size": ("M",)}, price_max=Decimal(6))) == set()


def test_many_changes_do_not_pile_up() -> None:
    columns = build([])
    for turn in range(40):
        columns = columns.changed(
            [
                Facts(f"p{i}", key_of(f"p{i}"), "", (VariantFacts(Decimal(turn), True),))
                for i in range(100)
            ],
            (),
        )
    assert columns.size == 100
    assert len(columns.ids) <= 1500
    assert columns.narrow(columns.everything(), Filters()).price == (Decimal(39), Decimal(39))
