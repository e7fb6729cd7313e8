"""What compression saves and what it costs, on this machine: an encoder in whole numbers, GGUF files, adapters, pruning.

Encoder: MiniLM from its published float32 safetensors. `float32` is our own export as ONNX, with ONNX Runtime's fused
operations, and the rival; `torch` is the same model in PyTorch; `shipped` is what the hub converts; `int8` is rounded;
`int8_narrow` has a quarter of the feed-forward numbers taken out as well, and is what the bars are held against. Both are
made by texts without a label, titles of search/crowdflower and utterances of banking77's training part, and measured
twice: NDCG@10 of that catalogue's judged queries by cosine alone, and accuracy on banking77's whole test part of a
logistic head trained on ten utterances an intent (seed 0). `loss_points` is the larger loss of the two. Size is of all that is served,
tokenizer and card included. Speed is in turns, medians of rounds: CPU time on one thread, wall time on two.

GGUF: SmolLM2 135M, float32 again, written by us in several widths; tokens are greedy, against the checkpoint in torch.
"""

import csv
import gzip
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as parquet
import torch

from benchmarks.embedding import quality
from shopkeeper.models import hub
from shopkeeper.models.embed import Embedder, fetch_embedder, load_embedder
from shopkeeper.models.embed.folder import open_encoder
from shopkeeper.models.engines.llama import LlamaEngine
from shopkeeper.models.records import Controls, Request
from shopkeeper.settings import EngineSettings, Settings
from shopkeeper.training.compress import measuring
from shopkeeper.training.compress.int8 import WholeMaps, calibrate
from shopkeeper.training.compress.narrowing import narrow
from shopkeeper.training.compress.ways import Texts, to_gguf, to_pruned
from shopkeeper.training.export.adapter import write_adapter
from shopkeeper.training.export.gguf import write_gguf
from shopkeeper.training.export.onnx import save_encoder
from shopkeeper.training.finetune.lora import adapted, add_lora, merge, save_adapter
from shopkeeper.training.opening import Opened, open_model
from shopkeeper.training.transformer import Transformer

FEED_FORWARD = 1152  # of 1536
DECIDING, CALIBRATING = 2000, 400  # texts by which is decided what goes, and what is rounded how
SHOTS = 10
PROMPTS = (
    "The capital of France is",
    "Write a short description of a waterproof hiking backpack, 45 l, 1.1 kg:",
    "Red running shoes, size 42. Customers say",
)
TOKENS = 16


def run(*, quick: bool, data: Path) -> dict[str, Any]:
    """The figures, and a table of each part."""
    settings = Settings()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        figures = _encoder(settings, data, folder, quick=quick)
        figures |= _gguf(settings, data, folder, quick=quick)
        figures |= _pruning(settings, data, folder, quick=quick)
    return figures


def _open(name: str, settings: Settings) -> Opened:
    return open_model(name, data_folder=settings.data_folder, cache_folder=settings.cache_folder)


def _encoder(settings: Settings, data: Path, folder: Path, *, quick: bool) -> dict[str, Any]:
    fetch_embedder("minilm-l6", settings.cache_folder)
    opened = _open("minilm-l6", settings)
    titles, ids = _titles(data)
    picked = np.random.default_rng(0).permutation(len(titles))
    asked = [text for text, _ in _csv(data / "support" / "banking77" / "train.csv.gz")]
    drawn = np.random.default_rng(0).permutation(len(asked))
    half = (300 if quick else DECIDING) // 2
    deciding = [
        text
        for a, b in zip(picked[:half], drawn[:half], strict=True)
        for text in (titles[a], asked[b])
    ]
    begun = time.perf_counter()
    _make(opened, deciding, folder)
    print(
        f"made in {time.perf_counter() - begun:.0f} s: {half} titles, {half} utterances, no labels, seed 0"
    )
    names = ("float32", "int8", "int8_narrow")
    sizes = {name: sum(p.stat().st_size for p in (folder / name).iterdir()) for name in names}
    sizes["shipped"] = sum(hub.entry(n).size_bytes for n in ("minilm-l6", "minilm-l6-tokenizer"))
    sizes["torch"] = sum(
        hub.entry(n).size_bytes for n in ("minilm-l6-float", "minilm-l6-tokenizer")
    )
    served = {name: open_encoder(folder / name) for name in names}
    with_shipped = served | {"shipped": load_embedder("minilm-l6", settings.cache_folder)}
    sample = [titles[i] for i in picked[-400:]]
    speed = _speeds(with_shipped, opened, sample, rounds=3 if quick else 7)
    two = {name: open_encoder(folder / name, threads=2) for name in names}
    wall = _rates({n: _encoding(e, sample) for n, e in two.items()}, time.perf_counter, rounds=3 if quick else 7)  # fmt: skip
    query = _rates({n: _one_by_one(e, sample[:40]) for n, e in served.items()}, time.process_time, rounds=3 if quick else 7)  # fmt: skip
    scores: dict[str, dict[str, float]] = {}
    for name, encoder in served.items():
        scores[name] = {"banking77": _banking(encoder, data, most=600 if quick else 0)}
        if not quick:
            vectors = two[name].encode(titles, kind="passage")
            where = data / "search" / "crowdflower"
            scores[name]["ndcg@10"] = quality(two[name], vectors, ids, where)
    print(f"{'encoder':12} {'MB':>7} {'share':>6} {'texts/CPU-s':>12} {'ratio':>6} {'2 threads':>9} {'query':>6}  quality")  # fmt: skip
    figures: dict[str, Any] = {}
    base = {"speed": speed["float32"], "wall": wall["float32"], "query": query["float32"]}
    for name in (*names, "shipped", "torch"):
        size = sizes[name]
        said = " ".join(f"{key} {value:.4f}" for key, value in scores.get(name, {}).items())
        ratios = [speed[name] / base["speed"], wall.get(name, 0) / base["wall"], query.get(name, 0) / base["query"]]  # fmt: skip
        print(f"{name:12} {size / 1e6:7.2f} {size / sizes['float32']:6.3f} {speed[name]:12.0f} {ratios[0]:6.2f} {ratios[1]:9.2f} {ratios[2]:6.2f}  {said}")  # fmt: skip
        figures[f"{name}.texts_per_cpu_s"] = round(speed[name], 1)
        figures |= {f"{name}.{key}": round(value, 4) for key, value in scores.get(name, {}).items()}
        if name in ("int8", "int8_narrow"):
            losses = [100 * (scores["float32"][key] - value) for key, value in scores[name].items()]
            about = {
                "size_ratio": size / sizes["float32"], "speed_ratio": ratios[0],
                "speed_ratio_2_threads": ratios[1], "speed_ratio_query": ratios[2],
                "speed_ratio.torch": speed[name] / speed["torch"], "loss_points": max(losses),
            }  # fmt: skip
            rounded = {key: round(value, 3) for key, value in about.items()}
            figures |= {f"int8.{k}": v for k, v in rounded.items()} if name == "int8" else rounded
    return figures


def _make(opened: Opened, deciding: Sequence[str], folder: Path) -> None:
    rows = [row[:256] for row in opened.words.encode_all(list(deciding), special=True)]
    small = narrow(opened.model, rows, feed_forward=FEED_FORWARD)
    save_encoder(opened.model, opened.words, folder / "float32", name="float32")
    for name, model in (("int8", opened.model), ("int8_narrow", small)):
        maps = WholeMaps(calibrate(model, rows[:CALIBRATING]))
        save_encoder(model, opened.words, folder / name, name=name, maps=maps, numbers="int8")


def _speeds(served: Mapping[str, Embedder], opened: Opened, texts: Sequence[str], *, rounds: int) -> dict[str, float]:  # fmt: skip
    """Texts a second of CPU, in turns. The rows of torch go by equal length, so without any padding."""
    rows = opened.words.encode_all(list(texts), special=True)

    def by_torch() -> int:
        return len(measuring.vectors_of(opened.model, rows))

    jobs: dict[str, Callable[[], int]] = {n: _encoding(e, texts) for n, e in served.items()}
    return _rates(jobs | {"torch": by_torch}, time.process_time, rounds=rounds)


def _encoding(encoder: Embedder, texts: Sequence[str]) -> Callable[[], int]:
    return lambda: len(encoder.encode(texts, kind="passage"))


def _one_by_one(encoder: Embedder, texts: Sequence[str]) -> Callable[[], int]:
    queries = [" ".join(text.split()[:3]) for text in texts]
    return lambda: sum(len(encoder.encode([query], kind="query")) for query in queries)


def _rates(jobs: Mapping[str, Callable[[], int]], clock: Callable[[], float], *, rounds: int) -> dict[str, float]:  # fmt: skip
    """Things a second of each: medians of rounds in turns, after one to warm up."""
    found: dict[str, list[float]] = {name: [] for name in jobs}
    for number in range(rounds + 1):
        for name, job in jobs.items():
            begun = clock()
            count = job()
            if number:
                found[name].append(count / (clock() - begun))
    return {name: statistics.median(rates) for name, rates in found.items()}


def _titles(data: Path) -> tuple[list[str], list[str]]:
    rows = parquet.read_table(data / "search" / "crowdflower" / "products.parquet").to_pylist()
    return [str(row["product_title"]) for row in rows], [str(row["product_id"]) for row in rows]


def _banking(encoder: Embedder, data: Path, *, most: int) -> float:
    """Accuracy of a logistic head on frozen vectors: ten utterances an intent, tested on the official test part."""
    from sklearn.linear_model import LogisticRegression

    train, test = (_csv(data / "support" / "banking77" / f"{part}.csv.gz") for part in ("train", "test"))  # fmt: skip
    order = np.random.default_rng(0).permutation(len(train))
    taken: dict[str, list[str]] = {}
    for i in order:
        text, label = train[i]
        if len(taken.setdefault(label, [])) < SHOTS:
            taken[label].append(text)
    texts = [text for some in taken.values() for text in some]
    labels = [label for label, some in taken.items() for _ in some]
    if most:
        test = [test[i] for i in np.random.default_rng(1).permutation(len(test))[:most]]
    head = LogisticRegression(C=10, max_iter=500).fit(encoder.encode(texts, kind="passage"), labels)
    found = head.predict(encoder.encode([text for text, _ in test], kind="passage"))
    return float(np.mean(found == np.array([label for _, label in test])))


def _csv(path: Path) -> list[tuple[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [(row["text"], row["category"]) for row in csv.DictReader(file)]


def _gguf(settings: Settings, data: Path, folder: Path, *, quick: bool) -> dict[str, Any]:
    opened = _open("smollm2-135m", settings)
    prompts = PROMPTS[:1] if quick else PROMPTS
    tokens = 8 if quick else TOKENS
    base = folder / "base.gguf"
    write_gguf(opened.model, opened.words, base, quantisation="f32")
    same = _equal(opened.model, opened, base, prompts, tokens)
    adapter, plain = folder / "adapter.gguf", _written(base, opened, prompts, tokens)
    _random_adapter(opened.model, folder / "adapter")
    write_adapter(folder / "adapter", opened.shape, adapter)
    with_adapter = _written(base, opened, prompts, tokens, adapter)
    merge(opened.model)
    expected = [_continued(opened.model, opened.words.encode(p), tokens) for p in prompts]
    figures: dict[str, Any] = {
        "gguf.greedy_equal": round(same, 4),
        "adapter.greedy_equal": round(_share(with_adapter, expected), 4),
        "adapter.changes": with_adapter != plain,
    }
    print(f"GGUF f32: {same:.1%} of greedy tokens are the checkpoint's; with a random adapter {figures['adapter.greedy_equal']:.1%}")  # fmt: skip
    base.unlink()
    fresh = _open("smollm2-135m", settings)
    texts = Texts.halves(_titles(data)[0][: 20 if quick else 100])
    for quantisation in ("q4_1",) if quick else ("q8_0", "q4_1", "q4_0"):
        report = to_gguf(fresh, texts, folder / "gguf", name="smollm2", quantisation=quantisation)
        loss = report.after.quality["loss"] - report.before.quality["loss"]
        print(f"GGUF {quantisation}: {report.size_ratio:.3f} of f16's size, {report.speed_ratio:.2f} x its tokens, loss {loss:+.4f}")  # fmt: skip
        about = {"size_ratio": report.size_ratio, "speed_ratio": report.speed_ratio, "loss": loss}
        figures |= {f"gguf.{quantisation}.{key}": round(value, 4) for key, value in about.items()}
    return figures


def _random_adapter(model: Transformer, folder: Path) -> None:
    torch.manual_seed(0)
    add_lora(model, rank=8, alpha=16, targets=("query", "value"))
    with torch.no_grad():
        for _, map_ in adapted(model):
            map_.lora_b.normal_(std=0.02)
    save_adapter(model, folder, base="smollm2-135m")


def _equal(model: Transformer, opened: Opened, path: Path, prompts: Sequence[str], tokens: int) -> float:  # fmt: skip
    expected = [_continued(model, opened.words.encode(p), tokens) for p in prompts]
    return _share(_written(path, opened, prompts, tokens), expected)


def _share(found: Sequence[Sequence[int]], wanted: Sequence[Sequence[int]]) -> float:
    pairs = [(a, b) for one, other in zip(found, wanted, strict=True) for a, b in zip(one, other, strict=False)]  # fmt: skip
    return sum(a == b for a, b in pairs) / len(pairs)


def _continued(model: Transformer, ids: list[int], tokens: int) -> list[int]:
    with torch.inference_mode():
        for _ in range(tokens):
            ids = [*ids, int(model(torch.tensor([ids]))[0, -1].argmax())]
    return ids[-tokens:]


def _written(path: Path, opened: Opened, prompts: Sequence[str], tokens: int, adapter: Path | None = None) -> list[list[int]]:  # fmt: skip
    settings = EngineSettings(
        kind="llama.cpp", model=str(path), context_tokens=512, parallel=1, threads=1,
        adapters={"tuned": adapter} if adapter else {},
    )  # fmt: skip
    engine = LlamaEngine.open(path, name="made", settings=settings, tried=True)
    try:
        controls = Controls(max_new_tokens=tokens)
        return [
            list(
                engine.generate(Request(p, controls, adapter="tuned" if adapter else "")).token_ids
            )
            for p in prompts
        ]
    finally:
        engine.close()


def _pruning(settings: Settings, data: Path, folder: Path, *, quick: bool) -> dict[str, Any]:
    opened = _open("minilm-l6", settings)
    texts = Texts.halves(_titles(data)[0][: 100 if quick else 400])
    figures: dict[str, Any] = {}
    print(f"{'zeros':>6} {'per':>6} {'size':>6} {'speed':>6} {'direction':>9} {'neighbours':>10}")
    for per, share in (("layer", 0.5), ("model", 0.5), ("layer", 0.3), ("layer", 0.7))[: 1 if quick else 4]:  # fmt: skip
        report = to_pruned(opened, texts, folder / "pruned", share=share, per=per)  # type: ignore[arg-type]
        quality = report.after.quality
        print(f"{share:6.0%} {per:>6} {report.size_ratio:6.2f} {report.speed_ratio:6.2f} {quality['direction']:9.4f} {quality['neighbours']:10.4f}")  # fmt: skip
        figures[f"pruned_{share:.0%}_{per}.direction"] = round(quality["direction"], 4)
    return figures
