"""The embedders there are, and how to open one."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from shopkeeper.errors import ModelError
from shopkeeper.models import added, hub
from shopkeeper.models.embed.contract import Embedder, Kind

PLAIN: Mapping[Kind, str] = {"query": "", "passage": ""}


@dataclass(frozen=True, slots=True)
class Spec:
    """What has to be known of an embedder before it is opened. `weights` and `tokenizer` are ids of the hub."""

    id: str
    way: Literal["static", "encoder"]
    weights: str
    tokenizer: str
    dimension: int
    languages: frozenset[str]
    max_tokens: int
    prefixes: Mapping[Kind, str] = field(default_factory=lambda: PLAIN)


# Those of XLM-RoBERTa, on which E5 was trained further.
E5_LANGUAGES = (
    "af am ar as az be bg bn br bs ca cs cy da de el en eo es et eu fa fi fr fy ga gd gl gu ha he hi hr hu hy id is "
    "it ja jv ka kk km kn ko ku ky la lo lt lv mg mk ml mn mr ms my ne nl no om or pa pl ps pt ro ru sa sd si sk sl "
    "so sq sr su sv sw ta te th tl tr ug uk ur uz vi xh yi zh"
)

# As they are recommended. E5 orders English titles a little better than MiniLM and costs more than twice as much:
# `python -m benchmarks embedding`.
EMBEDDERS: Mapping[str, Spec] = {
    spec.id: spec
    for spec in (
        Spec(
            "minilm-l6",
            "encoder",
            weights="minilm-l6",
            tokenizer="minilm-l6-tokenizer",
            dimension=384,
            languages=frozenset({"en"}),
            max_tokens=256,
        ),
        Spec(
            "e5-small",
            "encoder",
            weights="e5-small",
            tokenizer="e5-small-tokenizer",
            dimension=384,
            languages=frozenset(E5_LANGUAGES.split()),
            max_tokens=256,
            prefixes={"query": "query: ", "passage": "passage: "},
        ),
        Spec(
            "wordllama",
            "static",
            weights="wordllama",
            tokenizer="wordllama-tokenizer",
            dimension=256,
            languages=frozenset({"en"}),
            max_tokens=512,
        ),
    )
}


def recommended(languages: Collection[str]) -> tuple[str, ...]:
    """Ids of the embedders that speak all these languages, the one to take first; empty if none does."""
    return tuple(name for name, spec in EMBEDDERS.items() if spec.languages.issuperset(languages))


def fetch_embedder(
    name: str,
    cache_folder: Path,
    *,
    places: hub.Places | None = None,
    progress: hub.Progress = lambda step: None,
) -> None:
    """Bring the embedder's files into the cache, where they are not there yet. Raises ModelError."""
    if _deployed(name, cache_folder) is None:
        hub.pull(spec_of(name).weights, cache_folder, places=places, progress=progress)


def spec_of(name: str) -> Spec:
    """What is known of the embedder of this id. Raises ModelError."""
    if name not in EMBEDDERS:
        raise ModelError(f"there is no embedder {name!r}", hint=f"there are {', '.join(EMBEDDERS)}")
    return EMBEDDERS[name]


def load_embedder(name: str, cache_folder: Path, *, threads: int = 1) -> Embedder:
    """The embedder of this id, from files that the hub has fetched; its weights are read when it is first used.

    threads: how many one call may use. One serves most requests a second, since each request has its own thread.

    Raises ModelError if there is no such embedder or a file of it is not in the cache.
    """
    folder = _deployed(name, cache_folder)
    if folder is not None:
        from shopkeeper.models.embed.folder import open_encoder

        return open_encoder(folder, threads=threads)
    spec = spec_of(name)
    weights = _fetched(spec.weights, spec, cache_folder)
    tokenizer = _fetched(spec.tokenizer, spec, cache_folder)
    digest = f"{hub.entry(spec.weights).sha256[:12]}-{hub.entry(spec.tokenizer).sha256[:12]}"
    if spec.way == "static":
        from shopkeeper.models.embed.static import StaticEmbedder

        return StaticEmbedder(
            spec.id, weights=weights, tokenizer=tokenizer, digest=digest, dimension=spec.dimension,
            languages=spec.languages, max_tokens=spec.max_tokens,
        )  # fmt: skip
    from shopkeeper.models.embed.encoder import OnnxEmbedder

    return OnnxEmbedder(
        spec.id, weights=weights, tokenizer=tokenizer, digest=digest, dimension=spec.dimension,
        languages=spec.languages, max_tokens=spec.max_tokens, prefixes=spec.prefixes, threads=threads,
    )  # fmt: skip


def _deployed(name: str, cache_folder: Path) -> Path | None:
    """The folder of an encoder of one's own, that was put to use under this name."""
    if name in EMBEDDERS:
        return None
    entry = added.read(cache_folder).get(name)
    return Path(entry.path) if entry is not None and entry.format == "onnx" else None


def _fetched(file: str, spec: Spec, cache_folder: Path) -> Path:
    path = hub.cached(file, cache_folder)
    if path is None:
        raise ModelError(
            f"the embedder {spec.id} needs {file}, which is not in {cache_folder}",
            hint=f"fetch it: shopkeeper models pull {spec.id}",
        )
    return path
