"""The words that reviews and searches are made of: enough of them for every kind, in both languages."""

import random

import pytest

from shopkeeper.shop.demo.nouns import nouns
from shopkeeper.shop.demo.phrases import Varied, expand, table
from shopkeeper.shop.demo.wording import LEVELS, sayings
from shopkeeper.shop.demo.words import kinds

LANGUAGES = ("en", "zh")
FRAMES = [f"reviews/{name}{language}" for name in ("", "frames_") for language in LANGUAGES]


def test_every_kind_has_a_name_searches_and_company() -> None:
    assert set(kinds()) <= set(nouns())
    for noun in nouns().values():
        assert noun.en and noun.zh and noun.searches_en and noun.searches_zh and noun.goes_with
        assert set(noun.goes_with) <= set(nouns())


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_is_something_to_say_of_every_quality(language: str) -> None:
    for kind in kinds().values():
        for aspect in kind.qualities:
            said = sayings(language, aspect, kind.name, nouns()[kind.name].group)
            assert all(said[level] for level in (*LEVELS, "tags_good", "tags_bad"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_is_bought_for_something(language: str) -> None:
    contexts = table(f"reviews/frames_{language}")["context"]
    assert {noun.group for noun in nouns().values()} <= set(contexts)


@pytest.mark.parametrize("name", FRAMES)
def test_brackets_are_closed(name: str) -> None:
    for section in table(name).values():
        for templates in section.values():
            for template in templates if isinstance(templates, list) else ():
                assert template.count("[") == template.count("]"), template
                assert template.count("<") == template.count(">"), template


def test_a_template_is_read_in_many_ways_and_filled_in() -> None:
    rng = random.Random(1)
    read = {expand(rng, "[a|b [c|d]] <noun> .", {"noun": "lamp"}) for _ in range(40)}
    assert read == {"a lamp.", "b c lamp.", "b d lamp."}


def test_templates_come_round_before_one_comes_again() -> None:
    varied, rng = Varied(), random.Random(1)
    picked = [varied.pick(rng, "lamp", ["a", "b", "c"]) for _ in range(6)]
    assert sorted(picked[:3]) == sorted(picked[3:]) == ["a", "b", "c"]
