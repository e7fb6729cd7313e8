"""How alike two questions are: by what they ask for, in either language, and by meaning where an embedder is there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shopkeeper.models.embed import Embedder
from shopkeeper.support.answers.lexicon import lexicon
from shopkeeper.support.answers.reading import Reading, read

LIGHT = 0.3  # what a concept weighs that narrows a question little
SAME = 0.6  # questions that are so alike are taken for one
MEANT = {"minilm-l6": 0.8, "e5-small": 0.93}  # cosines from which an embedder takes two for one
KINDS = frozenset({"how_long", "how_much", "how_many", "when", "where"})


@dataclass(frozen=True, slots=True)
class Essence:
    """What a question asks for, without the words it is asked in. parts: what is named -> how much it narrows; kinds: of
    the answer that is wanted, such as how long."""

    parts: Mapping[str, float]
    kinds: frozenset[str]


def essence(text: str) -> Essence:
    """What a question asks for."""
    return essence_of(read(text.replace("-", " ")))


def essence_of(question: Reading) -> Essence:
    """What a question that is read asks for."""
    light = lexicon().light
    parts = {f"concept {c}": LIGHT if c in light else 1.0 for c in question.concepts}
    named = (*question.words, *question.goods, *question.figures)
    said = (f"said {s}" for s in question.said.tags | question.said.countries)
    return Essence(parts | dict.fromkeys((*named, *said), 1.0), question.asks & KINDS)


def likeness(one: Essence, other: Essence) -> float:
    """How much of what they name both name, from 0 to 1 (Dice's coefficient); 0 if another kind of answer is wanted."""
    every = sum(one.parts.values()) + sum(other.parts.values())
    if one.kinds != other.kinds or not every:
        return 0.0
    return 2 * sum(weight for part, weight in one.parts.items() if part in other.parts) / every


def groups(texts: Sequence[str], embedder: Embedder | None) -> list[list[int]]:
    """Places of texts that ask for the same, the largest group first; within a group and between equal ones, in order."""
    found: list[list[int]] = []
    near = _nearness(texts, embedder)
    for place in range(len(texts)):
        best = max(found, key=lambda group: max(near[place][o] for o in group), default=None)
        if best is not None and max(near[place][o] for o in best) >= 1:
            best.append(place)
        else:
            found.append([place])
    return sorted(found, key=len, reverse=True)


def _nearness(texts: Sequence[str], embedder: Embedder | None) -> list[list[float]]:
    """How near each text is to those before it; from 1 on they ask for the same."""
    read_as = [essence(text) for text in texts]
    near = [[likeness(one, other) / SAME for other in read_as[:n]] for n, one in enumerate(read_as)]
    if embedder is None or embedder.id not in MEANT:
        return near
    vectors = embedder.encode(list(texts), kind="query")
    cosines = vectors @ vectors.T / MEANT[embedder.id]  # (N, N)
    return [
        [max(n, float(cosines[row, column])) for column, n in enumerate(line)]
        for row, line in enumerate(near)
    ]
