"""Folders with a checkpoint as Transformers reads it: which of their files are data, and whether they are sound.

Weights come as safetensors and tokenizers as JSON or plain text. Pickles (`.bin`, `.pt`) and code (`.py`) are never
fetched, nor is a folder taken that has nothing else.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from shopkeeper.errors import ArtifactError

CONFIG = "config.json"
INDEX = "model.safetensors.index.json"
_NUMBERED = re.compile(r"model(-\d+-of-\d+)?\.safetensors")
_BESIDE = frozenset({
    CONFIG, INDEX, "generation_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
    "added_tokens.json", "vocab.json", "vocab.txt", "merges.txt", "tokenizer.model", "spiece.model",
    "sentencepiece.bpe.model", "chat_template.jinja", "chat_template.json",
})  # fmt: skip
_TOKENIZERS = ("tokenizer.json", "vocab.json", "vocab.txt", "tokenizer.model", "spiece.model")
_MAX_CONFIG_BYTES = 1 << 24


def data_files(names: Iterable[str], *, of: str) -> list[str]:
    """Those of a folder's files that make a checkpoint. Raises ArtifactError if something is lacking."""
    there = [name for name in names if "/" not in name]
    weights = [name for name in there if _NUMBERED.fullmatch(name)]
    weights = weights or [name for name in there if name.endswith(".safetensors")]
    if not weights:
        pickles = any(name.endswith((".bin", ".pt", ".pth", ".pkl", ".ckpt")) for name in there)
        raise ArtifactError(
            f"{of} has no weights as safetensors" + (", only pickles" if pickles else ""),
            hint="pickles can run programs and are not read: look for another publisher of the model"
            if pickles
            else "name the .gguf file that is wanted: OWNER/NAME/FILE.gguf",
        )
    if CONFIG not in there:
        raise ArtifactError(f"{of} has no {CONFIG}", hint="it is not a checkpoint of Transformers")
    if not any(name in there for name in _TOKENIZERS):
        raise ArtifactError(f"{of} has no tokenizer", hint="it is no language model by itself")
    return sorted([*weights, *(name for name in there if name in _BESIDE)])


def read_config(body: bytes, *, of: str) -> Mapping[str, Any]:
    """A config.json. Raises ArtifactError if it is none."""
    try:
        found = json.loads(body)
    except ValueError as error:
        raise ArtifactError(f"{of} is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise ArtifactError(f"{of} is no JSON object")
    return found


def described(config: Mapping[str, Any]) -> str:
    """The architecture that a config names."""
    named = config.get("architectures")
    first = named[0] if isinstance(named, list) and named else config.get("model_type")
    return first if isinstance(first, str) else "of unknown architecture"


def wants_code(config: Mapping[str, Any]) -> bool:
    """True if the model is made for code from its own repository, which is never run here."""
    return "auto_map" in config


def check(folder: Path) -> Mapping[str, Any]:
    """The config of a sound checkpoint. Raises ArtifactError naming the file that is not."""
    from safetensors import SafetensorError, safe_open

    for path in sorted(folder.glob("*.safetensors")):
        try:
            with safe_open(path, framework="numpy") as weights:
                weights.keys()
        except (SafetensorError, OSError) as error:
            raise ArtifactError(f"{path} is not safetensors: {error}") from error
    config = folder / CONFIG
    if config.stat().st_size > _MAX_CONFIG_BYTES:
        raise ArtifactError(f"{config} is too large to be one")
    return read_config(config.read_bytes(), of=str(config))
