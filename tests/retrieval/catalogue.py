"""A small catalogue for tests, and vectors in which words of one concept lie together."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from shopkeeper.retrieval.meaning import Meanings, build
from shopkeeper.retrieval.words import Entry, WordIndex, key_of

Vectors = npt.NDArray[np.float32]
WEIGHTS = {"title": 3.0, "brand": 2.0, "description": 1.0}
CONCEPTS = (
    ("rucksack", "backpack", "daypack"), ("kettle", "boiler"), ("headphones", "earbuds", "headset"),
    ("shirt", "blouse"), ("boots", "wellies"), ("lamp", "light"), ("waterproof", "rain"), ("red",), ("blue",), ("usb",),
)  # fmt: skip
TITLES = {
    "r1": "Blue waterproof backpack 20 L", "r2": "Red backpack for school", "r3": "Hiking rucksack 40 L",
    "r4": "City daypack", "k1": "Electric kettle 1.7 L", "k2": "Stove kettle, red", "k3": "Tea boiler",
    "h1": "Wireless headphones WH-1000XM5", "h2": "Headphones WH-1000XM4", "h3": "Sport earbuds", "h4": "USB headset",
    "s1": "Linen shirt blue", "s2": "Red cotton shirt", "s3": "Silk blouse", "b1": "Rain boots", "b2": "Red wellies",
    "l1": "Desk lamp with USB charger", "l2": "Bedside light", "l3": "Hard disk 500 GB", "l4": "External hard disk 2 TB",
}  # fmt: skip


def embed(texts: Sequence[str]) -> Vectors:
    """(N, 24) unit vectors: concepts of the words, and a little of what is peculiar to the text."""
    rows = np.zeros((len(texts), 24), np.float32)
    for row, text in zip(rows, texts, strict=True):
        for place, concept in enumerate(CONCEPTS):
            row[place] = sum(word in text.lower() for word in concept)
        row[len(CONCEPTS) + sum(map(ord, text)) % 14] += 0.3
    unit: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def index(folder: Path, titles: dict[str, str] | None = None) -> WordIndex:
    """A word index of the titles."""
    words = WordIndex(folder, WEIGHTS)
    words.open_writer()
    words.write(Entry(i, {"title": title}) for i, title in (titles or TITLES).items())
    words.commit()
    return words


def meanings() -> Meanings:
    """The vectors of all titles."""
    keys = np.array([key_of(i) for i in TITLES], np.uint64)
    return build(keys, embed(list(TITLES.values())))


def ids(keys: npt.NDArray[np.uint64]) -> list[str]:
    """The ids behind keys."""
    id_of = {key_of(i): i for i in TITLES}
    return [id_of[int(key)] for key in keys]
