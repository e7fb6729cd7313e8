"""`shopkeeper lm export`: a model that was made here, in a format that serves."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from shopkeeper.cli.lm_training import need_train, notes
from shopkeeper.cli.main import settings_of

console = Console(highlight=False)
Quantisation = Literal["f32", "f16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0"]
Model = Annotated[
    str,
    typer.Argument(
        help="A run, a folder of Transformers, a .gguf file, or an id of `shopkeeper models list`."
    ),
]


def register(lm: typer.Typer) -> None:
    """Add the command."""
    lm.command("export")(export)


def export(
    ctx: typer.Context,
    model: Model,
    to: Annotated[
        Literal["transformers", "gguf", "onnx", "adapter"],
        typer.Option(
            help="gguf: decoders, for llama.cpp; onnx: encoders; adapter: a run's LoRA adapter, for llama.cpp."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder to write to. Default: models/NAME of the data folder."),
    ] = None,
    name: Annotated[
        str, typer.Option(help="What it calls itself. Default: the model's name.")
    ] = "",
    quantisation: Annotated[Quantisation, typer.Option(help="Numbers of a GGUF file.")] = "f16",
) -> None:
    """Write a model in a format that serves, and say where: `lm deploy put` puts it to use."""
    need_train("exporting")
    from shopkeeper.training.export.ways import export as write
    from shopkeeper.training.opening import open_model
    from shopkeeper.training.runs import RUNS

    settings = settings_of(ctx)
    opened = open_model(model, data_folder=settings.data_folder, cache_folder=settings.cache_folder)
    called = name or Path(model).stem
    folder = out or settings.data_folder / "models" / called
    run = settings.data_folder / RUNS / model
    written = write(
        opened, folder, to=to, name=called, quantisation=quantisation, run=run if run.is_dir() else None
    )  # fmt: skip
    notes.print(f"{model} as {to}:", style="dim")
    console.print(str(written), soft_wrap=True)
