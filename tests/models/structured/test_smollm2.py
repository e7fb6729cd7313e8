"""A model of 135 million parameters, as bad as they come: all that it writes is an instance."""

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, StringConstraints

from shopkeeper.models.engines.contract import LanguageModel
from shopkeeper.models.records import Controls
from shopkeeper.models.structured import Bounds, Form, ask

SMALL = Bounds(text=8, items=2, entries=2, key=6)


class Colour(Enum):
    """Of a shirt."""

    RED = "red"
    BLUE = "蓝色"


class Line(BaseModel):
    """Of an order."""

    sku: Annotated[str, Field(pattern=r"^[A-Z]{2}-\d{4}$")]
    quantity: Annotated[int, Field(ge=1, le=120)]
    price: Annotated[Decimal, Field(ge=0, le=Decimal("9999.99"), decimal_places=2)]
    colour: Colour | None


class Order(BaseModel):
    """With a bit of everything."""

    customer: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2)]
    placed: date
    lines: list[Line]
    kind: Literal["gift", "own use"]


class Node(BaseModel):
    """A category with categories in it."""

    name: str
    parts: list["Node"] = []


KINDS = [Order, Node, float, dict[str, int], tuple[int, Colour, bool], datetime | int, list[str]]
# By the worst of chance all of them; by what is likeliest, where it goes round in circles, two.
CASES = [*((kind, 2.0) for kind in KINDS), (Order, 0.0), (float, 0.0)]


@pytest.mark.parametrize(("kind", "temperature"), CASES, ids=str)
def test_what_it_writes_is_an_instance(
    engine: LanguageModel, kind: Any, temperature: float
) -> None:
    form: Form[Any] = Form(kind, SMALL)
    prompt = "Anna Li ordered three red shirts, AB-1234, 19.99 each, and a 蓝色 hat on 2 May 2024."
    controls = Controls(temperature=temperature, seed=7)
    answer = ask(engine, prompt, form, controls=controls, timeout_s=600)
    assert answer.constrained and not answer.repaired
    assert form.read(answer.generations[0].text) == answer.value
