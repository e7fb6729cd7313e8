"""One normal form of text, so that what looks alike compares alike."""

import html
import re
import unicodedata

_DROPPED = re.compile(r"(?is)<(script|style|head)\b.*?(</\1\s*>|\Z)|<!--.*?(-->|\Z)")
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,2000}>")
_SPACE = re.compile(r"\s+")
_MARKS = {
    ord(a): b for a, b in zip("‘’‚‛′`´“”„‟″‐‑‒–—―−", "'" * 7 + '"' * 5 + "-" * 7, strict=True)
}


def normalise(text: str) -> str:
    """The text in one form: NFKC (full-width letters become plain), small letters, no accents, plain quotes and
    dashes, no control characters, single spaces. Doing it twice changes nothing."""
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_MARKS)
    apart = unicodedata.normalize("NFKD", folded)
    kept = "".join(c if c.isprintable() else " " for c in apart if not unicodedata.combining(c))
    return _SPACE.sub(" ", unicodedata.normalize("NFC", kept)).strip()


def plain_text(markup: str) -> str:
    """What a reader sees of a piece of HTML: no tags, scripts or styles, entities resolved, single spaces."""
    without = _TAG.sub(" ", _DROPPED.sub(" ", markup)) if "<" in markup else markup
    return _SPACE.sub(" ", html.unescape(without)).strip()
