"""What all tests share: one real PostgreSQL for the session, and the real data sets where they are."""

import gc
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import psycopg
import pytest
from xdist.scheduler import LoadFileScheduling

from shopkeeper.settings import Settings, load_settings
from shopkeeper.shop import postgres_programs
from shopkeeper.shop.database import Database, open_database
from shopkeeper.shop.embedded import DATABASE, EmbeddedServer
from shopkeeper.shop.migrate import migrate

EMPTY_SHOP = "empty_shop"
TABLES_KEPT = ("migrations",)
# Emptying a table makes its files anew, also where there is nothing in it; of a hundred tables a test writes a few.
WRITTEN = """
    select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace
    and not relname = any(%s) and relname not like 'procrastinate%%' and pg_relation_size(oid) > 0
"""
# Also where a number was taken for a row that was refused.
RESTART = """
    select setval(seqrelid::regclass, seqstart, false) from pg_sequence join pg_class on oid = seqrelid
    where relnamespace = 'public'::regnamespace and relname not like 'procrastinate%'
    and pg_sequence_last_value(seqrelid) is not null
"""

# No test measures time: on a busy machine an example may take a thousand times as long as on an idle one. Each run
# takes other examples; more at once are had by `pytest --hypothesis-profile=thorough`.
hypothesis.settings.register_profile("house", deadline=None, max_examples=50)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=500)
hypothesis.settings.load_profile("house")


def thorough() -> bool:
    """True in a run that may take long, to look at everything: `pytest --hypothesis-profile=thorough`."""
    return hypothesis.settings.get_current_profile_name() == "thorough"


# Folders whose files share what takes long to make and lasts a session: one process runs all of them.
TOGETHER = ("shop/demo", "training/finetune", "models/engines/reference")
# What takes longest begins first, so that no process is left with one of them at the end.
FIRST = (
    "training/finetune",
    "training",
    "shop/demo",
    "api/test_schema",
    "storefront",
    "console",
    "models",
)


def pytest_collection() -> None:
    """Look for no garbage while modules are imported and tests collected: all of it is kept."""
    gc.disable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files by `FIRST`; those that are not named there come last."""
    items.sort(key=lambda item: _place(item.nodeid.removeprefix("tests/")))
    gc.freeze()  # nor among it ever after
    gc.enable()


def _place(node: str) -> int:
    return next((n for n, start in enumerate(FIRST) if node.startswith(start)), len(FIRST))


class Together(LoadFileScheduling):  # type: ignore[misc]  # it has no types
    """Gives the processes of pytest-xdist whole files, and whole folders of `TOGETHER`."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        folder = file.removeprefix("tests/").rpartition("/")[0]
        return folder if folder in TOGETHER else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    """Called where tests run in several processes."""
    return Together(config, log)


def scratch_folder(name: str) -> Path:
    """A new folder, in memory where there is plenty: databases of tests need not outlive a power cut."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 4 * 2**30
    return Path(tempfile.mkdtemp(prefix=f"shopkeeper-{name}-", dir=memory if roomy else None))


@pytest.fixture(scope="session", autouse=True)
def nothing_fetched() -> Iterator[None]:
    """Shops of tests use no embedder and no assistant by themselves, here and in programs of their own."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SHOPKEEPER_EMBEDDER", "")
        environment.setenv("SHOPKEEPER_ASSISTANT", "")
        yield


@pytest.fixture(scope="session")
def server(made_folder: Path) -> Iterator[EmbeddedServer]:
    """One embedded PostgreSQL for this test process, with a database EMPTY_SHOP to make others from."""
    folder = scratch_folder("test")
    copy_shop(made_folder, folder)
    running = EmbeddedServer(folder)
    running.start()
    with psycopg.connect(running.url, dbname="postgres", autocommit=True) as conn:
        conn.execute(f"create database {EMPTY_SHOP} template {DATABASE}")
    yield running
    running.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def database(server: EmbeddedServer) -> Iterator[Database]:
    """A migrated database on it. Tests that write use `db`."""
    migrate(server.url)
    opened = Database(server.url, pool_size=6)
    yield opened
    opened.close()


@pytest.fixture
def db(database: Database) -> Iterator[Database]:
    """The database without a single record. What a test set going on it must have been stopped at its end."""
    assert not working(), f"an earlier test did not stop the shop of {working()}"
    with database.connection() as conn:
        written = [row[0] for row in conn.execute(WRITTEN, [list(TABLES_KEPT)])]
        if written:
            conn.execute(f"truncate {', '.join(written)} restart identity cascade")
        conn.execute(RESTART)
    yield database
    assert not working(), f"call stop() of the shop, the search or the recommender: {working()}"


def working() -> list[str]:
    """Threads that read and write a database in the background: whoever empties it meanwhile may wait for ever."""
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith(("search", "recommend", "jobs", "run "))]


@pytest.fixture
def empty_database_url(server: EmbeddedServer, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a new database without any table, dropped afterwards."""
    name = "t_" + "".join(c for c in request.node.name.lower() if c.isalnum())[:50]
    with psycopg.connect(server.url, dbname="postgres", autocommit=True) as conn:
        conn.execute(f"drop database if exists {name} with (force)")
        conn.execute(f"create database {name}")
        yield server.url.replace("/shopkeeper?", f"/{name}?")
        conn.execute(f"drop database {name} with (force)")


@pytest.fixture(scope="session")
def made_folder() -> Iterator[Path]:
    """A data folder with an empty, migrated database, whose server is stopped. Not to be used, only copied."""
    folder = scratch_folder("made")
    open_database(load_settings(data_folder=folder)).close()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def new_folder(made_folder: Path) -> Iterator[Callable[[], Path]]:
    """Makes data folders with an empty shop; their servers are stopped afterwards."""
    made: list[Path] = []

    def make() -> Path:
        folder = scratch_folder("shop")
        made.append(folder)
        copy_shop(made_folder, folder)
        return folder

    yield make
    for folder in made:
        end(folder)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def bare_folder() -> Iterator[Path]:
    """An empty data folder, which the embedded server may enter also where tests run as root."""
    folder = scratch_folder("bare")
    yield folder
    end(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def folder(new_folder: Callable[[], Path]) -> Path:
    """A data folder with an empty shop that nobody uses yet."""
    return new_folder()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a data folder of their own."""
    return load_settings(data_folder=tmp_path / "shop", cache_folder=_cache(), port=0)


def _cache() -> Path:
    return Path(os.environ.get("SHOPKEEPER_CACHE_FOLDER", "~/.cache/shopkeeper")).expanduser()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real data sets; tests that need them are skipped where they are not."""
    named = os.environ.get("SHOPKEEPER_DATA")
    folder = Path(named) if named else Path(__file__).parents[2] / "shared" / "data"
    if not (folder / "README.md").is_file():
        pytest.skip(f"no data sets at {folder}: set SHOPKEEPER_DATA")
    return folder


def copy_shop(source: Path, folder: Path) -> None:
    """Copy a database that is not running, with its owner."""
    subprocess.run(["cp", "-a", str(source / "postgres"), str(folder)], check=True)


def end(folder: Path) -> None:
    """End the server of a folder, whoever left it running and in whatever state."""
    postgres_programs.end_orphans(folder / "postgres")
