"""One request against one snapshot of everything that is searched: which products are hits, in which order, and why.

A query that is a code of a product (SKU, GTIN, model number, id) finds exactly that. Other words go through
`retrieval.hybrid`, each further wording by the merchant's synonyms and everyday ones with them; then the merchant's rules hide, move and
pin. All of it before facets are counted, so that counts are true.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from shopkeeper.errors import ModelError
from shopkeeper.models.embed import Embedder, Vectors
from shopkeeper.retrieval.columns import Columns, Floats, Ints
from shopkeeper.retrieval.hybrid import Found, find
from shopkeeper.retrieval.learning import Ranker
from shopkeeper.retrieval.meaning import Meanings
from shopkeeper.retrieval.spelling import Vocabulary
from shopkeeper.retrieval.words import WordIndex, key_of
from shopkeeper.rules import Effects
from shopkeeper.search.merchant import Merchant
from shopkeeper.search.records import Explanation, SearchRequest, TermMatch, Way
from shopkeeper.search.synonyms import everyday
from shopkeeper.text import guess_language, query_tokens

log = logging.getLogger(__name__)

MAX_QUERY = 2000  # characters; nobody types more, and what stands behind is not looked at
MAX_CODE = 80
MAX_MEANT = 300  # characters of a query whose meaning, and everyday synonyms, are looked at


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that is searched, at one moment. meanings: by part, all of `embedder`."""

    columns: Columns
    words: WordIndex
    vocabulary: Vocabulary | None = None
    meanings: Mapping[str, Meanings] = field(default_factory=dict)
    embedder: Embedder | None = None
    ranker: Ranker | None = None
    merchant: Merchant = field(default_factory=Merchant)


@dataclass(frozen=True, slots=True)
class Listing:
    """All hits. rows: the best first. scores: (P,), of the whole catalogue. exact: rows whose code the query is.

    moved: (P,) how far the merchant's rules move each product, in standard deviations of the best scores.
    wordings: what was looked for too, by synonyms.
    """

    rows: Ints
    scores: Floats
    moved: Floats
    exact: frozenset[int] = frozenset()
    found: Found | None = None
    effects: Effects = field(default_factory=Effects)
    wordings: tuple[str, ...] = ()


def listing(snapshot: Snapshot, request: SearchRequest) -> Listing:
    """All hits of a request, before filters."""
    columns = snapshot.columns
    query = request.query[:MAX_QUERY].strip()
    found = _by_query(snapshot, query, request) if query else _everything(columns)
    if not snapshot.merchant.rules:
        return found
    effects = snapshot.merchant.effects(query, request.category, columns)
    return _ruled(columns, found, effects)


def _everything(columns: Columns) -> Listing:
    nothing = np.zeros(len(columns.ids))
    return Listing(columns.everything(), nothing, nothing)


def _by_query(snapshot: Snapshot, query: str, request: SearchRequest) -> Listing:
    columns = snapshot.columns
    scores, moved = np.zeros(len(columns.ids)), np.zeros(len(columns.ids))
    coded = columns.everything()[:0]
    if len(query) <= MAX_CODE:
        coded = columns.rows(snapshot.words.find_code(query))[0]
    if len(coded) and " " not in query and any(c.isdigit() for c in query):
        scores[coded] = 1.0
        return Listing(coded, scores, moved, frozenset(map(int, coded)))
    others, nearest, right = _reworded(snapshot, query, as_typed=not request.mend)
    meant = nearest[0] if nearest else query
    found = find(
        query,
        words=snapshot.words,
        vocabulary=snapshot.vocabulary if request.mend else None,
        meanings=list(snapshot.meanings.values()),
        vector=_vector(snapshot, meant) if request.way is Way.HYBRID else None,
        ranker=snapshot.ranker,
        others=(*others, *nearest),
        right=right,
    )
    rows, known = columns.rows(found.keys)
    scores[rows] = found.scores[known]
    if len(coded):
        scores[coded] = scores.max(initial=0.0) + 1.0
        rows = np.concatenate([coded, rows[~np.isin(rows, coded)]])
    wordings = (*others, *nearest)
    return Listing(rows, scores, moved, frozenset(map(int, coded)), found, wordings=wordings)


def _reworded(
    snapshot: Snapshot, query: str, *, as_typed: bool
) -> tuple[tuple[str, ...], tuple[str, ...], frozenset[str]]:
    """Further wordings by the merchant's synonyms; those by everyday ones, for words that nothing in the shop is
    named by; and the words that are no errors because they have synonyms."""
    own, words = snapshot.merchant.thesaurus, snapshot.words
    known = own.terms(query)
    nearest: tuple[str, ...] = ()
    terms = known
    if len(query) <= MAX_MEANT and not as_typed:
        nearest = everyday().wordings(query, is_named=lambda t: t in known or words.is_named(t))
        terms += everyday().terms(query) if nearest else ()
    return own.wordings(query), nearest, frozenset(t for term in terms for t in query_tokens(term))


def _vector(snapshot: Snapshot, query: str) -> Vectors | None:
    """What the query means; None where no embedder is in use, it does not speak the language, or its files are gone."""
    if snapshot.embedder is None or not snapshot.meanings:
        return None
    if guess_language(query, "") == "zh" and "zh" not in snapshot.embedder.languages:
        return None  # it would see no words, and say something all the same
    try:
        vector: Vectors = snapshot.embedder.encode([query[:MAX_MEANT]], kind="query")[0]
    except ModelError as error:
        log.warning("search goes by words alone: %s", error)
        return None
    return vector


def _ruled(columns: Columns, found: Listing, effects: Effects) -> Listing:
    """The hits as the merchant's rules leave them. Pinned products are hits, found or not; their places come last."""
    rows, moved = found.rows, found.moved.copy()
    hidden = [columns.row_of[i] for i in effects.hidden if i in columns.row_of]
    pinned = [columns.row_of[i] for _, i in effects.pinned if i in columns.row_of]
    if pinned:
        there = np.isin(pinned, rows)
        added = [row for row, is_there in zip(pinned, there, strict=True) if not is_there]
        rows = np.concatenate([rows, np.array(added, np.int32)])
    if hidden:
        rows = rows[~np.isin(rows, hidden)]
    for i, distance in effects.moved.items():
        if i in columns.row_of:
            moved[columns.row_of[i]] = distance
    if found.found is not None and moved[rows].any():
        step = float(found.scores[rows[:100]].std()) or 1.0
        scores = found.scores + step * moved
        rows = rows[np.argsort(-scores[rows], kind="stable")]
        return replace(found, rows=rows, scores=scores, moved=moved, effects=effects)
    return replace(found, rows=rows, moved=moved, effects=effects)


def explanation(
    snapshot: Snapshot, found: Listing, request: SearchRequest, row: int
) -> Explanation:
    """Why a hit stands where it stands."""
    product_id = snapshot.columns.ids[row]
    query = request.query[:MAX_QUERY].strip()
    matched = _matched(snapshot, found, request, product_id) if query else []
    why = None if found.found is None else found.found.why(key_of(product_id))
    told: Sequence[float | None] = (None, None, None, None)
    if why is not None:
        told = (why.words, why.meaning, why.learned, None if np.isnan(why.cosine) else why.cosine)
    words, meaning, learned, cosine = (None if x is None else round(float(x), 4) for x in told)
    return Explanation(
        matches=tuple(TermMatch(t, f, round(s, 4)) for t, f, s in matched),
        exact_code=row in found.exact,
        words=words,
        meaning=meaning,
        learned=learned,
        cosine=cosine,
        rules=found.effects.because.get(product_id, ()),
    )


def _matched(
    snapshot: Snapshot, found: Listing, request: SearchRequest, product_id: str
) -> list[tuple[str, str, float]]:
    """Which words of the query are found in a product; where it has none of them, which of the wording that brought it."""
    query = request.query[:MAX_QUERY].strip()
    mended = None if found.found is None else found.found.mended.text
    for text in filter(None, (query, mended, *found.wordings)):
        if matched := snapshot.words.explain(text, product_id):
            return matched
    return []
