"""Patterns as machines that know at each character where they are.

llama.cpp follows all ways in which a text may match a grammar at once, and in `(\\S+ ?)+` they double with each character:
the engine hangs. So a pattern that leaves such choices is written down as the machine that makes none (the subset
construction). Where that is too large, as for `\\S+@\\S+`, the pattern stays as it is if the ways are few, else it is refused.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from shopkeeper.models.structured.patterns import (
    Alternatives,
    Letters,
    Pattern,
    Range,
    Repeat,
    Sequence,
    letters_in,
    parse_pattern,
)

MOST_STATES = 1500
MOST_STEPS = 50_000
FEW, FEW_REPEATED = 250, 3  # parts of a pattern that may leave choices


class _TooLarge(Exception):
    """There are more states than a grammar should have rules."""


@dataclass(frozen=True, slots=True)
class State:
    """Whether a match may end here, and what may follow: ranges that do not overlap, and the state that they lead to."""

    ends: bool
    next: tuple[tuple[tuple[Range, ...], int], ...]


@dataclass(frozen=True, slots=True)
class Machine:
    """The states, the first being the start. chooses: the pattern as it is written leaves a choice somewhere."""

    states: tuple[State, ...]
    chooses: bool

    def backwards(self) -> Iterator[int]:
        """The states, each after all those that it leads to. There are no loops: every match has an end."""
        seen: set[int] = set()
        stack = [(0, False)]
        while stack:
            state, left = stack.pop()
            if left:
                yield state
            elif state not in seen:
                seen.add(state)
                stack.append((state, True))
                stack += [(target, False) for _, target in self.states[state].next]


def bounded_pattern(expression: str, *, longest: int) -> Pattern:
    """`parse_pattern`, with repetition cut shorter still if it would leave too many ways to match. Raises ValueError."""
    for most in (longest, longest // 3, longest // 9):
        pattern = parse_pattern(expression, longest=longest, most=most)
        if machine_of(pattern) is not None or _few_ways(pattern):
            return pattern
    raise ValueError(f"pattern {expression[:80]!r} leaves too many choices open; write it plainer")


def _few_ways(pattern: Pattern) -> bool:
    """Whether a text matches in few ways at most: single characters alone are repeated, in few places."""
    repeated = list(_repeated(pattern))
    apart = all(isinstance(part, Letters) for part in repeated)
    return apart and len(repeated) <= FEW_REPEATED and letters_in(pattern) <= FEW


def _repeated(pattern: Pattern) -> Iterator[Pattern]:
    """What is repeated in a pattern."""
    if isinstance(pattern, Repeat):
        if pattern.most != 1:
            yield pattern.part
        yield from _repeated(pattern.part)
    elif not isinstance(pattern, Letters):
        parts = pattern.parts if isinstance(pattern, Sequence) else pattern.options
        for part in parts:
            yield from _repeated(part)


@lru_cache(maxsize=256)
def machine_of(pattern: Pattern) -> Machine | None:
    """The machine of a pattern with an end; None if it is too large."""
    try:
        return _machine(_Wired(pattern))
    except _TooLarge:
        return None


def _machine(wired: "_Wired") -> Machine:
    numbers = {wired.reach([wired.start]): 0}
    waiting, states, chooses = list(numbers), list[State](), False
    for here in waiting:  # grows as it goes
        parts = [wired.letters[place] for place in here if place in wired.letters]
        pieces = _pieces(parts)
        chooses |= any(len(targets) > 1 for _, targets in pieces)
        following: dict[int, list[Range]] = {}
        for piece, targets in pieces:
            there = wired.reach(targets)
            if there not in numbers:
                numbers[there] = len(numbers)
                waiting.append(there)
            following.setdefault(numbers[there], []).append(piece)
        if len(numbers) > MOST_STATES:
            raise _TooLarge
        into = tuple((tuple(ranges), state) for state, ranges in following.items())
        states.append(State(wired.end in here, into))
    return Machine(tuple(states), chooses)


class _Wired:
    """A pattern as places: some lead on by a character, some without (Thompson 1968)."""

    def __init__(self, pattern: Pattern) -> None:
        self.letters: dict[int, tuple[tuple[Range, ...], int]] = {}
        self._free: list[list[int]] = [[]]
        self._steps = 0
        self.start = 0
        self.end = self._wire(pattern, 0)

    def reach(self, places: Iterable[int]) -> frozenset[int]:
        """The places to which these lead without a character, themselves included."""
        found, waiting = set(places), list(places)
        while waiting:
            self._count()
            for place in self._free[waiting.pop()]:
                if place not in found:
                    found.add(place)
                    waiting.append(place)
        return frozenset(found)

    def _wire(self, pattern: Pattern, start: int) -> int:
        """Adds a pattern after `start` and gives the place where it ends."""
        self._count()
        if isinstance(pattern, Letters):
            end = self._place()
            self.letters[start] = (pattern.ranges, end)
            return end
        if isinstance(pattern, Sequence):
            for part in pattern.parts:
                start = self._wire(part, self._after(start))
            return start
        end = self._place()
        if isinstance(pattern, Alternatives):
            for option in pattern.options:
                self._free[self._wire(option, self._after(start))].append(end)
            return end
        for count in range(pattern.most or 0):
            if count >= pattern.fewest:
                self._free[start].append(end)
            start = self._wire(pattern.part, self._after(start))
        self._free[start].append(end)
        return end

    def _place(self) -> int:
        self._free.append([])
        return len(self._free) - 1

    def _after(self, start: int) -> int:
        """A new place to which `start` leads."""
        place = self._place()
        self._free[start].append(place)
        return place

    def _count(self) -> None:
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise _TooLarge


def _pieces(parts: list[tuple[tuple[Range, ...], int]]) -> list[tuple[Range, list[int]]]:
    """The ranges cut so that none overlap, each with all the places to which its characters lead."""
    if len(parts) == 1:
        ranges, target = parts[0]
        return [(one, [target]) for one in ranges]
    edges = sorted({
        edge for ranges, _ in parts for low, high in ranges for edge in (low, high + 1)
    })  # fmt: skip
    found = []
    for low, after in pairwise(edges):
        into = [t for ranges, t in parts if any(a <= low <= b for a, b in ranges)]
        if into:
            found.append(((low, after - 1), into))
    return found
