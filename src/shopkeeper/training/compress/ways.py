"""The ways to make a model smaller, each from an opened model to an artefact with its report.

    int8       an encoder in whole numbers, as ONNX                     served by shopkeeper.models.embed
    narrow     heads and numbers of the feed-forward layer taken out    ONNX, in whole numbers too; decoders as Transformers
    gguf       a decoder in 4 to 8 bits                                 served by llama.cpp
    weights    8 bits for weights alone                                 torch
    prune      the smallest weights set to 0                            Transformers

Half of the texts decide (ranges, what goes), the other half measures. The head of a fine-tuned run (`run`, its folder)
stands on the smaller encoder as it stood on the larger one, in float32.
"""

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from shopkeeper.errors import ArtifactError
from shopkeeper.training import interchange
from shopkeeper.training.compress import measuring, weight_only
from shopkeeper.training.compress.int8 import WholeMaps, calibrate
from shopkeeper.training.compress.narrowing import narrow
from shopkeeper.training.compress.pruning import Per, prune
from shopkeeper.training.compress.report import Report, Side
from shopkeeper.training.export.gguf import Card, write_gguf
from shopkeeper.training.export.onnx import save_encoder
from shopkeeper.training.export.ways import answering, say_ends
from shopkeeper.training.opening import Opened
from shopkeeper.training.storage import storing
from shopkeeper.training.transformer import Transformer

Way = Literal["int8", "narrow", "gguf", "weights", "prune"]
NOT_FASTER = "zeros are numbers like others: neither the file nor the time becomes less"
NOT_SPARED = "weights are made float again where they are used: it saves memory, not time"


@dataclass(frozen=True)
class Texts:
    """Texts of the kind that will come: to decide by, and to measure with."""

    deciding: Sequence[str]
    measuring: Sequence[str]

    @classmethod
    def halves(cls, texts: Sequence[str]) -> "Texts":
        """Every second text on each side. Raises ArtifactError if there are not two."""
        if len(texts) < 2:
            raise ArtifactError(
                f"{len(texts)} texts are too few to decide and to measure", hint="give hundreds"
            )
        return cls(texts[::2], texts[1::2])


def to_int8(
    opened: Opened, texts: Texts, folder: Path, *, name: str, run: Path | None = None
) -> Report:
    """An encoder in whole numbers. Raises ArtifactError, StorageError."""
    return _served_encoder(
        opened, opened.model, texts, folder, name=name, way="int8", settings={}, run=run
    )


def to_narrow(
    opened: Opened, texts: Texts, folder: Path,
    *, name: str, heads: int = 0, feed_forward: int = 0, numbers: str = "int8", run: Path | None = None,
) -> Report:  # fmt: skip
    """A model with fewer heads and feed-forward numbers; an encoder in whole numbers as well, unless told otherwise.

    Raises ArtifactError, StorageError, and ValueError if there are not so many.
    """
    settings = {
        "heads": heads or opened.shape.heads,
        "feed_forward": feed_forward or opened.shape.feed_forward,
    }
    small = narrow(
        opened.model, _rows(opened, texts.deciding), heads=heads, feed_forward=feed_forward
    )
    if opened.model.decoder is None:
        return _served_encoder(
            opened,
            small,
            texts,
            folder,
            name=name,
            way="narrow",
            settings=settings,
            numbers=numbers,
            run=run,
        )
    return _as_folder(opened, small, texts, folder, way="narrow", settings=settings)


def to_gguf(opened: Opened, texts: Texts, folder: Path, *, name: str, quantisation: str) -> Report:
    """A decoder for llama.cpp, beside the same one in float16. Raises ArtifactError, StorageError, ValueError."""
    card = Card(name=name, made_from=opened.origin.name)
    target = folder / f"{name}-{quantisation}.gguf"
    write_gguf(opened.model, opened.words, target, quantisation=quantisation, card=card)
    with _scratch() as scratch:
        whole = scratch / "whole.gguf"
        write_gguf(opened.model, opened.words, whole, quantisation="f16", card=card)
        speeds, before, after = measuring.gguf_files(whole, target, texts.measuring[:50])
        sides = (
            Side(whole.stat().st_size, speeds[0], before),
            Side(target.stat().st_size, speeds[1], after),
        )
    return _kept(
        Report("gguf", _from(opened) | {"quantisation": quantisation}, "tokens written", *sides, measuring.DECODER_MEASURES),
        folder,
    )  # fmt: skip


def to_weights(opened: Opened, texts: Texts, folder: Path) -> Report:
    """8 bits for weights alone. Raises StorageError."""
    small = weight_only.in_8_bits(opened.model)
    weight_only.save(small, folder)
    opened.words.save(folder)
    return _by_torch(opened, small, texts, folder, way="weights", settings={}, notes=(NOT_SPARED,))


def to_pruned(
    opened: Opened, texts: Texts, folder: Path, *, share: float, per: Per = "layer"
) -> Report:
    """The smallest weights set to 0. Raises StorageError, ValueError for a share that is none."""
    small, found = prune(opened.model, share=share, per=per)
    facts = {"zeros": found.share, "fewest_zeros": found.least, "most_zeros": found.most}
    settings = {"share": share, "per": per}
    return _as_folder(
        opened,
        small,
        texts,
        folder,
        way="prune",
        settings=settings,
        notes=(NOT_FASTER,),
        facts=facts,
    )


def _served_encoder(
    opened: Opened, model: Transformer, texts: Texts, folder: Path,
    *, name: str, way: str, settings: Mapping[str, Any], numbers: str = "int8", run: Path | None = None,
) -> Report:  # fmt: skip
    about = answering(run)
    maps = (
        WholeMaps(calibrate(model, _rows(opened, texts.deciding[:400])))
        if numbers == "int8"
        else None
    )
    save_encoder(
        model,
        opened.words,
        folder,
        name=name,
        maps=maps,
        numbers=numbers,
        made_from=opened.origin.name,
        **about,
    )
    with _scratch() as scratch:
        save_encoder(opened.model, opened.words, scratch, name=name, **about)
        speeds, found = measuring.encoders(scratch, folder, texts.measuring)
        before = Side(_size(scratch), speeds[0], dict.fromkeys(found, 1.0))
        after = Side(_size(folder), speeds[1], found)
    measures = measuring.ENCODER_MEASURES
    said = {**_from(opened), **settings, "numbers": numbers}
    return _kept(Report(way, said, "texts", before, after, measures), folder)


def _as_folder(
    opened: Opened, small: Transformer, texts: Texts, folder: Path, **about: Any
) -> Report:
    try:
        with storing(folder):
            interchange.save(small, folder)
            say_ends(opened, folder)
    except ValueError as error:
        raise ArtifactError(str(error), hint="narrow the feed-forward layer only") from error
    opened.words.save(folder)
    return _by_torch(opened, small, texts, folder, **about)


def _by_torch(
    opened: Opened, small: Transformer, texts: Texts, folder: Path,
    *, way: str, settings: Mapping[str, Any], notes: tuple[str, ...] = (), facts: Mapping[str, float] = {},
) -> Report:  # fmt: skip
    rows = _rows(opened, texts.measuring)[:200]
    speeds, before, after = measuring.models(opened.model, small, rows)
    with _scratch() as scratch:
        interchange.save(opened.model, scratch)
        opened.words.save(scratch)
        sides = Side(_size(scratch), speeds[0], before), Side(_size(folder), speeds[1], after)
    encoder = opened.model.decoder is None
    measures = measuring.ENCODER_MEASURES if encoder else measuring.DECODER_MEASURES
    report = Report(way, {**_from(opened), **settings}, "tokens", *sides, measures, notes, facts)
    return _kept(report, folder)


def _kept(report: Report, folder: Path) -> Report:
    report.write(folder)
    return report


def _from(opened: Opened) -> dict[str, Any]:
    return {"model": opened.origin.name, "sha256": opened.origin.sha256}


def _rows(opened: Opened, texts: Sequence[str]) -> list[list[int]]:
    """Token ids of each text, cut to what the model reads."""
    most = min(measuring.MAX_TOKENS, opened.shape.max_tokens)
    encoder = opened.model.decoder is None
    return [row[:most] for row in opened.words.encode_all(texts, special=encoder)]


def _size(folder: Path) -> int:
    """Bytes of all that is served, without the report."""
    return sum(path.stat().st_size for path in folder.iterdir() if path.name != "report.json")


@contextmanager
def _scratch() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="shopkeeper-compress-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
