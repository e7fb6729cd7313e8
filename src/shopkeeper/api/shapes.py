"""The shapes of requests and answers that are not records themselves."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from shopkeeper.api.keys import ApiKey, KeyKind
from shopkeeper.artifacts import Artifact, State
from shopkeeper.jobs import Job, JobState
from shopkeeper.recommend import Controls, Credit, Kept, Reason, Slot, Visitor
from shopkeeper.rules import Rule
from shopkeeper.search import Explanation, Facet, FacetValue, PriceRange, synonyms
from shopkeeper.search.suggest import Kind
from shopkeeper.search.synonyms import Synonym
from shopkeeper.shop.records import Customer, Order, Page, Product, Review

_NEXT = "ask for the next page with this; null on the last page"


class ProductList(BaseModel):
    """Some products, in the order of their ids."""

    items: list[Product]
    next_cursor: str | None = Field(description=_NEXT)


class CustomerList(BaseModel):
    """Some customers, in the order of their ids."""

    items: list[Customer]
    next_cursor: str | None = Field(description=_NEXT)


class OrderList(BaseModel):
    """Some orders."""

    items: list[Order]
    next_cursor: str | None = Field(description=_NEXT)


class ReviewList(BaseModel):
    """Some reviews."""

    items: list[Review]
    next_cursor: str | None = Field(description=_NEXT)


class PageList(BaseModel):
    """Some pages of the shop, in the order of their ids."""

    items: list[Page]
    next_cursor: str | None = Field(description=_NEXT)


class Written(BaseModel):
    """What a write did, in records. Sending the same records again leaves them all unchanged."""

    created: int
    updated: int
    unchanged: int


class Accepted(BaseModel):
    """How many of the events sent are kept now, and how many of them were new."""

    received: int
    added: int


class SearchHit(BaseModel):
    """A product found. explanation: why it stands where it stands, if asked for."""

    product_id: str
    score: float
    product: Product
    explanation: Explanation | None


class SearchAnswer(BaseModel):
    """Products found.

    query_id: to be sent with the events that follow, so that they are credited to this search. recorded: the search
    was kept under this id. unknown: words that no product has. required of asked: how many of the known words each hit
    has at least. did_you_mean: the words without typing errors; the hits are for these. meaning_weight: what meaning
    counts beside words, 0 where words alone were asked.
    """

    query_id: str
    recorded: bool
    total: int
    hits: list[SearchHit]
    facets: list[Facet]
    categories: list[FacetValue]
    price: PriceRange | None
    unknown: list[str]
    required: int
    asked: int
    did_you_mean: str | None
    meaning_weight: float
    took_ms: float


class RecommendedView(BaseModel):
    """One product of a list. position: to be sent with a click on it. score, rules: for a secret key alone."""

    product_id: str
    position: int
    product: Product
    reasons: list[Reason]
    score: float | None = None
    rules: list[str] = []


class RecommendationList(BaseModel):
    """Products for a slot of a page.

    id: to be sent as `query_id` of the events that follow, so that they are credited to this list. recorded: it was kept
    under this id. anchors: the products that it is about. model, experiment, arm: what served it.
    """

    id: str
    recorded: bool
    slot: Slot
    anchors: list[str]
    model: int
    experiment: str
    arm: str
    took_ms: float
    items: list[RecommendedView]


class KeptList(BaseModel):
    """A list of recommendations as it was shown. propensities: the chance of each product to stand where it does; empty
    where that was certain."""

    id: str
    slot: Slot
    made_at: datetime
    visitor: Visitor
    anchors: list[str]
    items: list[str]
    model: int
    experiment: str
    arm: str
    propensities: list[float]

    @classmethod
    def of(cls, kept: Kept) -> "KeptList":
        """From what was kept."""
        found = kept.list
        return cls(
            id=found.id, slot=found.slot, made_at=found.made_at, visitor=kept.visitor, anchors=list(found.anchors),
            items=[item.product_id for item in found.items], model=found.model, experiment=found.experiment,
            arm=found.arm, propensities=list(kept.propensities),
        )  # fmt: skip


class CreditList(BaseModel):
    """What lists brought, by slot, model and arm."""

    items: list[Credit]


class ControlsList(BaseModel):
    """What holds for each slot."""

    slots: dict[Slot, Controls]


class SuggestionView(BaseModel):
    """What somebody may want who has typed so far.

    target: where it leads: a category's path from the widest, a brand, a product's id; empty for words to search for.
    """

    text: str
    kind: Kind
    target: list[str]


class SuggestionList(BaseModel):
    """Suggestions, the likeliest first."""

    items: list[SuggestionView]


class NewSynonym(BaseModel):
    """Terms that mean the same to this shop."""

    model_config = {"extra": "forbid"}

    terms: list[Annotated[str, Field(min_length=1, max_length=synonyms.MAX_LENGTH)]] = Field(
        min_length=2, max_length=synonyms.MAX_TERMS
    )
    one_way: bool = Field(
        False, description="the first is also looked for as the others, not the other way round"
    )


class SynonymView(NewSynonym):
    """Synonyms with their id."""

    id: int

    @classmethod
    def of(cls, number: int, synonym: Synonym) -> "SynonymView":
        """The view of synonyms."""
        return cls(id=number, terms=list(synonym.terms), one_way=synonym.one_way)


class SynonymList(BaseModel):
    """All synonyms, in the order they were made."""

    items: list[SynonymView]


class NewRule(BaseModel):
    """A rule, and whether it is in force."""

    model_config = {"extra": "forbid"}

    rule: Rule
    active: bool = True


class RuleView(NewRule):
    """A rule with its id."""

    id: int


class RuleList(BaseModel):
    """All rules, in the order they were made."""

    items: list[RuleView]


class NewVersion(BaseModel):
    """A version of search by meaning to build."""

    model_config = {"extra": "forbid"}

    embedder: str = Field(max_length=100, description="its id, as `shopkeeper models list` has it")
    switch: bool = Field(True, description="put it to use when it is built, if it is no worse")


class VersionView(BaseModel):
    """A version of search by meaning.

    score: how it answers stored queries beside the version that was in use when it was built: mean reciprocal rank of
    what was clicked on before and after with the standard error of the difference, shares of empty answers, overlap
    of the first ten hits, and examples that differ. was_in_use: the version that it replaced.
    """

    id: int
    spec: Mapping[str, Any]
    state: State
    score: Mapping[str, Any]
    note: str
    made_at: datetime
    switched_at: datetime | None
    was_in_use: int | None

    @classmethod
    def of(cls, version: Artifact) -> "VersionView":
        """The view of a version."""
        return cls.model_validate(version, from_attributes=True)


class VersionList(BaseModel):
    """Versions, the newest first."""

    items: list[VersionView]


class NowInUse(BaseModel):
    """What is in use now; null: words alone."""

    version: VersionView | None


class JobView(BaseModel):
    """Background work and how far it is."""

    id: int
    kind: str
    title: str
    state: JobState
    done: int
    total: int | None
    unit: str
    rate: float | None = Field(description="units a second")
    eta_s: float | None = Field(description="seconds left at this rate")
    message: str
    error: str
    interruptions: int = Field(description="how often it was cut short and continued")
    arguments: Mapping[str, Any]
    result: Mapping[str, Any]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, job: Job) -> "JobView":
        """The view of a job."""
        return cls.model_validate(job, from_attributes=True)


class JobList(BaseModel):
    """Jobs, the newest first."""

    items: list[JobView]
    next_cursor: str | None = Field(description=_NEXT)


class ImportView(BaseModel):
    """An import: what was read and what became of it."""

    id: int
    kind: str
    format: str
    file_name: str
    mapping: dict[str, str]
    state: str
    created: int
    updated: int
    unchanged: int
    quarantined: int = Field(description="rows that could not be taken in, each with its reason")
    notes: list[str] = Field(description="what went in but deserves a word")
    error: str
    started_at: datetime
    finished_at: datetime | None


class ImportList(BaseModel):
    """Imports, the newest first."""

    items: list[ImportView]
    next_cursor: str | None = Field(description=_NEXT)


class BadRowView(BaseModel):
    """A row that could not be taken in. raw: as it came."""

    line: int
    field: str
    reason: str
    hint: str
    raw: str


class BadRowList(BaseModel):
    """Bad rows of one import, in the order of the file."""

    items: list[BadRowView]
    next_cursor: str | None = Field(description=_NEXT)


class KeyView(BaseModel):
    """An API key without its secret."""

    id: str
    kind: KeyKind
    name: str
    origins: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def of(cls, key: ApiKey) -> "KeyView":
        """The view of a key."""
        return cls.model_validate(key, from_attributes=True)


class KeyList(BaseModel):
    """API keys, the newest first."""

    items: list[KeyView]


class NewKey(BaseModel):
    """A key to make."""

    model_config = {"extra": "forbid"}

    kind: KeyKind
    name: str = Field(min_length=1, max_length=100, description="what it is for")
    origins: list[str] = Field(
        default=[],
        max_length=20,
        description="for a publishable key: the sites whose pages may use it, as https://shop.example",
    )
    expires_at: datetime | None = None


class MadeKey(KeyView):
    """A new key with its text, which is shown this once."""

    key: str


class Health(BaseModel):
    """Whether the program runs, and with `checks` whether what it needs does."""

    status: str
    checks: dict[str, str] = {}


class Version(BaseModel):
    """Which program answers."""

    name: str
    version: str
    api: str
