"""Personal data in text: found, replaced by typed tokens such as `[EMAIL_1]`, and put back.

`find` says where e-mail addresses, phone, card, account and identity numbers, addresses of houses and machines, and names
that are introduced as names stand. A `Vault` hides them, the same value always behind the same token, and restores
them; `Vault.restorer` does so for text that comes in pieces. docs/personal-data.md says what is found and what is not.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from shopkeeper.text.language import is_han
from shopkeeper.text.personal_patterns import FORMS, Kind

__all__ = ["Kind", "Restorer", "Span", "Vault", "find", "json_escaped"]

# What a vault puts in the place of a value; TEXT stands for what looked like a token already.
_TOKEN = re.compile(r"\[(?:EMAIL|PHONE|CARD|IBAN|ID|IP|ADDRESS|NAME|TEXT)_\d{1,6}\]")
_BEGUN = re.compile(r"\[[A-Z]{0,7}(?:_\d{0,6})?")  # the end of a piece that may go on as a token
_PLAIN = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}


@dataclass(frozen=True, slots=True)
class Span:
    """Personal data at text[start:end]."""

    start: int
    end: int
    kind: Kind


def find(text: str, *, names: Iterable[str] = ()) -> list[Span]:
    """Personal data of a text, in order, not overlapping. `names` are people's names known to the caller."""
    plain = text.translate(_PLAIN)
    found = [
        Span(match.start(form.group), match.end(form.group), form.kind)
        for form in FORMS
        for match in form.pattern.finditer(plain)
        if form.check(match)
    ]
    found += [Span(m.start(), m.end(), "NAME") for m in _known(text, names)]
    tokens = [m.span() for m in _TOKEN.finditer(text)]
    outside = (s for s in found if not any(a < s.end and s.start < b for a, b in tokens))
    return _apart(outside)


def _known(text: str, names: Iterable[str]) -> Iterator[re.Match[str]]:
    """Where one of the names stands as a word; Chinese names, which nothing sets apart, anywhere."""
    for name in sorted({n.strip() for n in names if len(n.strip()) > 1}, key=len, reverse=True):
        start = "" if is_han(name[0]) else r"(?<!\w)"
        end = "" if is_han(name[-1]) else r"(?!\w)"
        yield from re.finditer(start + re.escape(name) + end, text, re.IGNORECASE)


def _apart(spans: Iterable[Span]) -> list[Span]:
    """Overlapping ones joined, under the kind of the longest, the first of equals."""
    joined: list[Span] = []
    longest = 0
    for span in sorted(spans, key=lambda s: (s.start, -s.end)):
        length = span.end - span.start
        if joined and span.start < joined[-1].end:
            last = joined.pop()
            kind = span.kind if length > longest else last.kind
            joined.append(Span(last.start, max(last.end, span.end), kind))
            longest = max(longest, length)
        else:
            joined.append(span)
            longest = length
    return joined


class Vault:
    """Personal data of one exchange and the tokens that stand for it. Not to be shared between threads while it hides.

    restore(hide(text)) == text, for any number of texts, also for those that have tokens of their own.
    """

    def __init__(self, *, names: Iterable[str] = ()) -> None:
        self._names = tuple(names)
        self._token_of: dict[tuple[str, str], str] = {}
        self._value_of: dict[str, str] = {}
        self._count: dict[str, int] = {}

    def __len__(self) -> int:
        """How many different values are hidden."""
        return len(self._value_of)

    def hide(self, text: str) -> str:
        """The text with a token in the place of all that `find` finds."""
        hidden = _TOKEN.sub(lambda m: self._token("TEXT", m.group()), text)
        while spans := find(
            hidden, names=self._names
        ):  # what is hidden may uncover what stood beside it
            pieces, end = [], 0
            for span in spans:
                pieces += [
                    hidden[end : span.start],
                    self._token(span.kind, hidden[span.start : span.end]),
                ]
                end = span.end
            hidden = "".join(pieces) + hidden[end:]
        return hidden

    def restore(self, text: str, *, escape: Callable[[str], str] = str) -> str:
        """The text with values in the place of this vault's tokens; `escape` fits each to where it goes."""
        if not self._value_of:
            return text
        return _TOKEN.sub(
            lambda m: (
                escape(self._value_of[m.group()]) if m.group() in self._value_of else m.group()
            ),
            text,
        )

    def restorer(self, *, escape: Callable[[str], str] = str) -> "Restorer":
        """Restores a text that comes in pieces."""
        return Restorer(self, escape)

    def _token(self, kind: str, value: str) -> str:
        known = self._token_of.get((kind, value))
        if known is not None:
            return known
        self._count[kind] = self._count.get(kind, 0) + 1
        token = f"[{kind}_{self._count[kind]}]"
        self._token_of[kind, value] = token
        self._value_of[token] = value
        return token


class Restorer:
    """Restores a stream: what may be the beginning of a token is kept back until it is known."""

    def __init__(self, vault: Vault, escape: Callable[[str], str]) -> None:
        self._vault = vault
        self._escape = escape
        self._kept = ""

    def feed(self, piece: str) -> str:
        """What can be said so far."""
        text = self._kept + piece
        cut = text.rfind("[")
        if cut < 0 or not _BEGUN.fullmatch(text, cut):
            cut = len(text)
        self._kept = text[cut:]
        return self._vault.restore(text[:cut], escape=self._escape)

    def flush(self) -> str:
        """The rest, once nothing follows."""
        rest, self._kept = self._kept, ""
        return rest


def json_escaped(value: str) -> str:
    """A value as it stands between the quotes of a JSON string."""
    return json.dumps(value, ensure_ascii=False)[1:-1]
