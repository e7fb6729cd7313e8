"""The tokenizer that a model came with, whoever made it: ids, the tokens with a role, and the chat template.

`tokenizer` makes tokenizers of a corpus; this reads and keeps any that the library `tokenizers` can hold. A folder has
`tokenizer.json` and `tokenizer_config.json`, as the Transformers library reads them.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from shopkeeper.errors import ArtifactError
from shopkeeper.training.storage import storing

FILE, CONFIG, TEMPLATE = "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"
ROLES = ("bos", "eos", "pad", "unk", "cls", "sep", "mask")


@dataclass(frozen=True)
class Words:
    """A tokenizer and what stands beside it in `config`: `eos_token` and the other roles, `chat_template` and more."""

    tokenizer: Tokenizer
    config: Mapping[str, Any]

    @property
    def vocabulary(self) -> int:
        """V, ids there are."""
        return int(self.tokenizer.get_vocab_size())

    @property
    def chat_template(self) -> str:
        """The Jinja template of a conversation: a program, to be rendered in a sandbox. Empty if there is none."""
        return str(self.config.get("chat_template") or "")

    @property
    def control_tokens(self) -> tuple[str, ...]:
        """Tokens that steer and are no text."""
        added = self.tokenizer.get_added_tokens_decoder().values()
        return tuple(token.content for token in added if token.special)

    @property
    def bos(self) -> str:
        """The token that begins a text; empty without."""
        return self.token("bos")

    @property
    def eos(self) -> str:
        """The token that ends a text; empty without."""
        return self.token("eos")

    @property
    def sha256(self) -> str:
        """Of the whole definition."""
        return sha256(self.tokenizer.to_str().encode()).hexdigest()

    def token(self, role: str) -> str:
        """The token with this role of ROLES, empty if none has it."""
        said = self.config.get(f"{role}_token")
        return str(said.get("content", "") if isinstance(said, Mapping) else said or "")

    def id(self, role: str) -> int | None:
        """The id of the token with this role of ROLES."""
        token = self.token(role)
        found = self.tokenizer.token_to_id(token) if token else None
        return None if found is None else int(found)

    @property
    def padding(self) -> int:
        """An id to fill rows with; what it says is never looked at."""
        found = next((i for role in ("pad", "eos", "unk") if (i := self.id(role)) is not None), 0)
        return int(found)

    def encode(self, text: str, *, special: bool = False, plain: bool = False) -> list[int]:
        """Ids of a text. special: between the tokens that its maker puts around a text. plain: what reads as a control
        token is ordinary text, as in what people wrote."""
        tokenizer = self._plain if plain else self.tokenizer
        return list(tokenizer.encode(text, add_special_tokens=special).ids)

    @cached_property
    def _plain(self) -> Tokenizer:
        tokenizer = Tokenizer.from_str(self.tokenizer.to_str())
        tokenizer.encode_special_tokens = True
        return tokenizer

    def encode_all(self, texts: Sequence[str], *, special: bool = False) -> list[list[int]]:
        """The same of many."""
        found = self.tokenizer.encode_batch_fast(list(texts), add_special_tokens=special)
        return [list(each.ids) for each in found]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of these ids, without special tokens."""
        return str(self.tokenizer.decode([int(i) for i in ids], skip_special_tokens=True))

    def save(self, folder: Path) -> None:
        """Write both files. Raises StorageError."""
        with storing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / FILE).write_text(self.tokenizer.to_str(), encoding="utf-8")
            text = json.dumps(dict(self.config), indent=2, ensure_ascii=False)
            (folder / CONFIG).write_text(text + "\n", encoding="utf-8")


def load_words(folder: Path) -> Words:
    """The tokenizer in a folder in Transformers' layout. Raises ArtifactError."""
    if not (folder / FILE).is_file():
        raise ArtifactError(
            f"{folder} has no {FILE}",
            hint="tokenizers of other formats are not read: save it by Transformers, as a fast tokenizer",
        )
    config = _json(folder / CONFIG) if (folder / CONFIG).is_file() else {}
    for role, said in _roles(folder).items():
        config.setdefault(role, said)
    if (folder / TEMPLATE).is_file():
        config["chat_template"] = (folder / TEMPLATE).read_text(encoding="utf-8")
    return Words(load_file(folder / FILE), config)


def load_file(path: Path) -> Tokenizer:
    """A `tokenizer.json`, which neither cuts nor pads, whatever it says of that. Raises ArtifactError."""
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # `tokenizers` raises bare Exception
        raise ArtifactError(f"{path}: the tokenizer cannot be read: {error}") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _roles(folder: Path) -> Mapping[str, Any]:
    path = folder / "special_tokens_map.json"
    said = _json(path) if path.is_file() else {}
    return {key: value for key, value in said.items() if key.removesuffix("_token") in ROLES}


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{path}: cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise ArtifactError(f"{path}: not an object")
    return found
