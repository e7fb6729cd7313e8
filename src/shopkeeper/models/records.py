"""What is asked of a language model and what comes back, the same for every engine. Values only, no behaviour."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Role = Literal["system", "user", "assistant", "tool"]
Finish = Literal["stop", "length", "tool_calls"]

# What an engine can do with the model that it has. Asking for more raises Unsupported.
Ability = Literal[
    "generate",  # continue a text
    "chat",  # answer messages, by the model's own chat template
    "score",  # log-likelihood of given continuations
    "embed",
    "json_schema",  # keep to a JSON schema while decoding
    "grammar",  # keep to a GBNF grammar while decoding
    "tools",
    "adapters",  # LoRA, chosen per request
    "beams",
    "logit_bias",
]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the model asks for. `arguments` is JSON text as the model wrote it: not to be trusted."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""  # of the call that a message of role `tool` answers


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may ask for; `parameters` is the JSON schema of its arguments."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Controls:
    """How text is chosen, the same everywhere. The defaults decode greedily.

    temperature: 0 takes the likeliest token. top_k 0, top_p 1 and min_p 0 cut nothing off. beams above 1 need the
    ability. repetition_penalty: divides logits of tokens already there, 1 for none (Keskar et al. 2019);
    presence_penalty and frequency_penalty are subtracted from them, as OpenAI's API defines. logit_bias is added to
    the logits of these token ids. seed None: another text each time, unless the temperature is 0.
    """

    max_new_tokens: int = 256
    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    beams: int = 1
    repetition_penalty: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    stop: tuple[str, ...] = ()
    seed: int | None = None
    logit_bias: Mapping[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ranges = {
            "max_new_tokens": self.max_new_tokens >= 1,
            "temperature": 0 <= self.temperature <= 10,
            "top_k": self.top_k >= 0,
            "top_p": 0 < self.top_p <= 1,
            "min_p": 0 <= self.min_p <= 1,
            "beams": 1 <= self.beams <= 64,
            "repetition_penalty": 0 < self.repetition_penalty <= 10,
            "presence_penalty": -10 <= self.presence_penalty <= 10,
            "frequency_penalty": -10 <= self.frequency_penalty <= 10,
            "stop": all(self.stop) and len(self.stop) <= 16,
        }
        wrong = [name for name, right in ranges.items() if not right]
        if wrong:
            said = ", ".join(f"{name}={getattr(self, name)!r}" for name in wrong)
            raise ValueError(f"generation controls out of range: {said}")


@dataclass(frozen=True, slots=True)
class JsonSchema:
    """The text is to be JSON of this schema. `shopkeeper.models.structured` makes bounded ones of pydantic types.

    gbnf: a grammar of the same texts, for engines that keep to grammars; empty if there is none.
    """

    schema: Mapping[str, Any]
    name: str = "answer"
    gbnf: str = ""


@dataclass(frozen=True, slots=True)
class Grammar:
    """The text is to be derived from `root` of this GBNF grammar (llama.cpp's grammars/README.md)."""

    gbnf: str


Prompt = str | tuple[Message, ...]  # a text to continue, or messages to answer


@dataclass(frozen=True, slots=True)
class Request:
    """One generation. timeout_s is the budget for all of it: waiting, retries and decoding."""

    prompt: Prompt
    controls: Controls = field(default_factory=Controls)
    constraint: JsonSchema | Grammar | None = None
    tools: tuple[Tool, ...] = ()
    tool_choice: Literal["auto", "none", "required"] = "auto"
    adapter: str = ""  # name of a LoRA adapter; empty for the model as it is
    timeout_s: float = 120.0
    prompt_version: str = ""  # for the record of calls: which template made this prompt
    personal: tuple[str, ...] = ()  # names of people in it, hidden from strangers' servers


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens. cached_tokens are those of the prompt that were not computed again; estimated: the engine did not say."""

    prompt_tokens: int
    completion_tokens: int = 0
    cached_tokens: int = 0
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds: until the first token, and in all, waiting included."""

    first_token_ms: float
    total_ms: float


@dataclass(frozen=True, slots=True)
class Generation:
    """What came back. token_ids where the engine tells them, else empty."""

    text: str
    finish: Finish
    model: str
    usage: Usage
    timing: Timing
    tool_calls: tuple[ToolCall, ...] = ()
    token_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a stream. The last one has no text and the whole `generation`."""

    text: str
    generation: Generation | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """Natural log-likelihood of a continuation after the prompt, summed over its tokens."""

    log_likelihood: float
    tokens: int


@dataclass(frozen=True, slots=True)
class Scores:
    """One score a continuation, in their order."""

    scores: tuple[Score, ...]
    model: str
    usage: Usage
    timing: Timing


@dataclass(frozen=True, slots=True)
class Embedded:
    """Vectors (N, D), float32, each of length 1."""

    vectors: NDArray[np.float32]
    model: str
    usage: Usage
    timing: Timing
