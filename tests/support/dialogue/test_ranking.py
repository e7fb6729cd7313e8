"""Replies: what is not safe is dropped, and the best of the rest is given."""

import string

from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.support.dialogue.lexicon import LANGUAGES
from shopkeeper.support.dialogue.ranking import SimpleScorer, best, is_safe, says_the_same
from shopkeeper.support.dialogue.saying import Line
from shopkeeper.support.dialogue.writing import candidates, templates


def test_a_number_that_no_evidence_has_is_not_safe() -> None:
    assert is_safe("You get back 12.50 USD.", ["12.50 USD"])
    assert not is_safe("You get back 13.50 USD.", ["12.50 USD"])


def test_links_and_markup_are_never_safe() -> None:
    assert not is_safe("See https://example.com", ["https://example.com"])
    assert not is_safe("<b>hello</b>", [])


@given(st.integers(10, 10**9), st.text(string.ascii_lowercase + " ", max_size=40))
def test_any_number_from_nowhere_makes_a_reply_unsafe(number: int, text: str) -> None:
    assert not is_safe(f"{text} {number}", [text])


def test_a_rewording_keeps_facts_questions_and_who_speaks() -> None:
    text = "Done: the return of order #W1. Is there anything else I can do for you?"
    assert says_the_same("The return of order #W1 is done. Can I do anything else for you?", text)
    assert not says_the_same("I returned my order #W1. Anything else I can do for you?", text)
    assert not says_the_same("The return of order #W1 is done.", text)
    assert not says_the_same("The return of order #W2 is done. Anything else?", text)
    assert not says_the_same("Why did we need to send #W1 back?", text)


def test_what_was_just_said_is_said_in_other_words() -> None:
    ways = candidates([Line("anything_else")], "en", "seed")
    first = best(ways, (), SimpleScorer())
    assert best(ways, (first,), SimpleScorer()) != first


def test_every_reply_is_there_in_every_language() -> None:
    for language in LANGUAGES:
        assert set(templates("en")) <= set(templates(language)), language
