"""What an engine must know of a GGUF file before llama.cpp sees it.

llama.cpp ends the whole process on some damaged files, so each is first walked through by `shopkeeper.models.gguf`.
"""

from dataclasses import dataclass
from pathlib import Path

from shopkeeper.errors import ArtifactError
from shopkeeper.models.gguf import Header, Value, read_header

TOKENS, TYPES = "tokenizer.ggml.tokens", "tokenizer.ggml.token_type"
CONTROL = 3  # type of a token that steers, such as the end of a turn, and is no text


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A whole file with a language model. bos, eos: the texts of these tokens, empty without."""

    path: Path
    architecture: str
    context_tokens: int  # that it was made for; 0 if it does not say
    pools: bool  # made for vectors of whole texts
    chat_template: str
    control_tokens: tuple[str, ...]
    bos: str
    eos: str


def read_model(path: Path) -> ModelFile:
    """Raises ArtifactError if the file is damaged, cut, or holds no language model."""
    header = _header(path, "model")
    if not any(tensor.name == "token_embd.weight" for tensor in header.tensors):
        raise ArtifactError(
            f"{path} holds no language model: it has no token embedding",
            hint="join the parts of a model that came in several files",
        )
    tokens = header.kept.get(TOKENS, ())
    types = header.kept.get(TYPES, ())
    control = (str(token) for token, type_ in zip(tokens, types, strict=False) if type_ == CONTROL)
    return ModelFile(
        path=path,
        architecture=header.architecture,
        context_tokens=header.context_tokens,
        pools=bool(header.values.get(f"{header.architecture}.pooling_type")),
        chat_template=header.chat_template,
        control_tokens=tuple(filter(None, control)),
        bos=_token(tokens, header.values.get("tokenizer.ggml.bos_token_id")),
        eos=_token(tokens, header.values.get("tokenizer.ggml.eos_token_id")),
    )


def check_adapter(path: Path) -> None:
    """Raises ArtifactError if the file is damaged, cut, or no LoRA adapter."""
    _header(path, "adapter")


def _header(path: Path, kind: str) -> Header:
    header = read_header(path, keep=(TOKENS, TYPES))
    found = header.values.get("general.type", "model")
    if found != kind:
        raise ArtifactError(
            f"{path} is of type {found}, not {kind}", hint=f"name a GGUF file with a {kind}"
        )
    return header


def _token(tokens: tuple[Value, ...], number: Value | None) -> str:
    known = isinstance(number, int) and 0 <= number < len(tokens)
    return str(tokens[int(number)]) if known and number is not None else ""
