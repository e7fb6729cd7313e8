"""A customer played by a language model, so that a small one can play it too.

The model is told the situation of a task and nothing else: neither the solution nor anything of the agent. It makes a list
of the wishes in it first. Then, for each message of the shop, it is asked two narrow things: what that message wants, one of
a closed list (`Wants`), and the words to send for it; where it wants nothing, the next wish of the list is sent. Memory is
kept by code and short: which wishes were brought up, and how often nothing new was said. What the shop wants is read from
its last message alone; words are asked for with a prompt that only grows, so that a server which keeps what it has read of
a prompt reads little.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from shopkeeper.errors import (
    ContextTooLong,
    EngineOverloaded,
    EngineTimeout,
    EngineUnavailable,
    OutputError,
)
from shopkeeper.models.engines.contract import LanguageModel
from shopkeeper.models.records import Controls, Message
from shopkeeper.models.structured import Form, ask

T = TypeVar("T")

PATIENCE_S = 300.0  # for one answer of the model, also where it is on the same cores
PAUSES_S = (5.0, 30.0, 120.0)  # before a server that failed is asked again
SHOWN = 1_500  # characters of a message that stay in the chat as the model reads it
STUCK = 3  # messages that say nothing new, after which they leave
UNUSABLE, TOO_LONG = "model wrote nothing usable", "chat too long for the model"
GREETING = "Hello, how can we help?"

SITUATION = """You are a customer of an online shop who writes to its service. You want help and never give it.

Your situation: {reason}
What you know: {known}
What you do not know: {unknown}
Your manner: {manner}"""
LISTING = """What do you want from the shop? Write down the wishes in your situation, usually one or two, in their order, each as one sentence that you would say yourself ("I want to …") with all its details. Leave nothing out and add nothing. Several items to be treated in the same way are one wish. What you want only if something else is not possible is no wish of its own. Answer with JSON."""


class Wants(StrEnum):
    """What the last message of the shop wants; short, since each costs a small model time."""

    IDENTITY = "identity"
    YES = "yes or no"
    DETAIL = "detail"
    NOTHING = "nothing"
    REFUSED = "refused"
    LEAVES = "person"


READING = """You read what the service of a shop writes to a customer, and say what its message asks the customer for; its last sentence tells most. One of:
- identity: who the customer is, such as name, e-mail address or zip code
- yes or no: it tells what it will do, and asks whether to do it
- detail: which order, item, option, reason, payment or address is meant
- nothing: it has done or answered something, and asks if there is anything else
- refused: it cannot do that, or does not know or understand
- person: a person takes over
Answer with JSON."""
WORDING = "{hint}\nWrite the customer's next message, one or two short sentences, nothing that is not in the situation. Answer with JSON."
LEAVING = "Is everything settled that your situation wants, also what follows from the shop's answers? Answer with JSON: settled, and in say what the customer still wants, or nothing."
HINTS = {
    Wants.IDENTITY: "The shop wants to know who you are. Tell it what you know of that.",
    Wants.YES: "The shop asks whether it shall do what it has told. Say yes if your situation wants it so; else say what is to be different.",
    Wants.DETAIL: "The shop asks for a detail. Give the one that your situation names, out of its options the one that suits your situation best; if you do not know or do not mind, say so.",
    Wants.REFUSED: "The shop does not do what you asked. Say what your situation wants in that case; if it names nothing, ask for it in other words.",
}


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Wishes(_Form):
    wishes: Annotated[list[Annotated[str, Field(max_length=200)]], Field(min_length=1, max_length=5)]  # fmt: skip


class _Wanted(_Form):
    wants: Wants


class _Said(_Form):
    say: Annotated[str, Field(min_length=1, max_length=300)]


class _Last(_Form):
    settled: bool
    say: Annotated[str, Field(max_length=300)]


WISHES: Form[_Wishes] = Form(_Wishes)
WANTED: Form[_Wanted] = Form(_Wanted)
SAID: Form[_Said] = Form(_Said)
LAST: Form[_Last] = Form(_Last)


@dataclass
class Played:
    """One customer in one conversation. situation: what the model is told first; ended: how it ended for the customer."""

    model: LanguageModel
    seed: int
    situation: str
    asked_for_person: bool = False
    ended: str = ""
    wait: Callable[[float], None] = time.sleep
    _lines: list[str] = field(default_factory=list)
    _said: set[str] = field(default_factory=set)
    _open: list[str] = field(default_factory=list)
    _stuck: int = 0
    _asked: int = 0

    @classmethod
    def of(cls, task: dict[str, Any], model: LanguageModel, seed: int) -> "Played":
        """The customer of a task: its scenario as it stands."""
        scenario = task["user_scenario"]["instructions"]
        situation = SITUATION.format(
            reason=scenario["reason_for_call"],
            known=scenario.get("known_info") or "nothing further",
            unknown=scenario.get("unknown_info") or "nothing in particular",
            manner=(scenario.get("task_instructions") or "").strip(" .") or "as people are",
        )
        return cls(model, seed, situation)

    def first(self) -> str:
        """What they open with: the first wish. Raises EngineError where the server cannot be had."""
        self._lines.append(f"Shop: {GREETING}")
        try:
            self._open = self._ask(WISHES, LISTING, temperature=0.0).wishes
        except (OutputError, ContextTooLong) as error:
            return self._leaves(UNUSABLE if isinstance(error, OutputError) else TOO_LONG)
        return self._sent(self._open.pop(0))

    def answer(self, said: str) -> str:
        """What they say to a reply; nothing once they leave. Raises EngineError where the server cannot be had."""
        self._lines.append(f"Shop: {said[:SHOWN]}")
        try:
            text = self._answer()
        except (OutputError, ContextTooLong) as error:
            return self._leaves(UNUSABLE if isinstance(error, OutputError) else TOO_LONG)
        return self._sent(text) if text else ""

    def _answer(self) -> str:
        wants = self._ask(WANTED, self._lines[-1], system=READING, temperature=0.0).wants
        if wants is Wants.LEAVES:
            return self._leaves("left to a person")
        if wants is Wants.NOTHING:
            return self._open.pop(0) if self._open else self._more()
        text = self._worded(HINTS[wants])
        if wants is Wants.YES or not self._is_old(text):
            return text
        self._stuck += 1
        if self._stuck >= STUCK:
            return self._leaves("gave up")
        return self._worded(
            f"{HINTS[wants]} You or the shop have said «{text}» before: say it otherwise."
        )

    def _more(self) -> str:
        """What follows from the answers that they got, if anything does; they leave otherwise."""
        last = self._ask(LAST, self._chat() + LEAVING, temperature=0.0)
        if last.settled or not last.say.strip() or self._is_old(last.say):
            return self._leaves("left content")
        return last.say

    def _worded(self, hint: str) -> str:
        """What they say now."""
        return self._ask(SAID, self._chat() + WORDING.format(hint=hint)).say

    def _chat(self) -> str:
        return "The chat so far:\n" + "\n".join(self._lines) + "\n\n"

    def _leaves(self, how: str) -> str:
        self.ended = how
        return ""

    def _sent(self, text: str) -> str:
        self._lines.append(f"You: {text}")
        self._said.add(_plain(text))
        self.asked_for_person |= re.search(r"person|human|representative", text.casefold()) is not None  # fmt: skip
        return text

    def _is_old(self, text: str) -> bool:
        """What was sent before, or are the shop's own words."""
        plain = _plain(text)
        return plain in self._said or (len(plain) > 20 and plain in _plain(self._lines[-1]))

    def _ask(
        self, form: Form[T], question: str, *, system: str = "", temperature: float = 0.5
    ) -> T:
        """The model's answer; a server that fails is asked again after a while. Raises EngineError, OutputError."""
        prompt = (Message("system", system or self.situation), Message("user", question))
        for pause in (*PAUSES_S, None):
            self._asked += 1
            controls = Controls(temperature=temperature, seed=self.seed * 1_000 + self._asked)
            try:
                return ask(self.model, prompt, form, controls=controls, timeout_s=PATIENCE_S).value
            except (EngineOverloaded, EngineTimeout, EngineUnavailable):
                if pause is None:
                    raise
                self.wait(pause)
        raise AssertionError("the last try returns or raises")


def _plain(text: str) -> str:
    return re.sub(r"\W+", "", text.casefold())
