"""The tasks that ship: their answers read back, and their checks catch what is not given."""

from typing import Any

import pytest
from pydantic import BaseModel

from shopkeeper.errors import OutputError
from shopkeeper.models.prompting import Choice, Record, Result, Task
from shopkeeper.models.prompting.rows import with_labels_of
from shopkeeper.models.prompting.tasks import (
    ATTRIBUTES,
    INTENTS,
    QUERY,
    QUESTION,
    TASKS,
    Answer,
    Asked,
    Facts,
    Meaning,
    Passage,
    Query,
    Titled,
    Wanted,
    description_task,
    intent_task,
    translation_task,
)
from shopkeeper.models.prompting.tasks.reading import attributes_type
from shopkeeper.models.records import Usage

PASSAGE = "We ship in two days. Sale items can be exchanged, not returned."


def filled(task: Task[Any, Any]) -> tuple[BaseModel, Any]:
    """An input of a task whose answer is a record, with an answer."""
    return {
        "attributes": (
            Titled(title='ACME 1/4" <bit>', attributes=("Size, in", "Colour")),
            attributes_type(("Size, in", "Colour"))(**{"Size, in": '1/4"', "Colour": None}),
        ),
        "question": (
            Asked(passage=PASSAGE, question="Can I return sale items?"),
            Answer(quote="Sale items can be exchanged, not returned.", answer="No"),
        ),
        "query": (
            Query(query="red shoes under 50"),
            Meaning(product="shoes", attributes=(Wanted(name="colour", value="red"),)),
        ),
    }[task.name]


@pytest.mark.parametrize(
    "task", [t for t in TASKS.values() if isinstance(t.answer, Record)], ids=lambda t: t.name
)
def test_an_answer_as_examples_show_it_reads_back(task: Task[Any, Any]) -> None:
    given, output = filled(task)
    assert isinstance(task.answer, Record)
    assert task.answer.form_for(given).read(task.said(output)) == output
    assert task.check(given, output) == [] or task.check(given, output) == ()


@pytest.mark.parametrize(
    "task", [t for t in TASKS.values() if isinstance(t.answer, Choice)], ids=lambda t: t.name
)
def test_every_label_is_named_in_the_instruction(task: Task[Any, Any]) -> None:
    assert isinstance(task.answer, Choice)
    for words in task.answer.words.values():
        assert words in task.instruction


def test_a_value_that_the_title_does_not_have_is_told() -> None:
    given = Titled(title="ACME backpack 45 l", attributes=("Brand",))
    output = attributes_type(("Brand",))(Brand="Huggle")
    assert ATTRIBUTES.check(given, output) == ["Brand 'Huggle' is not in the title"]


def test_an_answer_without_its_sentence_is_told() -> None:
    given = Asked(passage=PASSAGE, question="Do you ship to Brazil?")
    assert QUESTION.check(given, Answer(answer="Yes"))
    assert QUESTION.check(given, Answer(quote="We ship to Brazil.", answer="Yes"))
    assert not QUESTION.check(given, Answer())


def test_not_in_the_text_is_right_only_where_it_is_not() -> None:
    assert QUESTION.grade(Answer(), Answer()) == 1
    assert QUESTION.grade(Answer(), Answer(quote="We ship.", answer="Yes")) == 0
    assert QUESTION.grade(Answer(answer="in two days"), Answer(answer="two days")) == 0.8


def test_a_price_that_nobody_asked_for_is_told() -> None:
    given = Query(query="red shoes under 50")
    assert not QUERY.check(given, Meaning(product="shoes", price_max=50))
    assert QUERY.check(given, Meaning(product="shoes", price_max=500)) == [
        "the price 500 is not in the query"
    ]


def test_a_claim_in_numbers_must_be_in_the_facts() -> None:
    given = Facts(facts={"volume": "45 l"})
    check = description_task().check
    assert not check(given, "A backpack of 45 l.")
    assert check(given, "A backpack of 45 l, 30 % lighter.") == [
        "the number 30 is in none of the facts"
    ]


def test_copy_is_in_the_language_that_was_asked_for() -> None:
    given = Facts(facts={"颜色": "蓝色"})
    assert not description_task("zh").check(given, "一个蓝色的背包。")
    assert description_task("zh").check(given, "A blue backpack.") == ["it is not in Chinese"]
    assert description_task("en").check(given, "")


def test_a_translation_keeps_its_numbers() -> None:
    check = translation_task("zh").check
    assert not check(Passage(text="45 litres"), "45升")
    assert check(Passage(text="45 litres"), "四十五升") == ["the number 45 is missing"]


def test_an_answer_with_a_problem_is_not_handed_on() -> None:
    result = Result("Best of 2019!", ("2019 is new",), "m", "title.v1", Usage(1), 1.0)
    with pytest.raises(OutputError, match=r"title\.v1 by m: 2019 is new"):
        result.checked()


def test_intents_are_the_shops_own_or_those_of_its_rows() -> None:
    usual = intent_task(INTENTS)
    assert with_labels_of(usual, [("where is it", "track_order")]) is usual
    own = with_labels_of(usual, [("where is it", "find_parcel"), ("hi", "greet")])
    assert own.said("find_parcel") == "find parcel"


def test_labels_need_words_that_tell_them_apart() -> None:
    with pytest.raises(ValueError, match="the same words"):
        Choice({"a": "same", "b": "same"})
