"""Grammar, shape, check and room of an answer agree, whatever the type."""

import json
import random
import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from shopkeeper.models.structured import Bounds, Form, bounded
from shopkeeper.models.structured.digits import decimal_numbers, whole_numbers
from shopkeeper.models.structured.extent import longest, shortest
from shopkeeper.models.structured.form import Unfilled
from shopkeeper.models.structured.grammar import grammar_of
from shopkeeper.models.structured.patterns import matches, parse_pattern
from shopkeeper.models.structured.shapes import Text
from tests.models.structured.gbnf import GBNF
from tests.models.structured.strategies import PATTERNS, TYPES, values

SMALL = Bounds(text=12, items=3, entries=2, key=5)
EDGES = st.integers(-3000, 3000) | st.integers(-(10**12), 10**12)


@given(TYPES, st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
def test_what_the_grammar_derives_is_an_instance(kind: Any, seed: int) -> None:
    form = Form(kind, SMALL)
    text = GBNF(form.grammar).derive(random.Random(seed))
    try:
        form.read(text)
    except Unfilled as error:
        assert "twice" in str(error)  # a key of a dictionary, which no grammar can tell
    assert shortest(form.shape) <= len(text.encode()) <= longest(form.shape) < form.most_tokens


@given(TYPES, st.data())
@settings(max_examples=150, deadline=None)
def test_an_instance_within_the_bounds_is_in_the_grammar(kind: Any, data: st.DataObject) -> None:
    form = Form(kind, SMALL)
    text = json.dumps(data.draw(values(form.shape)), ensure_ascii=False)
    assert GBNF(form.grammar).accepts(text), text
    form.read(text)


@given(EDGES, EDGES, EDGES)
def test_a_whole_number_is_in_the_grammar_if_it_is_in_the_range(a: int, b: int, n: int) -> None:
    low, high = sorted((a, b))
    grammar = GBNF(f"root ::= {whole_numbers(low, high)}")
    assert grammar.accepts(str(low)) and grammar.accepts(str(high))
    assert not grammar.accepts(str(low - 1)) and not grammar.accepts(str(high + 1))
    assert grammar.accepts(str(n)) == (low <= n <= high)
    assert not any(map(grammar.accepts, ("", "-", "-0", "00", "01", f"0{high}", f"{high}.")))


@given(EDGES, EDGES, EDGES, st.integers(1, 5), st.integers(0, 6))
def test_a_decimal_number_is_in_the_grammar_if_it_is_in_the_range(
    a: int, b: int, n: int, decimals: int, written: int
) -> None:
    low, high = sorted(Decimal(one).scaleb(-decimals) for one in (a, b))
    number = Decimal(n).scaleb(-written)
    assume(f"{number:f}" != "-0")
    grammar = GBNF(f"root ::= {decimal_numbers(low, high, decimals)}")
    assert grammar.accepts(f"{low:f}") and grammar.accepts(f"{high:f}")
    allowed = low <= number <= high and written <= decimals and not (number == 0 and n < 0)
    assert grammar.accepts(f"{number:f}") == allowed
    assert not grammar.accepts("1e5") and not grammar.accepts(".5") and not grammar.accepts("5.")


@pytest.mark.parametrize("expression", PATTERNS)
@given(st.data())
@settings(max_examples=30, deadline=None)
def test_a_pattern_means_what_it_means_to_python(expression: str, data: st.DataObject) -> None:
    pattern = parse_pattern(expression, longest=12)
    grammar = GBNF(grammar_of(Text(0, 12, pattern=pattern)))
    derived = json.loads(grammar.derive(random.Random(data.draw(st.integers(0, 2**32)))))
    assert re.search(expression, derived) and matches(pattern, derived) and len(derived) <= 12
    other = data.draw(st.text('aAbc1é.-@ "\\绿色red', max_size=14))
    quoted = json.dumps(other, ensure_ascii=False)
    assert grammar.accepts(quoted) == matches(pattern, other)
    if matches(pattern, other):
        assert re.search(expression, other)


@given(TYPES)
@settings(max_examples=60, deadline=None)
def test_bounding_what_is_bounded_changes_nothing(kind: Any) -> None:
    schema = Form(kind, SMALL).schema
    once = bounded(schema)
    assert bounded(once) == once
    assert json.loads(json.dumps(once)) == once
