"""Tasks that write: titles, descriptions, summaries of reviews, translations.

Whatever is written is checked against what it was written from: no number of its own, a language, a length.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from shopkeeper.measures import chrf
from shopkeeper.models.prompting.checks import empty, missing_numbers, too_long, unsupported_numbers
from shopkeeper.models.prompting.task import Task, Text
from shopkeeper.text.language import guess_language

Language = Literal["en", "zh"]
NAMES: Mapping[Language, str] = {"en": "English", "zh": "Chinese"}


class Facts(BaseModel):
    """What is known of a product."""

    model_config = ConfigDict(frozen=True)

    facts: Mapping[str, str] = Field(min_length=1)


class Reviews(BaseModel):
    """What buyers wrote."""

    model_config = ConfigDict(frozen=True)

    reviews: tuple[str, ...] = Field(min_length=1)


class Passage(BaseModel):
    """A text."""

    model_config = ConfigDict(frozen=True)

    text: str = Field(min_length=1)


def title_task(language: Language = "en") -> Task[Facts, str]:
    """A product's title from its facts."""
    return Task(
        name="title",
        template="title.v1",
        input_type=Facts,
        answer=Text(max_new_tokens=48),
        values={"language": NAMES[language]},
        check=lambda given, text: _of(_words(given), text, language, characters=150),
        grade=chrf,
    )


def description_task(language: Language = "en") -> Task[Facts, str]:
    """A product's description from its facts."""
    return Task(
        name="description",
        template="description.v1",
        input_type=Facts,
        answer=Text(max_new_tokens=160),
        values={"language": NAMES[language]},
        check=lambda given, text: _of(_words(given), text, language, characters=900),
        grade=chrf,
    )


def summary_task(language: Language = "en") -> Task[Reviews, str]:
    """What buyers like and dislike, from their reviews."""
    return Task(
        name="summary",
        template="summary.v1",
        input_type=Reviews,
        answer=Text(max_new_tokens=120),
        values={"language": NAMES[language]},
        check=lambda given, text: _of(given.reviews, text, language, characters=700),
        grade=chrf,
    )


def translation_task(to: Language) -> Task[Passage, str]:
    """A text in the other language."""
    return Task(
        name=f"translation_{to}",
        template="translation.v1",
        input_type=Passage,
        answer=Text(max_new_tokens=256),
        values={"language": NAMES[to]},
        check=lambda given, text: [
            *_of([given.text], text, to, characters=2000),
            *missing_numbers(given.text, text),
        ],
        grade=chrf,
    )


def _words(given: Facts) -> list[str]:
    return [*given.facts.keys(), *given.facts.values()]


def _of(facts: Iterable[str], text: str, language: Language, *, characters: int) -> Sequence[str]:
    """What is wrong with a text written from these facts."""
    wrong = [*empty(text), *too_long(text, characters=characters)]
    if not wrong and guess_language(text) != language:
        wrong.append(f"it is not in {NAMES[language]}")
    return [*wrong, *unsupported_numbers(text, facts)]
