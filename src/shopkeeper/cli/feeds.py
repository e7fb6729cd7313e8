"""`shopkeeper import` and `shopkeeper export`: files in and out, with what went wrong and how to mend it."""

import sys
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from shopkeeper.cli.main import open_shop, settings_of
from shopkeeper.errors import FeedError
from shopkeeper.shop import feeds
from shopkeeper.shop.database import Database
from shopkeeper.shop.feeds import KINDS, BadRow, ImportReport, imports
from shopkeeper.shop.feeds.reading import planned, read
from shopkeeper.shop.feeds.rows import Notes

console = Console(highlight=False)

SHOWN = 20  # bad rows, when not all are asked for


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("import")(import_)
    app.command()(export)


def import_(
    ctx: typer.Context,
    kind: Annotated[
        str | None,
        typer.Argument(help=f"What to take in: {', '.join(KINDS)}. With --report: an import's id."),
    ] = None,
    file: Annotated[Path | None, typer.Argument(help="File, or folder of saved pages.")] = None,
    format: Annotated[
        str | None, typer.Option(help=f"One of {', '.join(feeds.FORMATS)}. Found out if left out.")
    ] = None,
    map: Annotated[
        list[str] | None,
        typer.Option("--map", help="Correct a guessed column: price='Selling Price'. May repeat."),
    ] = None,
    currency: Annotated[str | None, typer.Option(help="Of prices that name none.")] = None,
    language: Annotated[str | None, typer.Option(help="Of texts that name none.")] = None,
    show_mapping: Annotated[
        bool, typer.Option("--show-mapping", help="Show how the file would be read, and stop.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read it all and report, but write nothing.")
    ] = False,
    report: Annotated[
        bool, typer.Option("--report", help="List every bad row; alone, list the imports.")
    ] = False,
    download_bad: Annotated[
        Path | None, typer.Option(help="Write the bad rows to this file, to mend and import again.")
    ] = None,
    no_resume: Annotated[
        bool, typer.Option("--no-resume", help="Begin anew even if this file was interrupted.")
    ] = False,
) -> None:
    """Take a file into the shop, or look at what became of an import.

    shopkeeper import products catalogue.csv      take it in
    shopkeeper import --report                    list the imports
    shopkeeper import --report 3                  list the bad rows of import 3
    shopkeeper import --report 3 --download-bad bad.csv
    """
    if file is None and report and (kind is None or kind.isdigit()):
        _look_back(ctx, int(kind) if kind else None, download_bad)
        return
    if kind is None or file is None:
        raise FeedError("name what to take in and a file", hint="shopkeeper import products FILE")
    mapping = _pairs(map or [])
    settings = settings_of(ctx)
    if show_mapping or dry_run:
        _show_plan(file, kind, format, mapping)
        if dry_run:
            _rehearse(
                file, kind, format, mapping,
                currency=currency or settings.currency, language=language or settings.language,
            )  # fmt: skip
        return
    with open_shop(ctx) as shop:
        done = _import(
            shop.database, file, kind, format=format, mapping=mapping,
            currency=currency or settings.currency, language=language or settings.language,
            resume=not no_resume,
        )  # fmt: skip
        for one in (done, *done.also):
            _tell(shop.database, one, every=report)
        if done.holds:
            console.print(f"The file also holds {' and '.join(done.holds)}: import these too.")
        if download_bad is not None:
            _download(shop.database, done.import_id, download_bad)


def _pairs(texts: list[str]) -> dict[str, str]:
    found = {}
    for text in texts:
        field, sign, column = text.partition("=")
        if not sign:
            raise FeedError(f"--map {text!r} is no pair", hint="write --map price='Selling Price'")
        found[field.strip()] = column.strip()
    return found


def _import(
    database: Database, file: Path, kind: str, *, format: str | None, mapping: Mapping[str, str],
    currency: str, language: str, resume: bool,
) -> ImportReport:  # fmt: skip
    columns = (
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[told]}"),
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(f"Reading {escape(file.name)}", total=1.0, told="")

        def show(progress: feeds.Progress) -> None:
            told = f"{progress.done:,} {progress.unit}, {progress.rate:,.0f}/s"
            if progress.eta_s is not None:
                told += f", {timedelta(seconds=round(progress.eta_s))} left"
            bar.update(task, completed=progress.fraction, told=told)

        return feeds.run_import(
            database, file, kind=kind, format=format, mapping=mapping, currency=currency,
            language=language, resume=resume, on_progress=show,
        )  # fmt: skip


def _tell(database: Database, report: ImportReport, *, every: bool) -> None:
    total = report.created + report.updated + report.unchanged
    rate = total / report.seconds if report.seconds else 0.0
    console.print(
        f"[bold]{total:,} {report.kind}[/] from {feeds.FORMATS[report.format].title}: "
        f"{report.created:,} new, {report.updated:,} changed, {report.unchanged:,} as they were "
        f"({report.seconds:.1f} s, {rate:,.0f}/s)"
    )
    for note in report.notes:
        console.print(f"  note: {escape(note)}")
    if report.quarantined:
        _list_bad(database, report.import_id, report.quarantined, every=every)


def _list_bad(database: Database, import_id: int, count: int, *, every: bool) -> None:
    rows = "row" if count == 1 else "rows"
    console.print(f"[yellow]{count:,} bad {rows}[/] (import {import_id}):")
    shown = 0
    while shown < (count if every else min(count, SHOWN)):
        with database.connection() as conn:
            found = imports.bad_rows(conn, import_id, 500 if every else SHOWN, shown)
        if not found:
            break
        for row in found:
            console.print(f"  {_sentence(row)}", soft_wrap=True)
        shown += len(found)
    if count > shown:
        console.print(f"  … and {count - shown:,} more: shopkeeper import --report {import_id}")
    console.print(
        f"To mend them: shopkeeper import --report {import_id} --download-bad FILE, "
        "correct the file, and import it like the first."
    )


def _sentence(row: BadRow) -> str:
    field = f"[bold]{escape(row.field)}[/] " if row.field else ""
    hint = f" — {escape(row.hint)}" if row.hint else ""
    return f"line {row.line:,}: {field}{escape(row.reason)}{hint}"


def _show_plan(file: Path, kind: str, format: str | None, mapping: Mapping[str, str]) -> None:
    plan, found = planned(file, kind, format=format, mapping=mapping)
    console.print(f"{escape(file.name)}: {feeds.FORMATS[plan.format].title}, read as {kind}")
    if not plan.mapping:
        return
    table = Table("field", "column", "first values")
    for field, column in plan.mapping.items():
        examples = [t for row in found.sample if (t := row.get(column, ""))][:3]
        table.add_row(field, escape(column), escape(" · ".join(e[:30] for e in examples)))
    unused = [c for c in found.columns if not any(c in m for m in plan.mapping.values())]
    console.print(table)
    if unused:
        console.print(
            f"kept as attributes or metadata: {escape(', '.join(unused))}", soft_wrap=True
        )
    console.print("Correct it with --map FIELD=COLUMN; a blank column takes a field away.")


def _rehearse(
    file: Path, kind: str, format: str | None, mapping: Mapping[str, str], *, currency: str, language: str
) -> None:  # fmt: skip
    notes = Notes()
    counts: Counter[str] = Counter()
    bad: list[BadRow] = []
    for record in read(
        file, kind=kind, format=format, mapping=mapping, currency=currency, language=language, notes=notes
    ):  # fmt: skip
        if isinstance(record, BadRow):
            counts["bad"] += 1
            if len(bad) < SHOWN:
                bad.append(record)
        else:
            counts["good"] += 1
    console.print(f"[bold]{counts['good']:,} {kind}[/] would go in, {counts['bad']:,} bad rows")
    for note in notes:
        console.print(f"  note: {escape(note)}")
    for row in bad:
        console.print(f"  {_sentence(row)}", soft_wrap=True)


def _look_back(ctx: typer.Context, import_id: int | None, download_bad: Path | None) -> None:
    with open_shop(ctx) as shop:
        if import_id is None:
            _list_imports(shop.database)
            return
        with shop.database.connection() as conn:
            found = imports.get_import(conn, import_id)
        console.print(
            f"import {found.id}: {escape(found.file_name)}, {found.kind}, {found.format}, {found.state}; "
            f"{found.created:,} new, {found.updated:,} changed, {found.unchanged:,} as they were"
        )
        for note in found.notes:
            console.print(f"  note: {escape(note)}")
        if found.error:
            console.print(f"  [red]{escape(found.error)}[/]")
        if download_bad is not None:
            _download(shop.database, import_id, download_bad)
        elif found.quarantined:
            _list_bad(shop.database, import_id, found.quarantined, every=True)
        else:
            console.print("no bad rows")


def _list_imports(database: Database) -> None:
    with database.connection() as conn:
        found = imports.list_imports(conn, limit=50)
    table = Table("id", "kind", "format", "file", "state", "new", "changed", "same", "bad", "begun")
    for one in found:
        numbers = (one.created, one.updated, one.unchanged, one.quarantined)
        begun = f"{one.started_at:%Y-%m-%d %H:%M}"
        table.add_row(
            str(one.id), one.kind, one.format, escape(one.file_name), one.state,
            *(f"{n:,}" for n in numbers), begun,
        )  # fmt: skip
    console.print(table if found else "nothing was imported yet")


def _download(database: Database, import_id: int, path: Path) -> None:
    try:
        with database.connection() as conn, path.open("wb") as out:
            count = imports.write_quarantine(conn, import_id, out)
    except OSError as error:
        raise FeedError(
            f"{path} cannot be written: {error.strerror}", hint="name another file"
        ) from error
    console.print(f"{count:,} bad rows written to {escape(str(path))}")


def export(
    ctx: typer.Context,
    kind: Annotated[str, typer.Argument(help=f"What to write: {', '.join(KINDS)}.")],
    format: Annotated[str, typer.Option(help=f"One of {', '.join(feeds.WRITERS)}.")] = "jsonl",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write; standard output if left out.")
    ] = None,
) -> None:
    """Write all records of a kind to a file, as they are at this moment."""
    with open_shop(ctx) as shop, ExitStack() as stack:
        if out is None:
            count = feeds.write(shop.database, kind, format, sys.stdout.buffer)
            sys.stdout.buffer.flush()
            return
        # Beside the file first, so that a failure leaves no half of one.
        part = out.with_name(out.name + ".part")
        try:
            with part.open("wb") as file:
                stack.callback(part.unlink, missing_ok=True)
                count = feeds.write(shop.database, kind, format, file)
            part.replace(out)
        except OSError as error:
            raise FeedError(
                f"{out} cannot be written: {error.strerror}", hint="name another file"
            ) from error
    console.print(f"{count:,} {kind} written to {escape(str(out))}")
