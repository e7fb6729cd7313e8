"""The page of all commands, from the commands themselves: `python -m shopkeeper.cli.reference > docs/commands.md`."""

from collections.abc import Iterator
from typing import Any

import typer

from shopkeeper.cli.main import app

_HEAD = """\
# Commands

`shopkeeper COMMAND --help` says the same. What stands before the command goes for all of them; settings that have no
option are in [settings](settings.md). A command ends with 0, or with 1 after a message that says what was wrong and
what to do.
"""


def reference() -> str:
    """All commands with their arguments and options, as Markdown."""
    return "\n".join([_HEAD, *_described("shopkeeper", typer.main.get_command(app))])


def _described(name: str, command: Any) -> Iterator[str]:
    """One command, or a group and those in it. Typer's classes are not public, their attributes are click's."""
    commands: dict[str, Any] = getattr(command, "commands", {})
    options = [p for p in command.params if not getattr(p, "hidden", False)]
    if options or not commands:
        arguments = "".join(f" {_argument(p)}" for p in options if p.param_type_name == "argument")
        yield f"## `{name}{arguments}`\n"
        yield f"{_one_line(command.help)}\n"
        if options:
            yield from (
                "| argument or option | meaning |",
                "| --- | --- |",
                *map(_row, options),
                "",
            )
    for child in sorted(commands):
        yield from _described(f"{name} {child}", commands[child])


def _argument(parameter: Any) -> str:
    name = parameter.name.upper()
    return name if parameter.required else f"[{name}]"


def _row(parameter: Any) -> str:
    names = (*parameter.opts, *parameter.secondary_opts)
    if parameter.param_type_name == "argument":
        names = (_argument(parameter),)
    help_, default = _one_line(parameter.help), parameter.default
    if isinstance(default, str | int | float) and default not in ("", True, False):
        help_ += f" Default: {default}."
    return f"| {', '.join(f'`{n}`' for n in names)} | {help_.replace('|', '/')} |"


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())


if __name__ == "__main__":
    typer.echo(reference(), nl=False)
