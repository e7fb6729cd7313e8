"""Shapes into GBNF, the grammars of llama.cpp: what is written is JSON of the shape, on one line, and always ends.

llama.cpp makes grammars of JSON schemas too, but passes over the ranges of decimal numbers and lets white space, digits
and exponents run on (`python -m benchmarks lm_structured` shows it), so we write our own. Between the parts stands what
`json.dumps` writes, `", "` and `": "`: what models have seen most.
"""

import json
import re

from shopkeeper.models.structured.automaton import Machine, machine_of
from shopkeeper.models.structured.digits import decimal_numbers, whole_numbers
from shopkeeper.models.structured.patterns import (
    BLANK_FREE,
    WRITABLE,
    Alternatives,
    Letters,
    Pattern,
    Range,
    Sequence,
)
from shopkeeper.models.structured.shapes import (
    Either,
    Entries,
    Items,
    Moment,
    Number,
    OneOf,
    Record,
    Shape,
    Text,
    Whole,
)

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
_MONTHS = (
    '("0" [13578] | "1" [02]) "-" ("0" [1-9] | [12] [0-9] | "3" [01])',
    '("0" [469] | "11") "-" ("0" [1-9] | [12] [0-9] | "30")',
    '"02-" ("0" [1-9] | "1" [0-9] | "2" [0-8])',
)
_LEAP = '("19" ("0" [48] | [2468] [048] | [13579] [26]) | "20" ([02468] [048] | [13579] [26]))'


def grammar_of(shape: Shape) -> str:
    """The GBNF grammar, from `root`, of all JSON texts of this shape."""
    writer = _Writer()
    root = writer.write(shape)
    rules = [f"root ::= {root}", *(f"{name} ::= {body}" for body, name in writer.rules.items())]
    return "\n".join(rules) + "\n"


def quoted(text: str) -> str:
    """A literal of GBNF."""
    escaped = "".join(
        f"\\x{ord(c):02X}" if ord(c) < 0x20 or ord(c) == 0x7F else "\\" + c if c in '"\\' else c
        for c in text
    )
    return f'"{escaped}"'


def letters(ranges: tuple[Range, ...]) -> str:
    """One character of these ranges as it stands inside of a JSON string."""
    escaped = [c for c in _ESCAPES if any(low <= ord(c) <= high for low, high in ranges)]
    plain = _without(ranges, [ord(c) for c in _ESCAPES])
    options = []
    if plain:
        options.append("[" + "".join(_one(low, high) for low, high in plain) + "]")
    options += [quoted(_ESCAPES[c]) for c in escaped]
    return options[0] if len(options) == 1 else "(" + " | ".join(options) + ")"


class _Writer:
    """Collects rules; equal bodies share one."""

    def __init__(self) -> None:
        self.rules: dict[str, str] = {}

    def rule(self, kind: str, body: str) -> str:
        """The name of the rule with this body."""
        if re.fullmatch(r"[a-z0-9-]+", body):
            return body
        return self.rules.setdefault(body, f"{kind}-{len(self.rules)}")

    def write(self, shape: Shape) -> str:
        """The name of the rule for a shape."""
        match shape:
            case OneOf():
                texts = [json.dumps(value, ensure_ascii=False) for value in shape.values]
                return self.rule("one", " | ".join(map(quoted, dict.fromkeys(texts))))
            case Whole():
                return self.rule("whole", whole_numbers(shape.lowest, shape.highest))
            case Number():
                body = decimal_numbers(shape.lowest, shape.highest, shape.decimals)
                return self.rule("number", body)
            case Text():
                return self.rule("text", f'"\\"" {self._content(shape)} "\\""')
            case Moment():
                return self.rule("moment", f'"\\"" {self._moment(shape)} "\\""')
            case Items():
                return self.rule("items", self._items(shape))
            case Entries():
                entry = self.rule(
                    "entry", f'{self.write(shape.key)} ": " {self.write(shape.value)}'
                )
                inside = _separated(entry, shape.fewest, shape.most)
                return self.rule("entries", f'"{{" {inside} "}}"')
            case Record():
                return self.rule("record", self._record(shape))
            case Either():
                return self.rule("either", " | ".join(map(self.write, shape.options)))

    def _content(self, text: Text) -> str:
        """What stands between the quotes."""
        if text.pattern is not None:
            machine = machine_of(text.pattern)
            if machine is not None and machine.chooses:
                return self._machine(machine)
            return self._pattern(text.pattern)
        letter = self.rule("letter", letters(WRITABLE))
        if not text.trimmed:
            return f"{letter}{{{text.shortest},{text.longest}}}"
        edge = self.rule("edge", letters(BLANK_FREE))
        if text.longest == 0:
            return '""'
        inner = f"{letter}{{{max(0, text.shortest - 2)},{text.longest - 2}}}"
        ends = f"({inner} {edge})" if text.shortest > 1 else f"({inner} {edge})?"
        body = f"{edge} {ends}" if text.longest > 1 else edge
        return f"({body})?" if text.shortest == 0 else body

    def _machine(self, machine: Machine) -> str:
        """One rule a state; states that lead to the same share theirs."""
        names: dict[int, str] = {}
        for number in machine.backwards():
            state = machine.states[number]
            ways = [f"{letters(ranges)} {names[target]}" for ranges, target in state.next]
            names[number] = self.rule("state", " | ".join(ways + ['""'] * state.ends))
        return names[0]

    def _pattern(self, pattern: Pattern) -> str:
        match pattern:
            case Letters():
                return self.rule("letter", letters(pattern.ranges))
            case Sequence():
                return " ".join(map(self._pattern, pattern.parts)) or '""'
            case Alternatives():
                return "(" + " | ".join(map(self._pattern, pattern.options)) + ")"
        if pattern.most == 0:
            return '""'
        part = self.rule("part", self._pattern(pattern.part))
        return f"{part}{{{pattern.fewest},{pattern.most}}}"

    def _moment(self, moment: Moment) -> str:
        long, short, february = _MONTHS
        day = self.rule(
            "day",
            f'("19" | "20") [0-9]{{2}} "-" ({long} | {short} | {february}) | {_LEAP} "-02-29"',
        )
        time = self.rule("time", '([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9] ":" [0-5] [0-9]')
        zone = {"maybe": ' "Z"?', "never": "", "always": ' "Z"'}[moment.zone]
        return {"date": day, "time": f"{time}{zone}", "date-time": f'{day} "T" {time}{zone}'}[
            moment.kind
        ]

    def _items(self, items: Items) -> str:
        first = ' ", " '.join(map(self.write, items.first))
        if items.most == 0:
            return f'"[" {first} "]"' if first else '"[]"'
        item = self.write(items.item)
        if not first:
            return f'"[" {_separated(item, items.fewest, items.most)} "]"'
        after = self.rule("next", f'", " {item}')
        return f'"[" {first} {after}{{{items.fewest},{items.most}}} "]"'

    def _record(self, record: Record) -> str:
        """Members in their order; those that may be left out make a chain of rules, one a member."""
        after = at_start = ""  # what may follow when something, or nothing, has been written
        for member in reversed(record.members):
            name = quoted(json.dumps(member.name, ensure_ascii=False) + ": ")
            written = f"{name} {self.write(member.shape)}"
            following = f'", " {written} {after}'.strip()
            if member.required or record.complete:
                at_start = f"{written} {after}".strip()
                after = following
            else:
                pair = self.rule("pair", written)
                at_start = self.rule(
                    "start", f"{pair} {after}".strip() + (f" | {at_start}" if at_start else ' | ""')
                )
                after = self.rule("more", f'(", " {pair})? {after}'.strip())
        return f'"{{" {at_start} "}}"' if at_start else '"{}"'


def _separated(item: str, fewest: int, most: int) -> str:
    """From `fewest` to `most` of a rule with commas between."""
    if most == 0:
        return '""'
    more = f'{item} (", " {item}){{{max(0, fewest - 1)},{most - 1}}}' if most > 1 else item
    return more if fewest else f"({more})?"


def _without(ranges: tuple[Range, ...], codes: list[int]) -> list[Range]:
    """The ranges without single code points."""
    kept = list(ranges)
    for code in codes:
        kept = [
            part
            for low, high in kept
            for part in (
                [(low, code - 1), (code + 1, high)] if low <= code <= high else [(low, high)]
            )
            if part[0] <= part[1]
        ]
    return kept


def _one(low: int, high: int) -> str:
    first, last = _code(low), _code(high)
    return first if low == high else f"{first}-{last}"


def _code(code: int) -> str:
    if code > 0xFFFF:
        return f"\\U{code:08X}"
    if code > 0x7F:
        return f"\\u{code:04X}"
    return chr(code) if chr(code).isalnum() else f"\\x{code:02X}"
