"""What product search is asked and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from shopkeeper.shop.records import ProductId


class Sort(StrEnum):
    """The order of hits. Equal ones stand in the order of relevance."""

    RELEVANCE = "relevance"
    PRICE_ASC = "price_asc"
    PRICE_DESC = "price_desc"
    RATING = "rating"
    NEWEST = "newest"
    TITLE = "title"


class Way(StrEnum):
    """How products are found: by words and meaning together, or by words alone."""

    HYBRID = "hybrid"
    WORDS = "words"


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """What to find. Without words: everything.

    filters: facet name -> alternatives; `brand` and `availability` are facets too. category: a path from the widest.
    price_min, price_max: inclusive. limit 0: only counts. language: of labels in the answer.
    mend: look past typing errors; without, words are taken as they were typed.
    """

    query: str = ""
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    category: tuple[str, ...] = ()
    price_min: Decimal | None = None
    price_max: Decimal | None = None
    available_only: bool = False
    sort: Sort = Sort.RELEVANCE
    offset: int = 0
    limit: int = 24
    language: str = "en"
    way: Way = Way.HYBRID
    explain: bool = False
    mend: bool = True

    def __post_init__(self) -> None:
        if self.offset < 0 or self.limit < 0:
            raise ValueError(f"offset {self.offset} and limit {self.limit} must not be negative")


@dataclass(frozen=True, slots=True)
class TermMatch:
    """One word of the query found in one field, and what it added to the score."""

    term: str
    field: str
    score: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a product is where it is. exact_code: the query is its SKU, GTIN, model number or id.

    words, meaning, learned: what each added to the score, in standard deviations; None where it was found by words
    alone. cosine: of the query's meaning and the product's. rules: names of the merchant's rules that touch it.
    """

    matches: tuple[TermMatch, ...] = ()
    exact_code: bool = False
    words: float | None = None
    meaning: float | None = None
    learned: float | None = None
    cosine: float | None = None
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """One product found. score: comparable within one answer only."""

    product_id: ProductId
    score: float
    explanation: Explanation | None = None


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A value to narrow by, and how many hits doing so shows. label: in the language asked for."""

    value: str
    count: int
    selected: bool = False
    label: str = ""


@dataclass(frozen=True, slots=True)
class Facet:
    """A name to narrow by, with its values: the selected first, then the most frequent."""

    name: str
    values: tuple[FacetValue, ...]
    label: str = ""


@dataclass(frozen=True, slots=True)
class PriceRange:
    """Lowest and highest known price under all filters but the price's."""

    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class SearchResponse:
    """What was found.

    categories: one level below the category asked for. unknown: words of the query that no product has. required of
    asked: how many of the known words a hit has at least; fewer than all means that the query was relaxed.
    did_you_mean: the query without its typing errors; its hits are among these. wordings: what
    was looked for too, by synonyms. meaning_weight: what meaning counts
    beside words, 0 where words alone were asked.
    """

    total: int
    hits: tuple[Hit, ...]
    facets: tuple[Facet, ...] = ()
    categories: tuple[FacetValue, ...] = ()
    price: PriceRange | None = None
    took_ms: float = 0.0
    unknown: tuple[str, ...] = ()
    required: int = 0
    asked: int = 0
    did_you_mean: str | None = None
    wordings: tuple[str, ...] = ()
    meaning_weight: float = 0.0
