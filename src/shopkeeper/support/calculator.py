"""A calculator for money: decimals, four operations, brackets, percent. Nothing else can be written in it."""

import re
from decimal import Decimal, DivisionByZero, InvalidOperation, Overflow, localcontext

MAX_LENGTH = 200
MAX_DEPTH = 20
_TOKEN = re.compile(r"\s*(?:(\d{1,15}(?:\.\d{1,15})?|\.\d{1,15})|([-+*/()%×÷−]))")
_SIGNS = {"×": "*", "÷": "/", "−": "-"}
DIGITS = 28


def calculate(expression: str) -> Decimal:
    """The value of an expression such as "(652.61 + 473.43) * 10%", exact but for divisions, which have 28 digits.

    "1,234.50" is read as 1234.50. Raises ValueError.
    """
    if len(expression) > MAX_LENGTH:
        raise ValueError(f"an expression has at most {MAX_LENGTH} characters")
    tokens = _tokens(re.sub(r"(?<=\d),(?=\d{3}(\D|$))", "", expression))
    with localcontext() as context:
        context.prec = DIGITS
        context.traps[InvalidOperation] = context.traps[DivisionByZero] = True
        try:
            value, rest = _sum(tokens, 0)
        except DivisionByZero:
            raise ValueError("division by zero") from None
        except (InvalidOperation, Overflow):
            raise ValueError("the result is no number") from None
    if rest:
        raise ValueError(f"{rest[0]!r} stands where nothing more was expected")
    return value


def _tokens(text: str) -> list[str]:
    found, place = [], 0
    text = text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise ValueError(
                f"{text[place:].strip()[:1]!r} is neither a number nor one of + - * / ( ) %"
            )
        found.append(match[1] or _SIGNS.get(match[2], match[2]))
        place = match.end()
    return found


def _sum(tokens: list[str], depth: int) -> tuple[Decimal, list[str]]:
    value, rest = _product(tokens, depth)
    while rest and rest[0] in "+-":
        sign = rest[0]
        other, rest = _product(rest[1:], depth)
        value = value + other if sign == "+" else value - other
    return value, rest


def _product(tokens: list[str], depth: int) -> tuple[Decimal, list[str]]:
    value, rest = _factor(tokens, depth)
    while rest and rest[0] in "*/":
        sign = rest[0]
        other, rest = _factor(rest[1:], depth)
        value = value * other if sign == "*" else value / other
    return value, rest


def _factor(tokens: list[str], depth: int) -> tuple[Decimal, list[str]]:
    if not tokens:
        raise ValueError("a number is missing at the end")
    if depth > MAX_DEPTH:
        raise ValueError("too many brackets")
    head, rest = tokens[0], tokens[1:]
    if head == "-":
        value, rest = _factor(rest, depth + 1)
        return -value, rest
    if head == "(":
        value, rest = _sum(rest, depth + 1)
        if not rest or rest[0] != ")":
            raise ValueError("a bracket is not closed")
        rest = rest[1:]
    elif head[0].isdigit() or head[0] == ".":
        value = Decimal(head)
    else:
        raise ValueError(f"{head!r} stands where a number was expected")
    while rest and rest[0] == "%":
        value, rest = value / 100, rest[1:]
    return value, rest
