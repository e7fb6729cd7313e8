"""What an answer is to keep to, as a grammar for llama.cpp: GBNF, or llguidance's dialect, which takes JSON schemas.

A schema that llguidance cannot read (a keyword it does not know, an impossible pattern) is dropped by llama.cpp
without a word, and the model then writes what it likes. So each grammar is tried once behind a text that no model
writes by itself: if that text does not come, the grammar is not in force.
"""

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

from shopkeeper.errors import Unsupported
from shopkeeper.models.engines.llama.tool_calls import OPENING, calls_schema
from shopkeeper.models.records import Grammar, JsonSchema, Request

DIALECT = "%llguidance"
HEAD = DIALECT + " {}\n"
# One space where Python's json puts one: free to write more, a small model never stops.
SPACING = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
LONGEST = 200_000  # characters; llama.cpp reads grammars by recursion
PROOF = "~#~"
REMEMBERED = 256

Complete = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def grammar_of(request: Request) -> str:
    """The grammar of the request's constraint, or of the calls that are required; empty for none."""
    if request.tools and request.tool_choice == "required":
        call = _json(calls_schema(request.tools))
        return f'{HEAD}start: "{OPENING}\\n" call "\\n</tool_call>"\ncall: {call}'
    match request.constraint:
        case JsonSchema(gbnf=gbnf) if gbnf:
            return gbnf
        case JsonSchema(schema=schema):
            return f"{HEAD}start: answer\nanswer: {_json(schema)}"
        case Grammar(gbnf=gbnf):
            return gbnf
    return ""


class KnownGrammars:
    """The grammars of one model that are known to be in force. Safe to share between threads."""

    def __init__(self) -> None:
        self._known: dict[str, None] = {}
        self._lock = threading.Lock()

    def check(self, grammar: str, complete: Complete) -> None:
        """Raises Unsupported if llama.cpp would not keep to it."""
        if len(grammar) > LONGEST:
            raise Unsupported(f"the grammar is longer than {LONGEST} characters")
        if not grammar.startswith(DIALECT):  # llama.cpp says itself what is wrong with GBNF
            return
        with self._lock:
            if grammar in self._known:
                return
        _prove(grammar, complete)
        with self._lock:
            self._known[grammar] = None
            if len(self._known) > REMEMBERED:
                del self._known[next(iter(self._known))]


def _prove(grammar: str, complete: Complete) -> None:
    proof = grammar.replace("start:", f'start: "{PROOF}" proven\nproven:', 1)
    asked = {
        "prompt": [0],
        "n_predict": 2 * len(PROOF),
        "temperature": 0,
        "grammar": proof,
    }
    if not str(complete(asked)["content"]).startswith(PROOF):
        raise Unsupported(
            "this JSON schema cannot be kept to while decoding",
            hint="leave out what llguidance does not know: format, lookaheads, uniqueItems, not, if",
        )


def _json(schema: Mapping[str, Any]) -> str:
    return "%json " + json.dumps({**schema, "x-guidance": SPACING})
