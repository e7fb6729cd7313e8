"""One door for all formats: a model that was opened, or a run with its head and its adapter, to a file or folder.

path = export(opened, folder, to="gguf", name="shop-lm")
"""

import json
from pathlib import Path
from typing import Literal

import torch

from shopkeeper.errors import ArtifactError
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
                    _say_ends(opened, folder / "config.json")
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
            _save_onnx(opened, folder, name=name, run=run)
            return folder


def _save_onnx(opened: Opened, folder: Path, *, name: str, run: Path | None) -> None:
    if run is None or not (run / "model" / ABOUT).is_file():
        save_encoder(opened.model, opened.words, folder, name=name, made_from=opened.origin.name)
        return
    saved = load(run / "model")
    labels = saved.about.get("labels") or [str(n) for n in range(saved.headed.head.out_features)]
    reading = saved.reading
    save_encoder(
        saved.headed.transformer, reading.words, folder, name=name, heads=[(head_of(saved.headed), labels)],
        temperature=float(saved.about.get("temperature", 1.0)), max_tokens=reading.max_tokens,
        prefixes={"query": reading.prefix, "passage": reading.prefix}, made_from=opened.origin.name,
    )  # fmt: skip


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


def _say_ends(opened: Opened, path: Path) -> None:
    """Put the tokens with a role into config.json: the families' own numbers are of their own vocabularies."""
    config = json.loads(path.read_text(encoding="utf-8"))
    roles = {"bos_token_id": "bos", "eos_token_id": "eos", "pad_token_id": "pad"}
    ids = {key: opened.words.id(role) for key, role in roles.items()}
    config |= {key: number for key, number in ids.items() if number is not None}
    if opened.shape.encoder_layers and opened.shape.decoder_layers:
        config["decoder_start_token_id"] = opened.words.padding
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
