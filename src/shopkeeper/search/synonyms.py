"""Words that mean the same to this shop: kept by the merchant, applied to a query as further wordings of it.

Beside them `everyday.txt` says what shoppers anywhere call things. It counts only for words that nothing in the shop
is named by and that the merchant has said nothing about, and only brings what something is named by.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from shopkeeper.errors import NotFound
from shopkeeper.shop.bulk import Connection
from shopkeeper.text.language import is_han
from shopkeeper.text.normalise import normalise

MAX_TERMS = 50
MAX_LENGTH = 100
MAX_WORDINGS = 4  # further wordings of one query; each costs a search by words


@dataclass(frozen=True, slots=True)
class Synonym:
    """Terms that mean the same. one_way: the first is also looked for as the others, not the other way round."""

    terms: tuple[str, ...]
    one_way: bool = False

    def __post_init__(self) -> None:
        normal = {normalise(term) for term in self.terms}
        if len(normal - {""}) < 2 or "" in normal:
            raise ValueError("synonyms are at least two different terms, none of them blank")
        if len(self.terms) > MAX_TERMS or any(len(term) > MAX_LENGTH for term in self.terms):
            raise ValueError(f"at most {MAX_TERMS} terms of at most {MAX_LENGTH} characters")


class Thesaurus:
    """All synonyms of a shop, ready to be applied."""

    def __init__(self, synonyms: Iterable[Synonym] = ()) -> None:
        self._others: dict[str, list[str]] = {}
        for synonym in synonyms:
            terms = list(dict.fromkeys(normalise(term) for term in synonym.terms))
            for term in terms[:1] if synonym.one_way else terms:
                known = self._others.setdefault(term, [])
                known += [other for other in terms if other != term and other not in known]
        self._longest = max((len(term.split()) for term in self._others), default=0)  # words
        chinese = [len(term) for term in self._others if is_han(term[0])]
        self._longest_run = max(chinese, default=0)  # characters

    def terms(self, query: str) -> tuple[str, ...]:
        """The terms that a query has. The longest at a place counts: not «jacket» where «rain jacket» is known."""
        return tuple(term for _, _, term in self._places(normalise(query)))

    def wordings(
        self, query: str, *, is_named: Callable[[str], bool] | None = None
    ) -> tuple[str, ...]:
        """Further wordings of a query, in which one term is replaced by another; the query itself is left out.

        is_named: whether the shop has something of that name. Then only terms without one are replaced, and only by
        terms with one.
        """
        asked = normalise(query)
        found: dict[str, None] = {}
        for start, end, term in self._places(asked):
            if is_named is not None and (is_named(term) or _is_torn(asked, start, end, is_named)):
                continue
            for other in self._others[term]:
                if is_named is None or is_named(other):
                    found[normalise(asked[:start] + other + asked[end:])] = None
        found.pop(asked, None)
        return tuple(found)[:MAX_WORDINGS]

    def _places(self, asked: str) -> list[tuple[int, int, str]]:
        """Where known terms stand in a query, none within another."""
        places: list[tuple[int, int, str]] = []
        at = 0
        while self._others and at < len(asked):
            term = self._longest_at(asked, at)
            if term:
                places.append((at, at + len(term), term))
                at += len(term)
            elif is_han(asked[at]):
                at += 1
            else:
                at = _behind_word(asked, at)
        return places

    def _longest_at(self, asked: str, at: int) -> str:
        ends = []
        end = at
        for _ in range(self._longest):
            end = _behind_word(asked, end)
            ends.append(len(asked[:end].rstrip()))
        candidates = [asked[at:end] for end in reversed(ends)]
        if is_han(asked[at]):
            candidates = [asked[at : at + n] for n in range(self._longest_run, 0, -1)]
        return next((c for c in candidates if c in self._others), "")


def _is_torn(asked: str, start: int, end: int, is_named: Callable[[str], bool]) -> bool:
    """True if a Chinese term at this place would tear apart a word that the shop knows: 充电头 in 充电头灯."""
    edges = (asked[at - 1 : at + 1] for at in (start, end) if 0 < at < len(asked))
    return any(all(map(is_han, edge)) and is_named(edge) for edge in edges)


def _behind_word(text: str, at: int) -> int:
    """Where the next word begins."""
    space = text.find(" ", at)
    return len(text) if space < 0 else space + 1


@cache
def everyday() -> Thesaurus:
    """What shoppers anywhere call things."""
    text = files(__package__).joinpath("everyday.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return Thesaurus(synonym for line in lines for synonym in _each_way(line))


def _each_way(line: str) -> Iterator[Synonym]:
    """What each term of a line, and its plural if it is English, is also looked for as."""
    left, arrow, right = line.partition("=>")
    asked = [term.strip() for term in left.split(",")]
    for term in asked:
        others = [t.strip() for t in right.split(",")] if arrow else [t for t in asked if t != term]
        for form in {term, _plural(term)} if term.isascii() else {term}:
            yield Synonym((form, *others), one_way=True)


def _plural(term: str) -> str:
    if term.endswith(("s", "x", "ch", "sh")):
        return term + "es"
    return term[:-1] + "ies" if term.endswith("y") and term[-2] not in "aeou" else term + "s"


def save(conn: Connection, synonym: Synonym, *, synonym_id: int | None = None) -> int:
    """Write new synonyms, or others in the place of old ones. Returns their id. Raises NotFound."""
    values = [list(synonym.terms), synonym.one_way]
    if synonym_id is None:
        row = conn.execute(
            "insert into synonyms (terms, one_way) values (%s, %s) returning id", values
        ).fetchone()
    else:
        row = conn.execute(
            "update synonyms set terms = %s, one_way = %s, updated_at = now() "
            "where id = %s and removed_at is null returning id",
            [*values, synonym_id],
        ).fetchone()
    if row is None:
        raise _unknown(synonym_id)
    return int(row[0])


def listing(conn: Connection) -> list[tuple[int, Synonym]]:
    """All synonyms with their ids, in the order they were made."""
    rows = conn.execute(
        "select id, terms, one_way from synonyms where removed_at is null order by id"
    ).fetchall()
    return [(id_, Synonym(tuple(terms), one_way)) for id_, terms, one_way in rows]


def delete(conn: Connection, synonym_id: int) -> None:
    """Take synonyms away; `restore` puts them back. Raises NotFound."""
    gone = conn.execute(
        "update synonyms set removed_at = now() where id = %s and removed_at is null", [synonym_id]
    )
    if not gone.rowcount:
        raise _unknown(synonym_id)


def restore(conn: Connection, synonym_id: int) -> None:
    """Put synonyms back that were taken away. Raises NotFound if there never were any."""
    changed = conn.execute("update synonyms set removed_at = null where id = %s", [synonym_id])
    if not changed.rowcount:
        raise _unknown(synonym_id)


def removed(conn: Connection, limit: int = 20) -> list[tuple[int, Synonym]]:
    """Synonyms that were taken away, with their ids, the latest first."""
    rows = conn.execute(
        "select id, terms, one_way from synonyms where removed_at is not null "
        "order by removed_at desc, id limit %s",
        [limit],
    ).fetchall()
    return [(id_, Synonym(tuple(terms), one_way)) for id_, terms, one_way in rows]


def parse_line(line: str) -> Synonym:
    """Synonyms as people write them: `sofa, couch` means both ways, `phone => iphone, pixel` one way. ValueError."""
    left, arrow, right = line.partition("=>")
    parts: Sequence[str] = (
        [left, *right.replace("，", ",").split(",")]
        if arrow
        else left.replace("，", ",").split(",")
    )
    return Synonym(tuple(part.strip() for part in parts if part.strip()), bool(arrow))


def line_of(synonym: Synonym) -> str:
    """Synonyms as people write them."""
    if synonym.one_way:
        return f"{synonym.terms[0]} => {', '.join(synonym.terms[1:])}"
    return ", ".join(synonym.terms)


def _unknown(synonym_id: int | None) -> NotFound:
    return NotFound(f"no synonyms have the id {synonym_id}", hint="list the synonyms first")
