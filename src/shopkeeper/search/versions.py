"""Versions of search by meaning: built beside the one in use, compared on stored queries, switched to, and back.

A version is an embedder and the way texts are put together for it; its vectors lie in the database. Comparing asks
both versions what shoppers asked before, and looks where what they clicked stands.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import stdev
from typing import Any

from shopkeeper import artifacts
from shopkeeper.artifacts import Artifact
from shopkeeper.errors import NotFound
from shopkeeper.models.embed import Embedder
from shopkeeper.search.documents import TEXTS
from shopkeeper.search.meanings import encode_catalogue
from shopkeeper.shop import vectors
from shopkeeper.shop.bulk import Connection
from shopkeeper.shop.database import Database

KIND = "search"
QUERIES = 300  # stored queries that two versions are compared on
CUT = 10
SURE = 1.64  # standard errors that a loss must have to be believed: one in twenty by chance
EXAMPLES = 12

Ask = Callable[[str], Sequence[str]]  # a query -> product ids, the best first
OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class StoredQuery:
    """What shoppers asked, and the products they then clicked on or bought."""

    words: str
    wanted: frozenset[str]


@dataclass(frozen=True, slots=True)
class Example:
    """A query whose first hits differ most."""

    words: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """How two versions answer the same stored queries.

    mrr: mean reciprocal rank, within the first ten, of the best product that was clicked on; only queries with clicks
    count. error: standard error of its difference, query by query. empty: share of queries that find nothing. overlap:
    share of the first ten hits that both have.
    """

    queries: int
    clicked: int
    mrr_before: float
    mrr_after: float
    error: float
    empty_before: float
    empty_after: float
    overlap: float
    examples: tuple[Example, ...] = ()

    @property
    def no_worse(self) -> bool:
        """True unless the new version puts what was wanted lower, beyond chance, or leaves more queries empty."""
        loss = self.mrr_before - self.mrr_after
        return loss <= SURE * self.error and self.empty_after <= self.empty_before

    def as_score(self) -> Mapping[str, Any]:
        """For the version's row."""
        names = (
            "queries",
            "clicked",
            "mrr_before",
            "mrr_after",
            "error",
            "empty_before",
            "empty_after",
            "overlap",
        )
        score: dict[str, Any] = {name: getattr(self, name) for name in names}
        score["examples"] = [
            {"words": e.words, "before": list(e.before), "after": list(e.after)}
            for e in self.examples
        ]
        return score


def spec_of(embedder: Embedder) -> dict[str, Any]:
    """What tells this version from others."""
    return {"embedder": embedder.id, "digest": embedder.digest, "texts": TEXTS}


def build(
    database: Database,
    embedder: Embedder,
    *,
    on_progress: OnProgress | None = None,
    stop: Callable[[], bool] | None = None,
) -> Artifact | None:
    """A version with all vectors of the catalogue, still to be compared; None if told to stop.

    A build that was cut short is taken up where it was. The one in use is not touched.
    """
    with database.connection() as conn:
        version = artifacts.begin(conn, KIND, spec_of(embedder))
    whole = encode_catalogue(database, embedder, on_progress=on_progress, stop=stop)
    return version if whole else None


def finish(
    database: Database, version: Artifact, comparison: Comparison, *, switch: bool
) -> Artifact:
    """Keep what a version scored, and put it to use if asked to: where nothing is in use yet, whenever it is no worse
    than words alone; else only if it is no worse than the one in use. Returns it as it stands then."""
    with database.connection() as conn:
        artifacts.finish(conn, version.id, comparison.as_score())
        if switch and comparison.no_worse:
            return artifacts.switch(conn, version.id)
        return artifacts.get(conn, version.id)


def stored_queries(conn: Connection, limit: int = QUERIES) -> list[StoredQuery]:
    """What was asked lately, the most frequent first, with what was clicked on or bought after it."""
    rows = conn.execute(
        "select min(q.user_query), array_remove(array_agg(distinct e.object_id), null) from queries q "
        "left join events e on e.query_id = q.id and e.object_id_type = 'product' "
        "and e.action in ('click', 'add_to_cart', 'purchase') "
        "where q.user_query <> '' and length(q.user_query) <= 200 "
        "group by lower(q.user_query) order by count(distinct q.id) desc, 1 limit %s",
        [limit],
    ).fetchall()
    return [StoredQuery(words, frozenset(wanted)) for words, wanted in rows]


def compare(queries: Sequence[StoredQuery], before: Ask, after: Ask) -> Comparison:
    """How the answers to these queries change."""
    asked = [(q, list(before(q.words))[:CUT], list(after(q.words))[:CUT]) for q in queries]
    clicked = [one for one in asked if one[0].wanted]
    overlaps = [_overlap(a, b) for _, a, b in asked]
    changed = sorted(zip(overlaps, asked, strict=True), key=lambda pair: pair[0])[:EXAMPLES]
    ranks_before = [_reciprocal_rank(a, q.wanted) for q, a, _ in clicked]
    ranks_after = [_reciprocal_rank(b, q.wanted) for q, _, b in clicked]
    return Comparison(
        queries=len(asked),
        clicked=len(clicked),
        mrr_before=_mean(ranks_before),
        mrr_after=_mean(ranks_after),
        error=_error([b - a for a, b in zip(ranks_before, ranks_after, strict=True)]),
        empty_before=_mean([float(not a) for _, a, _ in asked]),
        empty_after=_mean([float(not b) for _, _, b in asked]),
        overlap=_mean(overlaps),
        examples=tuple(
            Example(q.words, tuple(a[:3]), tuple(b[:3]))
            for share, (q, a, b) in changed
            if share < 1
        ),
    )


def _overlap(a: Sequence[str], b: Sequence[str]) -> float:
    return len(set(a) & set(b)) / max(len(a), len(b), 1) if a or b else 1.0


def _reciprocal_rank(ids: Sequence[str], wanted: frozenset[str]) -> float:
    return next((1 / rank for rank, i in enumerate(ids, 1) if i in wanted), 0.0)


def _error(differences: Sequence[float]) -> float:
    """Standard error of their mean."""
    if len(differences) < 2:
        return 0.0
    return float(round(stdev(differences) / len(differences) ** 0.5, 4))


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 4) if values else 0.0


def get(conn: Connection, version_id: int, *, lock: bool = False) -> Artifact:
    """The version of search with this id. Raises NotFound."""
    version = artifacts.get(conn, version_id, lock=lock)
    if version.kind != KIND:
        raise NotFound(f"no version of search has the id {version_id}", hint="list the versions")
    return version


def listing(conn: Connection) -> list[Artifact]:
    """All versions of search, the newest first."""
    return artifacts.listing(conn, KIND)


def switch(conn: Connection, version_id: int) -> Artifact:
    """Put a finished version to use. Raises NotFound, Conflict."""
    return artifacts.switch(conn, get(conn, version_id, lock=True).id)


def roll_back(conn: Connection) -> Artifact | None:
    """Go back to the version before the one in use; None if that was words alone. Raises Conflict."""
    return artifacts.roll_back(conn, KIND)


def discard(conn: Connection, version_id: int) -> None:
    """Delete a version that is not in use, and its vectors if no other version has them. Raises NotFound, Conflict."""
    version = get(conn, version_id, lock=True)
    artifacts.delete(conn, version_id)
    if not any(v.spec["digest"] == version.spec["digest"] for v in artifacts.listing(conn, KIND)):
        vectors.forget(conn, version.spec["digest"])
