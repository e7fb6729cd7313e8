"""`shopkeeper lm finetune`, `lm prompt-tune`, `lm distill`: a model that is there learns a task of the shop."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from shopkeeper.cli.lm_training import Given, need_train, notes, training_run, with_recipe
from shopkeeper.cli.main import open_shop, settings_of
from shopkeeper.errors import Conflict, SettingsError, StorageError

if TYPE_CHECKING:
    from shopkeeper.models.prompting import Task

console = Console(highlight=False)
USUAL = {
    "steps": "what the epochs take",
    "batch_rows": "16",
    "micro_rows": "16",
    "learning_rate": "2e-5 for all weights, 5e-4 for LoRA, 3e-2 for a soft prompt",
    "warmup_steps": "a twentieth of the steps",
    "decay": "linear",
    "final_share": "0",
    "weight_decay": "0",
    "betas": "0.9 0.999",
    "evaluate_every": "a tenth of the steps",
    "checkpoint_every": "a tenth of the steps",
}
Run = Annotated[str, typer.Argument(help="What the run is called. One that is there goes on.")]
Base = Annotated[
    str | None,
    typer.Option(help="Model to begin from: a run, a folder, a .gguf file, an id of the hub."),
]
Data = Annotated[
    Path | None, typer.Option(help="Rows: JSON lines, CSV or Parquet (docs/fine-tuning.md).")
]
Validation = Annotated[Path | None, typer.Option(help="Validation rows of their own.")]
Test = Annotated[Path | None, typer.Option(help="Test rows of their own.")]
ShopTask = Annotated[
    str | None,
    typer.Option(help="Task whose inputs and outputs the rows are, as of `lm eval`."),
]
Length = Annotated[int | None, typer.Option(help="Most tokens of a row. Default: 256.")]
Epochs = Annotated[float | None, typer.Option(help="How often each row is seen. Default: 3.")]
Chat = Annotated[
    bool | None,
    typer.Option("--chat/--plain", help="Put rows into the model's chat template. Default: chat."),
]


def register(lm: typer.Typer) -> None:
    """Add the commands."""
    lm.command("finetune")(finetune)
    lm.command("prompt-tune")(prompt_tune)
    lm.command("distill")(distill)


@with_recipe(USUAL)
def finetune(
    ctx: typer.Context,
    run: Run,
    recipe: Given,
    base: Base = None,
    data: Data = None,
    task: Annotated[
        str | None,
        typer.Option(help="What is learnt; a wrong one lists them. Default: generation."),
    ] = None,
    validation: Validation = None,
    test: Test = None,
    shop_task: ShopTask = None,
    adapter: Annotated[
        Literal["lora", "full"] | None,
        typer.Option(help="Low-rank adapters, or all weights. Default: lora."),
    ] = None,
    rank: Annotated[int | None, typer.Option(help="Of the adapters. Default: 16.")] = None,
    alpha: Annotated[float | None, typer.Option(help="Scale, times rank. Default: 32.")] = None,
    targets: Annotated[
        str | None,
        typer.Option(
            help="Maps that get adapters, with commas, of query, key, value, output, gate, up, down. Default: all."
        ),
    ] = None,
    dropout: Annotated[float | None, typer.Option(help="Default: 0.")] = None,
    length: Length = None,
    epochs: Epochs = None,
    chat: Chat = None,
    option: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE for the task alone; VALUE may be JSON.")
    ] = None,
) -> None:
    """Fine-tune a model on rows of your own: prepare, preprocess, train, evaluate on rows it never saw, deploy.

    Ctrl-C stops it with a checkpoint; the same command, or `lm finetune RUN` alone, goes on.
    """
    chosen = {
        "base": base, "data": data, "task": task, "validation": validation, "test": test, "shop_task": shop_task,
        "adapter": adapter, "rank": rank, "alpha": alpha, "dropout": dropout, "length": length, "epochs": epochs,
        "chat": chat, "targets": tuple(targets.split(",")) if targets else None,
        "options": _options(option) if option else None,
    }  # fmt: skip
    _train(ctx, run, chosen, recipe)


@with_recipe(USUAL)
def prompt_tune(
    ctx: typer.Context,
    run: Run,
    recipe: Given,
    base: Base = None,
    data: Data = None,
    validation: Validation = None,
    test: Test = None,
    shop_task: ShopTask = None,
    tokens: Annotated[int | None, typer.Option(help="Of the soft prompt. Default: 20.")] = None,
    words: Annotated[
        str | None, typer.Option(help="Words that the prompt begins as, best of the task itself.")
    ] = None,
    length: Length = None,
    epochs: Epochs = None,
    chat: Chat = None,
) -> None:
    """Learn a soft prompt: a few vectors before every row, and nothing else of the model."""
    chosen = {
        "base": base, "data": data, "validation": validation, "test": test, "shop_task": shop_task,
        "prompt_tokens": tokens, "prompt_words": words, "length": length, "epochs": epochs, "chat": chat,
    }  # fmt: skip
    _train(ctx, run, chosen | {"adapter": "prompt"}, recipe)


@with_recipe(USUAL)
def distill(
    ctx: typer.Context,
    run: Run,
    recipe: Given,
    texts: Annotated[
        Path | None, typer.Option(help="The shop's own text: rows with `input`, answers ignored.")
    ] = None,
    shop_task: ShopTask = None,
    teacher: Annotated[
        str, typer.Option(help="Engine of the settings, id of the hub or path that labels.")
    ] = "assistant",
    base: Base = None,
    temperature: Annotated[
        float | None, typer.Option(help="Softens what the teacher finds likely. Default: 2.")
    ] = None,
    adapter: Annotated[
        Literal["lora", "full"] | None,
        typer.Option(help="Low-rank adapters, or all weights. Default: lora."),
    ] = None,
    length: Length = None,
    epochs: Epochs = None,
    chat: Chat = None,
) -> None:
    """Have a larger model label text, and a small one learn it. Labels are learnt with how likely each is.

    What the teacher said is kept in the run's folder, so that labelling that was stopped goes on.
    """
    need_train("distillation")
    chosen: dict[str, Any] = {
        "base": base, "adapter": adapter, "length": length, "epochs": epochs, "chat": chat,
        "options": {"temperature": temperature} if temperature else None,
    }  # fmt: skip
    if texts is not None:
        if not shop_task:
            raise SettingsError("distillation needs a task", hint="--shop-task sentiment")
        chosen["data"], soft = _labelled(ctx, run, texts, shop_task, teacher)
        chosen["task"] = "distillation" if soft else "generation"
    _train(ctx, run, chosen, recipe)


def _options(given: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in given:
        name, mark, value = each.partition("=")
        if not mark or not name:
            raise SettingsError(
                f"--option {each!r} is not NAME=VALUE", hint="--option pooling=mean"
            )
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found


def _train(ctx: typer.Context, run: str, chosen: Mapping[str, Any], recipe: Given) -> None:
    need_train("fine-tuning")
    from shopkeeper.models.hub import places_of
    from shopkeeper.training.finetune.running import Stores, next_finetune_plan, prepare
    from shopkeeper.training.finetune.running import finetune as learn
    from shopkeeper.training.runs import folder_of, is_trained

    settings = settings_of(ctx)
    folder = folder_of(settings.data_folder, run)
    if is_trained(folder):
        raise Conflict(f"the run {run!r} is being trained", hint=f"shopkeeper lm runs stop {run}")
    plain = {k: str(v) if isinstance(v, Path) else v for k, v in chosen.items() if v is not None}
    plan = prepare(next_finetune_plan(folder, plain | recipe), folder)
    stores = Stores(settings.data_folder, settings.cache_folder, places_of(settings))
    with (
        open_shop(ctx) as shop,
        training_run(
            shop, run, kind="finetune", settings=plan.to_dict(), steps=plan.recipe.steps
        ) as (_, recording),
    ):
        finished = learn(
            plan, folder, stores, observer=recording.observer, should_stop=recording.should_stop
        )
    if finished.report.stopped:
        notes.print(f"stopped after step {finished.report.steps:,}; shopkeeper lm finetune {run} goes on", soft_wrap=True)  # fmt: skip
        return
    show_measures(finished.measures)


def show_measures(measures: Mapping[str, float]) -> None:
    """A table of measures on the test part."""
    table = Table("measure", "on test rows")
    for name, value in measures.items():
        table.add_row(name.replace("_", " "), f"{value:.4f}")
    console.print(table)


def _labelled(
    ctx: typer.Context, run: str, texts: Path, shop_task: str, teacher: str
) -> tuple[Path, bool]:
    """The file of rows that the teacher made, and whether they are labels with their likelihoods."""
    from shopkeeper.models.prompting import Choice, Kept
    from shopkeeper.models.prompting.tasks import task_named
    from shopkeeper.training.finetune.distillation import Refusal, labelled_by
    from shopkeeper.training.runs import folder_of

    task = task_named(shop_task)
    inputs = _inputs(texts, task)
    folder = folder_of(settings_of(ctx).data_folder, run)
    rows: list[Any] = []
    with open_shop(ctx) as shop:
        model = shop.models.engine(teacher, purpose="distill")
        kept = Kept(folder / "labelled.kept.jsonl")
        for done, found in enumerate(labelled_by(model, task, inputs, kept=kept), 1):
            rows.append(found)
            if done % 100 == 0:
                notes.print(f"{done:,} of {len(inputs):,} labelled", style="dim")
    good = [row for row in rows if not isinstance(row, Refusal)]
    notes.print(
        f"{teacher} labelled {len(good):,} of {len(inputs):,} texts", style="dim", soft_wrap=True
    )
    target = folder / "labelled.jsonl"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        lines = (json.dumps(row, ensure_ascii=False) for row in good)
        target.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{target} cannot be written: {error.strerror}") from error
    return target, isinstance(task.answer, Choice)


def _inputs(texts: Path, task: "Task[Any, Any]") -> list[Any]:
    """Inputs of the task out of a file of rows; bad ones are left out and counted."""
    from pydantic import ValidationError

    from shopkeeper.training.finetune.data import Bad, read_rows

    first = next(iter(task.input_type.model_fields))
    found, bad = [], 0
    for _, row in read_rows(texts):
        given = None if isinstance(row, Bad) else row.get("input", row.get("text"))
        try:
            found.append(task.input_type.model_validate(given if isinstance(given, Mapping) else {first: given}))  # fmt: skip
        except ValidationError:
            bad += 1
    if bad:
        notes.print(f"{bad:,} rows of {texts} have no `input` for {task.name}", style="dim")
    if not found:
        raise SettingsError(
            f"{texts} has no inputs for {task.name}",
            hint=f'write {{"input": …}} with {", ".join(task.input_type.model_fields)}',
        )
    return found
