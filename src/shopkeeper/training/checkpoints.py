"""Checkpoints that training goes on from to the identical loss: weights, optimisers, random state, place in the data.

    RUN/step-00000200/  weights.safetensors  optimisers.safetensors  state.json

Written beside and renamed, so that a kill leaves the last one whole. No pickles: tensors are safetensors, the rest JSON.
"""

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from shopkeeper.errors import ArtifactError
from shopkeeper.training.storage import storing, sync

_NAME = re.compile(r"step-(\d{8})")
BEST = "best.json"


@dataclass(frozen=True, slots=True)
class State:
    """All but the tensors: steps done, the recipe, and what evaluation said last."""

    step: int
    recipe: Mapping[str, Any]
    measures: Mapping[str, float]
    optimisers: Any  # their state_dicts, with names in the place of tensors


def save(
    run: Path, state: State, weights: Mapping[str, Tensor], tensors: Mapping[str, Tensor]
) -> Path:
    """Write a checkpoint. Raises StorageError if there is no room; the earlier ones stay."""
    target = run / f"step-{state.step:08d}"
    part = run / f".{target.name}.part"
    with storing(run):
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
    try:
        with storing(run):
            _write(dict(weights), part / "weights.safetensors")
            _write(dict(tensors), part / "optimisers.safetensors")
            (part / "state.json").write_text(json.dumps(asdict(state)), encoding="utf-8")
            for path in part.iterdir():
                sync(path)
            shutil.rmtree(target, ignore_errors=True)
            part.replace(target)
            sync(run)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target


def _write(tensors: dict[str, Tensor], path: Path) -> None:
    """As safetensors. What the library says of a full disk is an OSError like any other."""
    try:
        save_file({k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}, path)
    except SafetensorError as error:
        raise OSError(str(error)) from error


def load(folder: Path) -> tuple[State, dict[str, Tensor], dict[str, Tensor]]:
    """State, weights and tensors of the optimisers. Raises ArtifactError if the checkpoint is not whole."""
    try:
        state = State(**json.loads((folder / "state.json").read_text(encoding="utf-8")))
        weights = load_file(folder / "weights.safetensors")
        return state, weights, load_file(folder / "optimisers.safetensors")
    except (OSError, TypeError, ValueError, SafetensorError) as error:
        raise ArtifactError(
            f"{folder}: the checkpoint cannot be read: {error}", hint="go on from an earlier one"
        ) from error


def checkpoints(run: Path) -> list[Path]:
    """Whole checkpoints of a run, the earliest first."""
    if not run.is_dir():
        return []
    return sorted(path for path in run.iterdir() if _NAME.fullmatch(path.name))


def latest(run: Path) -> Path | None:
    """The last whole checkpoint."""
    found = checkpoints(run)
    return found[-1] if found else None


def best(run: Path) -> Path | None:
    """The checkpoint that evaluation liked best, or None if none was evaluated."""
    try:
        name = json.loads((run / BEST).read_text(encoding="utf-8"))["name"]
    except (OSError, ValueError, KeyError):
        return None
    return run / name if (run / name).is_dir() else None


def mark_best(run: Path, folder: Path, value: float) -> None:
    """Note that this checkpoint is the best so far, by this value."""
    part = run / (BEST + ".part")
    with storing(run):
        part.write_text(json.dumps({"name": folder.name, "value": value}), encoding="utf-8")
        part.replace(run / BEST)


def best_value(run: Path) -> float | None:
    """By what the best checkpoint is the best."""
    try:
        return float(json.loads((run / BEST).read_text(encoding="utf-8"))["value"])
    except (OSError, ValueError, KeyError):
        return None


def prune(run: Path, *, keep: int) -> None:
    """Remove all but the last `keep` checkpoints and the best."""
    kept = best(run)
    for folder in checkpoints(run)[:-keep]:
        if folder != kept:
            shutil.rmtree(folder, ignore_errors=True)


def trained_part(model: nn.Module) -> dict[str, Tensor]:
    """The weights that a checkpoint of this model needs: all but those that are not trained, as under adapters."""
    frozen = _frozen(model)
    return {name: each for name, each in model.state_dict().items() if name not in frozen}


def load_trained(model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Give a model the weights of a checkpoint. Raises RuntimeError if they are not all of what is trained."""
    missing, unexpected = model.load_state_dict(weights, strict=False)
    wrong = [*unexpected, *(name for name in missing if name not in _frozen(model))]
    if wrong:
        raise RuntimeError(f"{wrong[0]} is in only one of the two")


def _frozen(model: nn.Module) -> set[str]:
    return {name for name, each in model.named_parameters() if not each.requires_grad}


def without_tensors(value: Any, found: dict[str, Tensor], name: str = "") -> Any:
    """A nested value in which tensors are replaced by their names, and put into `found`; keys as strings."""
    if isinstance(value, Tensor):
        found[name] = value
        return {"tensor": name}
    if isinstance(value, Mapping):
        return {"items": [[k, without_tensors(v, found, f"{name}.{k}")] for k, v in value.items()]}
    if isinstance(value, list | tuple):
        return [without_tensors(v, found, f"{name}.{i}") for i, v in enumerate(value)]
    return value


def with_tensors(value: Any, found: Mapping[str, Tensor]) -> Any:
    """What `without_tensors` was given."""
    if isinstance(value, dict):
        if "tensor" in value:
            return found[value["tensor"]]
        return {k: with_tensors(v, found) for k, v in value["items"]}
    if isinstance(value, list):
        return [with_tensors(v, found) for v in value]
    return value


def random_state() -> dict[str, Tensor]:
    """The state of torch's generators of this process."""
    found = {"random.cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        found["random.cuda"] = torch.cuda.get_rng_state()
    return found


def set_random_state(tensors: Mapping[str, Tensor]) -> None:
    """Go on with the random numbers where they were."""
    torch.set_rng_state(tensors["random.cpu"])
    if "random.cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["random.cuda"])
