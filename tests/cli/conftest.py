"""The command `shopkeeper`, run in this process as the shell would run it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from shopkeeper.cli.main import main
from shopkeeper.errors import DatabaseError
from shopkeeper.shop.embedded import EmbeddedServer


@dataclass(frozen=True)
class Done:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command to its end."""
    for module in [m for name, m in sys.modules.items() if name.startswith("shopkeeper.cli.")]:
        if hasattr(module, "console"):
            monkeypatch.setattr(
                module.console, "width", 200
            )  # it took the terminal's when it was made
    monkeypatch.setenv("NO_COLOR", "1")

    def command(*arguments: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["shopkeeper", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
            sys.exit(0)
        said = capfd.readouterr()
        return Done(int(ended.value.code or 0), said.out, said.err)

    return command


@pytest.fixture
def shop(run: Run, folder: Path) -> Iterator[Run]:
    """Runs a command on a shop of its own, whose database goes on running between two, as where the shop is served."""
    server = EmbeddedServer(folder)

    def command(*arguments: str | Path) -> Done:
        with suppress(DatabaseError):  # the command says itself what is wrong
            server.start()
        return run("--data-folder", folder, *arguments)

    yield command
    server.stop()
