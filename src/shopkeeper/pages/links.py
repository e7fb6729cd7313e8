"""A search page's address: what it asks for, and the addresses one step away from it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Self
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from shopkeeper.search import SearchRequest, Sort

PAGE_SIZE = 24
MAX_FILTERS = 40
MAX_TEXT = 500
MAX_PAGE = 400
SEARCH = "/search"


@dataclass(frozen=True, slots=True)
class SearchLinks:
    """What a search page shows. Whatever the address says that makes no sense is left out, never an error.

    path: where the page is: the storefront's, or the console's search tester. more: further names and values that the
    page wants to find in all its addresses.
    """

    query: str = ""
    filters: tuple[tuple[str, str], ...] = ()
    category: tuple[str, ...] = ()
    price_min: str = ""
    price_max: str = ""
    available_only: bool = False
    sort: Sort = Sort.RELEVANCE
    page: int = 1
    path: str = SEARCH
    more: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, params: QueryParams, *, path: str = SEARCH) -> Self:
        """The address as it came."""
        pairs = [f.partition(":") for f in params.getlist("f")[:MAX_FILTERS]]
        sort = params.get("sort", "")
        return cls(
            query=params.get("q", "").replace("\x00", " ")[:MAX_TEXT].strip(),
            filters=tuple(dict.fromkeys((n, v) for n, colon, v in pairs if colon and n and v)),
            category=tuple(params.getlist("category")[:12]),
            price_min=_amount(params.get("min", "")),
            price_max=_amount(params.get("max", "")),
            available_only=params.get("available") == "1",
            sort=Sort(sort) if sort in {s.value for s in Sort} else Sort.RELEVANCE,
            page=page_number(params.get("page", ""), MAX_PAGE),
            path=path,
        )

    @classmethod
    def of_url(cls, url: str) -> Self:
        """An address that one of these made."""
        path, _, query = url.partition("?")
        return cls.of(QueryParams(query), path=path)

    def request(self, language: str, *, explain: bool = False) -> SearchRequest:
        """What to ask the search."""
        values: dict[str, tuple[str, ...]] = {}
        for name, value in self.filters:
            values[name] = (*values.get(name, ()), value)
        return SearchRequest(
            self.query, values, self.category,
            Decimal(self.price_min) if self.price_min else None,
            Decimal(self.price_max) if self.price_max else None,
            self.available_only, self.sort, (self.page - 1) * PAGE_SIZE, PAGE_SIZE, language, explain=explain,
        )  # fmt: skip

    def fields(self, without: Sequence[str] = ()) -> list[tuple[str, str]]:
        """Names and values of the address, for a form's hidden fields."""
        pairs = [("q", self.query)] if self.query else []
        pairs += [("f", f"{name}:{value}") for name, value in self.filters]
        pairs += [("category", part) for part in self.category]
        pairs += [("min", self.price_min)] if self.price_min else []
        pairs += [("max", self.price_max)] if self.price_max else []
        pairs += [("available", "1")] if self.available_only else []
        pairs += [("sort", self.sort.value)] if self.sort is not Sort.RELEVANCE else []
        pairs += [("page", str(self.page))] if self.page > 1 else []
        pairs += self.more
        return [(name, value) for name, value in pairs if name not in without]

    @property
    def url(self) -> str:
        """The address."""
        pairs = self.fields()
        return f"{self.path}?{urlencode(pairs)}" if pairs else self.path

    def toggled(self, name: str, value: str) -> str:
        """With this filter added, or taken away if it is there."""
        pair = (name, value)
        kept = tuple(p for p in self.filters if p != pair)
        return replace(self, filters=kept if pair in self.filters else (*kept, pair), page=1).url

    def has(self, name: str, value: str) -> bool:
        """True if this filter is set."""
        return (name, value) in self.filters

    def into(self, category: str) -> str:
        """One level down in the categories."""
        return replace(self, category=(*self.category, category), page=1).url

    def up_to(self, levels: int) -> str:
        """At a category above."""
        return replace(self, category=self.category[:levels], page=1).url

    def available(self) -> str:
        """With or without what cannot be bought."""
        return replace(self, available_only=not self.available_only, page=1).url

    def without_price(self) -> str:
        """For any price."""
        return replace(self, price_min="", price_max="", page=1).url

    def without_words(self) -> str:
        """Everything that the filters let through."""
        return replace(self, query="", page=1).url

    def cleared(self) -> str:
        """Without filters: the words and the category alone."""
        plain = replace(
            type(self)(), query=self.query, category=self.category, sort=self.sort, path=self.path,
            more=self.more,
        )  # fmt: skip
        return plain.url

    def at_page(self, page: int) -> str:
        """Another page of the same."""
        return replace(self, page=page).url

    def numbered(self, pages: int) -> list[tuple[int, str]]:
        """Pages to go to: the first, the last and those around this one. Page 0 stands for a gap."""
        near = {1, pages, *range(max(1, self.page - 1), min(pages, self.page + 1) + 1)}
        found: list[tuple[int, str]] = []
        for page in sorted(near):
            if found and page - found[-1][0] > 1:
                found.append((0, ""))
            found.append((page, self.at_page(page)))
        return found


def page_number(text: str, most: int = 10**6) -> int:
    """The number of a page as an address names it; 1 for whatever is none."""
    digits = text.isascii() and text.isdigit() and len(text) <= 7
    return int(text) if digits and 1 <= int(text) <= most else 1


def _amount(text: str) -> str:
    try:
        amount = Decimal(text[:20].strip())
    except InvalidOperation:
        return ""
    return str(amount) if amount.is_finite() and 0 <= amount < Decimal("1e12") else ""
