"""One door for all formats: a model that was opened, or a run with its head and its adapter, to a file or folder.

path = export(opened, folder, to="gguf", name="shop-lm")
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch

from shopkeeper.errors import ArtifactError
from shopkeeper.models.embed.folder import Answers
from shopkeeper.training import interchange
from shopkeeper.training.export.adapter import write_adapter
from shopkeeper.training.export.encoder_graph import Head
from shopkeeper.training.export.gguf import Card, write_gguf
from shopkeeper.training.export.onnx import save_encoder
from shopkeeper.training.finetune.heads import Headed
from shopkeeper.training.finetune.layout import ABOUT, load
from shopkeeper.training.opening import Opened
from shopkeeper.training.storage import storing

Format = Literal["transformers", "gguf", "onnx", "adapter"]
HEAD = "labels"  # the output of a fine-tuned head


def export(
    opened: Opened, folder: Path, *, to: Format, name: str, quantisation: str = "f16", run: Path | None = None
) -> Path:  # fmt: skip
    """Write the model in this format and return the file or folder to serve.

    run: the folder of the run that made it, for its head (`onnx`) and its adapter (`adapter`). Raises ArtifactError if
    the format cannot say this model, StorageError.
    """
    match to:
        case "transformers":
            try:
                with storing(folder):
                    interchange.save(opened.model, folder)
                    say_ends(opened, folder)
            except ValueError as error:
                raise ArtifactError(str(error), hint="export it as onnx") from error
            opened.words.save(folder)
            return folder
        case "gguf":
            path = folder / f"{name}-{quantisation}.gguf"
            card = Card(name=name, made_from=opened.origin.name)
            write_gguf(opened.model, opened.words, path, quantisation=quantisation, card=card)
            return path
        case "adapter":
            if run is None or not (run / "adapter").is_dir():
                raise ArtifactError(
                    f"{opened.origin.name} has no adapter", hint="fine-tune with --adapter lora"
                )
            path = folder / f"{name}-adapter.gguf"
            write_adapter(run / "adapter", opened.shape, path, name=name)
            return path
        case "onnx":
            about = answering(run)
            save_encoder(
                opened.model, opened.words, folder, name=name, made_from=opened.origin.name, **about
            )
            return folder


def answering(run: Path | None) -> Mapping[str, Any]:
    """For `save_encoder`: the head that this run has made and how texts are put to it; nothing if it has made none.

    Raises ArtifactError for a head that answers no single text.
    """
    if run is None or not (run / "model" / ABOUT).is_file():
        return {}
    saved = load(run / "model")
    head, about, reading = head_of(saved.headed), saved.about, saved.reading
    if about.get("task") == "crossing":
        raise ArtifactError(
            f"{run.name} reads texts two and two, which ONNX folders do not",
            hint="export it to transformers",
        )
    labels = tuple(about["labels"]) or tuple(map(str, range(saved.headed.head.out_features)))
    several = bool(about.get("several"))
    answers = Answers(head.of, labels, 1.0 / float(about.get("sharpness", 1.0)), several)
    return {
        "heads": [(head, answers)], "max_tokens": reading.max_tokens,
        "prefixes": {"query": reading.prefix, "passage": reading.prefix},
    }  # fmt: skip


def head_of(headed: Headed) -> Head:
    """A fine-tuned head as one that can be exported. Raises ArtifactError for one of a decoder."""
    if headed.pooling == "last":
        raise ArtifactError(
            "a head on the last token is a decoder's, which ONNX does not get",
            hint="export it to transformers",
        )
    bias = (
        headed.head.bias if headed.head.bias is not None else torch.zeros(headed.head.out_features)
    )
    pooler = None if headed.pooler is None else (headed.pooler.weight, headed.pooler.bias)
    return Head(HEAD, headed.head.weight, bias, headed.pooling, pooler)


def say_ends(opened: Opened, folder: Path) -> None:
    """Name the tokens with a role in the folder: the families' own numbers are of their own vocabularies."""
    roles = {"bos_token_id": "bos", "eos_token_id": "eos", "pad_token_id": "pad"}
    ids = {
        key: number for key, role in roles.items() if (number := opened.words.id(role)) is not None
    }
    if opened.shape.encoder_layers and opened.shape.decoder_layers:
        ids["decoder_start_token_id"] = opened.words.padding
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    files = {"config.json": config | ids}
    if opened.shape.decoder_layers:
        files["generation_config.json"] = ids
    for name, values in files.items():
        text = json.dumps(values, indent=2, sort_keys=True)
        (folder / name).write_text(text + "\n", encoding="utf-8")
