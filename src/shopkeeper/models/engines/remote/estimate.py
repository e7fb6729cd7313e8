"""How many tokens a text has, where no tokenizer is at hand: a guess from its words, digits and characters.

As vocabularies of about 150,000 pieces cut it, in which a digit stands alone and most words are one piece. A smaller
vocabulary, or one made for English, needs up to three times as many for Chinese.
"""

import math
import re

LETTERS = 7  # of a word, to a token
HAN = 0.85  # tokens to a Chinese character
MARK = 0.75  # to any other sign; some join their neighbours
_RUN = re.compile(
    r"(?P<digit>\d)|(?P<han>[一-鿿㐀-䶿])|(?P<word>[^\W\d_一-鿿㐀-䶿]+)|(?P<mark>[^\w\s]|_)"
)


def estimate_tokens(text: str) -> int:
    """0 for no text, else at least 1."""
    total = 0.0
    for run in _RUN.finditer(text):
        match run.lastgroup:
            case "digit":
                total += 1
            case "han":
                total += HAN
            case "word":
                total += math.ceil(len(run.group()) / LETTERS)
            case _:
                total += MARK
    return max(math.ceil(total), int(bool(text)))
