"""`shopkeeper lm few-shot`: a classifier from a few texts a label, in minutes on a CPU."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shopkeeper.cli.lm_finetune import show_measures
from shopkeeper.cli.lm_training import need_train, notes, training_run
from shopkeeper.cli.main import open_shop, settings_of
from shopkeeper.errors import SettingsError

if TYPE_CHECKING:
    from shopkeeper.training.progress import Event


def register(lm: typer.Typer) -> None:
    """Add the command."""
    lm.command("few-shot")(few_shot)


def few_shot(
    ctx: typer.Context,
    run: Annotated[str, typer.Argument(help="What the run is called.")],
    data: Annotated[
        Path, typer.Option(help="Rows with `text` and `label`: JSON lines, CSV or Parquet.")
    ],
    base: Annotated[
        str, typer.Option(help="Sentence encoder to begin from: an id of the hub, a folder, a run.")
    ] = "minilm-l6",
    test: Annotated[Path | None, typer.Option(help="Test rows of their own.")] = None,
    test_share: Annotated[
        float, typer.Option(help="Share of the rows that is kept for the test, without --test.")
    ] = 0.2,
    names: Annotated[
        bool,
        typer.Option("--names/--no-names", help="Each label's name is one more text of it."),
    ] = True,
    epochs: Annotated[
        float, typer.Option(help="How often each text is seen; 0: the encoder stays as it is.")
    ] = 4.0,
    learning_rate: Annotated[float, typer.Option(help="Peak of the learning rate.")] = 1e-4,
    batch_rows: Annotated[int, typer.Option(help="Texts of one change of the weights.")] = 32,
    frozen: Annotated[int, typer.Option(help="Lowest layers that learn nothing.")] = 0,
    parts: Annotated[
        int, typer.Option(help="Into which the texts are cut to weigh n-grams; 0: without n-grams.")
    ] = 2,
    length: Annotated[int, typer.Option(help="Most tokens of a text.")] = 128,
    seed: Annotated[int, typer.Option(help="Of the order of texts and of the parts.")] = 0,
) -> None:
    """Make a classifier from a few texts a label: an encoder is tuned, n-grams stand beside it, the texts weigh both.

    What it is worth is measured on rows that it never saw. Ctrl-C ends it, and nothing is kept.
    """
    need_train("a few-shot classifier")
    from shopkeeper.models.hub import places_of
    from shopkeeper.training.finetune.few_shot import FewShot
    from shopkeeper.training.finetune.few_shot_run import make_few_shot, prepare_few_shot
    from shopkeeper.training.finetune.plan import make_finetune_plan
    from shopkeeper.training.finetune.running import Stores
    from shopkeeper.training.runs import folder_of

    settings = settings_of(ctx)
    plan = make_finetune_plan(
        {
            "task": "classification", "base": base, "data": str(data), "test": str(test or ""), "length": length,
            "validation_share": 0.0, "test_share": 0.0 if test else test_share,
        }
    )  # fmt: skip
    try:
        way = FewShot(
            epochs=epochs, learning_rate=learning_rate, batch_rows=batch_rows, frozen=frozen, parts=parts,
            max_tokens=length, seed=seed,
        )  # fmt: skip
    except ValueError as error:
        raise SettingsError(str(error), hint="see `shopkeeper lm few-shot --help`") from error
    chosen = {"base": base, "data": str(data), "names": names, **asdict(way)}
    stores = Stores(settings.data_folder, settings.cache_folder, places_of(settings))
    folder = folder_of(settings.data_folder, run)
    prepared = prepare_few_shot(plan, way, folder, named=names)
    with (
        open_shop(ctx) as shop,
        training_run(shop, run, kind="few-shot", settings=chosen, steps=prepared.steps) as (
            _,
            recording,
        ),
    ):

        def heard(event: "Event") -> None:
            recording.observer(event)
            if recording.should_stop():
                raise KeyboardInterrupt

        show_measures(make_few_shot(prepared, folder, stores, observer=heard))
    notes.print(f"the classifier is in {folder / 'model'}", style="dim", soft_wrap=True)
