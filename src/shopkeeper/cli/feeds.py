"""`shopkeeper import` and `shopkeeper export`: files in and out, with what went wrong and how to mend it."""

import difflib
import sys
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path, PurePath
from typing import Annotated, BinaryIO

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
from shopkeeper.shop.feeds.mapping import SETTINGS, columns_of, getter
from shopkeeper.shop.feeds.reading import planned, read
from shopkeeper.shop.feeds.rows import Notes

console = Console(highlight=False)

_BAR = (
    TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
    TextColumn("{task.fields[told]}"),
)  # fmt: skip
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
        raise FeedError("name what to take in and a file", hint=_usage(kind))
    if kind not in KINDS:
        near = difflib.get_close_matches(kind, KINDS, n=1)
        raise FeedError(
            f"no records are called {kind!r}",
            hint=f"did you mean {near[0]!r}?" if near else f"kinds: {', '.join(KINDS)}",
        )
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
            _tell(shop.database, one, file, every=report)
        for more in done.holds:
            _say(f"The file also holds {more}: shopkeeper import {more} {escape(str(file))}")
        if download_bad is not None:
            _download(shop.database, done.import_id, download_bad)


def _usage(said: str | None) -> str:
    """How to write it, with the kind that the file seems to hold if only a file was named."""
    if said is None or not Path(said).exists():
        return "shopkeeper import products FILE"
    return f"shopkeeper import {feeds.detect(Path(said)).kind} {said}"


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
    with Progress(*_BAR, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(f"Reading {escape(file.name)}", total=1.0, told="")

        def show(progress: feeds.Progress) -> None:
            told = f"{progress.done:,} {progress.unit}, {progress.rate:,.0f}/s"
            if progress.eta_s is not None:
                told += f", {timedelta(seconds=round(progress.eta_s))} left"
            bar.update(task, completed=progress.fraction, told=told)

        try:
            return feeds.run_import(
                database, file, kind=kind, format=format, mapping=mapping, currency=currency,
                language=language, resume=resume, on_progress=show,
            )  # fmt: skip
        except KeyboardInterrupt:
            _say("Stopped. What is in stays in; import the file again to go on from there.")
            raise


def _say(text: str) -> None:
    """One line, broken by the terminal and not in the middle of a path."""
    console.print(text, soft_wrap=True)


def _tell(database: Database, report: ImportReport, file: Path, *, every: bool) -> None:
    total = report.created + report.updated + report.unchanged
    rate = total / report.seconds if report.seconds else 0.0
    _say(
        f"[bold]{total:,} {report.kind}[/] from {escape(file.name)}, read as "
        f"{feeds.FORMATS[report.format].title}: {report.created:,} new, {report.updated:,} changed, "
        f"{report.unchanged:,} as they were ({report.seconds:.1f} s, {rate:,.0f}/s)"
    )
    for note in report.notes:
        _say(f"  note: {escape(note)}")
    if report.quarantined:
        _list_bad(database, report.import_id, report.quarantined, kind=report.kind, every=every)


def _list_bad(database: Database, import_id: int, count: int, *, kind: str, every: bool) -> None:
    rows = "row" if count == 1 else "rows"
    _say(f"[yellow]{count:,} bad {rows}[/] kept aside (import {import_id}):")
    shown = 0
    while shown < (count if every else min(count, SHOWN)):
        with database.connection() as conn:
            found = imports.bad_rows(conn, import_id, 500 if every else SHOWN, shown)
        if not found:
            break
        for row in found:
            _say(f"  {_sentence(row)}")
        shown += len(found)
    if count > shown:
        _say(f"  … and {count - shown:,} more: shopkeeper import --report {import_id}")
    _say(
        f"To mend them: shopkeeper import --report {import_id} --download-bad FILE, correct the "
        f"file, then: shopkeeper import {kind} FILE"
    )


def _sentence(row: BadRow) -> str:
    field = f"[bold]{escape(row.field)}[/] " if row.field else ""
    hint = f" — {escape(row.hint)}" if row.hint else ""
    return f"line {row.line:,}: {field}{escape(row.reason)}{hint}"


def _show_plan(file: Path, kind: str, format: str | None, mapping: Mapping[str, str]) -> None:
    plan, found = planned(file, kind, format=format, mapping=mapping)
    _say(f"{escape(file.name)} holds {kind}, read as {feeds.FORMATS[plan.format].title}")
    if not plan.mapping:
        return
    table = Table("field", "column", "first values")
    for field, column in plan.mapping.items():
        if field in SETTINGS:
            table.add_row(field, f"[dim]the sign[/] {escape(repr(column))}", "")
            continue
        get = getter(column, found.columns)
        examples = dict.fromkeys(t for row in found.sample if (t := get(row)))
        told = " · ".join(_short(example) for example in list(examples)[:3])
        table.add_row(field, escape(column), escape(told) or "[dim]blank in the first rows[/]")
    console.print(table)
    fields = {f: c for f, c in plan.mapping.items() if f not in SETTINGS}
    used = {c for expression in fields.values() for c in columns_of(expression, found.columns)}
    unused = [c for c in found.columns if c not in used]
    if unused:
        _say(f"Kept beside, as metadata: {escape(', '.join(unused))}")
    _say("Correct it with --map FIELD=COLUMN; a blank column takes a field away.")


def _short(text: str) -> str:
    return text if len(text) <= 24 else text[:23] + "…"


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
    rows = "row" if counts["bad"] == 1 else "rows"
    _say(f"[bold]{counts['good']:,} {kind}[/] would go in, {counts['bad']:,} {rows} would not")
    for note in notes:
        _say(f"  note: {escape(note)}")
    for row in bad:
        _say(f"  {_sentence(row)}")
    if counts["bad"] > len(bad):
        _say(f"  … and {counts['bad'] - len(bad):,} more")
    _say("Nothing was written.")


def _look_back(ctx: typer.Context, import_id: int | None, download_bad: Path | None) -> None:
    with open_shop(ctx) as shop:
        if import_id is None:
            _list_imports(shop.database)
            return
        with shop.database.connection() as conn:
            found = imports.get_import(conn, import_id)
        _say(
            f"import {found.id}: {found.kind} from {escape(found.file_name)}, read as "
            f"{feeds.FORMATS[found.format].title}, {found.state}; "
            f"{found.created:,} new, {found.updated:,} changed, {found.unchanged:,} as they were"
        )
        for note in found.notes:
            _say(f"  note: {escape(note)}")
        if found.error:
            _say(f"  [red]{escape(found.error)}[/]")
        if download_bad is not None:
            _download(shop.database, import_id, download_bad)
        elif found.quarantined:
            _list_bad(shop.database, import_id, found.quarantined, kind=found.kind, every=True)
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
            usual = PurePath(imports.bad_rows_name(imports.get_import(conn, import_id))).suffix
            count = imports.write_quarantine(conn, import_id, out)
    except OSError as error:
        raise FeedError(
            f"{path} cannot be written: {error.strerror}", hint="name another file"
        ) from error
    rows = "row" if count == 1 else "rows"
    _say(f"{count:,} bad {rows} written to {escape(str(path))}, with the reason beside each")
    if path.suffix.lower() != usual:
        _say(f"  note: what is in it is {usual.removeprefix('.').upper()}; name it *{usual}")


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
                count = _written(shop.database, kind, format, file)
            part.replace(out)
        except OSError as error:
            raise FeedError(
                f"{out} cannot be written: {error.strerror}", hint="name another file"
            ) from error
    _say(f"{count:,} {kind} written to {escape(str(out))}")


def _written(database: Database, kind: str, format: str, file: BinaryIO) -> int:
    """Write with a bar that tells how far it is."""
    with Progress(*_BAR, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(f"Writing {kind}", total=1.0, told="")

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done / total, told=f"{done:,} of {total:,}")

        return feeds.write(database, kind, format, file, on_progress=show)
