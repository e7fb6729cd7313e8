"""`shopkeeper serve`: the shop over HTTP; and `shopkeeper openapi`: what it can be asked."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import webbrowser
from collections.abc import Callable
from contextlib import ExitStack
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from shopkeeper.cli.main import settings_of
from shopkeeper.cli.models import summary
from shopkeeper.errors import SettingsError, ShopkeeperError
from shopkeeper.settings import PREFIX, Settings
from shopkeeper.shop.folder import serve_lock

if TYPE_CHECKING:
    from shopkeeper.face import Shop

console = Console(highlight=False)

GRACE_S = 1  # for requests under way when the server is told to stop
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(serve)
    app.command()(openapi)


def serve(
    ctx: typer.Context,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on. Default: 127.0.0.1.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Port; 0 takes a free one. Default: 8000.")
    ] = None,
    demo: Annotated[
        bool,
        typer.Option("--demo", help="Build the demo shop at the first start; ask for no key here."),
    ] = False,
    open_browser: Annotated[
        bool, typer.Option("--open", help="Open the shop in a browser.")
    ] = False,
    trusted_proxy: Annotated[
        str,
        typer.Option(
            help="Address of a proxy whose X-Forwarded-For and -Proto are to be believed."
        ),
    ] = "",
    no_pull: Annotated[
        bool,
        typer.Option(
            "--no-pull",
            help="Fetch no language model in the background. One that is here is used all the same.",
        ),
    ] = False,
) -> None:
    """Serve the shop: pages at /, console at /console, API at /v1. Ctrl-C stops it, and its database.

    The first start fetches the assistant that the setting `assistant` names, in the background.
    """
    settings = settings_of(ctx, host=host, port=port)
    if demo and settings.host not in LOOPBACK:
        raise SettingsError(
            f"--demo asks for no key, and {settings.host} can be reached by others",
            hint="leave out --host, or leave out --demo",
        )
    signal.signal(signal.SIGTERM, _stop)
    try:
        _serve(
            settings, demo=demo, open_browser=open_browser, trusted_proxy=trusted_proxy, pulling=not no_pull
        )  # fmt: skip
    except KeyboardInterrupt:
        console.print("stopped")
    _leave_no_thread_behind()


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _serve(
    settings: Settings, *, demo: bool, open_browser: bool, trusted_proxy: str, pulling: bool
) -> None:
    listener, taken = _listen(settings)
    with ExitStack() as stack:
        address = "" if listener is None else _url(settings, listener)
        # Who serves this folder already is the better answer, so a port that is taken is complained of after it.
        stack.enter_context(serve_lock(settings.data_folder, address))
        if listener is None:
            raise taken
        stack.enter_context(listener)
        from shopkeeper.api.server import run_server
        from shopkeeper.face import Shop

        with console.status("opening the database"):
            shop = stack.enter_context(Shop.open(settings=settings, demo=demo))
        if demo:
            _build_demo(shop)
        with console.status("opening the index"):
            shop.search.start()  # from here on it follows by itself: vectors that are lacking hold nobody up
        if pulling:
            _fetch_assistant(shop)
        run_server(
            shop,
            listener,
            on_ready=_announce(address, demo=demo, open_browser=open_browser),
            trusted_proxy=trusted_proxy,
            grace_s=GRACE_S,
        )


def _listen(settings: Settings) -> tuple[socket.socket | None, SettingsError]:
    """A listening socket, or none and why."""
    where = f"port {settings.port} of {settings.host}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        # With the protocol left out asyncio does not switch Nagle's algorithm off, and each answer takes 40 ms.
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        why = error.strerror or str(error)
        hint = "choose another with --port, or stop the program that has it"
        return None, SettingsError(f"{where} cannot be had: {why}", hint=hint)
    return listener, SettingsError(where)


def _url(settings: Settings, listener: socket.socket) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{listener.getsockname()[1]}"


def _build_demo(shop: "Shop") -> None:
    """Build the demo shop where it is not there yet, in a program of its own: what that takes of memory ends with it."""
    from shopkeeper.shop import demo

    with shop.database.connection() as conn:
        if demo.is_built(conn):
            return
    settings = shop.settings
    folders = {"DATA_FOLDER": str(settings.data_folder), "CACHE_FOLDER": str(settings.cache_folder)}
    if settings.database_url is not None:
        folders["DATABASE_URL"] = settings.database_url.get_secret_value()
    done = subprocess.run(
        [sys.executable, "-c", "from shopkeeper.cli.main import main; main()", "demo"],
        env=os.environ | {f"{PREFIX}{name}": value for name, value in folders.items()},
        check=False,
    )
    if done.returncode != 0:
        raise typer.Exit(done.returncode)  # it has said why


def _fetch_assistant(shop: "Shop") -> None:
    """Have the assistant fetched in the background if it is not here, and say what that is."""
    from shopkeeper.jobs import fetching
    from shopkeeper.models import assistant

    try:
        job = fetching.begin(shop.jobs, shop.settings)
        entry = assistant.entry_of(shop.settings)
    except ShopkeeperError as error:  # the shop is served without it
        console.print(
            f"no language model is fetched: {error.message} ({error.hint})", style="yellow"
        )
        return
    if job is None or entry is None:
        return
    console.print(
        f"a language model is being fetched in the background (job {job}), for use without a restart:",
        soft_wrap=True,
    )
    for line in summary(entry):
        console.print(f"  {line}", soft_wrap=True, markup=False)
    console.print(
        "  refrain with `serve --no-pull` or SHOPKEEPER_ASSISTANT=, stop it on the console's page of the job",
        style="dim", soft_wrap=True,
    )  # fmt: skip


def _announce(address: str, *, demo: bool, open_browser: bool) -> Callable[[], None]:
    def announce() -> None:
        console.print(f"the shop is at [bold]{address}[/]  (console: {address}/console)")
        if not demo:
            console.print(
                "the console and the API ask for a key: `shopkeeper keys create` makes one"
            )
        console.print("Ctrl-C stops it", style="dim")
        if open_browser:
            webbrowser.open(address)

    return announce


def _leave_no_thread_behind() -> None:
    """End at once if a background task would not stop: it is continued at the next start, as after a crash."""
    sys.stdout.flush()
    sys.stderr.flush()
    main = threading.main_thread()
    if any(t is not main and not t.daemon and t.is_alive() for t in threading.enumerate()):
        os._exit(0)


def openapi() -> None:
    """Print the OpenAPI description of the HTTP API as JSON."""
    from shopkeeper.api import openapi_schema

    typer.echo(json.dumps(openapi_schema(), indent=2, ensure_ascii=False))
