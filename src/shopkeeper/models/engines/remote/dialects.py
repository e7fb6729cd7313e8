"""How the servers that speak OpenAI's API differ: what each can do, and what it calls the controls that OpenAI has not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shopkeeper.models.records import Ability

_EVERYWHERE: frozenset[Ability] = frozenset({"chat", "json_schema", "tools"})


@dataclass(frozen=True, slots=True)
class Dialect:
    """One kind of server.

    controls: our name to its name of those that it knows besides OpenAI's; they are always sent, since its own defaults
    may be others than ours. all_tokens: its top_k for all of them. grammar: where a GBNF grammar goes, as a path in the body. text_schema: where a JSON schema
    goes when a text is continued, where it is other than `response_format`; None if it cannot be kept to there.
    """

    name: str
    abilities: frozenset[Ability]
    controls: Mapping[str, str]
    grammar: tuple[str, ...] = ()
    text_schema: str | None = None
    tool_choice: bool = True
    continues: bool = True  # a text; False if it would be put into a template as a question
    all_tokens: int = 0
    scores: Literal["", "echo", "forced"] = ""  # how continuations are scored, see `scoring`
    fixed: Mapping[str, Any] = field(default_factory=dict)  # sent with each generation


OPENAI = Dialect("openai", _EVERYWHERE | {"logit_bias"}, {})
OLLAMA = Dialect("ollama", _EVERYWHERE, {}, tool_choice=False, continues=False)
LLAMA_SERVER = Dialect(
    "llama-server",
    _EVERYWHERE | {"generate", "grammar", "logit_bias", "score"},
    {"top_k": "top_k", "min_p": "min_p", "repetition_penalty": "repeat_penalty"},
    grammar=("grammar",),
    text_schema="json_schema",
    scores="forced",
    fixed={"repeat_last_n": 2**16},  # penalties see all that was written, not the last 64 tokens
)
VLLM = Dialect(
    "vllm",
    _EVERYWHERE | {"generate", "grammar", "logit_bias", "score", "adapters"},
    {"top_k": "top_k", "min_p": "min_p", "repetition_penalty": "repetition_penalty"},
    grammar=("structured_outputs", "grammar"),
    text_schema="response_format",
    scores="echo",
    all_tokens=-1,
)
SGLANG = Dialect(
    "sglang",
    _EVERYWHERE | {"generate", "grammar", "logit_bias", "score"},
    {"top_k": "top_k", "min_p": "min_p", "repetition_penalty": "repetition_penalty"},
    grammar=("ebnf",),
    text_schema="response_format",
    scores="echo",
    all_tokens=-1,
)
_BY_OWNER = {
    "vllm": VLLM,
    "sglang": SGLANG,
    "llamacpp": LLAMA_SERVER,
    "library": OLLAMA,
    "ollama": OLLAMA,
}


class _Entry(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: str = ""
    owned_by: Any = ""
    max_model_len: Any = 0  # vLLM, SGLang
    meta: Any = None  # llama-server


class _Listing(BaseModel):
    model_config = ConfigDict(extra="ignore")

    data: list[_Entry] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Introduction:
    """What a server's list of models says: which kind it is, and the most tokens that the model takes, 0 if it is silent."""

    dialect: Dialect
    context_tokens: int


def introduction(listing: bytes, model: str) -> Introduction | None:
    """Read from the answer to GET /models; None if it does not tell what server it is."""
    try:
        entries = _Listing.model_validate_json(listing).data
    except ValidationError:
        entries = []
    entry = next((e for e in entries if e.id == model), entries[0] if entries else _Entry())
    dialect = _BY_OWNER.get(entry.owned_by if isinstance(entry.owned_by, str) else "")
    if dialect is None:
        return None
    meta = entry.meta if isinstance(entry.meta, dict) else {}
    length = entry.max_model_len or meta.get("n_ctx")
    return Introduction(dialect, length if isinstance(length, int) and 0 < length < 10**9 else 0)
