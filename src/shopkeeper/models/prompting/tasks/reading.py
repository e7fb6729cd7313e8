"""Tasks that read: attributes out of a title, an answer out of a passage, what a search query means."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from shopkeeper.measures import token_f1
from shopkeeper.models.prompting.checks import not_verbatim, numbers
from shopkeeper.models.prompting.task import Pairs, Record, Task
from shopkeeper.models.structured import Form
from shopkeeper.text.normalise import normalise
from shopkeeper.text.segment import index_tokens

Value = Annotated[str, Field(min_length=1, max_length=160)] | None


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Titled(_Frozen):
    """A product's title and the attributes that are asked for."""

    title: str = Field(min_length=1)
    attributes: tuple[str, ...] = Field(min_length=1)


class Asked(_Frozen):
    """A question about a text."""

    passage: str = Field(min_length=1)
    question: str = Field(min_length=1)


class Answer(_Frozen):
    """An answer with the sentence that it rests on; both None where the text does not say."""

    quote: Annotated[str, Field(max_length=400)] | None = None
    answer: Annotated[str, Field(max_length=200)] | None = None


class Query(_Frozen):
    """What a shopper typed."""

    query: str = Field(min_length=1, max_length=200)


class Wanted(_Frozen):
    """A property that a shopper wants."""

    name: str = Field(min_length=1, max_length=40)
    value: str = Field(min_length=1, max_length=60)


class Meaning(_Frozen):
    """What a query asks for."""

    product: Annotated[str, Field(max_length=80)] | None = None
    attributes: tuple[Wanted, ...] = Field((), max_length=6)
    price_min: Annotated[Decimal, Field(ge=0, le=1_000_000, decimal_places=2)] | None = None
    price_max: Annotated[Decimal, Field(ge=0, le=1_000_000, decimal_places=2)] | None = None


@lru_cache(maxsize=512)
def attributes_type(names: tuple[str, ...]) -> type[BaseModel]:
    """A record with a field for each attribute, by its own name: a value or None."""
    fields: dict[str, Any] = {
        f"a{place}": (Value, Field(alias=name)) for place, name in enumerate(names)
    }
    return create_model("Attributes", __config__=ConfigDict(frozen=True), **fields)


@lru_cache(maxsize=512)
def _form(wanted: type[BaseModel]) -> Form[BaseModel]:
    return Form(wanted)


def _values(output: BaseModel) -> dict[str, str | None]:
    return output.model_dump(by_alias=True)


def _out_of_the_title(given: Titled, output: BaseModel) -> Sequence[str]:
    title = normalise(given.title)
    said = ((name, value) for name, value in _values(output).items() if value)
    return [
        f"{name} {value!r} is not in the title"
        for name, value in said
        if normalise(value) not in title
    ]


def _attribute_pairs(output: BaseModel) -> Pairs:
    return frozenset((name, normalise(v)) for name, v in _values(output).items() if v)


def _expected_attributes(found: Any, given: Titled) -> BaseModel:
    if not isinstance(found, Mapping):
        raise ValueError("the output of attribute extraction is a table of names and values")
    names = given.attributes
    return attributes_type(names).model_validate({name: found.get(name) or None for name in names})


def _quoted_from_the_text(given: Asked, output: Answer) -> Sequence[str]:
    if output.answer is None:
        return ()
    if output.quote is None:
        return ["an answer without a sentence of the text"]
    return not_verbatim(output.quote, given.passage)


def _answers_alike(expected: Answer, output: Answer) -> float:
    if expected.answer is None or output.answer is None:
        return float(expected.answer is output.answer)
    return token_f1(index_tokens(expected.answer), index_tokens(output.answer))


def _expected_answer(found: Any, given: Asked) -> Answer:
    return Answer(answer=found) if isinstance(found, str | None) else Answer.model_validate(found)


def _in_the_query(given: Query, output: Meaning) -> Sequence[str]:
    typed = normalise(given.query)
    said = [output.product or "", *(one.value for one in output.attributes)]
    wrong = [f"{text!r} is not in the query" for text in said if normalise(text) not in typed]
    bounds = (output.price_min, output.price_max)
    known = numbers(given.query)
    wrong += [
        f"the price {p} is not in the query" for p in bounds if p is not None and p not in known
    ]
    return wrong


def _meaning_pairs(output: Meaning) -> Pairs:
    pairs = {(normalise(one.name), normalise(one.value)) for one in output.attributes}
    whole = {"": output.product, "<": output.price_max, ">": output.price_min}
    return frozenset(pairs | {(k, normalise(str(v))) for k, v in whole.items() if v is not None})


ATTRIBUTES: Task[Titled, BaseModel] = Task(
    name="attributes",
    template="attributes.v1",
    input_type=Titled,
    answer=Record(lambda given: _form(attributes_type(given.attributes))),
    check=_out_of_the_title,
    pairs=_attribute_pairs,
    expected=_expected_attributes,
)

QUESTION: Task[Asked, Answer] = Task(
    name="question",
    template="question.v1",
    input_type=Asked,
    answer=Record(lambda given: _form(Answer)),
    check=_quoted_from_the_text,
    grade=_answers_alike,
    expected=_expected_answer,
)

QUERY: Task[Query, Meaning] = Task(
    name="query",
    template="query.v1",
    input_type=Query,
    answer=Record(lambda given: _form(Meaning)),
    check=_in_the_query,
    pairs=_meaning_pairs,
    expected=lambda found, given: Meaning.model_validate(found),
)
