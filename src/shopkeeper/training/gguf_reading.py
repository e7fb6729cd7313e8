"""Models out of GGUF files: weights made float32 again, the tokenizer and chat template out of the file's head.

Read are the families Llama (SmolLM2 is one) and Qwen2, whose tokenizers are byte-level BPE. What was lost when the file
was quantised stays lost: training begins from the numbers that llama.cpp computes with.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from tokenizers.processors import ByteLevel, TemplateProcessing
from tokenizers.processors import Sequence as Processors

from shopkeeper.errors import ArtifactError
from shopkeeper.models.engines.reference.gguf_weights import config_of, is_known, weights
from shopkeeper.models.gguf import Header, read_header
from shopkeeper.training.interchange import imported, shape_of
from shopkeeper.training.transformer import Transformer
from shopkeeper.training.words import Words

TOKENS, TYPES, MERGES = (f"tokenizer.ggml.{name}" for name in ("tokens", "token_type", "merges"))
CONTROL, USER_DEFINED = 3, 4  # llama.cpp's types of tokens that are added to a vocabulary
_LETTERS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+"
_REST = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def read_gguf(path: Path) -> tuple[Transformer, Words]:
    """The model and the tokenizer in this file. Raises ArtifactError if it is damaged or of another family."""
    header = read_header(path, keep=(TOKENS, TYPES, MERGES))
    if not is_known(header):
        raise ArtifactError(
            f"{path} is of the architecture {header.architecture}, or has tensors or positions beyond it",
            hint="models of Llama and Qwen2 can be trained; others take part as folders of Transformers",
        )
    words = words_of(header, of=str(path))
    try:
        shape = shape_of(config_of(header))
        tensors = {name: torch.from_numpy(numbers) for name, numbers in weights(path, header)}
        return imported(shape, tensors), words
    except ArtifactError as error:
        raise ArtifactError(f"{path}: {error.message}", hint=error.hint) from error
    except (StopIteration, KeyError, ValueError, NotImplementedError) as error:
        raise ArtifactError(f"{path} cannot be made float32 again: {error}") from error


def words_of(header: Header, *, of: str) -> Words:
    """The tokenizer that a file's head describes. Raises ArtifactError if it is of a kind that is not known."""
    kind, cut = (str(header.values.get(f"tokenizer.ggml.{key}", "")) for key in ("model", "pre"))
    if kind != "gpt2" or cut not in PRE_TOKENIZERS:
        raise ArtifactError(
            f"{of}: a tokenizer of the kind {kind or 'none'} {cut} is not read",
            hint=f"read is byte-level BPE as of {', '.join(PRE_TOKENIZERS)}",
        )
    tokens = [str(token) for token in header.kept.get(TOKENS, ())]
    merges = [tuple(str(merge).split(" ", 1)) for merge in header.kept.get(MERGES, ())]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))  # type: ignore[arg-type]
    if cut == "qwen2":  # as its makers' tokenizer has it; llama.cpp leaves characters as they are
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = PRE_TOKENIZERS[cut]
    tokenizer.decoder = decoders.ByteLevel()
    _add_special(tokenizer, tokens, [int(t) for t in header.kept.get(TYPES, ())])
    config = _config(header, tokens)
    begin = config.get("bos_token")
    if header.values.get("tokenizer.ggml.add_bos_token") and begin:
        ends = TemplateProcessing(
            single=f"{begin} $A", pair=f"{begin} $A {begin} $B", special_tokens=[(begin, vocabulary[begin])]
        )  # fmt: skip
        tokenizer.post_processor = Processors([ByteLevel(trim_offsets=False), ends])
    return Words(tokenizer, config)


def _add_special(tokenizer: Tokenizer, tokens: Sequence[str], types: Sequence[int]) -> None:
    there = list(zip(tokens, types, strict=False))
    control = [token for token, type_ in there if type_ == CONTROL]
    tokenizer.add_special_tokens([AddedToken(t, normalized=False, special=True) for t in control])
    more = [token for token, type_ in there if type_ == USER_DEFINED]
    tokenizer.add_tokens([AddedToken(t, normalized=False) for t in more])


def _config(header: Header, tokens: Sequence[str]) -> dict[str, Any]:
    config: dict[str, Any] = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": False,
        "model_max_length": header.context_tokens or 1 << 20,
    }
    names = {"bos": "bos", "eos": "eos", "pad": "padding", "unk": "unknown"}
    for role, name in names.items():
        number = header.values.get(f"tokenizer.ggml.{name}_token_id")
        if isinstance(number, int) and 0 <= number < len(tokens):
            config[f"{role}_token"] = tokens[number]
    if header.chat_template:
        config["chat_template"] = header.chat_template
    return config


def _by_pattern(pattern: str) -> pre_tokenizers.PreTokenizer:
    cut = pre_tokenizers.Split(Regex(pattern), "isolated")
    return pre_tokenizers.Sequence([cut, pre_tokenizers.ByteLevel(False, use_regex=False)])


# How a text is cut before pieces are joined, by llama.cpp's names; the patterns are those of the models' makers.
PRE_TOKENIZERS: Mapping[str, pre_tokenizers.PreTokenizer] = {
    "gpt-2": pre_tokenizers.ByteLevel(add_prefix_space=False),
    "smollm": pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(False)]
    ),
    "qwen2": _by_pattern(rf"{_LETTERS}|\p{{N}}|{_REST}"),
    "llama-bpe": _by_pattern(rf"{_LETTERS}|\p{{N}}{{1,3}}|{_REST}"),
}
