"""How sure an answer from a page has to be."""

from dataclasses import replace

import pytest

from shopkeeper.shop.records import Page, PageId, PageKind
from shopkeeper.support.answers import trust
from shopkeeper.support.answers.matching import Matcher
from shopkeeper.support.answers.reading import read

BODY = "The warranty is 24 months. It starts on the day of delivery. We answer within 24 hours."
PAGE = Page(PageId("w"), PageKind.POLICY, "warranty", "Warranty", BODY)


def sure(question: str, matcher: Matcher) -> float:
    reading = read(question)
    found = matcher.candidates(reading, "en")
    return trust.likelihood(matcher.signs(reading, found)) if found else 0.0


def test_the_statement_that_answers_is_likelier_than_what_is_left_without_it() -> None:
    matcher = Matcher([PAGE])
    question = "How long is the warranty?"
    there, gone = sure(question, matcher), sure(question, matcher.without({BODY[:26]}))
    assert there >= trust.LEAST > gone


def test_what_stands_first_under_a_title_that_is_the_question_answers_it() -> None:
    page = replace(PAGE, body="Everything is covered for 24 months. Send us two photos to claim.")
    assert sure("How long is the warranty?", Matcher([page])) == trust.SURE


def test_saying_more_of_the_question_makes_it_likelier() -> None:
    plain = dict.fromkeys((*trust.SIGNS, "measured", "keyed"), 0.0)
    assert trust.likelihood(plain | {"own": 1.0}) > trust.likelihood(plain)


@pytest.mark.parametrize(
    "way, signs", [("words", trust.SIGNS), ("meaning", (*trust.SIGNS, *trust.MEANT))]
)
def test_every_sign_has_a_weight(way: str, signs: tuple[str, ...]) -> None:
    assert tuple(trust.model(way).weights) == signs


def test_a_figure_of_the_question_must_be_in_the_answer() -> None:
    table = "| Size | Chest |\n| --- | --- |\n| XL | 107 cm |\n"
    sizes = Matcher([Page(PageId("s"), PageKind.GUIDE, "sizes", "Sizes", table)])
    assert sizes.candidates(read("What chest has size XL?"), "en")
    assert not sizes.candidates(read("What chest has size 3XL?"), "en")


def test_what_is_asked_under_a_condition_is_no_matter_of_a_general_sentence() -> None:
    page = Page(PageId("c"), PageKind.POLICY, "c", "Orders", "Orders can be cancelled.")
    assert Matcher([page]).candidates(read("Can orders be cancelled?"), "en")
    assert not Matcher([page]).candidates(read("Can orders be cancelled once they left?"), "en")
