"""`shopkeeper lm corpus` and `lm tokenizer`: text to train on, and how it becomes numbers."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table

from shopkeeper.cli.lm_training import corpus_folder, notes
from shopkeeper.cli.main import open_shop, settings_of
from shopkeeper.errors import SettingsError

console = Console(highlight=False)
SAMPLE = 200  # held-out documents by which the tokenizer's economy is told


def register(lm: typer.Typer) -> None:
    """Add the commands."""
    lm.command("corpus")(make)
    lm.command("tokenizer")(make_tokenizer)


def make(
    ctx: typer.Context,
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Files of text (documents apart by blank lines), .jsonl or .parquet."),
    ] = None,
    name: Annotated[str, typer.Option(help="What the corpus is called, or a path.")] = "default",
    shop: Annotated[
        bool | None,
        typer.Option(
            "--shop/--no-shop",
            help="Take products, reviews and pages of the shop too. Default: where no file is named.",
        ),
    ] = None,
    field: Annotated[str, typer.Option(help="Column of .jsonl and .parquet with the text.")] = "",
    min_characters: Annotated[int, typer.Option(help="Leave out shorter documents.")] = 20,
    max_characters: Annotated[int, typer.Option(help="Cut longer documents off.")] = 200_000,
    language: Annotated[
        list[str] | None, typer.Option(help="Keep only this language; may be given several times.")
    ] = None,
    resemblance: Annotated[
        float,
        typer.Option(help="Leave out what is this much like an earlier document; 0: keep all."),
    ] = 0.8,
    hide_personal: Annotated[
        bool, typer.Option(help="Replace personal data by typed tokens.")
    ] = True,
    held_out_share: Annotated[
        float, typer.Option(help="Share of the documents that is never trained on.")
    ] = 0.05,
) -> None:
    """Make a corpus of the shop's texts, of files, or of both, and say what was left out."""
    from shopkeeper.training.corpus import Cleaning, make_corpus
    from shopkeeper.training.sources import Document, of_files, of_shop

    if not 0 <= held_out_share < 1 or not 0 <= resemblance <= 1:
        raise SettingsError("a share is between 0 and 1", hint="see `shopkeeper lm corpus --help`")
    cleaning = Cleaning(
        min_characters,
        max_characters,
        tuple(language or ()),
        resemblance,
        hide_personal,
        held_out_share,
    )
    from_shop = not files if shop is None else shop
    with open_shop(ctx) as opened:
        folder = corpus_folder(opened.settings.data_folder, name)

        def documents() -> Iterator[Document]:
            if from_shop:
                yield from of_shop(opened.database)
            yield from of_files(files or [], field=field)

        with Progress(SpinnerColumn(), TextColumn("{task.description}"), console=notes) as bar:
            task = bar.add_task("reading")
            account = make_corpus(
                documents(), folder, cleaning,
                progress=lambda n: bar.update(task, description=f"{n:,} documents read"),
            )  # fmt: skip
    table = Table("side", "documents", "characters")
    for side, count in account.documents.items():
        table.add_row(side.replace("_", " "), f"{count:,}", f"{account.characters[side]:,}")
    console.print(table)
    console.print("languages: " + _counted(account.languages))
    console.print("left out: " + (_counted(account.left_out) or "nothing"))
    console.print(f"personal data replaced: {account.personal:,}")
    console.print(f"the corpus is in {folder}", soft_wrap=True)


def _counted(counts: Mapping[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return ", ".join(f"{count:,} {name or '?'}" for name, count in ordered)


def make_tokenizer(
    ctx: typer.Context,
    corpus: Annotated[str, typer.Option(help="Name or path of the corpus.")] = "default",
    kind: Annotated[
        Literal["causal", "masked", "seq2seq"],
        typer.Option(help="causal and masked: byte-level BPE; seq2seq: Unigram with sentinels."),
    ] = "causal",
    vocabulary: Annotated[int, typer.Option(help="Pieces, at most.")] = 8192,
    min_frequency: Annotated[int, typer.Option(help="Times that a pair has to occur.")] = 2,
) -> None:
    """Make a tokenizer of a corpus; `lm pretrain` does so by itself where there is none of the size it needs."""
    from shopkeeper.training.corpus import texts
    from shopkeeper.training.plan import make_tokenizer as make_it
    from shopkeeper.training.tokenizer import load_tokenizer

    folder = corpus_folder(settings_of(ctx).data_folder, corpus)
    made = make_it(folder, kind, vocabulary, min_frequency=min_frequency)
    tokenizer = load_tokenizer(made)
    sample = [text for text, _ in zip(texts(folder, "held_out"), range(SAMPLE), strict=False)]
    tokens = sum(len(tokenizer.encode(text)) for text in sample)
    said = f"{tokenizer.vocabulary:,} pieces"
    if tokens:
        said += f", {sum(len(text.encode()) for text in sample) / tokens:.2f} bytes a token of held-out text"
    console.print(said)
    console.print(f"the tokenizer is in {made}", soft_wrap=True)
