"""Regular expressions small enough to be a grammar: parsed, given an end, matched in linear space.

Understood are literals, classes, `.`, \\d \\w \\s and their opposites, groups, alternatives and greedy repetition. An
expression without `^` and `$` is taken as if it had them: what matches as a whole also matches as a part. Everything
else (look-around, back references, lazy or possessive repetition, flags) raises ValueError with the place.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

Range = tuple[int, int]  # code points, both included

LAST = 0x10FFFF
# What a string of an answer may hold: no control characters except tab and line feed, no surrogates.
WRITABLE: tuple[Range, ...] = ((0x09, 0x0A), (0x20, 0x7E), (0xA0, 0xD7FF), (0xE000, LAST))
BLANK_FREE: tuple[Range, ...] = (
    (0x21, 0x7E), (0xA1, 0x167F), (0x1681, 0x1FFF), (0x200B, 0x2027), (0x202A, 0x202E), (0x2030, 0x205E),
    (0x2060, 0x2FFF), (0x3001, 0xD7FF), (0xE000, LAST),
)  # fmt: skip
# Narrower than Unicode has them, so that they hold by every engine's reading: \\d is 0 to 9, \\D has no digit of any script.
_SHORT: dict[str, tuple[Range, ...]] = {
    "d": ((0x30, 0x39),),
    "D": ((0x09, 0x0A), (0x20, 0x2F), (0x3A, 0x7E), (0xC0, 0x24F), (0x4E00, 0x9FFF)),
    "w": ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)),
    "W": ((0x09, 0x0A), (0x20, 0x2F), (0x3A, 0x40), (0x5B, 0x5E), (0x60, 0x60), (0x7B, 0x7E)),
    "s": ((0x09, 0x0A), (0x20, 0x20)),
    "S": BLANK_FREE,
}
LARGEST = 5_000  # parts after repetition is written out
_CONTROL = {"n": "\n", "t": "\t"}
_SPECIAL = set("\\^$.|?*+()[]{}")


@dataclass(frozen=True, slots=True)
class Letters:
    """Any one character of these ranges."""

    ranges: tuple[Range, ...]


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after the other."""

    parts: tuple["Pattern", ...]


@dataclass(frozen=True, slots=True)
class Alternatives:
    """Any one of these."""

    options: tuple["Pattern", ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """From `fewest` to `most` times; most None: no end yet."""

    part: "Pattern"
    fewest: int
    most: int | None


Pattern = Letters | Sequence | Alternatives | Repeat


def parse_pattern(expression: str, *, longest: int, most: int | None = None) -> Pattern:
    """The pattern with an end: nothing that matches it is longer than `longest` characters.

    Repetition is cut down, the same for all, to `most` times or as far as it needs. Raises ValueError if the expression is not understood,
    is too large, or matches nothing that short.
    """
    if len(expression) > 1000:
        raise ValueError(f"the pattern has {len(expression)} characters; 1,000 are the limit")
    pattern = plain(_Reader(expression).read())
    for limit in _steps(longest if most is None else most):
        cut = _cut(pattern, limit)
        if longest_match(cut) <= longest and letters_in(cut) <= LARGEST:
            return cut
    raise ValueError(f"pattern {expression!r}: no match fits into {longest} characters")


def plain(pattern: Pattern) -> Pattern:
    """The same pattern in which nothing is repeated that may be empty, and no repetition of another without need.

    llama.cpp does not come back from a repeated part that may be empty.
    """
    if isinstance(pattern, Letters):
        return pattern
    if isinstance(pattern, Sequence):
        return Sequence(tuple(map(plain, pattern.parts)))
    if isinstance(pattern, Alternatives):
        return _one_of(map(plain, pattern.options))
    part, fewest = plain(pattern.part), pattern.fewest
    if shortest_match(part) == 0:
        found = _never_empty(part)
        if found is None:
            return Sequence(())
        part, fewest = found, 0
    if isinstance(part, Repeat) and part.fewest <= 1:
        open_end = part.most is None or pattern.most is None
        most = None if open_end else (part.most or 0) * (pattern.most or 0)
        return Repeat(part.part, fewest * part.fewest, most)
    return Repeat(part, fewest, pattern.most)


def _never_empty(pattern: Pattern) -> Pattern | None:
    """The same pattern without the empty match; None if nothing is left. It is plain already."""
    if shortest_match(pattern) > 0:
        return pattern
    if isinstance(pattern, Repeat):
        return None if pattern.most == 0 else replace(pattern, fewest=1)
    if isinstance(pattern, Alternatives):
        options = [one for option in pattern.options if (one := _never_empty(option))]
        return _one_of(options) if options else None
    assert isinstance(pattern, Sequence)
    ways = [
        Sequence((one, *pattern.parts[number + 1 :]))
        for number, part in enumerate(pattern.parts)
        if (one := _never_empty(part))
    ]
    return _one_of(ways) if ways else None


def _one_of(options: Iterable[Pattern]) -> Pattern:
    """Each of these once."""
    found = tuple(dict.fromkeys(options))
    return found[0] if len(found) == 1 else Alternatives(found)


def longest_match(pattern: Pattern) -> int:
    """Characters of the longest text that matches."""
    return _measure(pattern, letters=lambda _: 1, of=max)


def shortest_match(pattern: Pattern) -> int:
    """Characters of the shortest text that matches."""
    return _measure(pattern, letters=lambda _: 1, of=min)


def longest_bytes(pattern: Pattern) -> int:
    """An upper limit of the bytes that a match takes in a JSON string."""

    def width(letters: Letters) -> int:
        last = letters.ranges[-1][1]
        return 2 if last < 0x800 else 3 if last < 0x10000 else 4  # 2: a backslash before it

    return _measure(pattern, letters=width, of=max)


def matches(pattern: Pattern, text: str) -> bool:
    """Whether the whole text matches, in time linear in text and pattern written out."""
    return len(text) in _ends(pattern, text, frozenset({0}))


def _ends(pattern: Pattern, text: str, starts: frozenset[int]) -> frozenset[int]:
    """Places where a match that begins at one of `starts` may end."""
    if isinstance(pattern, Letters):
        return frozenset(
            at + 1 for at in starts if at < len(text) and _holds(pattern.ranges, ord(text[at]))
        )
    if isinstance(pattern, Sequence):
        for part in pattern.parts:
            starts = _ends(part, text, starts)
        return starts
    if isinstance(pattern, Alternatives):
        return frozenset().union(*(_ends(option, text, starts) for option in pattern.options))
    found = starts if pattern.fewest == 0 else frozenset()
    for count in range(1, (pattern.most or 0) + 1):
        starts = _ends(pattern.part, text, starts)
        if not starts:
            break
        if count >= pattern.fewest:
            found |= starts
    return found


def _holds(ranges: Iterable[Range], code: int) -> bool:
    return any(first <= code <= last for first, last in ranges)


def _steps(longest: int) -> Iterable[int]:
    """Limits of repetition to try, from loose to tight."""
    limit = longest
    while limit > 0:
        yield limit
        limit = limit * 9 // 10 if limit > 10 else limit - 1
    yield 0


def _cut(pattern: Pattern, most: int) -> Pattern:
    if isinstance(pattern, Letters):
        return pattern
    if isinstance(pattern, Sequence):
        return Sequence(tuple(_cut(part, most) for part in pattern.parts))
    if isinstance(pattern, Alternatives):
        return Alternatives(tuple(_cut(option, most) for option in pattern.options))
    limit = most if pattern.most is None else min(pattern.most, most)
    return replace(pattern, part=_cut(pattern.part, most), most=max(pattern.fewest, limit))


def _measure(
    pattern: Pattern, *, letters: Callable[[Letters], int], of: Callable[[Iterable[int]], int]
) -> int:
    if isinstance(pattern, Letters):
        return letters(pattern)
    if isinstance(pattern, Sequence):
        return sum(_measure(part, letters=letters, of=of) for part in pattern.parts)
    if isinstance(pattern, Alternatives):
        return of(_measure(option, letters=letters, of=of) for option in pattern.options)
    times = pattern.fewest if of is min else pattern.most or 0
    return times * _measure(pattern.part, letters=letters, of=of)


def letters_in(pattern: Pattern) -> int:
    """Parts of the pattern once its repetition is written out."""
    if isinstance(pattern, Letters):
        return 1
    if isinstance(pattern, Repeat):
        return max(1, pattern.most or 0) * letters_in(pattern.part)
    return 1 + sum(
        map(letters_in, pattern.parts if isinstance(pattern, Sequence) else pattern.options)
    )


def _writable(ranges: Iterable[Range], *, negated: bool = False) -> tuple[Range, ...]:
    """These code points, or all others, as far as an answer may hold them; sorted, apart."""
    ordered: list[Range] = []
    for first, last in sorted(ranges):
        if ordered and first <= ordered[-1][1] + 1:
            ordered[-1] = (ordered[-1][0], max(last, ordered[-1][1]))
        else:
            ordered.append((first, last))
    if negated:
        edges = [-1, *(edge for pair in ordered for edge in pair), LAST + 1]
        ordered = [
            (edges[i] + 1, edges[i + 1] - 1)
            for i in range(0, len(edges), 2)
            if edges[i] + 1 <= edges[i + 1] - 1
        ]
    return _both(tuple(ordered), WRITABLE)


def _both(some: tuple[Range, ...], others: tuple[Range, ...]) -> tuple[Range, ...]:
    """Code points that are in both."""
    return tuple(
        (max(first, low), min(last, high))
        for first, last in some
        for low, high in others
        if max(first, low) <= min(last, high)
    )


class _Reader:
    """Reads an expression from left to right."""

    def __init__(self, expression: str) -> None:
        self._all = expression
        body = expression.removeprefix("^")
        if body.endswith("$") and (len(body) - len(body[:-1].rstrip("\\")) - 1) % 2 == 0:
            body = body[:-1]
        self._text = body
        self._at = 0
        self._deep = 0

    def read(self) -> Pattern:
        pattern = self._alternatives()
        if self._at < len(self._text):
            raise self._wrong("a bracket closes that none opened")
        return pattern

    def _alternatives(self) -> Pattern:
        self._deep += 1
        if self._deep > 20:
            raise self._wrong("groups are nested too deep")
        options = [self._sequence()]
        while self._next("|"):
            if self._deep == 1 and len(self._text) != len(self._all):
                raise self._wrong("| outside of a group beside ^ or $; write ^(…|…)$")
            options.append(self._sequence())
        self._deep -= 1
        return options[0] if len(options) == 1 else Alternatives(tuple(options))

    def _sequence(self) -> Pattern:
        parts = []
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            parts.append(self._repeated(self._part()))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _part(self) -> Pattern:
        character = self._take()
        if character == "(":
            if self._next("?") and not self._next(":"):
                raise self._wrong("only plain groups are understood")
            inner = self._alternatives()
            if not self._next(")"):
                raise self._wrong("a group is not closed")
            return inner
        if character == "[":
            return self._class()
        if character == ".":
            return Letters(_writable([(0x0A, 0x0A)], negated=True))
        if character == "\\":
            return Letters(self._some(self._escaped()))
        if character in _SPECIAL - {"]", "}"}:
            raise self._wrong(f"{character!r} is not understood here")
        return Letters(self._some([(ord(character), ord(character))]))

    def _class(self) -> Letters:
        negated = self._next("^")
        ranges: list[Range] = []
        without: list[tuple[Range, ...]] = []  # what \\d, \\w, \\s leave over in a negated class
        while not self._next("]"):
            if self._at >= len(self._text):
                raise self._wrong("a class is not closed")
            if (
                negated
                and (short := self._text[self._at + 1 : self._at + 2]).lower() in "dws"
                and self._next("\\")
            ):
                self._take()
                without.append(_SHORT[short.swapcase()])
                continue
            first = self._in_class()
            if len(first) == 1 and first[0][0] == first[0][1] and self._is_range():
                self._take()
                last = self._in_class()
                if len(last) != 1 or last[0][0] < first[0][0]:
                    raise self._wrong("a range of a class runs backwards")
                first = [(first[0][0], last[0][1])]
            ranges += first
        kept = _writable(ranges, negated=negated)
        for others in without:
            kept = _both(kept, others)
        if not kept:
            raise self._wrong("a class holds no character that an answer may have")
        return Letters(kept)

    def _is_range(self) -> bool:
        return self._text[self._at : self._at + 1] == "-" and self._text[
            self._at + 1 : self._at + 2
        ] not in ("]", "")

    def _in_class(self) -> list[Range]:
        character = self._take()
        if character == "\\":
            return self._escaped()
        if character == "[" or self._text[self._at - 1 : self._at + 1] in ("&&", "--", "~~"):
            raise self._wrong("classes within classes are not understood")
        return [(ord(character), ord(character))]

    def _escaped(self) -> list[Range]:
        letter = self._take()
        if letter in _SHORT:
            return list(_SHORT[letter])
        if letter.isalnum() and letter not in _CONTROL:
            raise self._wrong(f"\\{letter} is not understood")
        code = ord(_CONTROL.get(letter, letter))
        return [(code, code)]

    def _repeated(self, part: Pattern) -> Pattern:
        if self._next("*"):
            repeat = Repeat(part, 0, None)
        elif self._next("+"):
            repeat = Repeat(part, 1, None)
        elif self._next("?"):
            repeat = Repeat(part, 0, 1)
        elif self._text[self._at : self._at + 1] == "{":
            repeat = self._counted(part)
        else:
            return part
        if self._text[self._at : self._at + 1] in ("?", "+", "*", "{"):
            raise self._wrong("lazy, possessive or repeated repetition is not understood")
        return repeat

    def _counted(self, part: Pattern) -> Repeat:
        end = self._text.find("}", self._at)
        fewest, comma, most = self._text[self._at + 1 : end].partition(",")
        numbers = [n for n in (fewest, most) if n]
        if end < 0 or not fewest or not all(n.isascii() and n.isdigit() for n in numbers):
            raise self._wrong("a count is not {n}, {n,} or {n,m}")
        if any(len(n) > 4 for n in numbers):
            raise self._wrong("a count is above 9,999")
        self._at = end + 1
        last = int(most) if most else None if comma else int(fewest)
        if last is not None and last < int(fewest):
            raise self._wrong("a count runs backwards")
        return Repeat(part, int(fewest), last)

    def _some(self, ranges: Iterable[Range]) -> tuple[Range, ...]:
        kept = _writable(ranges)
        if not kept:
            raise self._wrong("an answer may not have this character")
        return kept

    def _take(self) -> str:
        if self._at >= len(self._text):
            raise self._wrong("it ends too early")
        self._at += 1
        return self._text[self._at - 1]

    def _next(self, character: str) -> bool:
        if self._text[self._at : self._at + 1] == character:
            self._at += 1
            return True
        return False

    def _wrong(self, why: str) -> ValueError:
        return ValueError(f"pattern {self._all[:80]!r}, after character {self._at}: {why}")
