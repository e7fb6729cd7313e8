"""A type in, an instance out or an OutputError that says why, whatever the model writes."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, BaseModel, Field

from shopkeeper.errors import ContextTooLong, OutputError
from shopkeeper.models.records import Controls, Grammar, JsonSchema
from shopkeeper.models.structured import Answer, Bounds, Form, ask
from tests.models.structured.scripted import Scripted


class Offer(BaseModel):
    """What is for sale."""

    title: Annotated[str, Field(max_length=30)]
    price: Annotated[Decimal, Field(ge=0, decimal_places=2)]
    tags: list[str] = []


GOOD = '{"title": "红色 bicycle", "price": 12.50, "tags": ["new"]}'
OFFER = Offer(title="红色 bicycle", price=Decimal("12.5"), tags=["new"])
OPEN, CLOSED = "[" * 100_000, "[" * 70 + "]" * 70

HOSTILE = {
    "nothing": ("", "empty"),
    "prose": ("I cannot do that.", "not JSON"),
    "cut": (GOOD[:-3], "not JSON"),
    "a trailing comma": ('{"title": "a", "price": 1, "tags": [],}', "not JSON"),
    "single quotes": ("{'title': 'a', 'price': 1}", "not JSON"),
    "NaN": ('{"title": "a", "price": NaN}', "NaN is no JSON number"),
    "Infinity": ('{"title": "a", "price": -Infinity}', "Infinity is no JSON number"),
    "an infinite exponent": ('{"title": "a", "price": 1e999999999999}', "large exponent"),
    "a key twice": ('{"title": "a", "title": "b", "price": 1}', "twice"),
    "half a pair": ('{"title": "\\ud83d", "price": 1}', "surrogate"),
    "half a pair in a key": ('{"\\udc00": 1, "title": "a", "price": 1}', "surrogate"),
    "open brackets": (OPEN, "without end"),
    "open objects": ('{"a":' * 30_000, "without end"),
    "nested brackets": (GOOD.replace('["new"]', CLOSED), "nested deeper"),
    "many digits": ('{"title": "a", "price": 1%s}' % ("0" * 10_000), "digits"),
    "many decimals": ('{"title": "a", "price": 0.%s}' % ("3" * 10_000), "characters"),
    "a runaway price": ('{"title": "a", "price": 1000000000000000}', "answer.price: not from 0"),
    "too exact": ('{"title": "a", "price": 1.005}', "2 digits after the point"),
    "a long title": ('{"title": "%s", "price": 1}' % ("a" * 31), "answer.title: 31 characters"),
    "many tags": ('{"title": "a", "price": 1, "tags": %s}' % (["a"] * 9), "not JSON"),
    "too many tags": ('{"title": "a", "price": 1, "tags": [%s"a"]}' % ('"a",' * 8), "9 items"),
    "a number as text": ('{"title": "a", "price": "12"}', "a string where a number should be"),
    "something more": ('{"title": "a", "price": 1, "is_admin": true}', "not described"),
    "something less": ('{"title": "a"}', "answer.price: missing"),
    "another type": ("[1, 2]", "a list where an object should be"),
    "a control character": ('{"title": "\\u0000", "price": 1}', "control character"),
    "a raw control character": ('{"title": "\x07", "price": 1}', "not JSON"),
    "a part of something broken": ('{"a": {"title": "a", "price": 1}, oh', "not JSON"),
    "too much": (GOOD + " " * 300_000, "200000 are the limit"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_output_is_an_error_that_says_why_and_keeps_the_text(name: str) -> None:
    text, reason = HOSTILE[name]
    model = Scripted([text])
    with pytest.raises(OutputError) as caught:
        ask(model, "Describe the bicycle.", Offer)
    assert reason in caught.value.message
    assert len(caught.value.message) < 600
    assert caught.value.text == text
    assert len(model.asked) == 2


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"\n  {GOOD}\n",
        f"Sure! Here it is:\n```json\n{GOOD}\n```\nAnything else?",
        f"```\n{GOOD}\n```",
        f"With {{braces}} first: {GOOD} and more {GOOD}",
    ],
)
def test_the_value_is_found_in_what_is_around_it(text: str) -> None:
    answer = ask(Scripted([text]), "Describe the bicycle.", Offer)
    assert answer.value == OFFER and not answer.repaired and not answer.constrained


def test_one_repair_tells_the_model_what_is_wrong_as_quoted_data() -> None:
    model = Scripted(['{"title": "a", "price": -1}', GOOD])
    answer = ask(model, "Describe the bicycle.", Offer, controls=Controls(seed=5))
    assert answer.value == OFFER and answer.repaired and len(answer.generations) == 2
    messages = model.asked[1].prompt
    assert isinstance(messages, tuple)
    written, complaint = messages[1:]
    assert written.role == "assistant" and "-1" in written.content
    assert '"answer.price: not from 0' in complaint.content
    assert (model.asked[0].controls.seed, model.asked[1].controls.seed) == (5, 6)


def test_a_validator_speaks_to_the_model_but_not_to_the_log() -> None:
    def refuse(value: str) -> str:
        raise ValueError(f"{value} is not in the catalogue")

    model = Scripted(['"canary"'])
    with pytest.raises(OutputError) as caught:
        ask(model, "Which?", Annotated[str, AfterValidator(refuse)])  # type: ignore[arg-type]
    assert "canary" not in caught.value.message
    assert "a validator of the type refuses it" in caught.value.message
    assert "canary is not in the catalogue" in str(model.asked[1].prompt)


def test_a_cut_answer_is_never_an_instance() -> None:
    with pytest.raises(OutputError, match="cut off after"):
        ask(Scripted(["12"], finish="length"), "How many?", int)


def test_no_repair_is_tried_when_the_time_is_spent() -> None:
    model = Scripted(["no"], delay_s=0.02)
    with pytest.raises(OutputError, match="no time was left"):
        ask(model, "Describe it.", Offer, timeout_s=0.01)
    assert len(model.asked) == 1


def test_each_request_has_what_is_left_of_the_time() -> None:
    model = Scripted(["no", GOOD], delay_s=0.02)
    ask(model, "Describe it.", Offer, timeout_s=5)
    assert 5 >= model.asked[0].timeout_s > model.asked[1].timeout_s > 0


def test_the_engine_is_given_what_it_can_keep_to() -> None:
    both = Scripted([GOOD], frozenset({"chat", "grammar", "json_schema"}))
    schema = Scripted([GOOD], frozenset({"chat", "json_schema"}))
    neither = Scripted([GOOD], frozenset({"generate"}))
    grammar = Scripted([GOOD], frozenset({"chat", "grammar"}))
    models = (both, schema, grammar, neither)
    kept = [ask(model, "Describe it.", Offer).constrained for model in models]
    assert kept == [True, True, True, False]
    form: Form[Offer] = Form(Offer)
    for model in (both, schema):
        assert model.asked[0].constraint == JsonSchema(form.schema, gbnf=form.grammar)
    assert grammar.asked[0].constraint == Grammar(form.grammar)
    assert neither.asked[0].constraint is None
    assert '"maxLength": 30' in str(neither.asked[0].prompt)


def test_a_complete_answer_has_room() -> None:
    model = Scripted([GOOD], context_tokens=100_000)
    ask(model, "Describe it.", Form(Offer, Bounds(text=10, items=2)))
    longest = {"title": "😀" * 30, "price": 999999999.99, "tags": ["😀" * 10] * 2}
    written = str(longest).encode()
    assert len(written) < model.asked[0].controls.max_new_tokens < len(written) + 10


def test_an_answer_gets_what_the_context_leaves() -> None:
    model = Scripted([GOOD], frozenset({"chat", "grammar"}), context_tokens=500)
    ask(model, "x" * 100, Offer)
    assert 300 < model.asked[0].controls.max_new_tokens < 400


def test_a_prompt_that_leaves_no_room_is_refused_before_the_model_is_asked() -> None:
    model = Scripted([GOOD], frozenset({"chat", "grammar"}), context_tokens=500)
    with pytest.raises(ContextTooLong, match="leaves no room for Offer"):
        ask(model, "x" * 490, Offer)
    assert not model.asked


@pytest.mark.parametrize(
    "kind", [Any, dict[str, Any], list, object, bytes, list[complex], type, Annotated[str, Field(pattern="(?i)a")]]
)  # fmt: skip
def test_a_type_that_cannot_be_bounded_is_refused_when_it_is_defined(kind: Any) -> None:
    with pytest.raises(TypeError, match="no bounded answer can be made"):
        Form(kind)


def test_a_type_without_end_is_refused_when_it_is_defined() -> None:
    class Endless(BaseModel):
        """Contains itself, always."""

        inner: "Endless"

    with pytest.raises(TypeError, match="cannot end"):
        Form(Endless)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (int, "12", 12),
        (Literal["a", 1], "1", 1),
        (date | None, "null", None),
        (date, '"2024-02-29"', date(2024, 2, 29)),
        (list[int], "Here: [1, 2]", [1, 2]),
        (tuple[int, str], '[1, "a"]', (1, "a")),
        (dict[int, bool], '{"3": true}', {3: True}),
        (set[str], '["a", "b"]', {"a", "b"}),
        (Decimal, "0.10", Decimal("0.1")),
    ],
)
def test_values_of_many_types_are_read(kind: Any, text: str, value: object) -> None:
    answer: Answer[Any] = ask(Scripted([text]), "Well?", kind)
    assert answer.value == value and type(answer.value) is type(value)
