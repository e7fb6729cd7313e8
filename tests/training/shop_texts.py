"""A small text with grammar, and questions about it: what can be learnt from a few hundred sentences."""

import random
from collections.abc import Iterator
from pathlib import Path

COLOURS = ("blue", "green", "white", "grey", "red")
THINGS = {"shirt": "cotton", "bottle": "glass", "lamp": "steel", "rug": "wool", "bowl": "oak"}


def sentences(count: int, *, seed: int = 0) -> list[str]:
    """Each thing is of one stuff, and said in one of three ways."""
    chosen = random.Random(seed)
    found = []
    for _ in range(count):
        thing, colour = chosen.choice(list(THINGS)), chosen.choice(COLOURS)
        price = chosen.randrange(10, 100)
        said = (
            f"The {colour} {thing} is made of {THINGS[thing]} and costs {price} crowns.",
            f"For {price} crowns you get a {colour} {thing} made of {THINGS[thing]}.",
            f"Our {thing} comes in {colour}; it is made of {THINGS[thing]} by hand.",
        )
        found.append(" ".join(chosen.sample(said, 2)))
    return found


def write_text(path: Path, count: int = 1500) -> Path:
    """As a file whose documents are apart by blank lines."""
    path.write_text("\n\n".join(sentences(count)) + "\n", encoding="utf-8")
    return path


def questions() -> Iterator[tuple[str, str]]:
    """What each thing is made of, asked of each colour and of many prices, with the answer."""
    for thing, stuff in THINGS.items():
        for colour in COLOURS:
            for price in range(10, 50, 5):
                yield f"The {colour} {thing} for {price} crowns is made of", stuff
