"""Suggestions while typing: what others searched for, categories, brands, words of titles, and products.

All phrases lie sorted in one list, each once from its beginning and once from every later word (or Chinese
character), so that what has been typed is a prefix of a run of neighbours; the weightiest of the run are shown. Where
nothing begins with what was typed, prefixes one slip away are looked for.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

import numpy as np
import numpy.typing as npt

from shopkeeper.search.documents import PATH
from shopkeeper.shop.bulk import Connection
from shopkeeper.text.language import is_han
from shopkeeper.text.normalise import normalise

MAX_TYPED = 60
MAX_PHRASE = 60
MIN_FOR_SLIPS = 4  # typed characters; shorter ones are a slip away from everything
POPULAR_DAYS = 90
MAX_QUERIES = 20_000
_LAST = "\U0010ffff"
# With these at either end, two words are no name of a thing.
_JOINING = frozenset("a an and are as at be by for from in is it no of on or that the this to with".split())  # noqa: SIM905  # fmt: skip
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Kind(StrEnum):
    """What a suggestion leads to."""

    QUERY = "query"
    CATEGORY = "category"
    BRAND = "brand"
    PRODUCT = "product"


@dataclass(frozen=True, slots=True)
class Phrase:
    """Something to suggest. target: a category's path, a brand, a product's id; empty for a query."""

    text: str
    kind: Kind
    weight: float
    target: str = ""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One line below the search box. target as in `Phrase`."""

    text: str
    kind: Kind
    target: str = ""

    @property
    def path(self) -> tuple[str, ...]:
        """The target in parts: a category's path from the widest, a brand or product's id alone, nothing for a query."""
        if self.kind is Kind.CATEGORY:
            return tuple(self.target.split(PATH))
        return (self.target,) if self.target else ()


class Suggester:
    """A snapshot of phrases, ready to be asked."""

    def __init__(self, phrases: Iterable[Phrase] = ()) -> None:
        self._phrases: list[Phrase] = []
        entries: list[tuple[str, int, float]] = []
        seen: dict[tuple[str, Kind, str], None] = {}
        for phrase in phrases:
            text = normalise(phrase.text)[:MAX_PHRASE]
            key = (text, phrase.kind, phrase.target)
            if not text or key in seen:
                continue
            seen[key] = None
            number = len(self._phrases)
            self._phrases.append(phrase)
            for start in _starts(text):
                # what begins with the letters typed comes before what merely contains a word that does
                entries.append((text[start:], number, phrase.weight * (1.0 if start == 0 else 0.3)))
        entries.sort(key=lambda entry: entry[0])
        self._keys = [key for key, _, _ in entries]
        self._numbers: npt.NDArray[np.int32] = np.array([n for _, n, _ in entries], np.int32)
        self._weights: npt.NDArray[np.float32] = np.array([w for _, _, w in entries], np.float32)

    def __len__(self) -> int:
        return len(self._phrases)

    def suggest(self, typed: str, *, limit: int = 8, products: int = 3) -> list[Suggestion]:
        """What somebody who typed this may want, the likeliest first.

        products: how many of them at most; so many places are theirs, however likely the rest is.
        """
        text = normalise(typed[: MAX_TYPED * 4])[:MAX_TYPED]
        if not text or limit < 1:
            return []
        found = self._best(self._run(text), limit, products)
        if not found and len(text) >= MIN_FOR_SLIPS and text.isascii():
            runs = [run for slip in _slips(text) if len(run := self._run(slip))]
            if runs:
                found = self._best(np.concatenate(runs), limit, products)
        return found

    def _run(self, prefix: str) -> npt.NDArray[np.int64]:
        """Places of the entries that begin with a prefix."""
        return np.arange(
            bisect_left(self._keys, prefix), bisect_left(self._keys, prefix + _LAST), dtype=np.int64
        )

    def _best(self, run: npt.NDArray[np.int64], limit: int, products: int) -> list[Suggestion]:
        many = 40 * limit
        if len(run) > many:
            run = run[np.argpartition(-self._weights[run], many)[:many]]
        order = run[np.argsort(-self._weights[run], kind="stable")]
        found: list[Suggestion] = []
        said: set[tuple[str, Kind]] = set()
        left = {True: min(products, limit), False: limit}  # is it a product -> places
        for place in order:
            phrase = self._phrases[self._numbers[place]]
            is_product = phrase.kind is Kind.PRODUCT
            key = (normalise(phrase.text), phrase.kind)
            if not left[is_product] or key in said:
                continue
            said.add(key)
            left[is_product] -= 1
            found.append(Suggestion(phrase.text, phrase.kind, phrase.target))
            if not any(left.values()):
                break
        return _cut(found, limit)


def _cut(found: list[Suggestion], limit: int) -> list[Suggestion]:
    """So many of them: all products, and of the others the first."""
    others = [s for s in found if s.kind is not Kind.PRODUCT]
    too_many = others[max(0, limit - (len(found) - len(others))) :]
    return [s for s in found if s not in too_many]


def _starts(text: str) -> Iterator[int]:
    """Where typing may begin in a phrase: at its words, and at each Chinese character."""
    yield 0
    for place in range(1, len(text)):
        if text[place - 1] == " " or (is_han(text[place]) and place < 24):
            yield place


def _slips(text: str) -> Iterator[str]:
    """Texts one slip away: two letters swapped, one missing, one too many, one wrong; the first letter stays."""
    yield from (text[: i - 1] + text[i] + text[i - 1] + text[i + 1 :] for i in range(2, len(text)))
    yield from (text[:i] + text[i + 1 :] for i in range(1, len(text)))
    for i in range(1, len(text) + 1):
        for letter in _LETTERS:
            yield text[:i] + letter + text[i:]
            if i < len(text):
                yield text[:i] + letter + text[i + 1 :]


def phrases_of_titles(titles: Sequence[tuple[str, str, float]]) -> Iterator[Phrase]:
    """Phrases of products (id, title, weight): each title, and pairs of neighbouring words that several titles share."""
    pairs: Counter[str] = Counter()
    for product_id, title, weight in titles:
        yield Phrase(title, Kind.PRODUCT, weight, product_id)
        words = [
            w for w in normalise(title).split() if len(w) > 1 and w.isalpha() and not is_han(w[0])
        ]
        neighbours = zip(words, islice(words, 1, None), strict=False)
        pairs.update({f"{a} {b}" for a, b in neighbours if not {a, b} & _JOINING})
    for pair, count in pairs.items():
        if count >= 3:
            yield Phrase(pair, Kind.QUERY, 1.0 + float(np.log1p(count)))


def translated_titles(conn: Connection) -> list[tuple[str, str]]:
    """Ids of products that are shown, and what they are called in other languages."""
    rows = conn.execute(
        "select p.id, t.words ->> 'title' from products p, jsonb_each(p.translations) t (language, words) "
        "where p.status = 'active' and t.words ->> 'title' <> ''"
    ).fetchall()
    return [(product_id, title) for product_id, title in rows]


def popular_queries(conn: Connection) -> list[tuple[str, int, int]]:
    """What people searched for lately with a result: words, how often, how many clicked; the most frequent first."""
    rows = conn.execute(
        "select min(q.user_query), count(distinct q.id), count(distinct e.query_id) from queries q "
        "left join events e on e.query_id = q.id and e.action in ('click', 'add_to_cart', 'purchase') "
        "where q.at > (select max(at) from queries) - make_interval(days => %s) and q.hits <> '{}' "
        "and q.user_query <> '' and length(q.user_query) <= %s "
        "group by lower(q.user_query) order by 2 desc, 1 limit %s",
        [POPULAR_DAYS, MAX_PHRASE, MAX_QUERIES],
    ).fetchall()
    return [(query, asked, clicked) for query, asked, clicked in rows]


def phrases_of_queries(queries: Iterable[tuple[str, int, int]]) -> Iterator[Phrase]:
    """Phrases of popular queries. One that nobody ever clicked on after, or only one visitor asked, is left out."""
    for query, asked, clicked in queries:
        if asked >= 2 and clicked:
            yield Phrase(query, Kind.QUERY, 3.0 + 2.0 * float(np.log1p(asked)))
