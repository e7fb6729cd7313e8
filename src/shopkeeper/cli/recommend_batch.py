"""`shopkeeper recommend batch`: the lists of everybody, by one process or by several that share the people."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from shopkeeper.cli.main import open_shop, settings_of
from shopkeeper.errors import ShopkeeperError, StorageError
from shopkeeper.face import Shop
from shopkeeper.recommend import batch as lists

console = Console(highlight=False)

MOST_PROCESSES = 64


def add_to(group: typer.Typer) -> None:
    """Add the command."""
    group.command()(batch)


def batch(
    ctx: typer.Context,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="File to write, one JSON object a line; - prints.")
    ],
    slot: Annotated[str, typer.Option(help="Which list: home.")] = "home",
    limit: Annotated[int, typer.Option(min=1, max=100, help="Products of each list.")] = 10,
    email: Annotated[
        bool,
        typer.Option("--email", help="For e-mails: customers with an address alone, with titles."),
    ] = False,
    processes: Annotated[
        int, typer.Option(min=1, max=MOST_PROCESSES, help="That share the people.")
    ] = 1,
    shard: Annotated[
        str, typer.Option(help="One part of the people alone, as 2/4: for several machines.")
    ] = "1/1",
) -> None:
    """Write the lists of all customers and devices, in memory that does not grow with their number."""
    if slot != "home":
        raise typer.BadParameter("only the list of the front page is for everybody: home", param_hint="--slot")  # fmt: skip
    part = _shard(shard)
    with _opened(out) as file:
        if processes > 1:
            written = _shared(ctx, file, part, processes, ["--limit", str(limit), *(["--email"] if email else [])])  # fmt: skip
        else:
            written = _written(ctx, file, part, limit=limit, email=email)
    if str(out) != "-":
        console.print(f"{written:,} lists written to {out}", soft_wrap=True)


def _shard(text: str) -> lists.Shard:
    part, _, of = text.partition("/")
    try:
        return lists.Shard(int(part), int(of))
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is no part, such as 2/4", param_hint="--shard"
        ) from error


def _written(
    ctx: typer.Context, file: TextIO, part: lists.Shard, *, limit: int, email: bool
) -> int:
    """Write the lists here. Returns how many."""
    with ExitStack() as stack:
        shop = stack.enter_context(open_shop(ctx))
        columns = (SpinnerColumn(), TextColumn("{task.description}"))
        hidden = not console.is_terminal
        bar = stack.enter_context(Progress(*columns, console=console, transient=True, disable=hidden))  # fmt: skip
        row = bar.add_task("people", total=None)
        written = 0
        for line in _lines(shop, part, limit=limit, email=email, bar=bar, row=row):
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
            written += 1
        return written


def _lines(
    shop: Shop, part: lists.Shard, *, limit: int, email: bool, bar: Progress, row: Any
) -> Iterator[Mapping[str, Any]]:
    def tell(done: int) -> None:
        bar.update(row, description=f"{done:,} people")

    shop.recommend.refresh()
    with shop.database.connection() as conn:
        found = lists.lists_for(
            conn, shop.recommend.state, limit=limit, now=datetime.now(UTC), shard=part, on_progress=tell
        )  # fmt: skip
        yield from lists.for_emails(shop.database, found) if email else map(lists.as_line, found)


def _shared(
    ctx: typer.Context, file: TextIO, part: lists.Shard, processes: int, options: list[str]
) -> int:
    """Have several programs write their parts, then put these together. Returns how many lists there are."""
    environment = os.environ | _settings(ctx)
    program = [sys.executable, "-c", "from shopkeeper.cli.main import main; main()", "recommend", "batch"]  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="shopkeeper-batch-") as folder:
        parts = [Path(folder) / str(n) for n in range(processes)]
        running = []
        for n, path in enumerate(parts):
            own = f"{(part.part - 1) * processes + n + 1}/{part.of * processes}"
            command = [*program, "--out", str(path), "--shard", own, *options]
            running.append(subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True))  # fmt: skip
        said = [one.communicate()[1] for one in running]
        for one, error in zip(running, said, strict=True):
            if one.returncode:
                raise ShopkeeperError(
                    f"one of {processes} programs failed: {error.strip()[-500:]}",
                    hint="try it with --processes 1",
                )
        written = 0
        for path in parts:
            with path.open(encoding="utf-8") as lines:
                written += sum(1 for _ in lines)
                lines.seek(0)
                shutil.copyfileobj(lines, file)
    return written


def _settings(ctx: typer.Context) -> dict[str, str]:
    """What tells another program which shop this is; not on its command line, which everybody can read."""
    settings = settings_of(ctx)
    found = {"SHOPKEEPER_DATA_FOLDER": str(settings.data_folder)}
    if settings.database_url is not None:
        found["SHOPKEEPER_DATABASE_URL"] = settings.database_url.get_secret_value()
    return found


def _opened(out: Path) -> AbstractContextManager[TextIO]:
    if str(out) == "-":
        return nullcontext(sys.stdout)
    try:
        return out.open("w", encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{out} cannot be written: {error.strerror}") from error
