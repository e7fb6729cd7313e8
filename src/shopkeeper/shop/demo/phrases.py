"""Phrases with alternatives: from a few hundred templates many thousand different sentences.

`[a|b]` is one of the two, brackets may nest; `<name>` is filled in by the caller.
"""

import random
import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_BEFORE_STOP = re.compile(r" ([.,!?;])")
_SLOT = re.compile(r"<(\w+)>")


@cache
def table(name: str) -> Mapping[str, Any]:
    """A file of phrases in `data/`."""
    text = files(__package__).joinpath(f"data/{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def expand(rng: random.Random, template: str, slots: Mapping[str, str]) -> str:
    """One reading of the template."""
    while found := _CHOICE.search(template):
        chosen = rng.choice(found.group(1).split("|"))
        template = template[: found.start()] + chosen + template[found.end() :]
    text = " ".join(_SLOT.sub(lambda m: slots[m.group(1)], template).split())
    return _BEFORE_STOP.sub(r"\1", text)


class Varied:
    """Chooses templates so that those read last come last again: within one topic nothing repeats early."""

    def __init__(self) -> None:
        self._used: Counter[tuple[str, str]] = Counter()

    def pick(self, rng: random.Random, topic: str, templates: Sequence[str]) -> str:
        """One of the templates least used for this topic (a product, say)."""
        fewest = min(self._used[topic, t] for t in templates)
        chosen = rng.choice([t for t in templates if self._used[topic, t] == fewest])
        self._used[topic, chosen] += 1
        return chosen
