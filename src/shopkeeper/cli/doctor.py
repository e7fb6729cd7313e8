"""`shopkeeper doctor`: the state of everything, and how to mend what is red."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from shopkeeper.cli.main import settings_of
from shopkeeper.errors import SettingsError
from shopkeeper.settings import Settings, origins_of

console = Console(highlight=False)

_MARKS = {"green": "[green]ok[/]  ", "yellow": "[yellow]note[/]", "red": "[bold red]RED[/] "}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor(
    ctx: typer.Context,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line, for programs.")
    ] = False,
) -> None:
    """Look at everything and say how to mend it; changes nothing. Ends with 1 if something is red."""
    from shopkeeper.health import Finding, Light, examine

    def show(finding: Finding) -> bool:
        if as_json:
            typer.echo(json.dumps(asdict(finding), ensure_ascii=False))
        else:
            mark, text = _MARKS[finding.light.value], escape(finding.text)
            console.print(f"{mark}  [bold]{escape(finding.name)}[/]: {text}", soft_wrap=True)
            if finding.remedy:
                console.print(f"      → {escape(finding.remedy)}", soft_wrap=True)
        return finding.light is Light.RED

    try:
        settings = settings_of(ctx)
    except SettingsError as error:
        show(Finding("settings", Light.RED, error.message, error.hint))
        raise typer.Exit(1) from None
    given = {k: v for k, v in ctx.obj.items() if k in Settings.model_fields}
    found = [show(f) for f in examine(settings, origins_of(config=ctx.obj["config"], **given))]
    if any(found):
        raise typer.Exit(1)
