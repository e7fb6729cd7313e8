"""Whether the llama.cpp engine writes what the reference writes, on the same weights.

Twenty prompts are continued greedily by 32 tokens. `exact`: llama.cpp runs a copy of the GGUF file whose weights were
made float32 again, the same numbers that the reference runs by Transformers. `as_is`: it runs the file as it serves
it, where llama.cpp also rounds what goes into each product to eight bits. Where tokens differ first, the reference says
how far apart it holds the two: a near-tie is within NEAR nats. Scores of given continuations are compared too.
"""

import struct
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gguf import GGMLQuantizationType
from gguf.quants import dequantize

from shopkeeper.errors import FetchError
from shopkeeper.models import hub
from shopkeeper.models.engines import LanguageModel
from shopkeeper.models.engines.llama import LlamaEngine
from shopkeeper.models.engines.reference.engine import ReferenceEngine
from shopkeeper.models.engines.reference.opening import open_engine
from shopkeeper.models.gguf import read_header
from shopkeeper.models.records import Controls, Request
from shopkeeper.settings import EngineSettings, load_settings

MODELS = {"smollm2": "smollm2-135m", "qwen0.5b": "qwen2.5-coder-0.5b"}
TOKENS = 32
NEAR = 0.1  # nats: the likelier is at most 1.1 times as likely
ALIGNMENT = 32  # of tensors in a GGUF file that names no other
PROMPTS = (
    "The capital of France is",
    "The opposite of hot is",
    "Water boils at a temperature of",
    "Once upon a time, there was a little girl who",
    "The three primary colours are",
    "A good backpack for hiking should have",
    "Dear customer, thank you for your order. Your parcel",
    "Returns are accepted within 30 days if",
    "This review is about a lamp. The customer writes: It is bright, but the switch broke after a week. The customer is",
    "Product: stainless steel bottle, 500 ml, keeps drinks hot for 12 hours.\nDescription:",
    "Question: How many days are there in a week?\nAnswer:",
    "1, 2, 3, 4, 5, 6,",
    "def fibonacci(n):\n",
    '{"name": "Alice", "age": 31, "city":',
    "SELECT name, price FROM products WHERE",
    "Monday, Tuesday, Wednesday,",
    "The main difference between cotton and wool is",
    "To clean a leather shoe, first",
    "保温杯的优点是",
    "北京是中国的",
)
SCORED = (" yes", " no", " the best of all", ", and that is why", " 12", " Paris")


def run(*, quick: bool, data: Path) -> dict[str, Any]:
    """Figures of each model that is here. quick: SmolLM2 only."""
    del data  # prompts are above
    cache = load_settings().cache_folder
    figures: dict[str, Any] = {"near_nats": NEAR}
    for name, id_ in list(MODELS.items())[: 1 if quick else None]:
        path = hub.path_here(id_, cache)
        if path is None:
            raise FetchError(f"{id_} is not here", hint=f"shopkeeper models pull {id_}")
        figures |= {f"{name}.{key}": value for key, value in figures_of(path).items()}
    return {"seed": 0} | figures


def figures_of(path: Path) -> dict[str, Any]:
    """How far llama.cpp agrees with the reference on this file."""
    settings = EngineSettings(
        kind="transformers", model=str(path), timeout_s=600, context_tokens=512
    )
    figures: dict[str, Any] = {"prompts": len(PROMPTS)}
    with tempfile.TemporaryDirectory() as folder:
        exact = Path(folder) / "float32.gguf"
        write_dequantised(path, exact)
        with closing(open_engine("reference", settings, cache_folder=path)) as reference:
            expected = [written(reference, prompt) for prompt in PROMPTS]
            for way, file in (("exact", exact), ("as_is", path)):
                opened = LlamaEngine.open(file, name=way, settings=settings)
                with closing(opened) as engine:
                    found = [
                        compared(reference, engine, prompt, ids)
                        for prompt, ids in zip(PROMPTS, expected, strict=True)
                    ]
                    show(path.stem, way, found)
                    figures |= {f"{way}.{key}": value for key, value in summed(found).items()}
                    figures[f"{way}.worst_score_difference"] = worst_score(reference, engine)
    return figures


@dataclass(frozen=True, slots=True)
class Compared:
    """One prompt. same: tokens before the first that differs; nats: how much likelier the reference's token is there."""

    prompt: str
    same: int
    tokens: int
    nats: float = 0.0
    theirs: str = ""
    ours: str = ""

    @property
    def differs(self) -> bool:
        return bool(self.theirs or self.ours)


def written(engine: LanguageModel, prompt: str) -> tuple[int, ...]:
    """The tokens of the greedy continuation."""
    request = Request(prompt, Controls(max_new_tokens=TOKENS), timeout_s=600)
    return engine.generate(request).token_ids


def compared(
    reference: ReferenceEngine, engine: LanguageModel, prompt: str, expected: Sequence[int]
) -> Compared:
    """Where the engine leaves what the reference wrote, if it does."""
    checkpoint = reference.checkpoint
    found = [token for token in written(engine, prompt) if token not in checkpoint.ends]
    pairs = zip(expected, found, strict=False)
    same = next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(expected), len(found)))
    if same == len(expected) == len(found):
        return Compared(prompt, same, len(expected))
    ids = [*checkpoint.prompt_ids(prompt), *expected[:same]]
    with torch.inference_mode():
        likely = checkpoint.model(torch.tensor([ids])).logits[0, -1].log_softmax(-1)
    end = min(checkpoint.ends)  # one of the two may have ended here
    theirs, ours = (each[same] if same < len(each) else end for each in (expected, found))
    return Compared(
        prompt, same, len(expected), float(likely[theirs] - likely[ours]),
        checkpoint.shown(theirs), checkpoint.shown(ours),
    )  # fmt: skip


def summed(found: Sequence[Compared]) -> dict[str, Any]:
    """Of all prompts: how many are the same to the end, part at a near-tie, or part otherwise."""
    apart = [each.nats for each in found if each.differs]
    return {
        "same": len(found) - len(apart),
        "near_ties": sum(nats <= NEAR for nats in apart),
        "otherwise": sum(nats > NEAR for nats in apart),
        "worst_nats": round(max(apart, default=0.0), 4),
    }


def worst_score(reference: LanguageModel, engine: LanguageModel) -> float:
    """The largest difference between log-likelihoods per token, over all prompts and SCORED."""
    worst = 0.0
    for prompt in PROMPTS:
        pairs = zip(
            reference.score(prompt, SCORED, timeout_s=600).scores,
            engine.score(prompt, SCORED, timeout_s=600).scores,
            strict=True,
        )
        for ours, theirs in pairs:
            apart = abs(ours.log_likelihood - theirs.log_likelihood) / ours.tokens
            worst = max(worst, apart)
    return round(worst, 4)


def show(model: str, way: str, found: Sequence[Compared]) -> None:
    """The table: where each prompt parts, and how near the two tokens are."""
    print(f"\n{model}, {way}\n{'same':>6}  {'nats':>7}  reference / llama.cpp    prompt")
    for each in found:
        said = f"{each.theirs!r} / {each.ours!r}" if each.differs else ""
        nats = f"{each.nats:7.4f}" if each.differs else " " * 7
        print(f"{each.same:>3}/{each.tokens:<2}  {nats}  {said:<24} {each.prompt[:60]!r}")


def write_dequantised(path: Path, target: Path) -> None:
    """A copy of a GGUF file with all weights in float32; what stands before the table of tensors stays as it is."""
    header = read_header(path)
    data = np.memmap(path, mode="r", dtype=np.uint8)
    first = header.tensors[0].name.encode()
    head = data[: min(each.offset for each in header.tensors)].tobytes()
    before = head[: head.index(struct.pack("<Q", len(first)) + first)]
    table, offset = b"", 0
    for tensor in header.tensors:
        name, shape = tensor.name.encode(), tensor.shape
        table += struct.pack("<Q", len(name)) + name + struct.pack("<I", len(shape))
        table += struct.pack(f"<{len(shape)}QIQ", *shape, GGMLQuantizationType.F32, offset)
        offset += -(-4 * int(np.prod(shape)) // ALIGNMENT) * ALIGNMENT
    with target.open("wb") as file:
        file.write(before + table)
        file.write(b"\0" * (-file.tell() % ALIGNMENT))
        for tensor in header.tensors:
            raw = np.asarray(data[tensor.offset : tensor.offset + tensor.size_bytes])
            rows = raw.reshape(*tensor.shape[:0:-1], -1)
            file.write(dequantize(rows, GGMLQuantizationType[tensor.type]).astype("<f4").tobytes())
            file.write(b"\0" * (-file.tell() % ALIGNMENT))
