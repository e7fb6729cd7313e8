"""How Chinese sounds, as far as telling a slip of the input method from a word needs it.

Whoever types Chinese types its sound and picks characters: what is picked wrongly sounds right (冲峰衣 for 冲锋衣), and
what is not picked stays in letters (yurongfu for 羽绒服). Characters beyond the 3,755 commonest have no sound here, and
those with several have the one that GB 2312 sorts them by. Tones are left out, as keyboards leave them out.
"""

from bisect import bisect_right
from functools import cache
from importlib.resources import files

LONGEST = 6  # letters of a syllable
WAYS = 4  # to read letters; nobody means the others
FIRST, LAST = b"\xb0\xa1", b"\xd7\xf9"  # of the commonest characters in GB 2312
# What many speakers do not tell apart.
_ALIKE = (("zh", "z"), ("ch", "c"), ("sh", "s"))


def sound(char: str) -> str:
    """The pinyin of a character without its tone; empty where it is not known."""
    try:
        code = char.encode("gb2312")
    except UnicodeEncodeError:
        return ""
    if not FIRST <= code <= LAST:
        return ""
    starts, syllables = _table()
    return syllables[bisect_right(starts, code) - 1]


def blurred(syllable: str) -> str:
    """A syllable without what many speakers do not tell apart: zh and z, ch and c, sh and s, n and ng at its end."""
    for careful, easy in _ALIKE:
        if syllable.startswith(careful):
            syllable = easy + syllable[len(careful) :]
    return syllable[:-1] if syllable.endswith("ng") else syllable


def cut(letters: str) -> list[tuple[str, ...]]:
    """The likeliest ways to read letters as syllables that follow each other, at most `WAYS`, long syllables first."""
    known = _known()
    ways: list[list[tuple[str, ...]]] = [[] for _ in letters] + [
        [()]
    ]  # from each letter to the end
    for at in range(len(letters) - 1, -1, -1):
        for length in range(min(LONGEST, len(letters) - at), 0, -1):
            syllable = letters[at : at + length]
            if syllable in known:
                ways[at] += [(syllable, *rest) for rest in ways[at + length]]
        del ways[at][WAYS:]
    return ways[0]


@cache
def _table() -> tuple[tuple[bytes, ...], tuple[str, ...]]:
    """The first character of each syllable as GB 2312 writes it, in order, and the syllables."""
    text = files(__package__).joinpath("pinyin.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    pairs = " ".join(lines).split()
    return tuple(pair[0].encode("gb2312") for pair in pairs), tuple(pair[1:] for pair in pairs)


@cache
def _known() -> frozenset[str]:
    return frozenset(_table()[1])
