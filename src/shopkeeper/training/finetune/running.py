"""A fine-tuning by its plan, in five steps, and what it has made, opened again.

plan = make_finetune_plan({"task": "generation", "base": "smollm2-135m", "data": "rows.jsonl"})
finished = finetune(plan, run, stores)

RUN/finetune.json  rows/  tokenizer/  step-00000040/ …  best.json  adapter/ or model/  card.json
"""

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import file_digest
from pathlib import Path
from typing import Any, cast

import torch
from safetensors.torch import save_file
from torch import nn

from shopkeeper.errors import ArtifactError, Conflict, SettingsError
from shopkeeper.models.hub import Places
from shopkeeper.training import checkpoints, interchange
from shopkeeper.training.finetune.data import keep_split, kept_split, split_rows
from shopkeeper.training.finetune.lora import add_lora, merge, save_adapter
from shopkeeper.training.finetune.plan import (
    FinetunePlan,
    continued_finetune,
    make_finetune_plan,
    read_finetune_plan,
    scheduled,
    write_finetune_plan,
)
from shopkeeper.training.finetune.soft_prompts import add_soft_prompt, save_soft_prompt, with_tokens
from shopkeeper.training.finetune.tasks import Saves, task_of
from shopkeeper.training.opening import Opened, Origin, open_model
from shopkeeper.training.parallel import World, best_device
from shopkeeper.training.progress import Event, Observer, silent
from shopkeeper.training.storage import storing
from shopkeeper.training.trainer import Report, Trainer
from shopkeeper.training.transformer import MultiHeadAttention, Transformer
from shopkeeper.training.words import Words

CARD, ADAPTER, MODEL, HEAD = "card.json", "adapter", "model", "head.safetensors"


@dataclass(frozen=True, slots=True)
class Stores:
    """Where models are: runs in the data folder, what was fetched in the cache, and where more may come from."""

    data_folder: Path
    cache_folder: Path
    places: Places | None = None

    def open(self, which: str) -> Opened:
        """See `opening.open_model`."""
        return open_model(
            which,
            data_folder=self.data_folder,
            cache_folder=self.cache_folder,
            places=self.places,
        )


@dataclass(frozen=True, slots=True)
class Finished:
    """A fine-tuning at its end. measures: on the test part; empty if it was stopped before."""

    plan: FinetunePlan
    report: Report
    measures: Mapping[str, float]


@dataclass(frozen=True)
class Finetuned:
    """What a run has made: base and adapter of one of its checkpoints, with the task's head."""

    plan: FinetunePlan
    module: nn.Module
    words: Words
    checkpoint: Path

    @property
    def model(self) -> Transformer:
        """The Transformer in it, without the head."""
        return transformer_of(self.module)


def transformer_of(module: nn.Module) -> Transformer:
    """The model that is, or is under, what is trained: a head has it as `transformer`."""
    return cast(Transformer, getattr(module, "transformer", module))


def next_finetune_plan(run: Path, given: Mapping[str, Any]) -> FinetunePlan:
    """The plan of the run in this folder with what is given now. A run without a checkpoint may still begin otherwise.

    Raises SettingsError for choices that do not fit, Conflict for one that cannot change any more.
    """
    began = read_finetune_plan(run)
    if began is not None and checkpoints.latest(run) is not None:
        return continued_finetune(began, given)
    lacking = [name for name in ("base", "data") if not given.get(name)]
    if lacking:
        raise SettingsError(
            f"a new fine-tuning needs --{' and --'.join(lacking)}",
            hint="shopkeeper lm finetune RUN --base MODEL --data FILE",
        )
    return make_finetune_plan({"task": "generation", **given})


def prepare(plan: FinetunePlan, run: Path) -> FinetunePlan:
    """The plan with all that only its rows can tell, kept in the run's folder with the rows of each side.

    A run that has begun has its rows already. Raises FeedError, StorageError.
    """
    if plan.data_sha256:
        return plan
    task = task_of(plan.task)
    split = split_rows(plan, task)
    settled = task.settled(scheduled(plan, len(split.train)), split.train)
    kept = replace(settled, data_sha256=split.sha256)
    keep_split(run, split)
    write_finetune_plan(run, kept)
    return kept


def _opened(plan: FinetunePlan, run: Path, stores: Stores) -> tuple[FinetunePlan, Opened]:
    """The base, whose hash the plan keeps from now on. Raises Conflict if it is not what the run began with."""
    opened = stores.open(plan.base)
    if plan.base_sha256 and plan.base_sha256 != opened.origin.sha256:
        raise Conflict(
            f"{plan.base} is not the model that the run began with: its weights have changed",
            hint="choose another name for a new run",
        )
    kept = replace(plan, base_sha256=opened.origin.sha256)
    opened.words.save(run / "tokenizer")
    write_finetune_plan(run, kept)
    return kept, opened


def adapt(opened: Opened, plan: FinetunePlan) -> None:
    """Make trainable what the plan trains, and nothing else. Raises SettingsError if it does not fit the model."""
    model = opened.model
    try:
        match plan.adapter:
            case "lora":
                add_lora(
                    model,
                    rank=plan.rank,
                    alpha=plan.alpha,
                    targets=plan.targets,
                    dropout=plan.dropout,
                )
            case "prompt":
                add_soft_prompt(
                    model, opened.words, tokens=plan.prompt_tokens, text=plan.prompt_words
                )
            case "full":
                model.requires_grad_()
                _set_dropout(model, plan.dropout)
    except ValueError as error:
        raise SettingsError(f"{plan.base}: {error}", hint="another --adapter") from error


def _set_dropout(model: nn.Module, rate: float) -> None:
    for each in model.modules():
        if isinstance(each, nn.Dropout):
            each.p = rate
        elif isinstance(each, MultiHeadAttention):
            each.dropout = rate


def finetune(
    plan: FinetunePlan,
    run: Path,
    stores: Stores,
    *,
    observer: Observer = silent,
    should_stop: Callable[[], bool] = lambda: False,
) -> Finished:
    """The five steps, or the rest of them where the run goes on."""

    done = 0  # steps

    def say(number: int, text: str, values: Mapping[str, float] = {}) -> None:
        told = Event("stage", done, plan.recipe.steps, dict(values), f"{number} of 5, {text}")
        observer(told)

    say(1, f"prepare: reading {plan.data}, opening {plan.base}")
    torch.manual_seed(plan.recipe.seed)
    plan = prepare(plan, run)
    split = kept_split(run)
    plan, opened = _opened(plan, run, stores)
    say(1, f"prepared: {split}")
    adapt(opened, plan)
    task = task_of(plan.task)
    module = task.module(opened, plan)
    work = task.work(module, opened.words, plan, train=split.train, validation=split.validation)
    trained = sum(p.numel() for p in module.parameters() if p.requires_grad)
    weights = sum(p.numel() for p in module.parameters())
    say(
        2,
        f"preprocessed: {work.tokens_per_row} tokens a row; {trained:,} of {weights:,} weights learn",
    )
    say(3, f"train: {plan.recipe.steps:,} steps of {plan.recipe.batch_rows} rows")
    trainer = Trainer(
        module, work, plan.recipe, run, world=World(device=best_device()), observer=observer,
        should_stop=should_stop,
    )  # fmt: skip
    report = trainer.fit()
    done = report.steps
    if report.stopped:
        return Finished(plan, report, {})
    checkpoint = _load_best(run, module)
    say(4, f"evaluate: {checkpoint.name} on {len(split.test):,} rows it never saw")
    with torch.no_grad():
        measures = task.measures(module.eval(), opened.words, plan, split.test)
    say(4, "evaluated", measures)
    folder = deploy(Finetuned(plan, module, opened.words, checkpoint), run, measures)
    say(5, f"deployed: {folder}")
    return Finished(plan, report, measures)


def _load_best(run: Path, module: nn.Module, which: str = "best") -> Path:
    last = checkpoints.latest(run)
    found = checkpoints.best(run) or last if which == "best" else last
    if found is None:
        raise ArtifactError(
            f"{run} has no checkpoint yet", hint="wait for the first, or stop the run"
        )
    _, weights, _ = checkpoints.load(found)
    try:
        checkpoints.load_trained(module, weights)
    except RuntimeError as error:
        raise ArtifactError(
            f"{found} does not fit its plan: {str(error).splitlines()[-1].strip()}"
        ) from error
    return found


def open_finetuned(run: Path, stores: Stores, *, which: str = "best") -> Finetuned:
    """The run's best or last checkpoint on its base, ready for use. Raises ArtifactError."""
    plan = read_finetune_plan(run)
    if plan is None:
        raise ArtifactError(f"{run} holds no fine-tuning", hint="see `shopkeeper lm runs list`")
    opened = stores.open(plan.base)
    if plan.base_sha256 not in ("", opened.origin.sha256):
        raise ArtifactError(
            f"{plan.base} is not the model that {run.name} was trained on: its weights have changed",
            hint="bring the former one back, or fine-tune again",
        )
    adapt(opened, plan)
    module = task_of(plan.task).module(opened, plan)
    checkpoint = _load_best(run, module, which)
    return Finetuned(plan, module.eval(), opened.words, checkpoint)


def evaluate_finetuned(found: Finetuned, run: Path, *, rows: int = 0) -> Mapping[str, float]:
    """Measures on the run's test part; rows: the first so many, 0 for all."""
    test = kept_split(run).test
    with torch.no_grad():
        return task_of(found.plan.task).measures(
            found.module, found.words, found.plan, test[: rows or len(test)]
        )


def deploy(found: Finetuned, run: Path, measures: Mapping[str, float]) -> Path:
    """Write what was learnt in the layouts of the ecosystem, and the card. Returns the folder. Raises StorageError.

    A model with a head is always written whole, adapters merged, into `model/`; beside it the adapter, if there is one.
    """
    plan, model, task = found.plan, found.model, task_of(found.plan.task)
    folder = run / (MODEL if plan.adapter == "full" else ADAPTER)
    match plan.adapter:
        case "lora":
            save_adapter(model, folder, base=plan.base)
        case "prompt":
            save_soft_prompt(model, folder, base=plan.base)
        case "full" if not isinstance(task, Saves):
            with storing(folder):
                interchange.save(model, folder)
            found.words.save(folder)
        case _:
            pass
    if isinstance(task, Saves):
        merged = copy.deepcopy(found.module)
        merge(merged)
        task.save(
            merged.eval(), found.words, plan, run / MODEL, validation=kept_split(run).validation
        )
    head = {} if folder == run / MODEL else _head_of(found.module)
    card = {
        "task": plan.task, "base": plan.base, "base_sha256": plan.base_sha256, "data": Path(plan.data).name,
        "data_sha256": plan.data_sha256, "adapter": plan.adapter, "checkpoint": found.checkpoint.name,
        "rows": {side: len(rows) for side, rows in _sides(run)}, "test": dict(measures),
    }  # fmt: skip
    with storing(run):
        if head:
            save_file(head, folder / HEAD)
        (run / CARD).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    return folder


def _sides(run: Path) -> list[tuple[str, Any]]:
    split = kept_split(run)
    return [("train", split.train), ("validation", split.validation), ("test", split.test)]


def _head_of(module: nn.Module) -> dict[str, torch.Tensor]:
    if isinstance(module, Transformer):
        return {}
    state = module.state_dict()
    return {n: t.contiguous().clone() for n, t in state.items() if not n.startswith("transformer.")}


def opened_finetuned(run: Path, name: str, stores: Stores) -> Opened:
    """A run's model as one that training or export can begin from: adapters merged, a soft prompt among its tokens."""
    found = open_finetuned(run, stores)
    model, words = found.model, found.words
    if found.plan.adapter == "prompt":
        model, words, _ = with_tokens(model, words)
    merge(model)
    with (found.checkpoint / "weights.safetensors").open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    return Opened(model.eval(), words, Origin(name, "run", found.checkpoint, digest))
