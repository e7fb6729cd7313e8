"""How large a structured answer may become where its type does not say so itself."""

from dataclasses import dataclass

LONGEST_TEXT = 2000  # characters; llama.cpp repeats nothing in a grammar more often
LARGEST_WHOLE = 10**18
LARGEST_NUMBER = 10**15  # a double still tells such numbers apart
MOST_DECIMALS = 12


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits for what a type leaves open. What a type says itself goes first, up to the limits above.

    text: characters of a string. items: of a list; lists within lists get half as many at each level. entries: of a
    dictionary, with keys of up to `key` characters. number: largest absolute value. decimals: digits after the point.
    depth: how often a type may occur within itself. shapes: parts of the whole type once it is unrolled.
    """

    text: int = 200
    items: int = 8
    entries: int = 8
    key: int = 40
    number: int = 999_999_999
    decimals: int = 4
    depth: int = 3
    shapes: int = 2000

    def __post_init__(self) -> None:
        ranges = {
            "text": 1 <= self.text <= LONGEST_TEXT,
            "items": 1 <= self.items <= 1000,
            "entries": 1 <= self.entries <= 1000,
            "key": 1 <= self.key <= LONGEST_TEXT,
            "number": 1 <= self.number <= LARGEST_NUMBER,
            "decimals": 0 <= self.decimals <= MOST_DECIMALS,
            "depth": 1 <= self.depth <= 8,
            "shapes": 1 <= self.shapes <= 100_000,
        }
        wrong = [name for name, right in ranges.items() if not right]
        if wrong:
            said = ", ".join(f"{name}={getattr(self, name)!r}" for name in wrong)
            raise ValueError(f"bounds out of range: {said}")
