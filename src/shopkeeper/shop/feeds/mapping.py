"""Which column holds which field: guessed from names and from sample values, shown, and open to correction.

A mapping is field -> column. A column may also be put together: `product_type + package_size` joins two with a blank
(a text that another of them holds is left out), `department > category` makes a path, `long | short` takes the first
that is not blank (`|` binds closest). Besides the fields of the kind there are `option:NAME` and `attribute:NAME` for
products, and two settings that are no columns: `decimal` (`,` or `.`) and `separator` (what divides a category path).
"""

import difflib
import re
import tomllib
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from shopkeeper.errors import FeedError
from shopkeeper.shop.feeds import values
from shopkeeper.shop.feeds.rows import RowError

SETTINGS = ("decimal", "separator")
OPTION, ATTRIBUTE = "option:", "attribute:"
PREFIXES = (OPTION, ATTRIBUTE)
SEPARATORS = (" > ", ">", " | ", "|", " › ", " » ", "»", "＞", " / ")


@cache
def _known() -> dict[str, Any]:
    text = files("shopkeeper.shop.feeds").joinpath("columns.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def fields(kind: str) -> tuple[str, ...]:
    """The fields that a mapping of this kind may name."""
    return tuple(_known()[kind])


def required(kind: str) -> tuple[str, ...]:
    """The fields without which a table is none of this kind."""
    return tuple(_known()["required"][kind])


def plain_name(name: str) -> str:
    """A column's name without case, signs and doubled blanks: "Selling_Price ($)" -> "selling price"."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return " ".join(re.sub(r"[\W_]+", " ", unicodedata.normalize("NFKC", name)).lower().split())


def guess_mapping(
    columns: Sequence[str], sample: Sequence[Mapping[str, str]], kind: str
) -> dict[str, str]:
    """Field -> column for a table of this kind, from names in English and Chinese, and from the first rows."""
    filled = {c for c in columns if any(row.get(c, "").strip() for row in sample)}
    free = dict.fromkeys(columns)
    found: dict[str, str] = {}
    names = _known()[kind]
    for exact in (True, False):
        for field, words in names.items():
            if field in found:
                continue
            column = _column_for(field, words, free, filled, sample, exact=exact)
            if column is not None:
                found[field] = column
                del free[column]
    if kind == "products":
        _guess_products(found, free, columns, sample)
    amounts = [found[f] for f in ("price", "total", "unit_price", "list_price") if f in found]
    texts = [row.get(c, "") for c in amounts for row in sample]
    if values.decimal_mark(texts) == ",":
        found["decimal"] = ","
    return found


def _column_for(
    field: str,
    words: Sequence[str],
    free: Mapping[str, None],
    filled: set[str],
    sample: Sequence[Mapping[str, str]],
    *,
    exact: bool,
) -> str | None:
    """The free column whose name comes first among the words; one with values goes before one without."""
    best: tuple[bool, int] | None = None
    chosen = None
    for column in free:
        name = plain_name(column)
        at = next((i for i, w in enumerate(words) if _named(name, w, exact=exact)), None)
        if at is None or not _plausible(field, column, sample):
            continue
        rank = (column not in filled, at)
        if best is None or rank < best:
            best, chosen = rank, column
    return chosen


def _named(name: str, word: str, *, exact: bool) -> bool:
    if exact or word[0] == "=":
        return exact and name == word.removeprefix("=")
    # A longer name that ends with the word (“customer email”), or holds it in whole words when it is no common one.
    return (len(word) > 3 and (name.endswith(" " + word) or name.startswith(word + " "))) or (
        not word.isascii() and len(word) > 1 and word in name
    )


_Check = Callable[[str], object]


def _checks() -> dict[str, _Check]:
    def a_price(text: str) -> object:
        return values.price("", text, "USD", "," if re.search(r"\d,\d{1,2}\Z", text) else ".")

    def short(text: str) -> object:
        if len(text) > 200:
            raise RowError("", "long")
        return text

    def link(text: str) -> object:
        if "/" not in text and "." not in text:
            raise RowError("", "no link")
        return text

    return {
        "price": a_price, "list_price": a_price, "total": a_price, "unit_price": a_price, "discount": a_price,
        "quantity": lambda t: values.quantity("", t), "availability": lambda t: values.availability("", t),
        "rating_count": lambda t: values.quantity("", t), "at": lambda t: values.when("", t),
        "placed_at": lambda t: values.when("", t), "id": short, "url": link, "images": link,
        "rating": lambda t: values.number("", t), "weight": lambda t: values.grams("", t),
        "position": lambda t: values.quantity("", t), "sku": short, "currency": lambda t: t.encode("ascii"),
        "created_at": lambda t: values.when("", t), "posted_at": lambda t: values.when("", t),
        "verified": lambda t: values.boolean("", t),
    }  # fmt: skip


def _plausible(field: str, column: str, sample: Sequence[Mapping[str, str]]) -> bool:
    """False if most sample values of the column cannot be this field."""
    check = _checks().get(field)
    texts = [t for row in sample[:300] if (t := row.get(column, "").strip())]
    if check is None or not texts:
        return True
    good = 0
    for text in texts:
        try:
            check(text[:2000])
            good += 1
        except (RowError, UnicodeError):
            continue
    return good * 2 >= len(texts)


def _guess_products(
    found: dict[str, str],
    free: dict[str, None],
    columns: Sequence[str],
    sample: Sequence[Mapping[str, str]],
) -> None:
    by_name = {plain_name(c): c for c in reversed(columns)}
    path = [by_name[w] for w in _known()["compose"]["category"]["parts"] if w in by_name]
    if len(path) > 1:
        found["category"] = " > ".join(path[:4])
        for column in path:
            free.pop(column, None)
    if "title" not in found:
        parts = []
        for choices in _known()["compose"]["title"]["parts"]:
            present = [by_name[w] for w in choices if w in by_name]
            if present:
                parts.append(" | ".join(present))
                for column in present:
                    free.pop(column, None)
        if parts:
            found["title"] = " + ".join(parts)
    if "description" in found:
        more = [c for w in ("short description", "summary") if (c := by_name.get(w)) in free]
        if more:
            found["description"] = " + ".join((found["description"], *more))  # both are searched
    if "gtin" not in found:
        _guess_gtin(found, free, sample)
    if "id" not in found:
        _guess_id(found, free, sample)
    _guess_price(found, sample)
    if "group" in found:
        for column in list(free):
            if plain_name(column) in _known()["options"]["names"]:
                found[OPTION + column] = column
    if "category" in found and " > " not in found["category"]:
        mark = separator([row.get(found["category"], "") for row in sample])
        if mark:
            found["separator"] = mark
    used = {c for f, e in found.items() if f not in SETTINGS for c in columns_of(e, columns)}
    for column in _worth_showing([c for c in free if c not in used], sample):
        found[ATTRIBUTE + column] = column


def _worth_showing(columns: Sequence[str], sample: Sequence[Mapping[str, str]]) -> list[str]:
    """The columns whose values are short and come again: what a shopper may filter by."""
    found = []
    for column in columns:
        texts = [t for row in sample if (t := row.get(column, "").strip())]
        distinct = set(texts)
        if (
            len(distinct) > 1
            and max(map(len, texts)) <= 80
            and sum(map(len, texts)) <= 40 * len(texts)
            and (len(texts) < 20 or len(distinct) * 2 <= len(texts))
            and not any("://" in t for t in texts[:50])
            and not re.search(
                r"(^|[ _.])(id|uuid|url|date|at|code)$|(Id|ID|At)$|^[Ii]s[ _A-Z]", column
            )
        ):
            found.append(column)
    return found


def _filled(column: str, sample: Sequence[Mapping[str, str]]) -> float:
    """In which part of the rows the column has a text, from 0 to 1."""
    return sum(1 for row in sample if row.get(column, "").strip()) / max(len(sample), 1)


def _guess_id(
    found: dict[str, str], free: Mapping[str, None], sample: Sequence[Mapping[str, str]]
) -> None:
    """A code that nearly every row has, else a column called a number or code that never repeats."""
    for field in ("sku", "handle", "gtin", "url"):
        if field in found and _filled(found[field], sample) > 0.95:
            found["id"] = found[field]
            return
    for column in free:
        texts = [row.get(column, "").strip() for row in sample]
        if (
            re.search(r"\b(id|no|nr|number|code|ref|reference|key)\Z", plain_name(column))
            and all(texts)
            and len(set(texts)) == len(texts) > 1
            and max(map(len, texts)) <= 100
        ):
            found["id"] = column
            return


def _guess_price(found: dict[str, str], sample: Sequence[Mapping[str, str]]) -> None:
    """Where only some rows have a sale price, the regular one counts for the others."""
    price, before = found.get("price"), found.get("list_price")
    if before is None:
        return
    if price is None:
        found["price"] = found.pop("list_price")
    elif _filled(price, sample) < _filled(before, sample):
        found["price"] = f"{price} | {before}"


def _guess_gtin(
    found: dict[str, str], free: Mapping[str, None], sample: Sequence[Mapping[str, str]]
) -> None:
    for column in free:
        texts = [t for row in sample if (t := row.get(column, "").strip())]
        if len(texts) >= 5 and sum(map(values.is_gtin, texts)) > 0.8 * len(texts):
            found["gtin"] = column
            return


def separator(texts: Sequence[str]) -> str:
    """What divides the category paths of a column, or empty."""
    for mark in SEPARATORS:
        if sum(mark in t for t in texts) * 10 > len([t for t in texts if t]):
            return mark
    return ""


def corrected(
    guess: Mapping[str, str], given: Mapping[str, str], columns: Sequence[str], kind: str
) -> dict[str, str]:
    """The guess with what a person says instead; a blank column takes a field away. Raises FeedError."""
    known = (*fields(kind), *SETTINGS)
    for field in given:
        if field not in known and not field.startswith(PREFIXES):
            near = difflib.get_close_matches(field, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"{kind} have: {', '.join(known)}"
            raise FeedError(f"no field is called {field!r}", hint=hint)
    taken = {c for field, c in given.items() if field not in SETTINGS}
    found = {f: c for f, c in guess.items() if c not in taken or f in SETTINGS} | dict(given)
    found = {f: c for f, c in found.items() if c}
    for field, expression in found.items():
        if field not in SETTINGS:
            for column in columns_of(expression, columns):
                if column not in columns:
                    near = difflib.get_close_matches(column, columns, n=1)
                    hint = (
                        f"did you mean {near[0]!r}?"
                        if near
                        else f"it has: {', '.join(columns[:40])}"
                    )
                    raise FeedError(f"the file has no column {column!r}", hint=hint)
    for field in required(kind):
        if field not in found:
            raise FeedError(
                f"no column looks like the {field} of {kind}",
                hint=f"name it: --map {field}=COLUMN; the file has: {', '.join(columns[:40])}",
            )
    return found


def columns_of(expression: str, columns: Sequence[str]) -> list[str]:
    """The columns that a mapping's expression names."""
    if expression in columns:
        return [expression]
    parts = re.split(r" [+>|] ", expression)
    return [p.strip() for p in parts]


Getter = Callable[[Mapping[str, str]], str]


def blank(cells: Mapping[str, str]) -> str:
    """The getter of a field that no column holds."""
    return ""


def getter(expression: str, columns: Sequence[str]) -> Getter:
    """A function from a row's cells to the text that the expression stands for."""
    if expression in columns:
        return lambda cells: cells.get(expression, "").strip()
    for operator, joint in ((" > ", " > "), (" + ", " ")):
        if operator in expression:
            parts = [getter(p.strip(), columns) for p in expression.split(operator)]
            return _joined(parts, joint)
    choices = [p.strip() for p in expression.split(" | ")]

    def first(cells: Mapping[str, str]) -> str:
        return next((t for c in choices if (t := cells.get(c, "").strip())), "")

    return first


def _joined(parts: Sequence[Getter], joint: str) -> Getter:
    def join(cells: Mapping[str, str]) -> str:
        texts = list(dict.fromkeys(t for part in parts if (t := part(cells))))
        if joint == " ":  # a text that another one holds already says nothing new
            texts = [t for t in texts if not any(t != other and t in other for other in texts)]
        return joint.join(texts)

    return join
