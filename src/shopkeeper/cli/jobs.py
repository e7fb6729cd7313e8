"""`shopkeeper jobs`: background work, listed, shown, stopped and tried again."""

from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from shopkeeper.cli.main import open_shop
from shopkeeper.jobs import Job, JobState

console = Console(highlight=False)

JobArgument = Annotated[int, typer.Argument(help="Id of the job.")]
_STYLES = {JobState.FAILED: "red", JobState.DONE: "green", JobState.INTERRUPTED: "yellow"}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        help="Background work. It runs in the program that serves the shop.", no_args_is_help=True
    )
    group.command("list")(list_jobs)
    group.command()(show)
    group.command()(stop)
    group.command()(retry)
    app.add_typer(group, name="jobs")


def list_jobs(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, the newest first.")] = 20,
) -> None:
    """Show the newest jobs."""
    with open_shop(ctx) as shop:
        found = shop.jobs.list(limit=limit)
    table = Table("id", "kind", "title", "state", "progress", "made")
    for job in found:
        state = f"[{_STYLES.get(job.state, 'default')}]{job.state.value}[/]"
        made = f"{job.created_at:%Y-%m-%d %H:%M}"
        table.add_row(str(job.id), job.kind, job.title, state, _progress(job), made)
    console.print(table if found else "there are no jobs")


def _progress(job: Job) -> str:
    if not job.done and not job.total:
        return ""
    text = f"{job.done:,}" + (f" of {job.total:,}" if job.total else "") + f" {job.unit}"
    if job.rate:
        text += f", {job.rate:,.0f}/s"
    if job.eta_s is not None:
        text += f", {timedelta(seconds=round(job.eta_s))} left"
    return text


def show(ctx: typer.Context, job: JobArgument) -> None:
    """Show everything about one job."""
    with open_shop(ctx) as shop:
        found = shop.jobs.get(job)
    table = Table.grid(padding=(0, 2))
    for name, value in (
        ("job", f"{found.id}: {found.title} ({found.kind})"),
        ("state", found.state.value),
        ("progress", _progress(found)),
        ("message", found.message),
        ("error", found.error),
        (
            "interrupted",
            f"{found.interruptions} times, and continued" if found.interruptions else "",
        ),
        ("result", ", ".join(f"{k}: {v}" for k, v in found.result.items())),
        ("made", f"{found.created_at:%Y-%m-%d %H:%M:%S}"),
        ("finished", f"{found.finished_at:%Y-%m-%d %H:%M:%S}" if found.finished_at else ""),
    ):
        if value:
            table.add_row(name, value)
    console.print(table)


def stop(ctx: typer.Context, job: JobArgument) -> None:
    """Ask a job to stop, tidily and soon."""
    with open_shop(ctx) as shop:
        shop.jobs.stop(job)
    console.print(f"job {job} was asked to stop")


def retry(ctx: typer.Context, job: JobArgument) -> None:
    """Run a failed or stopped job again."""
    with open_shop(ctx) as shop:
        shop.jobs.retry(job)
    console.print(f"job {job} waits to be run again")
