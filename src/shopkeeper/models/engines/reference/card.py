"""What a checkpoint says of itself, read without torch: a folder as Transformers saves it, or a GGUF file.

Weights are taken from safetensors and GGUF alone: the other formats are pickles, which hold programs. Code that comes
with a checkpoint is never run; its architecture must be one of Transformers' own.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from shopkeeper.errors import ArtifactError
from shopkeeper.models import checkpoint
from shopkeeper.models.engines.llama.model_file import read_model

Kind = Literal["decoder", "encoder", "encoder-decoder"]

KINDS: dict[str, Kind] = {  # by the end of the architecture's name
    "ForCausalLM": "decoder",
    "LMHeadModel": "decoder",
    "ForMaskedLM": "encoder",
    "ForPreTraining": "encoder",
    "ForConditionalGeneration": "encoder-decoder",
}
CONTEXT_KEYS = ("max_position_embeddings", "n_positions", "n_ctx", "max_sequence_length")


@dataclass(frozen=True, slots=True)
class Card:
    """What is known of a checkpoint before its weights are read. context_tokens: 0 if nothing limits it."""

    path: Path
    kind: Kind
    architecture: str
    context_tokens: int
    chat_template: str
    control_tokens: tuple[str, ...]
    bos: str
    eos: str
    only_vectors: bool = False  # the model has no head for tokens


def read_card(path: Path) -> Card:
    """The card of a folder or a GGUF file. Raises ArtifactError if it cannot be used, and says why."""
    if path.is_file() and path.suffix == ".gguf":
        return _of_gguf(path)
    if not path.is_dir():
        raise ArtifactError(
            f"{path} is neither a folder with a checkpoint nor a GGUF file",
            hint="name a folder with config.json, tokenizer.json and *.safetensors",
        )
    checkpoint.data_files((each.name for each in path.iterdir()), of=str(path))
    config, words = checkpoint.check(path), _json(path / "tokenizer_config.json")
    architecture, kind = _architecture(path, config)
    return Card(
        path=path,
        kind=kind,
        architecture=architecture,
        context_tokens=0 if kind == "encoder-decoder" else _context(config, words),
        chat_template=_template(path, words),
        control_tokens=_control_tokens(_json(path / "tokenizer.json")),
        bos=_token(words.get("bos_token")),
        eos=_token(words.get("eos_token")),
        only_vectors=not architecture.endswith(tuple(KINDS)),
    )


def _of_gguf(path: Path) -> Card:
    file = read_model(path)
    return Card(
        path=path,
        kind="decoder",
        architecture=file.architecture,
        context_tokens=file.context_tokens,
        chat_template=file.chat_template,
        control_tokens=file.control_tokens,
        bos=file.bos,
        eos=file.eos,
    )


def _architecture(path: Path, config: Mapping[str, Any]) -> tuple[str, Kind]:
    named = config.get("architectures") or [""]
    architecture = str(named[0])
    for end, kind in KINDS.items():
        if architecture.endswith(end):
            return architecture, kind
    if architecture.endswith("Model"):
        return architecture, "encoder"
    raise ArtifactError(
        f"{path / 'config.json'}: architectures {named} is no language model",
        hint="it should end in " + ", ".join((*KINDS, "Model")),
    )


def _context(config: Mapping[str, Any], words: Mapping[str, Any]) -> int:
    said = next((config[key] for key in CONTEXT_KEYS if isinstance(config.get(key), int)), 0)
    # RoBERTa and its like number positions from 2 and say so here alone.
    longest = words.get("model_max_length")
    if isinstance(longest, int | float) and 0 < longest < 1e9:
        return int(min(said, longest)) if said else int(longest)
    return int(said)


def _template(path: Path, words: Mapping[str, Any]) -> str:
    file = path / "chat_template.jinja"
    if file.is_file():
        return file.read_text(encoding="utf-8")
    said = words.get("chat_template") or ""
    if isinstance(said, list):  # several by name
        said = next((one.get("template") for one in said if one.get("name") == "default"), "")
    return str(said)


def _control_tokens(tokenizer: Mapping[str, Any]) -> tuple[str, ...]:
    added = tokenizer.get("added_tokens") or []
    return tuple(str(token["content"]) for token in added if token.get("special"))


def _token(said: Any) -> str:
    return str(said.get("content", "")) if isinstance(said, dict) else str(said or "")


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{path} cannot be read: {error}", hint="bring it again") from error
    if not isinstance(said, dict):
        raise ArtifactError(f"{path} is not what it should be", hint="bring it again")
    return said
