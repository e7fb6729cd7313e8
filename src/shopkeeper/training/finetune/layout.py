"""Models with heads as folders: in the layout of Transformers' own class where there is one for the head.

    BertForSequenceClassification    BERT shapes, pooling `first`
    *ForSequenceClassification       GPT-2, Llama and Qwen2 shapes, pooling `last`, without a bias
    *ForTokenClassification          BERT, GPT-2, Llama and Qwen2 shapes, pooling `tokens`

Other heads are tensors `head.*` beside the bare model. `head.json` holds what no class there has a place for: pooling,
how texts are read, temperature.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from shopkeeper.errors import ArtifactError
from shopkeeper.training.finetune.heads import Headed, Pooling
from shopkeeper.training.finetune.reading import Reading
from shopkeeper.training.interchange import config_of, exported, imported, shape_of
from shopkeeper.training.shape import Shape
from shopkeeper.training.storage import storing
from shopkeeper.training.words import load_words

ABOUT, WEIGHTS, CONFIG = "head.json", "model.safetensors", "config.json"


@dataclass(frozen=True)
class Saved:
    """What a folder holds. about: what `save` was given besides."""

    headed: Headed
    reading: Reading
    about: Mapping[str, Any]


def save(
    headed: Headed, reading: Reading, folder: Path, *, labels: Sequence[str] = (), **about: Any
) -> None:
    """Write weights, configuration and tokenizer. labels: names of the outputs. Raises StorageError."""
    family = _family(headed.shape)
    config = _config(headed, labels)
    tensors = _bare(headed.shape, exported(headed.transformer), as_class="architectures" in config)
    head, pooler = _names(family, headed.pooling, bool(config.get("architectures")))
    tensors |= {f"{head}.{name}": t.detach() for name, t in headed.head.state_dict().items()}
    if headed.pooler is not None:
        tensors |= {f"{pooler}.{n}": t.detach() for n, t in headed.pooler.state_dict().items()}
    kept = {
        "pooling": headed.pooling, "outputs": headed.head.out_features, "labels": list(labels),
        "bias": headed.head.bias is not None, "dropout": headed.dropout.p, "reading": reading.to_dict(), **about,
    }  # fmt: skip
    with storing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            ready = {name: tensor.cpu().contiguous().clone() for name, tensor in tensors.items()}
            save_file(ready, folder / WEIGHTS, metadata={"format": "pt"})
        except SafetensorError as error:  # how it says that the disk is full
            raise OSError(str(error)) from error
        for name, values in ((CONFIG, config), (ABOUT, kept)):
            text = json.dumps(values, indent=2, sort_keys=True, ensure_ascii=False)
            (folder / name).write_text(text + "\n", encoding="utf-8")
    reading.words.save(folder)


def load(folder: Path) -> Saved:
    """What `save` wrote. Raises ArtifactError."""
    config, about = _read(folder / CONFIG), _read(folder / ABOUT)
    try:
        tensors = load_file(folder / WEIGHTS)
        shape = shape_of(config, **_without_heads(config))
        headed = Headed(
            imported(shape, tensors), about["outputs"], pooling=about["pooling"], dropout=about["dropout"],
            bias=about["bias"],
        )  # fmt: skip
        head, pooler = _names(_family(shape), headed.pooling, "shopkeeper_head" not in config)
        headed.head.load_state_dict(_under(head, tensors))
        if headed.pooler is not None:
            headed.pooler.load_state_dict(_under(pooler, tensors))
        reading = Reading(load_words(folder), **about["reading"])
    except (SafetensorError, OSError, KeyError, TypeError, RuntimeError) as error:
        raise ArtifactError(
            f"{folder}: the fine-tuned model cannot be read: {error}", hint="save it again"
        ) from error
    return Saved(headed.eval(), reading, about)


def _config(headed: Headed, labels: Sequence[str]) -> dict[str, Any]:
    config = config_of(headed.shape)
    names = dict(enumerate(labels)) or {i: f"LABEL_{i}" for i in range(headed.head.out_features)}
    found = _CLASSES.get((_family(headed.shape), headed.pooling))
    if found is None or (headed.head.bias is not None) != found.bias:
        del config["architectures"]
        return config | {"shopkeeper_head": True}
    return config | {
        "architectures": [found.name], "num_labels": len(names), "id2label": names,
        "label2id": {label: i for i, label in names.items()}, "classifier_dropout": headed.dropout.p,
        "pad_token_id": headed.shape.padding_id,
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Class:
    name: str
    head: str
    bias: bool


_CLASSES: Mapping[tuple[str, Pooling], _Class] = {
    ("bert", "first"): _Class("BertForSequenceClassification", "classifier", True),
    ("bert", "tokens"): _Class("BertForTokenClassification", "classifier", True),
    ("gpt2", "last"): _Class("GPT2ForSequenceClassification", "score", False),
    ("gpt2", "tokens"): _Class("GPT2ForTokenClassification", "classifier", True),
    ("llama", "last"): _Class("LlamaForSequenceClassification", "score", False),
    ("llama", "tokens"): _Class("LlamaForTokenClassification", "score", True),
    ("qwen2", "last"): _Class("Qwen2ForSequenceClassification", "score", False),
    ("qwen2", "tokens"): _Class("Qwen2ForTokenClassification", "score", True),
}


def has_bias(shape: Shape, pooling: Pooling) -> bool:
    """Whether Transformers' class for this head has a bias; True where there is no such class."""
    found = _CLASSES.get((_family(shape), pooling))
    return found is None or found.bias


def _names(family: str, pooling: Pooling, as_class: bool) -> tuple[str, str]:
    """Of the head's tensors and of the pooler's."""
    if as_class:
        return _CLASSES[family, pooling].head, "bert.pooler.dense"
    return "head", "head_pooler"


def _family(shape: Shape) -> str:
    return "qwen2" if shape.family == "llama" and shape.query_key_value_bias else shape.family


def _bare(shape: Shape, tensors: Mapping[str, Tensor], *, as_class: bool) -> dict[str, Tensor]:
    """Without the heads of pretraining, under the names that the class has for the model."""
    if shape.family == "t5":
        return dict(tensors)
    root = "bert." if shape.family == "bert" and as_class else ""
    found: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if name.startswith(("cls.", "lm_head.", "bert.pooler.")):
            continue
        found[root + name.removeprefix("bert.") if shape.family == "bert" else name] = tensor
    return found


def _without_heads(config: Mapping[str, Any]) -> dict[str, bool]:
    match config.get("model_type"):
        case "bert":
            return {"head_transform": False, "pooler": False}
        case "t5":
            return {}
        case _:
            return {"tied_head": True}


def _under(name: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    start = f"{name}."
    return {k.removeprefix(start): t.float() for k, t in tensors.items() if k.startswith(start)}


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ArtifactError(
            f"{path}: cannot be read: {error}", hint="name a folder that was fine-tuned here"
        ) from error
    if not isinstance(found, dict):
        raise ArtifactError(f"{path}: not an object")
    return found
