"""What filters, facets and sorting look at, as NumPy columns: for any set of hits, whichever retriever gave them.

Letters: `P` products, `V` variants, `C` facet values (codes), `E` entries, one for each value of each variant.

A filter must hold on one variant: colour = red and size = M means a red M, and with `available` one that can be
bought. A facet counts products under all other filters but its own, so that choosing a further value of it shows as
many hits as its count says. Snapshots never change: an update makes a new one that shares what did not change.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

COMPACT_AT = 0.25  # share of dead rows at which an update rebuilds everything


@dataclass(frozen=True, slots=True)
class VariantFacts:
    """One variant as filters see it. price: None where it is not known. facets: (name, value) pairs."""

    price: Decimal | None
    available: bool
    facets: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """One product as filters see it. facets: what holds for all its variants."""

    id: str
    key: int
    title: str
    variants: tuple[VariantFacts, ...]
    facets: tuple[tuple[str, str], ...] = ()
    rating: float = 0.0
    created: float = 0.0


@dataclass(frozen=True, slots=True)
class Filters:
    """What hits must satisfy. values: facet name -> alternatives."""

    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    price_min: Decimal | None = None
    price_max: Decimal | None = None
    available: bool = False


@dataclass(frozen=True, slots=True)
class Narrowed:
    """The hits that satisfy the filters.

    rows: (H,) product rows, in the order of the hits given. counts: facet name -> value -> products. price: the
    lowest and highest under all filters but the price's. lowest: (P,) the lowest price of each product's variants
    that satisfy the filters, infinite where none is known.
    """

    rows: Ints
    counts: Mapping[str, Mapping[str, int]]
    price: tuple[Decimal, Decimal] | None
    lowest: Floats


@dataclass(frozen=True, slots=True)
class Columns:
    """One snapshot of the catalogue's columns. Build with `build`, change with `changed`."""

    ids: tuple[str, ...]
    titles: tuple[str, ...]
    alive: Bools  # (P,)
    keys: npt.NDArray[np.uint64]  # (P,)
    rating: Floats  # (P,)
    created: Floats  # (P,)
    variant_product: Ints  # (V,) ascending
    price: Floats  # (V,) nan where unknown
    available: Bools  # (V,)
    entry_variant: Ints  # (E,) by product and code
    entry_code: Ints  # (E,)
    group_start: Ints  # (G,) where in the entries each (product, code) begins
    names: tuple[str, ...]  # of facets
    values: tuple[tuple[int, str], ...]  # (C,) facet and value
    code_of: Mapping[tuple[str, str], int]
    facet_of: Ints  # (C,)
    row_of: Mapping[str, int]
    sorted_keys: npt.NDArray[np.uint64]
    sorted_rows: Ints
    variant_start: Ints  # (P + 1,) where the variants of each product begin
    entry_start: Ints  # (P + 1,) where its entries begin
    group_of: Ints  # (P + 1,) where its groups begin

    @property
    def size(self) -> int:
        """How many products there are."""
        return len(self.row_of)

    def rows(self, keys: npt.NDArray[np.uint64]) -> tuple[Ints, Bools]:
        """Rows of products by key, and which of the keys are known."""
        if not len(self.sorted_keys):
            return np.zeros(0, np.int32), np.zeros(len(keys), np.bool_)
        at = np.searchsorted(self.sorted_keys, keys)
        at[at == len(self.sorted_keys)] = 0
        known: Bools = self.sorted_keys[at] == keys
        return self.sorted_rows[at[known]], known

    def everything(self) -> Ints:
        """Rows of all products."""
        return np.flatnonzero(self.alive).astype(np.int32)

    def value_counts(self, name: str) -> Mapping[str, int]:
        """Each value of a facet, and how many products of the catalogue have it."""
        return self.narrow(self.everything(), Filters()).counts.get(name, {})

    def narrow(self, hits: Ints, filters: Filters, *, count: bool = True) -> Narrowed:
        """The hits that satisfy the filters, with facet counts over exactly them."""
        part = self._part(hits)
        base = part.available.copy() if filters.available else np.ones(len(part.price), np.bool_)
        by_facet = {
            name: self._any(part, name, wanted) for name, wanted in filters.values.items() if wanted
        }
        priced = _priced(part.price, filters)
        all_facets = _and(base, by_facet.values())
        chosen = all_facets & priced
        kept = np.zeros(len(self.ids), np.bool_)
        kept[part.rows[part.product[chosen]]] = True
        counts = self._counts(part, base & priced, by_facet) if count else {}
        lowest = np.full(len(self.ids), np.inf)
        lowest[part.rows] = _lowest(part, chosen)
        return Narrowed(hits[kept[hits]], counts, _range(part.price[all_facets]), lowest)

    def _part(self, hits: Ints) -> "_Part":
        """What is known of these products alone, so that narrowing a few of many costs little."""
        rows = np.sort(hits)
        variants, of_variant = _spans(self.variant_start, rows)
        entries, of_entry = _spans(self.entry_start, rows)
        groups, of_group = _spans(self.group_of, rows)
        moved_variants = _moved(self.variant_start, rows)
        moved_entries = _moved(self.entry_start, rows)
        return _Part(
            rows, of_variant, self.price[variants], self.available[variants],
            self.entry_variant[entries] + moved_variants[of_entry], self.entry_code[entries],
            self.group_start[groups] + moved_entries[of_group],
        )  # fmt: skip

    def _any(self, part: "_Part", name: str, wanted: Sequence[str]) -> Bools:
        codes = [self.code_of[name, v] for v in wanted if (name, v) in self.code_of]
        mask = np.zeros(len(part.price), np.bool_)
        if codes:
            is_wanted = np.zeros(len(self.values), np.bool_)
            is_wanted[codes] = True
            mask[part.entry_variant[is_wanted[part.entry_code]]] = True
        return mask

    def _counts(
        self, part: "_Part", base: Bools, by_facet: Mapping[str, Bools]
    ) -> dict[str, dict[str, int]]:
        shared = self._count_codes(part, _and(base, by_facet.values()))
        own = {
            name: self._count_codes(part, _and(base, (m for n, m in by_facet.items() if n != name)))
            for name in by_facet
        }
        counts: dict[str, dict[str, int]] = {}
        for name, numbers in [("", shared), *own.items()]:
            codes = np.flatnonzero(numbers)
            for code, number in zip(codes.tolist(), numbers[codes].tolist(), strict=True):
                facet, value = self.values[code]
                of = self.names[facet]
                if of == name or (not name and of not in own):
                    counts.setdefault(of, {})[value] = number
        return counts

    def _count_codes(self, part: "_Part", variants: Bools) -> Ints:
        """How many products have each code on one of these variants. (C,)"""
        if not len(part.group_start):
            return np.zeros(len(self.values), np.int32)
        there = np.logical_or.reduceat(variants[part.entry_variant], part.group_start)
        codes = part.entry_code[part.group_start[there]]
        return np.bincount(codes, minlength=len(self.values)).astype(np.int32)

    def changed(self, updated: Iterable[Facts], deleted: Iterable[str]) -> "Columns":
        """A snapshot with products added or replaced, and others taken out."""
        updated = list({facts.id: facts for facts in updated}.values())
        gone = {*deleted, *(facts.id for facts in updated)}
        alive = self.alive.copy()
        old = [self.row_of[i] for i in gone if i in self.row_of]
        alive[old] = False
        base = self._without_dead(alive)
        return base._appended(updated, gone)

    def _without_dead(self, alive: Bools) -> "Columns":
        """This snapshot with these products alive; where too many are dead, without them."""
        dead = replace(self, alive=alive)
        if np.count_nonzero(~alive) <= COMPACT_AT * max(1000, len(alive)):
            return dead
        new_row = np.cumsum(alive, dtype=np.int32) - 1
        keep_v = alive[self.variant_product]
        new_variant = np.cumsum(keep_v, dtype=np.int32) - 1
        keep_e = keep_v[self.entry_variant]
        products = self.variant_product[self.entry_variant][keep_e]
        codes = self.entry_code[keep_e]
        row_of = {i: int(new_row[r]) for i, r in self.row_of.items() if alive[r]}
        kept = np.flatnonzero(alive)
        return _indexed(
            replace(
                self,
                ids=tuple(self.ids[r] for r in kept), titles=tuple(self.titles[r] for r in kept),
                alive=np.ones(len(kept), np.bool_), keys=self.keys[kept], rating=self.rating[kept],
                created=self.created[kept], variant_product=new_row[self.variant_product[keep_v]],
                price=self.price[keep_v], available=self.available[keep_v],
                entry_variant=new_variant[self.entry_variant[keep_e]], entry_code=codes,
                group_start=_starts(products, codes), row_of=row_of,
            )
        )  # fmt: skip

    def _appended(self, updated: Sequence[Facts], gone: set[str]) -> "Columns":
        names, values = list(self.names), list(self.values)
        code_of = dict(self.code_of)
        name_of = {name: i for i, name in enumerate(names)}
        row, variant = len(self.ids), len(self.variant_product)
        products: list[int] = []
        prices: list[float] = []
        available: list[bool] = []
        entries: list[tuple[int, int, int]] = []  # product, code, variant
        for offset, facts in enumerate(updated):
            for v in facts.variants:
                for pair in dict.fromkeys((*facts.facets, *v.facets)):
                    if pair not in code_of:
                        if pair[0] not in name_of:
                            name_of[pair[0]] = len(names)
                            names.append(pair[0])
                        code_of[pair] = len(values)
                        values.append((name_of[pair[0]], pair[1]))
                    entries.append((row + offset, code_of[pair], variant + len(products)))
                products.append(row + offset)
                prices.append(np.nan if v.price is None else float(v.price))
                available.append(v.available)
        entries.sort()
        added = np.array(entries, np.int32).reshape(-1, 3)
        starts = _starts(added[:, 0], added[:, 1]) + np.int32(len(self.entry_code))
        row_of = {i: r for i, r in self.row_of.items() if i not in gone}
        row_of |= {facts.id: row + offset for offset, facts in enumerate(updated)}
        return _indexed(
            replace(
                self,
                ids=self.ids + tuple(f.id for f in updated),
                titles=self.titles + tuple(f.title for f in updated),
                alive=np.append(self.alive, np.ones(len(updated), np.bool_)),
                keys=np.append(self.keys, np.array([f.key for f in updated], np.uint64)),
                rating=np.append(self.rating, [f.rating for f in updated]),
                created=np.append(self.created, [f.created for f in updated]),
                variant_product=np.append(self.variant_product, np.array(products, np.int32)),
                price=np.append(self.price, prices),
                available=np.append(self.available, np.array(available, np.bool_)),
                entry_variant=np.append(self.entry_variant, added[:, 2]),
                entry_code=np.append(self.entry_code, added[:, 1]),
                group_start=np.append(self.group_start, starts),
                names=tuple(names), values=tuple(values), code_of=code_of,
                facet_of=np.array([f for f, _ in values], np.int32), row_of=row_of,
            )
        )  # fmt: skip


def build(facts: Iterable[Facts]) -> Columns:
    """The columns of a catalogue."""
    none_i, none_f = np.zeros(0, np.int32), np.zeros(0)
    none_b, none_k = np.zeros(0, np.bool_), np.zeros(0, np.uint64)
    empty = Columns(
        (), (), none_b, none_k, none_f, none_f, none_i, none_f, none_b, none_i, none_i, none_i,
        (), (), {}, none_i, {}, none_k, none_i, none_i, none_i, none_i,
    )  # fmt: skip
    return empty.changed(facts, ())


@dataclass(frozen=True, slots=True)
class _Part:
    """The columns of some products, numbered anew. Letters: `H` products, `U` variants, `F` entries, `K` groups."""

    rows: Ints  # (H,) ascending rows of the whole
    product: Ints  # (U,) place in `rows`
    price: Floats  # (U,)
    available: Bools  # (U,)
    entry_variant: Ints  # (F,)
    entry_code: Ints  # (F,)
    group_start: Ints  # (K,)


def _spans(starts: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """The numbers from starts[r] up to starts[r + 1] for each row, and the place in `rows` that each belongs to."""
    begin = starts[rows]
    sizes = starts[rows + 1] - begin
    place = np.repeat(np.arange(len(rows), dtype=np.int32), sizes)
    behind = np.cumsum(sizes, dtype=np.int32) - sizes
    return np.arange(len(place), dtype=np.int32) + (begin - behind)[place], place


def _moved(starts: Ints, rows: Ints) -> Ints:
    """What is added to a number of the whole to get its number among these rows alone. (H,)"""
    begin = starts[rows]
    sizes = starts[rows + 1] - begin
    moved: Ints = np.cumsum(sizes, dtype=np.int32) - sizes - begin
    return moved


def _priced(price: Floats, filters: Filters) -> Bools:
    mask = np.ones(len(price), np.bool_)
    if filters.price_min is not None:
        mask &= price >= float(filters.price_min)
    if filters.price_max is not None:
        mask &= price <= float(filters.price_max)
    return mask


def _range(price: Floats) -> tuple[Decimal, Decimal] | None:
    known = price[~np.isnan(price)]
    if not len(known):
        return None
    return Decimal(repr(float(known.min()))), Decimal(repr(float(known.max())))


def _lowest(part: _Part, variants: Bools) -> Floats:
    """The lowest known price of each product's variants among these, infinite where there is none. (H,)"""
    lowest = np.full(len(part.rows), np.inf)
    price = np.where(variants & ~np.isnan(part.price), part.price, np.inf)
    starts = np.flatnonzero(np.diff(part.product, prepend=-1))
    if len(starts):
        lowest[part.product[starts]] = np.minimum.reduceat(price, starts)
    return lowest


def _and(base: Bools, masks: Iterable[Bools]) -> Bools:
    result = base.copy()
    for mask in masks:
        result &= mask
    return result


def _starts(products: Ints, codes: Ints) -> Ints:
    """Where in entries sorted by product and code each pair begins."""
    if not len(products):
        return np.zeros(0, np.int32)
    new = np.ones(len(products), np.bool_)
    new[1:] = (np.diff(products) != 0) | (np.diff(codes) != 0)
    return np.flatnonzero(new).astype(np.int32)


def _indexed(columns: Columns) -> Columns:
    """The columns with what is looked up in them: rows by key, and where each product's part of them begins."""
    rows = columns.everything()
    keys = columns.keys[rows]
    order = np.argsort(keys)
    bounds = np.arange(len(columns.ids) + 1, dtype=np.int32)
    of_entry = columns.variant_product[columns.entry_variant]
    of_group = of_entry[columns.group_start]
    return replace(
        columns, sorted_keys=keys[order], sorted_rows=rows[order].astype(np.int32),
        variant_start=_place(columns.variant_product, bounds), entry_start=_place(of_entry, bounds),
        group_of=_place(of_group, bounds),
    )  # fmt: skip


def _place(ascending: Ints, bounds: Ints) -> Ints:
    return np.searchsorted(ascending, bounds).astype(np.int32)
