"""`shopkeeper lm pretrain` and `lm evaluate`: a model from the first weights, and how good it is on text it never saw."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from shopkeeper.cli.lm_training import (
    Given,
    corpus_folder,
    need_train,
    notes,
    training_run,
    with_recipe,
)
from shopkeeper.cli.main import open_shop, settings_of
from shopkeeper.errors import Conflict, SettingsError

console = Console(highlight=False)
USUAL = {
    "steps": "1000",
    "learning_rate": "by the size, 3e-3 for tiny to 2e-4 for xl",
    "warmup_steps": "a twentieth of the steps",
    "evaluate_every": "a tenth of the steps",
    "checkpoint_every": "a tenth of the steps",
}


def register(lm: typer.Typer) -> None:
    """Add the commands."""
    lm.command("pretrain")(pretrain)
    lm.command("evaluate")(evaluate)


@with_recipe(USUAL)
def pretrain(
    ctx: typer.Context,
    run: Annotated[str, typer.Argument(help="What the run is called. One that is there goes on.")],
    recipe: Given,
    corpus: Annotated[
        str | None, typer.Option(help="Name or path of the corpus. Default: default.")
    ] = None,
    family: Annotated[
        Literal["gpt2", "llama", "bert", "t5"] | None,
        typer.Option(help="Which Transformer. Default: gpt2."),
    ] = None,
    objective: Annotated[
        Literal["causal", "prefix", "masked", "seq2seq"] | None,
        typer.Option(help="What it learns. Default: causal; bert: masked; t5: seq2seq."),
    ] = None,
    size: Annotated[
        str | None, typer.Option(help="tiny, mini, small, base, medium, large, xl. Default: mini.")
    ] = None,
    width: Annotated[int | None, typer.Option(help="Numbers of a token. Default: by size.")] = None,
    layers: Annotated[int | None, typer.Option(help="Of each stack. Default: by size.")] = None,
    heads: Annotated[int | None, typer.Option(help="Of attention. Default: by size.")] = None,
    key_value_heads: Annotated[
        int | None, typer.Option(help="Heads of keys and values (llama). Default: by size.")
    ] = None,
    feed_forward: Annotated[
        int | None, typer.Option(help="Numbers inside the feed-forward. Default: by size.")
    ] = None,
    dropout: Annotated[float | None, typer.Option(help="Default: 0.")] = None,
    length: Annotated[int | None, typer.Option(help="Tokens of a row. Default: 256.")] = None,
    vocabulary: Annotated[
        int | None, typer.Option(help="Pieces of a tokenizer made for it. Default: 8192.")
    ] = None,
    tokenizer: Annotated[
        str | None, typer.Option(help="Folder with a tokenizer to use instead.")
    ] = None,
    isolated: Annotated[
        bool | None,
        typer.Option(
            "--isolated/--joined",
            help="Documents of a row do not see each other (causal). Default: joined.",
        ),
    ] = None,
    processes: Annotated[
        int, typer.Option(help="Processes of --parallel. Default: one a GPU, or 2 without.")
    ] = 0,
    prepare_only: Annotated[
        bool, typer.Option(help="Make everything ready and say how torchrun starts it.")
    ] = False,
) -> None:
    """Train a language model from its first weights: tokenizer and tokens are made where they are lacking.

    Ctrl-C stops it with a checkpoint; the same command, or `lm pretrain RUN` alone, goes on.
    """
    need_train("pretraining")
    from shopkeeper.training.launch import Launch, command, processes_here, start
    from shopkeeper.training.plan import prepare
    from shopkeeper.training.running import next_plan, train
    from shopkeeper.training.runs import folder_of, is_trained

    chosen = {
        "corpus": corpus, "family": family, "objective": objective, "size": size, "width": width, "layers": layers,
        "heads": heads, "key_value_heads": key_value_heads, "feed_forward": feed_forward, "dropout": dropout,
        "length": length, "vocabulary": vocabulary, "tokenizer": tokenizer, "isolated": isolated,
    }  # fmt: skip
    given = {name: value for name, value in chosen.items() if value is not None} | recipe
    settings = settings_of(ctx)
    folder = folder_of(settings.data_folder, run)
    if is_trained(folder):
        raise Conflict(f"the run {run!r} is being trained", hint=f"shopkeeper lm runs stop {run}")
    plan = next_plan(folder, given)
    texts = corpus_folder(settings.data_folder, plan.corpus)
    plan = prepare(plan, texts, folder, say=_say)
    if plan.recipe.parallel == "none":
        with (
            open_shop(ctx) as shop,
            training_run(
                shop, run, kind="pretrain", settings=plan.to_dict(), steps=plan.recipe.steps
            ) as (_, recording),
        ):
            report = train(
                plan, texts, folder, observer=recording.observer, should_stop=recording.should_stop
            )
        _ended(run, folder, report.steps, stopped=report.stopped)
        return
    config = ctx.obj["config"]
    path = Launch(
        run,
        str(folder),
        str(texts),
        str(settings.data_folder),
        str(config.absolute()) if config else "",
    ).write()
    processes = processes or processes_here()
    if prepare_only:
        console.print(shlex.join(command(path, processes)), soft_wrap=True)
        return
    url = settings.database_url.get_secret_value() if settings.database_url else None
    start(path, processes, database_url=url)


def _say(text: str) -> None:
    notes.print(text, style="dim")


def _ended(run: str, folder: Path, steps: int, *, stopped: bool) -> None:
    if stopped:
        _say(f"stopped after step {steps:,}; shopkeeper lm pretrain {run} goes on")
    else:
        _say(f"done after {steps:,} steps; its checkpoints are in {folder}")


def evaluate(
    ctx: typer.Context,
    run: Annotated[str, typer.Argument(help="Name of the run.")],
    corpus: Annotated[
        str, typer.Option(help="Another corpus than the run's: its held-out side.")
    ] = "",
    checkpoint: Annotated[
        Literal["best", "last"], typer.Option(help="Which of the run's checkpoints.")
    ] = "best",
    rows: Annotated[int, typer.Option(help="The first so many rows; 0: all.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="As one line of JSON.")] = False,
) -> None:
    """Measure a run's model on held-out text, beside what the frequency of tokens alone would give.

    A fine-tuned one, and a few-shot classifier, is measured on its test rows.
    """
    need_train("evaluating")
    from shopkeeper.training.finetune.few_shot_run import evaluate_few_shot, is_few_shot
    from shopkeeper.training.opening import is_finetuned
    from shopkeeper.training.plan import tokens_of
    from shopkeeper.training.running import evaluate as measure
    from shopkeeper.training.running import open_run
    from shopkeeper.training.runs import folder_of

    if rows < 0:
        raise SettingsError(f"{rows} rows are none", hint="0 takes all")
    data_folder = settings_of(ctx).data_folder
    if is_few_shot(folder_of(data_folder, run)):
        _show(run, evaluate_few_shot(folder_of(data_folder, run), rows=rows), as_json=as_json)
        return
    if is_finetuned(folder_of(data_folder, run)):
        _evaluate_finetuned(ctx, run, checkpoint, rows, as_json=as_json)
        return
    trained = open_run(folder_of(data_folder, run), checkpoint)
    texts = corpus_folder(data_folder, corpus or trained.plan.corpus)
    tokens_of(texts, trained.tokenizer, say=_say)
    measures = measure(trained, texts, rows=rows)
    _show(f"{run}, {trained.checkpoint.name}", measures, as_json=as_json)


def _show(what: str, measures: Mapping[str, float], *, as_json: bool) -> None:
    if as_json:
        console.print_json(data=dict(measures))
        return
    table = Table("measure", "value")
    for name, value in measures.items():
        table.add_row(name.replace("_", " "), f"{value:.4f}")
    _say(what)
    console.print(table)


def _evaluate_finetuned(
    ctx: typer.Context, run: str, checkpoint: str, rows: int, *, as_json: bool
) -> None:
    from shopkeeper.models.hub import places_of
    from shopkeeper.training.finetune.running import Stores, evaluate_finetuned, open_finetuned
    from shopkeeper.training.runs import folder_of

    settings = settings_of(ctx)
    folder = folder_of(settings.data_folder, run)
    stores = Stores(settings.data_folder, settings.cache_folder, places_of(settings))
    found = open_finetuned(folder, stores, which=checkpoint)
    measures = evaluate_finetuned(found, folder, rows=rows)
    _show(f"{run}, {found.checkpoint.name}", measures, as_json=as_json)
