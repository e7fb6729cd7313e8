"""A small reader of GBNF, apart from the one that writes it: derives texts at random and recognises them."""

import random
import re
from dataclasses import dataclass, field
from typing import Any

Ends = frozenset[int]
# ("text", str) | ("class", ranges) | ("rule", name) | ("seq", nodes) | ("alt", nodes) | ("rep", node, low, high)
Node = tuple[Any, ...]
TOKEN = re.compile(
    r'\s*(?:"((?:[^"\\]|\\.)*)"|\[((?:[^\]\\]|\\.)*)\]|\{(\d+)(?:,(\d+))?\}|([a-z][a-z0-9-]*)|([()|?]))',
    re.DOTALL,
)
CODE = re.compile(r"\\x(..)|\\u(....)|\\U(........)|\\(.)|(.)", re.DOTALL)


def _codes(text: str) -> list[tuple[int, bool]]:
    """Code points and whether each was escaped."""
    found = []
    for x, u, long, escaped, plain in CODE.findall(text):
        code = (
            int(x or u or long, 16)
            if x or u or long
            else ord({"n": "\n", "t": "\t"}.get(escaped, escaped) or plain)
        )
        found.append((code, not plain))
    return found


def _ranges(text: str) -> list[tuple[int, int]]:
    codes, ranges = _codes(text), []
    while codes:
        first = codes.pop(0)[0]
        if len(codes) > 1 and codes[0] == (ord("-"), False):
            codes.pop(0)
            ranges.append((first, codes.pop(0)[0]))
        else:
            ranges.append((first, first))
    return ranges


@dataclass
class GBNF:
    """A grammar without recursion, as ours are."""

    text: str
    rules: dict[str, Node] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for line in self.text.strip().splitlines():
            name, _, body = line.partition(" ::= ")
            tokens: list[re.Match[str]] = []
            at = 0
            while at < len(body.rstrip()):
                found = TOKEN.match(body, at)
                assert found, f"{name}: {body[at:]!r}"
                tokens.append(found)
                at = found.end()
            self.rules[name] = self._alternatives(tokens)
            assert not tokens, name

    def _alternatives(self, tokens: list[re.Match[str]]) -> Node:
        options = [self._sequence(tokens)]
        while tokens and tokens[0][6] == "|":
            tokens.pop(0)
            options.append(self._sequence(tokens))
        return options[0] if len(options) == 1 else ("alt", options)

    def _sequence(self, tokens: list[re.Match[str]]) -> Node:
        parts: list[Node] = []
        while tokens and tokens[0][6] not in ("|", ")"):
            literal, letters, low, high, name, sign = tokens[0].groups()
            tokens.pop(0)
            if sign == "(":
                parts.append(self._alternatives(tokens))
                assert tokens.pop(0)[6] == ")"
            elif sign == "?":
                parts.append(("rep", parts.pop(), 0, 1))
            elif low is not None:
                parts.append(("rep", parts.pop(), int(low), int(high or low)))
            elif name:
                parts.append(("rule", name))
            elif letters is not None:
                parts.append(("class", _ranges(letters)))
            else:
                parts.append(("text", "".join(chr(code) for code, _ in _codes(literal))))
        return ("seq", parts)

    def derive(self, chance: random.Random, short: bool = False) -> str:
        """A text of the language; short: every repetition ends early."""

        def of(node: Node) -> str:
            match node:
                case ("text", text):
                    return str(text)
                case ("class", ranges):
                    low, high = chance.choice(ranges)
                    return chr(chance.choice([low, high, chance.randint(low, high)]))
                case ("rule", name):
                    return of(self.rules[name])
                case ("seq", parts):
                    return "".join(map(of, parts))
                case ("alt", options):
                    return of(chance.choice(options))
            _, inner, low, high = node
            most = min(high, low + 3) if short else high
            times = chance.choice([low, most, chance.randint(low, most)])
            return "".join(of(inner) for _ in range(times))

        return of(self.rules["root"])

    def accepts(self, text: str) -> bool:
        """Whether the text is of the language."""
        known: dict[tuple[str, Ends], Ends] = {}

        def of(node: Node, starts: Ends) -> Ends:
            match node:
                case ("text", literal):
                    return frozenset(
                        at + len(literal) for at in starts if text.startswith(literal, at)
                    )
                case ("class", ranges):
                    return frozenset(
                        at + 1
                        for at in starts
                        if at < len(text) and any(a <= ord(text[at]) <= b for a, b in ranges)
                    )
                case ("rule", name):
                    if (name, starts) not in known:
                        known[name, starts] = of(self.rules[name], starts)
                    return known[name, starts]
                case ("seq", parts):
                    for part in parts:
                        starts = of(part, starts)
                    return starts
                case ("alt", options):
                    return frozenset().union(*(of(option, starts) for option in options))
            _, inner, low, high = node
            found = starts if low == 0 else frozenset()
            for count in range(1, high + 1):
                starts = of(inner, starts)
                if not starts:
                    break
                found = found | starts if count >= low else found
            return found

        return len(text) in of(self.rules["root"], frozenset({0}))
