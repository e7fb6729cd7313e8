"""`shopkeeper lm compress`: a model made smaller, with a table of what that saved and cost."""

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from shopkeeper.cli.lm_export import Model, Quantisation
from shopkeeper.cli.lm_training import need_train, notes, training_run
from shopkeeper.cli.main import open_shop
from shopkeeper.errors import SettingsError

if TYPE_CHECKING:
    from shopkeeper.face import Shop
    from shopkeeper.training.compress.report import Report
    from shopkeeper.training.compress.ways import Texts
    from shopkeeper.training.opening import Opened

console = Console(highlight=False)
MAX_CHARACTERS = 1000  # of a text that decides or measures


def register(lm: typer.Typer) -> None:
    """Add the command."""
    lm.command("compress")(compress)


def compress(
    ctx: typer.Context,
    model: Model,
    way: Annotated[
        Literal["int8", "narrow", "gguf", "weights", "prune"],
        typer.Option(help="See docs/compression.md: encoders take int8 and narrow, decoders gguf."),
    ],
    name: Annotated[
        str, typer.Option(help="What the run and the artefact are called. Default: MODEL-WAY.")
    ] = "",
    texts: Annotated[
        Path | None,
        typer.Option(help="Texts to decide by and to measure with. Default: those of the shop."),
    ] = None,
    most: Annotated[int, typer.Option(help="Take this many texts.")] = 2000,
    quantisation: Annotated[Quantisation, typer.Option(help="gguf: numbers of the file.")] = "q4_1",
    heads: Annotated[int, typer.Option(help="narrow: heads that stay; 0: all.")] = 0,
    feed_forward: Annotated[
        int, typer.Option(help="narrow: numbers of the feed-forward layer that stay; 0: all.")
    ] = 0,
    share: Annotated[float, typer.Option(help="prune: share of the weights that becomes 0.")] = 0.5,
    per: Annotated[
        Literal["layer", "model"], typer.Option(help="prune: the smallest of what.")
    ] = "layer",
) -> None:
    """Make a model smaller and say what became of size, speed and quality; the table is kept beside the artefact."""
    need_train("compressing")
    from shopkeeper.training.compress import ways
    from shopkeeper.training.opening import open_model
    from shopkeeper.training.progress import Event
    from shopkeeper.training.runs import RUNS

    called = name or f"{Path(model).stem}-{way}"
    chosen = {
        "model": model, "way": way, "quantisation": quantisation, "heads": heads, "feed_forward": feed_forward,
        "share": share, "per": per,
    }  # fmt: skip
    if way == "narrow" and not (heads or feed_forward):
        raise SettingsError(
            "narrow needs to know what stays", hint="--feed-forward 1152, --heads 8"
        )

    def make(opened: "Opened", found: "Texts", folder: Path, made_by: Path) -> "Report":
        match way:
            case "int8":
                return ways.to_int8(opened, found, folder, name=called, run=made_by)
            case "narrow":
                return ways.to_narrow(
                    opened, found, folder, name=called, heads=heads, feed_forward=feed_forward, run=made_by
                )  # fmt: skip
            case "gguf":
                return ways.to_gguf(opened, found, folder, name=called, quantisation=quantisation)
            case "weights":
                return ways.to_weights(opened, found, folder)
            case _:
                return ways.to_pruned(opened, found, folder, share=share, per=per)

    with open_shop(ctx) as shop:
        found = ways.Texts.halves(_texts(shop, texts, most))
        opened = open_model(
            model, data_folder=shop.settings.data_folder, cache_folder=shop.settings.cache_folder
        )
        with training_run(shop, called, kind="compress", settings=chosen, steps=1) as (
            run,
            recording,
        ):
            folder = run / "model"
            try:
                report = make(opened, found, folder, shop.settings.data_folder / RUNS / model)
            except ValueError as error:
                raise SettingsError(str(error), hint="see docs/compression.md") from error
            about = {"size_ratio": report.size_ratio, "speed_ratio": report.speed_ratio}
            recording.observer(Event("evaluated", 1, 1, about | dict(report.after.quality)))
    _show(report)
    console.print(str(folder), soft_wrap=True)


def _texts(shop: "Shop", path: Path | None, most: int) -> list[str]:
    from shopkeeper.training.sources import of_file, of_shop

    documents = of_shop(shop.database) if path is None else of_file(path)
    return [document.text[:MAX_CHARACTERS] for document in islice(documents, most)]


def _show(report: "Report") -> None:
    table = Table("", "before", "after", "change")
    for row in report.rows():
        table.add_row(*row)
    console.print(table)
    for name, value in report.facts.items():
        console.print(f"{name.replace('_', ' ')}: {value:.4f}")
    for note in report.notes:
        notes.print(note, style="dim", soft_wrap=True)
