"""Customers played by a language model behind any OpenAI-compatible server, over the 74 train tasks of tau-bench's retail shop.

The model is told the task's scenario and speaks with the agent turn by turn, as in tau-bench; the shop afterwards is compared
with the task's solution. Two agents are measured, each with the same customers: `.endpoint` understands messages with the
same model, `.endpoint_rules` by rules alone. Published runs with strong customers (Claude Sonnet 4.5 as the agent: pass^1
86.2 %) were made with other prompts and another customer: only runs with the same model as customer are comparable.

`ENDPOINT_KEY` is sent as the bearer token, if it is set.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from benchmarks import support_dialogues
from shopkeeper.models.engines.contract import LanguageModel
from shopkeeper.models.engines.remote import RemoteEngine
from shopkeeper.models.records import Controls, Message, Request
from shopkeeper.settings import EngineSettings
from shopkeeper.support.dialogue import ByModel

SEEDS = (200, 201, 202, 203)
DONE = "###DONE###"
TOKENS = 200
PATIENCE_S = 600.0  # for what a customer says next, also where the model is on the same cores
PLAY = """You play a customer who writes to the service desk of an online shop. Stay in the role; you are not the desk.

Your situation:
{reason}
What you know: {known}
What you do not know: {unknown}
How you are: {manner}

- Write one short message at a time, in your own words. Do not tell everything at once, only what is asked or needed next.
- Never invent what is not written above, such as order numbers or addresses: say that you do not know it.
- When the desk reads out what it will do and asks whether to go on, agree if that is what you want.
- When all you want is done or was refused for good, answer with {done} alone. When you are handed to a person, too."""


def run(*, quick: bool, data: Path, endpoint: str, model: str) -> dict[str, Any]:
    """The figures of both agents."""
    settings = EngineSettings(
        kind="openai", url=endpoint, model=model, private=True, timeout_s=PATIENCE_S,
        api_key=SecretStr(key) if (key := os.environ.get("ENDPOINT_KEY")) else None,
    )  # fmt: skip
    engine = RemoteEngine("endpoint", settings)
    found: dict[str, Any] = {"seed": SEEDS[0], "customer": model}
    for name, understands in (("endpoint", (ByModel(engine),)), ("endpoint_rules", ())):
        held = support_dialogues.hold(
            data=data, seeds=SEEDS[: 1 if quick else 4], understands=understands,
            tasks=tuple(str(n) for n in range(8)) if quick else (),
            customer=lambda task, seed: Played.of(task, engine, seed),
        )  # fmt: skip
        found |= {f"{key}.{name}": value for key, value in support_dialogues.figures(held).items()}
    return found


@dataclass
class Played:
    """One customer in one conversation."""

    model: LanguageModel
    seed: int
    told: list[Message] = field(default_factory=list)
    asked_for_person: bool = False

    @classmethod
    def of(cls, task: dict[str, Any], model: LanguageModel, seed: int) -> "Played":
        """The customer of a task."""
        scenario = task["user_scenario"]["instructions"]
        play = PLAY.format(
            reason=scenario["reason_for_call"],
            known=scenario.get("known_info") or "nothing further",
            unknown=scenario.get("unknown_info") or "nothing in particular",
            manner=scenario.get("task_instructions") or "as people are",
            done=DONE,
        )
        return cls(model, seed, [Message("system", play)])

    def first(self) -> str:
        """What they open with."""
        return self.answer("Hello, how can we help?")

    def answer(self, said: str) -> str:
        """What they say to a reply; nothing once they are done."""
        self.told.append(Message("user", said))
        controls = Controls(max_new_tokens=TOKENS, temperature=0.7, top_p=0.95, seed=self.seed)
        request = Request(tuple(self.told), controls, timeout_s=PATIENCE_S)
        text = self.model.generate(request).text.strip()
        self.told.append(Message("assistant", text))
        self.asked_for_person = self.asked_for_person or "person" in text.lower()
        return "" if DONE in text else text
