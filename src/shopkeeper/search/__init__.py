"""Product search.

In: a `SearchRequest` (words, filters, category, price, order, page). Words give the set of products that match
(`retrieval.words`), the columns narrow it and count facets over exactly it (`retrieval.columns`), then it is sorted
and cut to a page. Out: a `SearchResponse`. Steps: `documents.py` (what of a product is found and filtered by),
`store.py` (the index on disk and the columns in memory, kept fresh from the outbox), `engine.py` (request to
response), `highlight.py` (which part of a text matched).
"""

from shopkeeper.search.engine import ProductSearch
from shopkeeper.search.highlight import Piece, highlight
from shopkeeper.search.records import (
    Explanation,
    Facet,
    FacetValue,
    Hit,
    PriceRange,
    SearchRequest,
    SearchResponse,
    Sort,
    TermMatch,
    Way,
)

__all__ = [
    "Explanation",
    "Facet",
    "FacetValue",
    "Hit",
    "Piece",
    "PriceRange",
    "ProductSearch",
    "SearchRequest",
    "SearchResponse",
    "Sort",
    "TermMatch",
    "Way",
    "highlight",
]
