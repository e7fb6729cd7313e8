"""A pretraining by its plan: the model, the work, the training; and what a run has made, opened and measured."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from shopkeeper.errors import ArtifactError, SettingsError
from shopkeeper.training import checkpoints
from shopkeeper.training.fast import unigram_entropy
from shopkeeper.training.initialisation import initialise
from shopkeeper.training.objectives import CausalLM, MaskedLM, Objective, PrefixLM, SpanCorruption
from shopkeeper.training.parallel import World
from shopkeeper.training.plan import Plan, continued, make_plan, read_plan, shard_folder
from shopkeeper.training.pretraining import Pretraining
from shopkeeper.training.progress import Observer, silent
from shopkeeper.training.sampling import sampler
from shopkeeper.training.shards import Shards, read_head
from shopkeeper.training.tokenizer import TextTokenizer, load_tokenizer
from shopkeeper.training.trainer import Report, Trainer
from shopkeeper.training.transformer import Transformer

Which = Literal["best", "last"]


def objective_of(plan: Plan, tokenizer: TextTokenizer) -> Objective:
    """What the plan's model is to learn, in this tokenizer's numbers."""
    length, V = plan.length, tokenizer.vocabulary
    match plan.objective:
        case "causal":
            return CausalLM(length, tokenizer.separator, isolated=plan.isolated)
        case "prefix":
            return PrefixLM(length, tokenizer.separator)
        case "masked":
            begin, between, mask = map(tokenizer.id, ("[CLS]", "[SEP]", "[MASK]"))
            return MaskedLM(
                length, begin, between, mask, V, tokenizer.word_begins(), tokenizer.special
            )
        case "seq2seq":
            return SpanCorruption(length, V, end=tokenizer.id("</s>"), start=tokenizer.id("<pad>"))


def work_of(plan: Plan, tokenizer: TextTokenizer, corpus: Path) -> Pretraining:
    """The rows of the corpus as the plan's objective wants them. Raises ArtifactError if there is not one row."""
    objective = objective_of(plan, tokenizer)
    folder, length, seed = shard_folder(corpus, tokenizer), objective.row_tokens, plan.recipe.seed
    train = Shards(folder / "train", length=length, seed=seed)
    aside = folder / "held_out"
    enough = aside.is_dir() and read_head(aside).tokens >= length
    held_out = Shards(aside, length=length, seed=seed) if enough else None
    shown = sampler(tokenizer, held_out or train)
    return Pretraining(objective, train, held_out, seed=seed, sampler=shown)


def next_plan(run: Path, given: Mapping[str, Any]) -> Plan:
    """The plan of the run in this folder with what is given now. A run without a checkpoint may still begin otherwise.

    Raises SettingsError for choices that do not fit, Conflict for one that cannot change any more.
    """
    began = read_plan(run)
    if began is not None and checkpoints.latest(run) is not None:
        return continued(began, given)
    return make_plan(given) if given or began is None else replace(began, data="")


def train(
    plan: Plan,
    corpus: Path,
    run: Path,
    *,
    world: World | None = None,
    observer: Observer = silent,
    should_stop: Callable[[], bool] = lambda: False,
) -> Report:
    """Train by a plan that `prepare` has put into the run's folder, or go on with it."""
    tokenizer = load_tokenizer(run / "tokenizer")
    work = work_of(plan, tokenizer, corpus)
    torch.manual_seed(plan.recipe.seed)
    model = initialise(Transformer(plan.shape(tokenizer.vocabulary)))
    try:
        trainer = Trainer(
            model, work, plan.recipe, run, world=world, observer=observer, should_stop=should_stop
        )
    except ValueError as error:  # rows that cannot be shared evenly
        raise SettingsError(str(error), hint="choose another --batch-rows") from error
    return trainer.fit()


@dataclass(frozen=True)
class Trained:
    """What a run has made: the model of one of its checkpoints, ready for use, and its tokenizer."""

    plan: Plan
    tokenizer: TextTokenizer
    model: Transformer
    checkpoint: Path


def open_run(run: Path, which: Which = "best") -> Trained:
    """The run's best or last checkpoint. Best is the last where nothing was evaluated. Raises ArtifactError."""
    plan = read_plan(run)
    if plan is None:
        raise ArtifactError(f"{run} holds no pretraining", hint="see `shopkeeper lm runs list`")
    last = checkpoints.latest(run)
    found = checkpoints.best(run) or last if which == "best" else last
    if found is None:
        raise ArtifactError(
            f"{run} has no checkpoint yet", hint="wait for the first, or stop the run"
        )
    tokenizer = load_tokenizer(run / "tokenizer")
    model = Transformer(plan.shape(tokenizer.vocabulary))
    _, weights, _ = checkpoints.load(found)
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise ArtifactError(
            f"{found} does not fit {run / 'plan.json'}: {str(error).splitlines()[-1].strip()}"
        ) from error
    return Trained(plan, tokenizer, model.eval(), found)


def evaluate(trained: Trained, corpus: Path, *, rows: int = 0) -> Mapping[str, float]:
    """Measures on the held-out text; rows: the first so many, 0 for all. Raises ArtifactError if there is none.

    unigram_entropy: nats a token of the same text for a model that knows only how often each token is in training.
    """
    work = work_of(trained.plan, trained.tokenizer, corpus)
    if work.held_out is None:
        raise ArtifactError(
            f"{corpus} holds no held-out text of {work.tokens_per_row} tokens",
            hint="a corpus with more text, or a larger --held-out-share",
        )
    measures = work.evaluate(trained.model, rows or work.held_out.rows, World())
    counts = np.bincount(work.train.tokens, minlength=trained.tokenizer.vocabulary)
    return {**measures, "unigram_entropy": unigram_entropy(torch.from_numpy(counts))}
