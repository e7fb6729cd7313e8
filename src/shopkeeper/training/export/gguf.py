"""GGUF files, which llama.cpp serves without torch: our decoders of the Llama, Qwen2 and GPT-2 shapes, and their tokenizers.

    write_gguf(opened.model, opened.words, path, quantisation="q4_1", card=Card(name="shop-lm"))

Matrices are kept in the numbers asked for, norms and biases in float32. Below 8 bits the table of words, which is the
head too where they are tied, stays in 8: it is what small models lose most by. The tokenizer goes along, so that
llama.cpp cuts texts into the same ids.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type
from gguf import LlamaFileType, TokenType
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, pre_tokenizers
from torch import Tensor

from shopkeeper.errors import ArtifactError
from shopkeeper.training.gguf_reading import PRE_TOKENIZERS
from shopkeeper.training.interchange import exported
from shopkeeper.training.shape import Shape
from shopkeeper.training.storage import storing
from shopkeeper.training.transformer import Transformer
from shopkeeper.training.words import Words

BLOCK = 32  # numbers that share a scale: rows of other lengths stay in float16
TYPES: Mapping[str, tuple[Type, LlamaFileType]] = {
    "f32": (Type.F32, LlamaFileType.ALL_F32),
    "f16": (Type.F16, LlamaFileType.MOSTLY_F16),
    "q8_0": (Type.Q8_0, LlamaFileType.MOSTLY_Q8_0),
    "q5_1": (Type.Q5_1, LlamaFileType.MOSTLY_Q5_1),
    "q5_0": (Type.Q5_0, LlamaFileType.MOSTLY_Q5_0),
    "q4_1": (Type.Q4_1, LlamaFileType.MOSTLY_Q4_1),
    "q4_0": (Type.Q4_0, LlamaFileType.MOSTLY_Q4_0),
}
_ARCHITECTURES = {
    "llama": gguf.MODEL_ARCH.LLAMA,
    "qwen2": gguf.MODEL_ARCH.QWEN2,
    "gpt2": gguf.MODEL_ARCH.GPT2,
}
_WHOLE = ("token_embd.weight", "output.weight", "position_embd.weight")  # never below 8 bits
_TURNED = ("attn_q.", "attn_k.")  # whose pairs of rotary positions llama.cpp expects side by side


@dataclass(frozen=True, slots=True)
class Card:
    """What a file says of itself: the model's name, its licence, and what it was made from."""

    name: str = ""
    licence: str = ""
    made_from: str = ""


def write_gguf(
    model: Transformer,
    words: Words,
    path: Path,
    *,
    quantisation: str = "f16",
    card: Card | None = None,
) -> None:
    """Write a model and its tokenizer as one file.

    Raises ArtifactError if llama.cpp has no such shape or tokenizer, ValueError for a quantisation that is not in
    TYPES, StorageError.
    """
    if quantisation not in TYPES:
        raise ValueError(f"{quantisation!r} is none of {', '.join(TYPES)}")
    architecture = architecture_of(model.shape)
    kind = pre_tokenizer_of(words)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    with storing(path.parent):
        try:
            writer = gguf.GGUFWriter(part, architecture)
            _say_card(writer, card or Card())
            _say_shape(writer, model.shape, quantisation)
            _say_tokenizer(writer, words, kind, vocabulary=model.shape.vocabulary)
            for name, tensor in tensors_of(model):
                _add(writer, name, tensor, _type_of(name, tensor, quantisation))
            writer.write_header_to_file()
            writer.write_kv_data_to_file()
            writer.write_tensors_to_file()
            writer.close()
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def architecture_of(shape: Shape) -> str:
    """llama.cpp's name of the architecture. Raises ArtifactError if it computes none of this shape."""
    rotary = (shape.positions, shape.norm, shape.activation, shape.gated) == (
        "rotary",
        "rms",
        "silu",
        True,
    )
    learned = (shape.positions, shape.norm, shape.activation, shape.gated) == (
        "learned",
        "layer",
        "gelu_tanh",
        False,
    )
    decoder = shape.decoder_layers and not shape.encoder_layers and shape.norm_first
    if decoder and rotary and shape.family == "llama" and not shape.bias:
        return "qwen2" if shape.query_key_value_bias else "llama"
    whole = shape.heads * shape.head_size == shape.width and shape.groups == shape.heads
    if decoder and learned and shape.family == "gpt2" and shape.bias and whole:
        return "gpt2"
    raise ArtifactError(
        f"llama.cpp computes no {shape.family} of this shape",
        hint="decoders of the Llama, Qwen2 and GPT-2 shapes go to GGUF, encoders to ONNX, T5 to Transformers",
    )


def tensors_of(model: Transformer) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Every tensor under llama.cpp's name and in its layout, (outputs, inputs)."""
    shape = model.shape
    name_of = namer(shape)
    transposed = shape.family == "gpt2"
    for theirs, tensor in exported(model).items():
        name = name_of(theirs)
        if transposed and tensor.ndim == 2 and ".h." in theirs:
            tensor = tensor.t()
        yield name, turned(name, tensor, shape).float().contiguous().numpy()


def namer(shape: Shape) -> Callable[[str], str]:
    """A function from Transformers' names of tensors to llama.cpp's. It raises ArtifactError for an unknown one."""
    known = gguf.get_tensor_name_map(_ARCHITECTURES[architecture_of(shape)], shape.decoder_layers)

    def name_of(theirs: str) -> str:
        found = known.get_name(theirs, try_suffixes=(".weight", ".bias"))
        if found is None:
            raise ArtifactError(f"llama.cpp has no tensor for {theirs}")
        return str(found)

    return name_of


def turned(name: str, tensor: Tensor, shape: Shape) -> Tensor:
    """Rows of queries and keys in the order of llama.cpp's Llama, where the pairs that are turned stand side by side."""
    if architecture_of(shape) != "llama" or not any(part in name for part in _TURNED):
        return tensor
    heads = shape.heads if "attn_q." in name else shape.groups
    split: Tensor = tensor.unflatten(0, (heads, 2, shape.head_size // 2))  # (heads, 2, K/2, …)
    return split.transpose(1, 2).flatten(0, 2)


def _type_of(name: str, tensor: NDArray[np.float32], quantisation: str) -> Type:
    type_ = TYPES[quantisation][0]
    if tensor.ndim == 1 or type_ is Type.F32 or name == "position_embd.weight":
        return Type.F32
    if type_ is not Type.F16 and tensor.shape[-1] % BLOCK:
        return Type.F16
    return Type.Q8_0 if name in _WHOLE and type_ is not Type.F16 else type_


def _add(writer: Any, name: str, tensor: NDArray[np.float32], type_: Type) -> None:
    if type_ is Type.F32:
        writer.add_tensor(name, tensor)
    else:
        writer.add_tensor(name, gguf.quants.quantize(tensor, type_), raw_dtype=type_)


def _say_card(writer: Any, card: Card) -> None:
    writer.add_type("model")
    if card.name:
        writer.add_name(card.name)
    if card.licence:
        writer.add_license(card.licence)
    if card.made_from:
        writer.add_base_model_count(1)
        writer.add_base_model_name(0, card.made_from)


def _say_shape(writer: Any, shape: Shape, quantisation: str) -> None:
    writer.add_context_length(shape.max_tokens)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.decoder_layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_vocab_size(shape.vocabulary)
    if shape.family == "gpt2":
        writer.add_layer_norm_eps(shape.norm_epsilon)
    else:
        writer.add_head_count_kv(shape.groups)
        writer.add_layer_norm_rms_eps(shape.norm_epsilon)
        writer.add_rope_freq_base(float(shape.rotary_base))
        writer.add_rope_dimension_count(shape.head_size)
        writer.add_key_length(shape.head_size)
        writer.add_value_length(shape.head_size)
    writer.add_file_type(TYPES[quantisation][1])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)


def _say_tokenizer(writer: Any, words: Words, kind: str, *, vocabulary: int) -> None:
    said = json.loads(words.tokenizer.to_str())
    tokens, types = _tokens(words, vocabulary)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(kind)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    merges = said["model"]["merges"]
    writer.add_token_merges([each if isinstance(each, str) else " ".join(each) for each in merges])
    add = {
        "bos": writer.add_bos_token_id, "eos": writer.add_eos_token_id, "pad": writer.add_pad_token_id,
        "unk": writer.add_unk_token_id,
    }  # fmt: skip
    for role, say in add.items():
        if (number := words.id(role)) is not None:
            say(number)
    around = words.encode("a", special=True)
    bare = words.encode("a")
    writer.add_add_bos_token(len(around) > len(bare) and around[0] == words.id("bos"))
    writer.add_add_eos_token(len(around) > len(bare) and around[-1] == words.id("eos"))
    writer.add_add_space_prefix(False)
    if words.chat_template:
        writer.add_chat_template(words.chat_template)


def _tokens(words: Words, vocabulary: int) -> tuple[list[str], list[TokenType]]:
    """Every token by its id, and its type; ids that the model has and the tokenizer does not are unused."""
    added = words.tokenizer.get_added_tokens_decoder()
    tokens, types = [], []
    for number in range(vocabulary):
        token = words.tokenizer.id_to_token(number)
        if token is None:
            tokens.append(f"[PAD{number}]")
            types.append(TokenType.UNUSED)
            continue
        tokens.append(token)
        if number not in added:
            types.append(TokenType.NORMAL)
        else:
            types.append(TokenType.CONTROL if added[number].special else TokenType.USER_DEFINED)
    return tokens, types


def pre_tokenizer_of(words: Words) -> str:
    """llama.cpp's name for how texts are cut before pieces are joined. Raises ArtifactError if it has none."""
    said = json.loads(words.tokenizer.to_str())
    if said["model"].get("type") != "BPE":
        raise ArtifactError(
            f"a tokenizer of the kind {said['model'].get('type')} cannot go into a GGUF file",
            hint="byte-level BPE can; export to Transformers instead",
        )
    cut = _comparable(said["pre_tokenizer"])
    for name, known in PRE_TOKENIZERS.items():
        if cut == _comparable(_as_json(known)):
            return name
    raise ArtifactError(
        "the tokenizer cuts texts in a way that llama.cpp has no name for",
        hint=f"known are those of {', '.join(PRE_TOKENIZERS)}",
    )


def _as_json(known: pre_tokenizers.PreTokenizer) -> Any:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = known
    return json.loads(tokenizer.to_str())["pre_tokenizer"]


def _comparable(said: Any) -> Any:
    """Without what changes places in a text and not its pieces."""
    if isinstance(said, dict):
        return {k: _comparable(v) for k, v in said.items() if k != "trim_offsets"}
    return [_comparable(each) for each in said] if isinstance(said, list) else said
