"""What the commands that train have in common: the recipe's options, the run that is shown and recorded, the extra.

    @with_recipe({"steps": "1000"})
    def pretrain(ctx: typer.Context, …, recipe: Given) -> None: …

`recipe` then holds the options of Recipe that were given, and nothing of those that were not.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from functools import wraps
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer
from rich.console import Console

from shopkeeper.cli.main import open_shop
from shopkeeper.errors import ModelError, SettingsError
from shopkeeper.training.recipe import Recipe

if TYPE_CHECKING:
    from shopkeeper.face import Shop
    from shopkeeper.training.runs import Recording

Given = dict[str, Any]
notes = Console(stderr=True, highlight=False)
INSTALL = 'pip install "shopkeeper[train]"'

# Field of Recipe -> help of its option.
HELP: Mapping[str, str] = {
    "steps": "Changes of the weights, in all.",
    "batch_rows": "Rows that one change of the weights is made from, over all processes.",
    "micro_rows": "Rows that one process works on at once; the rest of its share is accumulated.",
    "learning_rate": "Peak of the learning rate.",
    "warmup_steps": "Steps in which the learning rate rises to its peak.",
    "decay": "How the learning rate falls after that.",
    "final_share": "Share of the peak at which the learning rate ends.",
    "optimizer": "AdamW, or Muon for the matrices inside the layers and AdamW for the rest.",
    "matrix_rate": "Learning rate of Muon.",
    "weight_decay": "Decay of the weights, decoupled from the gradient.",
    "betas": "How slowly AdamW forgets gradients, and their squares.",
    "epsilon": "What AdamW adds below the fraction line.",
    "clip": "Most that the norm of all gradients may be; 0: leave them.",
    "precision": "Numbers of the forward and backward pass.",
    "compile": "Compile the step: slow to begin, then faster.",
    "seed": "Of first weights, dropout, the order of rows and what is hidden in them.",
    "report_every": "Steps between two reports of the loss.",
    "evaluate_every": "Steps between two evaluations on held-out text; 0: only at the end.",
    "evaluate_rows": "Held-out rows of an evaluation.",
    "checkpoint_every": "Steps between two checkpoints; 0: only at the end.",
    "keep": "Checkpoints that are kept, besides the best.",
    "minimise": "Measure of evaluation by which the best checkpoint is known.",
    "parallel": "How several processes share the work: see docs/workshop.md.",
}


def with_recipe(
    usual: Mapping[str, str] = {},
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command an option for each field of Recipe. usual: what this command does where one is not given."""
    hints = get_type_hints(Recipe)

    def option(name: str, default: Any) -> Any:
        said = usual.get(name, _plain(default))
        help_ = f"{HELP[name]} Default: {said}."
        return Annotated[hints[name] | None, typer.Option(help=help_)]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        kept = {n: p for n, p in inspect.signature(command).parameters.items() if n != "recipe"}
        options = {field.name: option(field.name, field.default) for field in fields(Recipe)}

        @wraps(command)
        def run(**values: Any) -> None:
            recipe = {n: v for n in options if (v := values.pop(n)) is not None}
            command(**values, recipe=recipe)

        added = [
            inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=a)
            for n, a in options.items()
        ]
        run.__signature__ = inspect.Signature([*kept.values(), *added])  # type: ignore[attr-defined]
        own = {n: a for n, a in command.__annotations__.items() if n != "recipe"}
        run.__annotations__ = own | options
        return run

    return decorate


def _plain(default: Any) -> str:
    match default:
        case bool():
            return "yes" if default else "no"
        case tuple():
            return " ".join(map(str, default))
        case _:
            return str(default)


def need_train(what: str) -> None:
    """Raises ModelError naming the extra if it is not installed. what: «pretraining»."""
    if find_spec("torch") is None:
        raise ModelError(f"{what} needs torch", hint=INSTALL)


@contextmanager
def training_run(
    shop: "Shop", name: str, *, kind: str, settings: Mapping[str, Any], steps: int
) -> "Iterator[tuple[Path, Recording]]":
    """The run's folder, held alone, and what a Trainer is given: shown here, recorded in the shop, ended by Ctrl-C."""
    from shopkeeper.training.runs import Recording, folder_of, recorded
    from shopkeeper.training.terminal import Terminal, stopped_by_signals

    folder = folder_of(shop.settings.data_folder, name)
    with (
        stopped_by_signals() as asked,
        Terminal(notes) as terminal,
        recorded(
            folder, name=name, kind=kind, settings=settings, steps=steps, database=shop.database, observer=terminal
        ) as recording,
    ):  # fmt: skip
        yield folder, Recording(recording.observer, lambda: asked() or recording.should_stop())


def corpus_folder(data_folder: Path, name: str) -> Path:
    """Where the corpus of this name is; a name with a slash is a path. Raises SettingsError for an empty one."""
    if not name:
        raise SettingsError("a corpus needs a name", hint="--corpus NAME")
    return Path(name).expanduser() if "/" in name else data_folder / "corpora" / name


__all__ = [
    "HELP", "INSTALL", "Given", "corpus_folder", "need_train", "notes", "open_shop", "training_run", "with_recipe",
]  # fmt: skip
