"""Answers to questions, from what the shop has on record and nothing else.

    answers = Answers(database, support)
    answers.answer("Can I return it after 20 days?", language="en")

In comes a question; out goes a text with the sentences, rules or fields it rests on, or that a person is needed. The
door is `Answers.answer` of `answering.py`; `records.py` says what an answer is.
"""

from shopkeeper.support.answers.records import Answer, AnswerKind, Quote, Source, SourceKind

__all__ = ["Answer", "AnswerKind", "Quote", "Source", "SourceKind"]
