"""Chinese words of a catalogue by how they sound: what was meant by a wrong character, or by letters left as typed.

The index knows Chinese as pairs of neighbours. A pair that no document has is held against those that sound the same
and share a character (绒福 for 绒服), letters against chains of pairs whose characters they spell (yurongfu for 羽绒
and 绒服). A pair without anything in common but its sound is another word, not a slip.
"""

from collections.abc import Iterable, Sequence

from shopkeeper.text.language import is_han
from shopkeeper.text.pinyin import blurred, cut, sound

MOST_SYLLABLES = 6
Sound = tuple[str, ...]


class Sounds:
    """The pairs of a catalogue, by sound. words: those it has, and in how many documents."""

    def __init__(self, words: Iterable[tuple[str, int]]) -> None:
        self._count = {w: n for w, n in words if len(w) == 2 and is_han(w[0]) and is_han(w[1])}
        self._spelled: dict[Sound, list[str]] = {}
        self._alike: dict[Sound, list[str]] = {}
        for word in sorted(self._count, key=lambda w: (-self._count[w], w)):
            syllables = _sounds(word)
            if syllables:
                self._spelled.setdefault(syllables, []).append(word)
                self._alike.setdefault(_blurred(syllables), []).append(word)

    def alike(self, pair: str) -> list[tuple[str, int]]:
        """(pair, documents) of those that sound like this pair and share a character, the most frequent first."""
        syllables = _sounds(pair)
        found = self._alike.get(_blurred(syllables), ()) if syllables else ()
        return [(w, self._count[w]) for w in found if (w[0] == pair[0]) != (w[1] == pair[1])]

    def spelled(self, letters: str) -> tuple[str, ...]:
        """Pairs whose characters follow each other and are spelled so; empty where there are none."""
        if not self._count:
            return ()
        for syllables in cut(letters):
            if 2 <= len(syllables) <= MOST_SYLLABLES:
                chain = self._chain(syllables)
                if chain:
                    return chain
        return ()

    def _chain(self, syllables: Sequence[str], behind: str = "") -> tuple[str, ...]:
        """The first chain of pairs with these sounds, each beginning with the character that the last ended with."""
        for pair in self._spelled.get(tuple(syllables[:2]), ()):
            if behind and pair[0] != behind:
                continue
            if len(syllables) == 2:
                return (pair,)
            rest = self._chain(syllables[1:], pair[1])
            if rest:
                return (pair, *rest)
        return ()


def _sounds(word: str) -> Sound:
    """How each character sounds; empty if one of them is not known."""
    syllables = tuple(map(sound, word))
    return syllables if all(syllables) else ()


def _blurred(syllables: Sound) -> Sound:
    return tuple(map(blurred, syllables))
