"""`shopkeeper recommend experiments`, `experiment`, `try`, `end`, `estimate`: which of two versions is better."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from shopkeeper.cli.main import open_shop

console = Console(highlight=False)

NameArgument = Annotated[str, typer.Argument(help="Name of the experiment.")]
SAID = {
    "open": "not decided yet", "better": "the challenger is better", "worse": "the challenger is worse",
    "alike": "whatever the difference is, it is too small to matter",
}  # fmt: skip


def add_to(group: typer.Typer) -> None:
    """Add the commands."""
    group.command("experiments")(list_experiments)
    group.command("experiment")(show)
    group.command("try")(begin)
    group.command("end")(end)
    group.command()(estimate)


def list_experiments(ctx: typer.Context) -> None:
    """Show all experiments, the newest first."""
    from shopkeeper.recommend import trials

    with open_shop(ctx) as shop, shop.database.connection() as conn:
        found = trials.listing(conn)
    table = Table("name", "slot", "kind", "versions", "begun", "ended")
    for one in found:
        table.add_row(
            one.name, one.slot.value, one.kind.value, f"{one.control} against {one.challenger}",
            f"{one.started_at:%Y-%m-%d %H:%M}", f"{one.ended_at:%Y-%m-%d %H:%M}" if one.ended_at else "",
        )  # fmt: skip
    console.print(table if found else "there are no experiments: shopkeeper recommend try")


def show(ctx: typer.Context, name: NameArgument) -> None:
    """What an experiment has shown so far. The interval holds at every moment, so look as often as you like."""
    from shopkeeper.recommend import trials

    with open_shop(ctx) as shop, shop.database.connection() as conn:
        found = trials.standing(conn, name)
    one, result = found.experiment, found.result
    table = Table("", "version", "visitors", one.outcome.value)
    for at, (side, version) in enumerate((("control", one.control), ("challenger", one.challenger))):  # fmt: skip
        table.add_row(side, str(version), f"{result.visitors[at]:,}", f"{result.rates[at]:.2%}")
    console.print(table)
    low, high = result.difference.low, result.difference.high
    console.print(f"challenger minus control: {low:+.2%} to {high:+.2%}, at 95 % whenever you look")
    console.print(f"{SAID[result.verdict.value]}; {found.waiting:,} visitors' time is not up yet")


def begin(
    ctx: typer.Context,
    name: NameArgument,
    challenger: Annotated[int, typer.Option(help="Id of the version to try.")],
    control: Annotated[
        int | None, typer.Option(help="Id of the version beside it. Default: the one in use.")
    ] = None,
    slot: Annotated[str, typer.Option(help="Where: home, similar, cart, …")] = "home",
    interleaving: Annotated[
        bool,
        typer.Option(
            "--interleaving", help="Both in one list, in place of half the visitors each."
        ),
    ] = False,
    share: Annotated[float, typer.Option(help="Of visitors who are given the challenger.")] = 0.5,
    outcome: Annotated[str, typer.Option(help="click, add_to_cart or purchase.")] = "click",
    window_hours: Annotated[
        int, typer.Option(help="How long what a visitor does counts, from the first list on.")
    ] = 24,
    least: Annotated[float, typer.Option(help="The smallest difference that matters.")] = 0.0,
) -> None:
    """Begin an experiment: visitors get one version or the other until it is ended."""
    from shopkeeper.recommend import Slot, trials, versions
    from shopkeeper.recommend.experiments import Kind

    with open_shop(ctx) as shop, shop.database.connection() as conn:
        beside = control if control is not None else versions.in_use_id(conn)
        if beside is None:
            raise typer.BadParameter("no version is in use: name one", param_hint="--control")
        try:
            wanted = trials.Experiment(
                name, Slot(slot), Kind("interleaving" if interleaving else "ab"), beside,
                challenger, share, trials.Outcome(outcome), window_hours, least,
            )  # fmt: skip
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error
        trials.begin(conn, wanted)
    console.print(f"{name} runs: version {beside} against {challenger} in {slot}")


def end(ctx: typer.Context, name: NameArgument) -> None:
    """End an experiment: all visitors get the version in use again; what was shown is still counted."""
    from shopkeeper.recommend import trials

    with open_shop(ctx) as shop, shop.database.connection() as conn:
        trials.end(conn, name)
    console.print(f"{name} is ended")


def estimate(
    ctx: typer.Context,
    version: Annotated[int, typer.Argument(help="Id of the version.")],
    days: Annotated[int, typer.Option(min=1, max=365, help="How far back lists are read.")] = 30,
) -> None:
    """What a version would have brought on the front page, from lists that were drawn. Says so where the logs cannot say."""
    from shopkeeper.recommend.looking_back import estimate_version

    with open_shop(ctx) as shop:
        found = estimate_version(shop.database, shop.recommend, shop.settings.data_folder, version, days=days)  # fmt: skip
    table = Table("", "clicks a list", "nineteen in twenty")
    for text, value in (
        ("as it was", found.logged), (f"version {version}", found.snips), ("the same, not normalised", found.ips),
    ):  # fmt: skip
        table.add_row(text, f"{value.mean:.4f}", f"{value.low:.4f} to {value.high:.4f}")
    console.print(table)
    console.print(
        f"from {found.lists:,} lists of {found.visitors:,} visitors, worth {found.effective:,.0f} to the new version"
    )
