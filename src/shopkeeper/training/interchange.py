"""Weights to and from the formats of the Transformers library, so that whatever reads those serves what we train.

Four formats: GPT2LMHeadModel, BertForPreTraining, T5ForConditionalGeneration, LlamaForCausalLM (and Qwen2, which is
Llama with biases). A model is a folder with `config.json` and `model.safetensors`; pickles are not read.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from shopkeeper.errors import ArtifactError
from shopkeeper.training.shape import Shape, bert, gpt2, llama, t5
from shopkeeper.training.transformer import Transformer


@dataclass(frozen=True, slots=True)
class Pair:
    """A tensor of ours and its name there. transposed: GPT-2 keeps its maps as (in, out). part: third of a fused one."""

    ours: str
    theirs: str
    transposed: bool = False
    part: int | None = None


def save(model: Transformer, folder: Path) -> None:
    """Write `config.json` and `model.safetensors` as Transformers does; the folder is made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    config = json.dumps(config_of(model.shape), indent=2, sort_keys=True)
    (folder / "config.json").write_text(config + "\n", encoding="utf-8")
    save_file(exported(model), folder / "model.safetensors", metadata={"format": "pt"})


def load(folder: Path, **choices: Any) -> Transformer:
    """The model in this folder, in float32. choices: fields of Shape to set otherwise, such as `dropout`.

    Raises ArtifactError if the folder holds no model of the four families or its weights do not fit its config.
    """
    config = _read_config(folder / "config.json")
    tensors: dict[str, Tensor] = {}
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise ArtifactError(f"{folder}: no *.safetensors", hint="pickled weights are not read")
    for path in files:
        try:
            with safe_open(path, framework="pt") as file:
                tensors |= {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError) as error:
            raise ArtifactError(f"{path}: cannot be read: {error}") from error
    heads = _heads_of_bert(tensors) if config.get("model_type") == "bert" else {}
    return imported(shape_of(config, **heads | choices), tensors)


def _heads_of_bert(tensors: Mapping[str, Tensor]) -> dict[str, bool]:
    """Which of the heads of pretraining the weights have: encoders of sentences come without."""
    return {
        "head_transform": "cls.predictions.bias" in tensors,
        "pooler": "cls.seq_relationship.weight" in tensors,
    }


def exported(model: Transformer) -> dict[str, Tensor]:
    """The weights under the names, and in the layout, of the Transformers format."""
    state, shape = model.state_dict(), model.shape
    found: dict[str, Tensor] = {}
    for pair in pairs(shape):
        tensor = state[pair.ours].detach()
        if tensor.shape[0] == shape.padded_vocabulary and _by_token(pair.ours):
            tensor = tensor[: shape.vocabulary]
        tensor = tensor.t() if pair.transposed else tensor
        if pair.part is not None and pair.theirs in found:
            tensor = torch.cat([found[pair.theirs], tensor], dim=-1)
        found[pair.theirs] = tensor
    return {name: tensor.contiguous().clone() for name, tensor in found.items()}


def imported(shape: Shape, tensors: Mapping[str, Tensor]) -> Transformer:
    """A model of this shape with these weights. Raises ArtifactError naming a tensor that is absent or does not fit."""
    with torch.device("meta"):
        model = Transformer(shape)
    wanted, state = model.state_dict(), {}
    for pair in pairs(shape):
        tensor = _found(pair.theirs, tensors).float()
        if pair.part is not None:
            tensor = tensor.chunk(3, dim=-1)[pair.part]
        tensor = tensor.t() if pair.transposed else tensor
        tensor = _padded(tensor, shape) if _by_token(pair.ours) else tensor
        if tensor.shape != wanted[pair.ours].shape:
            raise ArtifactError(
                f"{pair.theirs} has the shape {tuple(tensor.shape)}, not {tuple(wanted[pair.ours].shape)}",
                hint="the weights are of another model than config.json",
            )
        state[pair.ours] = tensor.contiguous().clone()
    model.load_state_dict(state, assign=True)
    return model.requires_grad_()


def pairs(shape: Shape) -> Iterator[Pair]:
    """Every tensor of a model of this shape, with its name in the Transformers format."""
    match shape.family:
        case "gpt2":
            yield from _gpt2(shape)
        case "bert":
            yield from _bert(shape)
        case "t5":
            yield from _t5(shape)
        case "llama":
            yield from _llama(shape)


def _gpt2(shape: Shape) -> Iterator[Pair]:
    yield Pair("embedding.weight", "transformer.wte.weight")
    yield Pair("position.weight", "transformer.wpe.weight")
    for layer in range(shape.decoder_layers):
        ours, theirs = f"decoder.blocks.{layer}", f"transformer.h.{layer}"
        for part, name in enumerate(("query", "key", "value")):
            yield Pair(
                f"{ours}.attention.{name}.weight", f"{theirs}.attn.c_attn.weight", True, part
            )
            yield Pair(f"{ours}.attention.{name}.bias", f"{theirs}.attn.c_attn.bias", part=part)
        for a, b in (
            ("attention.output", "attn.c_proj"),
            ("feed_forward.up", "mlp.c_fc"),
            ("feed_forward.down", "mlp.c_proj"),
        ):
            yield Pair(f"{ours}.{a}.weight", f"{theirs}.{b}.weight", True)
            yield Pair(f"{ours}.{a}.bias", f"{theirs}.{b}.bias")
        yield from _both(f"{ours}.attention_norm", f"{theirs}.ln_1")
        yield from _both(f"{ours}.feed_forward_norm", f"{theirs}.ln_2")
    yield from _both("decoder.norm", "transformer.ln_f")
    if not shape.tied_head:
        yield Pair("head.weight", "lm_head.weight")


def _bert(shape: Shape) -> Iterator[Pair]:
    """A model without heads (BertModel) is saved without the first part of its names."""
    root = "bert." if shape.pooler or shape.head_transform else ""
    inside = f"{root}embeddings"
    yield Pair("embedding.weight", f"{inside}.word_embeddings.weight")
    yield Pair("position.weight", f"{inside}.position_embeddings.weight")
    yield Pair("segment.weight", f"{inside}.token_type_embeddings.weight")
    yield from _both("embedding_norm", f"{inside}.LayerNorm")
    for layer in range(shape.encoder_layers):
        ours, theirs = f"encoder.blocks.{layer}", f"{root}encoder.layer.{layer}"
        for a, b in (
            ("attention.query", "attention.self.query"),
            ("attention.key", "attention.self.key"),
            ("attention.value", "attention.self.value"),
            ("attention.output", "attention.output.dense"),
            ("attention_norm", "attention.output.LayerNorm"),
            ("feed_forward.up", "intermediate.dense"),
            ("feed_forward.down", "output.dense"),
            ("feed_forward_norm", "output.LayerNorm"),
        ):
            yield from _both(f"{ours}.{a}", f"{theirs}.{b}")
    if shape.pooler:
        yield from _both("pooler", "bert.pooler.dense")
        yield from _both("next_sentence", "cls.seq_relationship")
    if shape.head_transform:
        yield from _both("transform.dense", "cls.predictions.transform.dense")
        yield from _both("transform.norm", "cls.predictions.transform.LayerNorm")
        yield Pair("head_bias", "cls.predictions.bias")


def _t5(shape: Shape) -> Iterator[Pair]:
    yield Pair("embedding.weight", "shared.weight")
    for stack, layers in (("encoder", shape.encoder_layers), ("decoder", shape.decoder_layers)):
        crosses = stack == "decoder"
        yield Pair(
            f"{stack}.relative.table.weight",
            f"{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight",
        )
        for layer in range(layers):
            ours, theirs = f"{stack}.blocks.{layer}", f"{stack}.block.{layer}.layer"
            yield from _t5_attention(f"{ours}.attention", f"{theirs}.0.SelfAttention")
            yield Pair(f"{ours}.attention_norm.weight", f"{theirs}.0.layer_norm.weight")
            if crosses:
                yield from _t5_attention(f"{ours}.cross", f"{theirs}.1.EncDecAttention")
                yield Pair(f"{ours}.cross_norm.weight", f"{theirs}.1.layer_norm.weight")
            last = f"{theirs}.{2 if crosses else 1}"
            maps = (
                {"gate": "wi_0", "up": "wi_1", "down": "wo"}
                if shape.gated
                else {"up": "wi", "down": "wo"}
            )
            for a, b in maps.items():
                yield Pair(f"{ours}.feed_forward.{a}.weight", f"{last}.DenseReluDense.{b}.weight")
            yield Pair(f"{ours}.feed_forward_norm.weight", f"{last}.layer_norm.weight")
        yield Pair(f"{stack}.norm.weight", f"{stack}.final_layer_norm.weight")
    if not shape.tied_head:
        yield Pair("head.weight", "lm_head.weight")


def _t5_attention(ours: str, theirs: str) -> Iterator[Pair]:
    for a, b in (("query", "q"), ("key", "k"), ("value", "v"), ("output", "o")):
        yield Pair(f"{ours}.{a}.weight", f"{theirs}.{b}.weight")


def _llama(shape: Shape) -> Iterator[Pair]:
    yield Pair("embedding.weight", "model.embed_tokens.weight")
    for layer in range(shape.decoder_layers):
        ours, theirs = f"decoder.blocks.{layer}", f"model.layers.{layer}"
        for name, letter in (("query", "q"), ("key", "k"), ("value", "v"), ("output", "o")):
            yield Pair(
                f"{ours}.attention.{name}.weight", f"{theirs}.self_attn.{letter}_proj.weight"
            )
            if shape.query_key_value_bias and name != "output":
                yield Pair(
                    f"{ours}.attention.{name}.bias", f"{theirs}.self_attn.{letter}_proj.bias"
                )
        for name in ("gate", "up", "down"):
            yield Pair(f"{ours}.feed_forward.{name}.weight", f"{theirs}.mlp.{name}_proj.weight")
        yield Pair(f"{ours}.attention_norm.weight", f"{theirs}.input_layernorm.weight")
        yield Pair(f"{ours}.feed_forward_norm.weight", f"{theirs}.post_attention_layernorm.weight")
    yield Pair("decoder.norm.weight", "model.norm.weight")
    if not shape.tied_head:
        yield Pair("head.weight", "lm_head.weight")


def _both(ours: str, theirs: str) -> Iterator[Pair]:
    yield Pair(f"{ours}.weight", f"{theirs}.weight")
    yield Pair(f"{ours}.bias", f"{theirs}.bias")


def _by_token(name: str) -> bool:
    return name in ("embedding.weight", "head.weight", "head_bias")


def _padded(tensor: Tensor, shape: Shape) -> Tensor:
    lacking = shape.padded_vocabulary - tensor.shape[0]
    if lacking <= 0:
        return tensor
    return torch.cat([tensor, tensor.new_zeros(lacking, *tensor.shape[1:])])


def _found(name: str, tensors: Mapping[str, Tensor]) -> Tensor:
    """By its whole name; or without the first part of it, as models without a head are saved; or with BERT's."""
    for each in (name, name.partition(".")[2], f"bert.{name}"):
        if each in tensors:
            return tensors[each]
    raise ArtifactError(f"the weights have no {name}", hint="config.json is of another model")


def config_of(shape: Shape) -> dict[str, Any]:
    """The `config.json` of Transformers for this shape. Raises ValueError if the format cannot say it."""
    if shape.family in ("gpt2", "bert") and shape.heads * shape.head_size != shape.width:
        raise ValueError(
            f"the format of {shape.family} has no place for {shape.heads} heads of {shape.head_size} in a width of {shape.width}"
        )
    shared = {"vocab_size": shape.vocabulary, "tie_word_embeddings": shape.tied_head}
    match shape.family:
        case "gpt2":
            return shared | {
                "architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "n_embd": shape.width,
                "n_layer": shape.decoder_layers, "n_head": shape.heads, "n_inner": shape.feed_forward,
                "n_positions": shape.max_tokens, "activation_function": _ACTIVATIONS[shape.activation],
                "layer_norm_epsilon": shape.norm_epsilon, "resid_pdrop": shape.dropout,
                "embd_pdrop": shape.dropout, "attn_pdrop": shape.dropout,
            }  # fmt: skip
        case "bert":
            return shared | {
                "architectures": [_BERTS[shape.pooler, shape.head_transform]], "model_type": "bert", "hidden_size": shape.width,
                "num_hidden_layers": shape.encoder_layers, "num_attention_heads": shape.heads,
                "intermediate_size": shape.feed_forward, "max_position_embeddings": shape.max_tokens,
                "hidden_act": _ACTIVATIONS[shape.activation], "layer_norm_eps": shape.norm_epsilon,
                "type_vocab_size": shape.segments, "pad_token_id": shape.padding_id,
                "hidden_dropout_prob": shape.dropout, "attention_probs_dropout_prob": shape.dropout,
            }  # fmt: skip
        case "t5":
            return shared | {
                "architectures": ["T5ForConditionalGeneration"], "model_type": "t5", "d_model": shape.width,
                "num_layers": shape.encoder_layers, "num_decoder_layers": shape.decoder_layers,
                "num_heads": shape.heads, "d_kv": shape.head_size, "d_ff": shape.feed_forward,
                "feed_forward_proj": "gated-gelu" if shape.gated else "relu", "dropout_rate": shape.dropout,
                "layer_norm_epsilon": shape.norm_epsilon, "pad_token_id": shape.padding_id,
                "relative_attention_num_buckets": shape.relative_buckets, "decoder_start_token_id": shape.padding_id,
                "relative_attention_max_distance": shape.relative_distance, "n_positions": shape.max_tokens,
                "scale_decoder_outputs": shape.scaled_head,
            }  # fmt: skip
        case "llama":
            kind = "qwen2" if shape.query_key_value_bias else "llama"
            return shared | {
                "architectures": ["Qwen2ForCausalLM" if kind == "qwen2" else "LlamaForCausalLM"],
                "model_type": kind, "hidden_size": shape.width, "num_hidden_layers": shape.decoder_layers,
                "num_attention_heads": shape.heads, "num_key_value_heads": shape.groups, "head_dim": shape.head_size,
                "intermediate_size": shape.feed_forward, "max_position_embeddings": shape.max_tokens,
                "hidden_act": _ACTIVATIONS[shape.activation], "rms_norm_eps": shape.norm_epsilon,
                "rope_theta": shape.rotary_base,
                "rope_parameters": {"rope_type": "default", "rope_theta": shape.rotary_base},
            }  # fmt: skip


# By whether there is a pooler with its next-sentence head, and a head that says hidden words.
_BERTS = {
    (True, True): "BertForPreTraining",
    (True, False): "BertForNextSentencePrediction",
    (False, True): "BertForMaskedLM",
    (False, False): "BertModel",
}
_ACTIVATIONS = {"relu": "relu", "gelu": "gelu", "gelu_tanh": "gelu_new", "silu": "silu"}
_OURS = {name: ours for ours, name in _ACTIVATIONS.items()} | {"gelu_pytorch_tanh": "gelu_tanh"}


def shape_of(config: Mapping[str, Any], **choices: Any) -> Shape:
    """The shape that a `config.json` describes. Raises ArtifactError if it is not of the four families, or odd."""
    makers = {
        "gpt2": _gpt2_shape,
        "bert": _bert_shape,
        "t5": _t5_shape,
        "llama": _llama_shape,
        "qwen2": _llama_shape,
    }
    kind = config.get("model_type")
    if kind not in makers:
        raise ArtifactError(
            f"models of type {kind!r} are not read", hint=f"read are {', '.join(makers)}"
        )
    try:
        return makers[kind](config, choices)
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactError(f"config.json of a {kind}: {type(error).__name__}: {error}") from error


def _gpt2_shape(config: Mapping[str, Any], choices: dict[str, Any]) -> Shape:
    more: dict[str, Any] = {
        "feed_forward": config.get("n_inner") or 4 * config["n_embd"],
        "norm_epsilon": config.get("layer_norm_epsilon", 1e-5),
        "activation": _OURS[config.get("activation_function", "gelu_new")],
        "tied_head": config.get("tie_word_embeddings", True),
    }
    return gpt2(
        config["vocab_size"], width=config["n_embd"], layers=config["n_layer"], heads=config["n_head"],
        max_tokens=config["n_positions"], **more | choices,
    )  # fmt: skip


def _bert_shape(config: Mapping[str, Any], choices: dict[str, Any]) -> Shape:
    more: dict[str, Any] = {
        "feed_forward": config["intermediate_size"], "norm_epsilon": config.get("layer_norm_eps", 1e-12),
        "activation": _OURS[config.get("hidden_act", "gelu")], "segments": config.get("type_vocab_size", 2),
        "padding_id": config.get("pad_token_id") or 0,
    }  # fmt: skip
    return bert(
        config["vocab_size"], width=config["hidden_size"], layers=config["num_hidden_layers"],
        heads=config["num_attention_heads"], max_tokens=config["max_position_embeddings"], **more | choices,
    )  # fmt: skip


def _t5_shape(config: Mapping[str, Any], choices: dict[str, Any]) -> Shape:
    projection = config.get("feed_forward_proj", "relu")
    tied = config.get("tie_word_embeddings", True)
    more: dict[str, Any] = {
        "feed_forward": config["d_ff"], "head_width": config["d_kv"], "gated": projection.startswith("gated-"),
        "activation": "gelu_tanh" if projection == "gated-gelu" else _OURS[projection.removeprefix("gated-")],
        "tied_head": tied, "scaled_head": config.get("scale_decoder_outputs", tied),
        "norm_epsilon": config.get("layer_norm_epsilon", 1e-6),
        "relative_buckets": config.get("relative_attention_num_buckets", 32),
        "relative_distance": config.get("relative_attention_max_distance", 128),
        "padding_id": config.get("pad_token_id") or 0,
        "decoder_layers": config.get("num_decoder_layers") or config["num_layers"],
    }  # fmt: skip
    return t5(
        config["vocab_size"], width=config["d_model"], layers=config["num_layers"], heads=config["num_heads"],
        max_tokens=config.get("n_positions", 512), **more | choices,
    )  # fmt: skip


def _llama_shape(config: Mapping[str, Any], choices: dict[str, Any]) -> Shape:
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    if rope.get("rope_type", rope.get("type", "default")) != "default":
        raise ArtifactError(f"rotary positions of type {rope} are not read")
    more: dict[str, Any] = {
        "feed_forward": config["intermediate_size"], "key_value_heads": config.get("num_key_value_heads") or 0,
        "head_width": config.get("head_dim") or 0, "norm_epsilon": config.get("rms_norm_eps", 1e-6),
        "activation": _OURS[config.get("hidden_act", "silu")],
        "query_key_value_bias": config["model_type"] == "qwen2",
        "rotary_base": rope.get("rope_theta") or config.get("rope_theta") or 10_000.0,
        "tied_head": config.get("tie_word_embeddings", False),
    }  # fmt: skip
    return llama(
        config["vocab_size"], width=config["hidden_size"], layers=config["num_hidden_layers"],
        heads=config["num_attention_heads"], max_tokens=config["max_position_embeddings"], **more | choices,
    )  # fmt: skip


def _read_config(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{path}: cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise ArtifactError(f"{path}: not an object")
    return found
