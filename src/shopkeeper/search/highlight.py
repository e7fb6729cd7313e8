"""Which parts of a text are what was asked for. Gives pieces of text, never markup: who shows them escapes them."""

import re
from dataclasses import dataclass

from tantivy import Filter, TextAnalyzerBuilder, Tokenizer

from shopkeeper.text import normalise, query_tokens

_WORD = re.compile(r"[一-鿿㐀-䶿]|[^\W_]+", re.UNICODE)
_STEMMER = TextAnalyzerBuilder(Tokenizer.whitespace()).filter(Filter.stemmer("english")).build()


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text, and whether it matches."""

    text: str
    matches: bool


def highlight(text: str, query: str) -> list[Piece]:
    """The text in pieces; joined they are the text again. Words match by their stem, Chinese by the character."""
    wanted = {
        stem
        for token in query_tokens(query)
        for part in _WORD.findall(token)
        for stem in _stems(part)
    }
    pieces: list[Piece] = []
    end = 0
    for match in _WORD.finditer(text):
        if not wanted.intersection(_stems(normalise(match.group()))):
            continue
        if match.start() > end:
            pieces.append(Piece(text[end : match.start()], False))
        if pieces and pieces[-1].matches and match.start() == end:
            pieces[-1] = Piece(pieces[-1].text + match.group(), True)
        else:
            pieces.append(Piece(match.group(), True))
        end = match.end()
    if end < len(text) or not pieces:
        pieces.append(Piece(text[end:], False))
    return pieces


def _stems(word: str) -> list[str]:
    return _STEMMER.analyze(word)
