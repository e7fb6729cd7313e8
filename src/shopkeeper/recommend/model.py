"""A fitted recommender of a shop as it is kept and served: arrays and JSON in a folder, nothing that runs.

Letters: `N` items that were known at the fit, `K` neighbours kept of each, `V` terms.

    model.save(folder)
    model = Model.load(folder)        # arrays are mapped, so that programs on one machine share them

Made by `fitting.py`, asked by `scoring.py`. It holds what follows from everybody together; nothing in it names a
person. A product that came later has no place in it and is covered by its words (`Words.vector`).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from shopkeeper.errors import ArtifactError
from shopkeeper.recommend.histories import Places, Sparse, Table
from shopkeeper.recommend.text import About, terms_of

FORMAT = 1
COLUMNS = ("popular", "people", "baskets", "again")
Int32s = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What having an item speaks for. of: (N, K) places, in no order to rely on; value: (N, K) how much, never below 0;
    0 where an item has fewer."""

    of: Int32s
    value: Table

    @classmethod
    def nearest(cls, links: Sparse, most: int) -> Self:
        """The `most` strongest of each row of a sparse matrix that are above 0; ties in the order of the items."""
        links = sparse.csr_array(links)
        lengths = np.diff(links.indptr)
        rows = np.repeat(np.arange(links.shape[0]), lengths)
        order = np.lexsort((links.indices, -links.data, rows))
        column = np.arange(len(order)) - np.repeat(links.indptr[:-1], lengths)
        kept = (column < most) & (links.data[order] > 0)
        order, row, column = order[kept], rows[order[kept]], column[kept]
        shape = (links.shape[0], max(1, int(column.max(initial=-1)) + 1))
        of, value = np.zeros(shape, np.int32), np.zeros(shape, np.float32)
        of[row, column], value[row, column] = links.indices[order], links.data[order]
        return cls(of, value)

    def matrix(self, count: int) -> Sparse:
        """The same as a sparse matrix with this many columns."""
        rows, width = self.of.shape
        start = np.arange(0, rows * width + 1, width)
        parts = (self.value.flatten(), self.of.flatten(), start)  # copies: they are sorted in place
        found: Sparse = sparse.csr_array(parts, shape=(rows, count))
        found.sum_duplicates()
        return found


@dataclass(frozen=True, slots=True)
class Words:
    """The terms of the items. rarity: (V,) of each term; rows: (N, V) unit rows."""

    terms: Places[str]
    rarity: Table
    rows: Sparse

    def vector(self, about: About) -> Sparse:
        """(1, V) the unit row of something that was not there at the fit; empty if no term of it is known."""
        return self.vectors([about])

    def vectors(self, items: Sequence[About]) -> Sparse:
        """(len(items), V) the same for several."""
        columns: list[int] = []
        values: list[float] = []
        start = [0]
        for item in items:
            counts: dict[int, int] = {}
            for term in terms_of(item):
                if (at := self.terms.place.get(term)) is not None:
                    counts[at] = counts.get(at, 0) + 1
            weights = [(1 + np.log(n)) * self.rarity[at] for at, n in counts.items()]
            length = float(np.sqrt(sum(w * w for w in weights))) or 1.0
            columns += counts
            values += [float(w) / length for w in weights]
            start.append(len(columns))
        shape = (len(items), len(self.terms))
        return sparse.csr_array((np.array(values, np.float32), columns, start), shape=shape)


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each kind of evidence counts, never below 0, learnt by `fitting.py`. links: by name, see `scoring.py`."""

    links: Mapping[str, float]
    words: float
    popular: float


@dataclass(frozen=True, slots=True)
class Made:
    """Where a model comes from. until: the moment (seconds since 1970) up to which behaviour was read; orders: 0 where
    that was not noted; version: the id of its artefact, 0 for one that was fitted by the program that serves it."""

    until: float = 0.0
    events: int = 0
    people: int = 0
    orders: int = 0
    seconds: float = 0.0
    version: int = 0
    scores: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Model:
    """links: neighbours by name (`scoring.LINKS`). words: terms of texts and values; values: of values alone. popular:
    (N,) share of what people wanted lately; people, baskets: (N,) how many had an item; again: (N,) share of its buyers
    who bought it again; shrinkage: people added to each side of «near» and «bought» links, which says how many had both.
    weights: by segment (`scoring.SEGMENTS`)."""

    items: Places[str]
    links: Mapping[str, Neighbours]
    words: Words
    values: Words
    popular: Table
    people: Table
    baskets: Table
    again: Table
    weights: Mapping[str, Weights]
    shrinkage: float = 0.0
    made: Made = Made()

    def numbered(self, version: int) -> "Model":
        """The same under the id of its artefact."""
        return replace(self, made=replace(self.made, version=version))

    def save(self, folder: Path) -> None:
        """Write the model into a folder, made if it is not there."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, array in self._arrays().items():
            np.save(folder / f"{name}.npy", array, allow_pickle=False)
        about = {
            "format": FORMAT,
            "items": self.items.ids,
            "words": self.words.terms.ids,
            "values": self.values.terms.ids,
            "links": list(self.links),
            "weights": {segment: asdict(weights) for segment, weights in self.weights.items()},
            "shrinkage": self.shrinkage,
            "made": asdict(self.made),
        }
        (folder / "model.json").write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The model in a folder. Raises ArtifactError if it is not there, damaged or of another format."""
        try:
            about = json.loads((folder / "model.json").read_text(encoding="utf-8"))
            if about["format"] != FORMAT:
                raise ArtifactError(
                    f"{folder}: a recommender of format {about['format']}, and this program reads {FORMAT}",
                    hint="fit it anew: shopkeeper recommend train",
                )
            return cls._of(about, folder)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ArtifactError(
                f"{folder}: no recommender can be read here: {error}",
                hint="fit it anew: shopkeeper recommend train",
            ) from error

    @classmethod
    def _of(cls, about: dict[str, Any], folder: Path) -> Self:
        def array(name: str) -> Any:
            mapped = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
            return np.asarray(
                mapped
            )  # the same memory, without the price of a subclass at each step

        def words(name: str) -> Words:
            terms = Places(tuple(about[name]))
            parts = tuple(array(f"{name}.{part}") for part in ("data", "indices", "indptr"))
            shape = (len(items), len(terms))
            return Words(terms, array(f"{name}.rarity"), sparse.csr_array(parts, shape=shape))

        items = Places(tuple(about["items"]))
        columns = {name: array(name) for name in COLUMNS}
        for name, column in columns.items():
            if len(column) != len(items):
                raise ValueError(f"{name} has {len(column)} rows for {len(items)} items")
        return cls(
            items=items,
            links={
                name: Neighbours(array(f"link.{name}.of"), array(f"link.{name}.value"))
                for name in about["links"]
            },
            words=words("words"),
            values=words("values"),
            weights={segment: Weights(**weights) for segment, weights in about["weights"].items()},
            shrinkage=about["shrinkage"],
            made=Made(**about["made"]),
            **columns,
        )

    def _arrays(self) -> dict[str, Any]:
        arrays: dict[str, Any] = {name: getattr(self, name) for name in COLUMNS}
        for name, words in (("words", self.words), ("values", self.values)):
            arrays[f"{name}.rarity"] = words.rarity
            for part in ("data", "indices", "indptr"):
                arrays[f"{name}.{part}"] = getattr(words.rows, part)
        for name, links in self.links.items():
            arrays |= {f"link.{name}.of": links.of, f"link.{name}.value": links.value}
        return arrays
