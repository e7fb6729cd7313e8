"""Answers to questions, from what the shop has on record and nothing else.

    shop.answers.answer("Can I return it after 20 days?").text

In comes a question; out goes a text with the sentences, rules or fields it rests on, or that a person is needed. The
way: `lexicon.py`, `said.py`, `reading.py` what a question says · `goods.py`, `versions.py`, `opinions.py` products ·
`ruling.py` cases put to the rules · `common.py` what every shop is asked · `statements.py`, `matching.py` pages · `saying.py`
the frames · `answering.py` the door. `records.py` says what an answer is.
"""

from shopkeeper.support.answers.answering import Answers
from shopkeeper.support.answers.records import Answer, AnswerKind, Citation, Source, SourceKind

__all__ = ["Answer", "AnswerKind", "Answers", "Citation", "Source", "SourceKind"]
