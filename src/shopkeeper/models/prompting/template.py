"""A prompt as a file: `prompts/NAME.vN.toml` with the instruction, the form of a question and the lead to its answer.

The instruction comes first and is the same for every input, so that engines keep it computed; then examples, each a
question and its answer; last the question. `{field}` in the question stands for a field of the input, quoted as data;
`{value}` in the instruction for words that the shop itself chose, such as labels. A published file is never changed:
what changes is a new version.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from shopkeeper.errors import ModelError
from shopkeeper.models.prompting.quoting import quoted
from shopkeeper.models.records import Message

_FIELD = re.compile(r"\{([a-z_]+)\}")
_NAME = re.compile(r"[a-z_]+\.v[1-9][0-9]*")


@dataclass(frozen=True, slots=True)
class Template:
    """A prompt without its data. `lead` ends the question and is what the answer comes after."""

    id: str
    instruction: str
    question: str
    lead: str

    def instructed(self, values: Mapping[str, str]) -> str:
        """The instruction with the shop's own words in their places."""
        return _FIELD.sub(lambda match: values[match.group(1)], self.instruction)

    def asked(self, data: Mapping[str, Any]) -> str:
        """The question about these data, each quoted."""
        question = _FIELD.sub(lambda match: quoted(data[match.group(1)]), self.question)
        return f"{question}\n{self.lead}"

    def messages(
        self, instruction: str, examples: Sequence[tuple[str, str]], question: str
    ) -> tuple[Message, ...]:
        """For models that answer messages. examples: questions and answers as they are to stand."""
        turns = [
            message
            for asked, answer in examples
            for message in (Message("user", asked), Message("assistant", answer))
        ]
        return (Message("system", instruction), *turns, Message("user", question))

    def text(self, instruction: str, examples: Sequence[tuple[str, str]], question: str) -> str:
        """For models that only continue a text; the answer follows after a space."""
        shown = [f"{asked} {answer}" for asked, answer in examples]
        return "\n\n".join([instruction, *shown, question])


@lru_cache(maxsize=64)
def load_template(name: str) -> Template:
    """The template of this id, as `sentiment.v1`. Raises ModelError if there is none."""
    place = files("shopkeeper.models") / "prompts" / f"{name}.toml"
    if not _NAME.fullmatch(name) or not place.is_file():
        raise ModelError(
            f"there is no prompt {name!r}", hint=f"there are {', '.join(template_names())}"
        )
    parts = tomllib.loads(place.read_text(encoding="utf-8"))
    return Template(name, *(parts[key].strip() for key in ("instruction", "question", "lead")))


def template_names() -> list[str]:
    """Ids of the templates that ship."""
    folder = files("shopkeeper.models") / "prompts"
    return sorted(
        f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml")
    )
