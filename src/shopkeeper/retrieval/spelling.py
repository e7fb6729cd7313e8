"""Typing errors: what a query's words were probably meant to be, from the words the catalogue has.

Four mistakes are mended: a word nobody wrote in a product that is a few letters off one that somebody did
(`refrigirator`), a word written apart that the shop writes together (`back pack`), one written together that the
shop writes apart (`videogames`, also when a letter was lost: `hardisk`), and Chinese that sounds right (`sounds.py`).
Words with digits are sizes and model numbers and are left alone. What is found does not replace the word, it stands beside it as a wording
of less weight; only a word that no document has is gone for the reader («did you mean»).

Letters: `V` words of the vocabulary, `L` longest word.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

import numpy as np
import numpy.typing as npt

from shopkeeper.retrieval.sounds import Sounds
from shopkeeper.retrieval.words import Wording, Wordings
from shopkeeper.text import normalise, query_tokens
from shopkeeper.text.language import is_han

Ints = npt.NDArray[np.int32]

SHORTEST = 4  # letters of a word that is mended; shorter ones are near too many others
TWO_ERRORS_FROM = (
    8  # letters from which two errors are believed; from six on if the first letter is right
)
LONGEST = 24
PART = 3  # letters of the shortest part of a compound
TRIED = 6  # candidates that are held against the rest of the query
RARE = 3  # a word in at most so many documents may be an error that the shop made too
TIMES_MORE = 10  # how much more frequent the word must be that such a one is mended to
WEIGHT = {0: 0.9, 1: 0.8, 2: 0.6}  # of a wording, by how many letters it is off
RARE_WEIGHT = 0.5  # of one beside a word that the shop has
HEAD_WEIGHT = 0.4  # of the last character of a Chinese word alone


class Counts(Protocol):
    """What the index knows about frequencies."""

    def count(self, words: Sequence[str]) -> int:
        """Documents with these words one behind the other in their title; one word: anywhere."""

    def count_all(self, words: Sequence[str]) -> int:
        """Documents with all of these words."""


@dataclass(frozen=True, slots=True)
class Near:
    """A word of the vocabulary and how many errors it is away."""

    word: str
    errors: int
    count: int


@dataclass(frozen=True, slots=True)
class Mended:
    """What a query may have been meant to say.

    wordings: other ways to write some of its words. text: the query with the words that nobody wrote replaced, None
    if there are none or nothing is near.
    """

    wordings: Wordings = field(default_factory=dict)
    text: str | None = None


class Vocabulary:
    """The words a catalogue has, ready to be looked up with errors."""

    def __init__(self, words: Iterable[tuple[str, int]]) -> None:
        words = list(words)
        self.sounds = Sounds(words)
        self._count = {
            word: count
            for word, count in words
            if len(word) <= LONGEST and word.isalpha() and not is_han(word[0])
        }
        self._words = np.array(list(self._count), dtype=np.str_)
        self._letters = _letters(self._words)  # (V, L)
        self._length = np.count_nonzero(self._letters, axis=1)  # (V,)
        self._mask = _mask(self._letters)  # (V,)
        self._pairs = _mask(_pairs(self._letters))  # (V,)

    def __len__(self) -> int:
        return len(self._count)

    def count(self, word: str) -> int:
        """How many documents have it."""
        return self._count.get(word, 0)

    def near(self, word: str, errors: int) -> list[Near]:
        """Words at most `errors` letters away, one that is added, lost, wrong or swapped with its neighbour counting
        one; the nearest first, then the most frequent. Without the word itself."""
        if not self._count or errors < 1:
            return []
        letters = _letters(np.array([word], dtype=np.str_))
        possible = np.flatnonzero(np.abs(self._length - len(word)) <= errors)
        apart = np.bitwise_count(self._mask[possible] ^ _mask(letters)[0])
        possible = possible[apart <= 2 * errors]
        apart = np.bitwise_count(self._pairs[possible] ^ _mask(_pairs(letters))[0])
        possible = possible[apart <= 6 * errors]
        away = edit_distances(letters[0], self._letters[possible], errors)
        found = [
            Near(str(self._words[i]), int(d), self._count[str(self._words[i])])
            for i, d in zip(possible[away <= errors], away[away <= errors], strict=True)
            if d > 0
        ]
        return sorted(found, key=lambda near: (near.errors, -near.count, near.word))


def edit_distances(word: Ints, others: Ints, most: int) -> Ints:
    """Optimal string alignment distance of a word to each of others (V, L), 0 behind their ends; `most` + 1 for all
    that are further away than `most`, of which only the diagonal band that can stay below it is looked at."""
    far = np.full(len(others), most + 1, np.int32)
    lengths = np.count_nonzero(others, axis=1)
    columns = np.ascontiguousarray(others.T)  # (L, V)
    before: dict[int, Ints] = {}
    row = {j: np.minimum(far, j) for j in range(min(most, len(columns)) + 1)}
    for i, letter in enumerate(word, 1):
        previous, row = row, {}
        for j in range(max(0, i - most), min(len(columns), i + most) + 1):
            if j == 0:
                row[0] = np.minimum(far, i)
                continue
            same = columns[j - 1] == letter
            best = previous.get(j - 1, far) + ~same
            best = np.minimum(best, np.minimum(previous.get(j, far), row.get(j - 1, far)) + 1)
            if i > 1 and j > 1:
                swapped = (columns[j - 2] == letter) & (columns[j - 1] == word[i - 2])
                best[swapped] = np.minimum(best, before.get(j - 2, far) + 1)[swapped]
            row[j] = np.minimum(best, far)
        before = previous
    found = far.copy()
    for j, distances in row.items():
        found[lengths == j] = distances[lengths == j]
    return found


def mend(
    query: str, vocabulary: Vocabulary, index: Counts, *, right: Collection[str] = ()
) -> Mended:
    """What the query may have been meant to say. Costs nothing where every word is frequent. right: words that are
    no errors, whether a document has them or not."""
    tokens = list(dict.fromkeys(query_tokens(query)))
    heads = _last_pairs(query_tokens(query))
    wordings: dict[str, list[Wording]] = {}
    replaced: dict[str, str] = {}
    for pair_of in pairwise(tokens):
        if all(_is_word(token, PART - 1) for token in pair_of):
            joined = "".join(pair_of)
            if vocabulary.count(joined):
                for token in pair_of:
                    wordings.setdefault(token, []).append(Wording((joined,), WEIGHT[0]))
    for token in tokens:
        pair = len(token) == 2 and is_han(token[0])
        if token in wordings or token in right or not (pair or _is_word(token, SHORTEST)):
            continue
        known = index.count((token,))
        if known > (0 if pair else RARE):
            continue
        rest = [t for t in tokens if t != token and index.count((t,))]
        if pair:
            found = _alike(token, vocabulary, index, rest)
        else:
            found = _apart(token, vocabulary, index)
            found += _candidates(token, known, vocabulary, index, rest)
            if not found and not known:
                found = _spelled(token, vocabulary, index)
        if not found and pair and token in heads and index.count((token[1],)):
            wordings[token] = [Wording((token[1],), HEAD_WEIGHT)]
        if not found:
            continue
        best = max(found, key=lambda scored: scored[0])[1]
        if known:
            best = Wording(best.words, min(best.weight, RARE_WEIGHT))
        else:
            replaced[token] = _text_of(best.words)
        wordings[token] = [best]
    return Mended(wordings, _reworded(query, replaced) if replaced else None)


def _last_pairs(tokens: Sequence[str]) -> set[str]:
    """Chinese pairs that end a run. What a Chinese word is comes last: 羊毛袜 are socks, whatever they are made of."""
    inside = {a for a, b in pairwise(tokens) if b.startswith(a[-1])}
    return {token for token in tokens if len(token) == 2} - inside


def _reworded(query: str, replaced: Mapping[str, str]) -> str:
    """The query with words replaced. Chinese pairs overlap, so that there they are replaced where they stand."""
    if not any(is_han(token[0]) for token in query_tokens(query)):
        return " ".join(replaced.get(t, t) for t in query_tokens(query))
    text = normalise(query)
    for token, meant in replaced.items():
        text = text.replace(token, meant)
    return text


def _text_of(words: Sequence[str]) -> str:
    """Words as they are written: with spaces, and Chinese pairs that overlap as one run."""
    if is_han(words[0][0]):
        return words[0][0] + "".join(word[1] for word in words)
    return " ".join(words)


def _alike(
    pair: str, vocabulary: Vocabulary, index: Counts, rest: Sequence[str]
) -> list[tuple[float, Wording]]:
    """(how likely, wording) of Chinese pairs that sound like one."""
    return [
        (_likely(Near(w, 1, n), pair, index.count_all([*rest, w]) if rest else 0), Wording((w,), WEIGHT[1]))
        for w, n in vocabulary.sounds.alike(pair)[:TRIED]
    ]  # fmt: skip


def _spelled(letters: str, vocabulary: Vocabulary, index: Counts) -> list[tuple[float, Wording]]:
    """(how likely, wording) of the Chinese word that letters spell."""
    words = vocabulary.sounds.spelled(letters)
    return [(0.0, Wording(words, WEIGHT[0]))] if words and index.count(words) else []


def _candidates(
    token: str, known: int, vocabulary: Vocabulary, index: Counts, rest: Sequence[str]
) -> list[tuple[float, Wording]]:
    """(how likely, wording) of single words near a word."""
    least = max(1, TIMES_MORE * known)
    near = [n for n in vocabulary.near(token, 1) if n.count >= least]
    if not near and not known and len(token) >= TWO_ERRORS_FROM - 2:
        near = [n for n in vocabulary.near(token, 2) if n.count >= least]
        near = [n for n in near if _two_errors_believed(token, n.word)]
    near.sort(key=lambda n: -_likely(n, token, 0))
    return [
        (_likely(n, token, index.count_all([*rest, n.word]) if rest else 0), Wording((n.word,), WEIGHT[n.errors]))
        for n in near[:TRIED]
    ]  # fmt: skip


def _two_errors_believed(token: str, word: str) -> bool:
    return len(token) >= TWO_ERRORS_FROM or token[0] == word[0]


def _likely(near: Near, token: str, together: int) -> float:
    """Log-odds in all but name: an error costs what being 16 times rarer does; first letters are seldom wrong."""
    first = 0.0 if near.word[0] == token[0] else -2.0
    return math.log2(1 + near.count) - 4 * near.errors + first + 2 * math.log2(1 + together)


def _apart(token: str, vocabulary: Vocabulary, index: Counts) -> list[tuple[float, Wording]]:
    """(how likely, wording) of two words that a word may be written together from, one letter shared or not."""
    found = []
    for at in range(PART, len(token) - PART + 1):
        for shared in (0, 1):
            left, right = token[:at], token[at - shared :]
            if not (vocabulary.count(left) and vocabulary.count(right)):
                continue
            neighbours = index.count((left, right))
            if neighbours:
                likely = 3 * math.log2(1 + neighbours) - 4 * shared
                found.append((likely, Wording((left, right), WEIGHT[shared])))
    return found


def _is_word(token: str, shortest: int) -> bool:
    return shortest <= len(token) <= LONGEST and token.isalpha() and not is_han(token[0])


def _letters(words: npt.NDArray[np.str_]) -> Ints:
    """(V, L) code points, 0 behind the end."""
    if not len(words):
        return np.zeros((0, 1), np.int32)
    width = max(1, words.dtype.itemsize // 4)
    return np.ascontiguousarray(words).view(np.int32).reshape(len(words), width)


def _pairs(letters: Ints) -> Ints:
    """(V, L) a number for each letter and the one before it, 0 behind the end."""
    pairs = letters.copy()
    pairs[:, 1:] += 31 * letters[:, :-1]
    pairs[letters == 0] = 0
    return pairs


def _mask(numbers: Ints) -> npt.NDArray[np.uint64]:
    """(V,) which letters, or pairs of letters, a word has, as bits. An error takes away and brings in one letter at
    most and three pairs (two neighbours swapped), so words `n` errors apart differ in at most 2n and 6n bits."""
    bits = np.left_shift(np.uint64(1), (numbers % 61).astype(np.uint64))
    bits[numbers == 0] = 0
    mask: npt.NDArray[np.uint64] = np.bitwise_or.reduce(bits, axis=1)
    return mask
