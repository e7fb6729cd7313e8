"""What of a text says what somebody wants: it without its numbers, and it as somebody types it who spares words.

The number of an order, an amount or a date belongs to one customer and not to what is wanted; left in, a vector of the
whole sentence is drawn towards the few texts that have a number too. Function words are English ones; a text of another
language stays as it is.
"""

import re

_NUMBER = re.compile(
    r"[#$€£¥]?[A-Za-z\d_-]*\d[A-Za-z\d_-]*(?:[.,:/]\d[A-Za-z\d_-]*)*%?"
)  # a word with a digit in it
_WORD = re.compile(r"[\w']+")
FUNCTION_WORDS = frozenset(
    _WORD.findall(
        "i me my mine we us our you your he she it its they them their a an the this that these those some any of to in on at "
        "for from by with about into do does did is are was were be been being am have has had can could will would shall "
        "should may might must and or but if so as than then there here what which who whom whose when where why how not no "
        "please hello hi hey want need like wanna gotta gonna i'd i'm im ive i've don't dont know help assistance assist tell "
        "let get give trying try looking"
    )
)


def without_numbers(text: str) -> str:
    """The text without words that have a digit; as it is, if nothing else is in it."""
    return " ".join(_NUMBER.sub(" ", text).split()) or text


def in_keywords(text: str) -> str:
    """The text without function words, as people type into a search box; as it is, if nothing else is in it."""
    kept = [word for word in text.split() if not _is_function(word)]
    return " ".join(kept) or text


def _is_function(word: str) -> bool:
    parts = _WORD.findall(word.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))
    return len(parts) == 1 and parts[0] in FUNCTION_WORDS
