"""Things are broken on purpose, and the examination says which, and how to mend them."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from shopkeeper.face import Shop
from shopkeeper.health import Finding, Light, examine, machine
from shopkeeper.models import hub
from shopkeeper.settings import Settings, load_settings, origins_of
from shopkeeper.shop import migrate, postgres_programs, products
from shopkeeper.shop.database import Database
from shopkeeper.shop.folder import serve_lock
from shopkeeper.shop.records import Money, Product, ProductId, Variant, VariantId

RESTLESS = ("disk", "connections", "database")  # say figures that change by themselves
Examined = dict[str, Finding]


def findings(settings: Settings) -> Examined:
    return {finding.name: finding for finding in examine(settings)}


@pytest.fixture(autouse=True)
def nothing_fetched_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty cache: to look through the real one takes longer than all else."""
    monkeypatch.setenv("SHOPKEEPER_CACHE_FOLDER", str(tmp_path / "cache"))


@pytest.fixture
def given(db: Database, tmp_path: Path) -> Settings:
    """A shop in a given database, with a folder of its own."""
    (tmp_path / "shop").mkdir()
    return load_settings(data_folder=tmp_path / "shop", database_url=db.url, port=0)


@pytest.fixture
def broken(given: Settings, db: Database) -> Iterator[Callable[[str], Finding]]:
    """Runs a statement that breaks something, and gives the one finding it changed from what it was before."""
    before = findings(given)

    def run(statement: str, *arguments: object) -> Finding:
        with db.connection() as conn:
            conn.execute(statement, arguments or None)
        changed = [
            f
            for name, f in findings(given).items()
            if f != before.get(name) and name not in RESTLESS
        ]
        assert len(changed) == 1, changed
        return changed[0]

    yield run


def test_a_shop_in_order_has_no_red_line_and_every_other_says_what_to_do(
    given: Settings, db: Database
) -> None:
    with Shop.open(settings=given) as shop:
        with shop.database.connection() as conn:
            price = Money(Decimal(1), "USD")
            products.upsert(
                conn, [Product(ProductId("p"), "P", (Variant(VariantId("v"), "", price),))]
            )
        shop.search.refresh()
    found = findings(given)
    assert {f.light for f in found.values()} <= {Light.GREEN, Light.YELLOW}
    assert all(bool(f.remedy) == (f.light is not Light.GREEN) for f in found.values())
    assert found["index"].text == "up to date"
    assert found["catalogue"].text == "1 products, 1 of them shown"


def test_looking_makes_nothing(tmp_path: Path) -> None:
    found = findings(load_settings(data_folder=tmp_path / "none", port=0))
    assert found["data folder"].light is found["database"].light is Light.YELLOW
    assert not (tmp_path / "none").exists()


def test_looking_does_not_migrate(given: Settings, empty_database_url: str) -> None:
    older = given.model_copy(
        update={"database_url": load_settings(database_url=empty_database_url).database_url}
    )
    assert findings(older)["migrations"].text == "no tables yet"
    migrate.migrate(empty_database_url, migrate.known()[:1])
    found = findings(older)["migrations"]
    assert found.light is Light.YELLOW and "0002_import_notes" in found.text
    assert "backup" in found.remedy
    with psycopg.connect(empty_database_url) as conn:
        assert list(migrate.applied(conn)) == [1]


def test_an_embedded_server_is_started_for_the_look_and_stopped(folder: Path) -> None:
    found = findings(load_settings(data_folder=folder, port=0))
    assert found["database"].light is Light.GREEN and "embedded" in found["database"].text
    assert found["database log"].light is Light.GREEN
    assert postgres_programs.processes(folder / "postgres") == []


def test_a_newer_database_is_red(given: Settings, empty_database_url: str) -> None:
    newer = given.model_copy(
        update={"database_url": load_settings(database_url=empty_database_url).database_url}
    )
    migrate.migrate(empty_database_url)
    with psycopg.connect(empty_database_url) as conn:
        conn.execute("insert into migrations values (9999, 'later', '')")
    found = findings(newer)["migrations"]
    assert found.light is Light.RED and "at migration 9999" in found.text
    assert "newer shopkeeper" in found.remedy


def test_a_database_that_is_away_is_red_and_its_password_is_not_shown(given: Settings) -> None:
    url = "postgresql://keeper:s3cret@127.0.0.1:1/shop"
    found = list(
        examine(
            load_settings(data_folder=given.data_folder, database_url=url, port=0),
            {"database_url": "SHOPKEEPER_DATABASE_URL"},
        )
    )
    assert found[-1].name == "database" and found[-1].light is Light.RED
    assert "no database at 127.0.0.1 named shop" in found[-1].text
    assert not any("s3cret" in f.text + f.remedy for f in found)
    assert any("database_url = … (SHOPKEEPER_DATABASE_URL)" in f.text for f in found)


def test_a_damaged_embedded_database_is_red_and_its_log_is_quoted(folder: Path) -> None:
    (folder / "postgres" / "global" / "pg_control").write_bytes(b"")
    found = findings(load_settings(data_folder=folder, port=0))
    assert found["database"].light is Light.RED and "did not start" in found["database"].text
    assert "pg_control" in found["database log"].text


def test_settings_that_cost_durability_are_red(given: Settings, db: Database) -> None:
    with db.connection() as conn:
        conn.execute("alter database shopkeeper set synchronous_commit = off")
    try:
        found = findings(given)["durability"]
    finally:
        with db.connection() as conn:
            conn.execute("alter database shopkeeper reset synchronous_commit")
    assert found.light is Light.RED and "synchronous_commit is off" in found.text


JOB = "insert into job_progress (kind, title, state, beat_at, finished_at, error) values ('import', 'Import a.csv', %s, now() - %s::interval, now() - %s::interval, %s)"


@pytest.mark.parametrize(
    ("statement", "arguments", "name", "text", "remedy"),
    [
        (JOB, ("failed", None, "1 hour", "no price"), "failed jobs", "'Import a.csv': no price", "jobs retry"),
        (JOB, ("running", "1 hour", None, ""), "jobs", "1 wait for a program", "shopkeeper serve"),
        (JOB, ("waiting", None, None, ""), "jobs", "1 wait for a program", "shopkeeper serve"),
        ("insert into imports (kind, format, file_name, fingerprint, state, error) values ('', '', 'a.csv', '', 'failed', 'cut short')",
         (), "imports", "'a.csv', was failed: cut short", "import the file again"),
        ("insert into imports (kind, format, file_name, fingerprint, state, quarantined) values ('', '', 'a.csv', '', 'done', 3)",
         (), "imports", "left 3 rows aside", "import --report 1"),
    ],
    ids=["failed job", "job cut short", "job waiting", "failed import", "bad rows"],
)  # fmt: skip
def test_what_went_wrong_in_the_shop_is_said(
    broken: Callable[..., Finding], statement: str, arguments: tuple[str | None, ...], name: str, text: str, remedy: str
) -> None:  # fmt: skip
    found = broken(statement, *arguments)
    assert (found.name, found.light) == (name, Light.YELLOW)
    assert text in found.text
    assert remedy in found.remedy


def test_a_job_without_a_sign_of_life_is_red_where_a_program_should_be_running_it(
    given: Settings, db: Database
) -> None:
    with db.connection() as conn:
        conn.execute(JOB, ["running", "1 hour", None, ""])
    with serve_lock(given.data_folder, "http://127.0.0.1:8000"):
        found = findings(given)
    assert found["jobs"].light is Light.RED
    assert "served by process" in found["in use"].text


def test_an_old_failure_is_forgotten(given: Settings, db: Database) -> None:
    with db.connection() as conn:
        conn.execute(JOB, ["failed", None, "30 days", "long ago"])
    assert "failed jobs" not in findings(given)


def test_a_key_that_has_ended_opens_nothing(broken: Callable[..., Finding]) -> None:
    insert = "insert into api_keys (id, kind, name, secret_hash, expires_at) values (%s, 'secret', '', '', %s)"
    assert "1 secret key in force" in broken(insert, "k", None).text


@pytest.mark.parametrize(
    ("harm", "text"),
    [
        (lambda index: (index / "current").unlink(), "not built yet"),
        (lambda index: (index / "current").write_text("{}"), "not built yet"),
        (
            lambda index: change(index / "current", '"version": "', '"version": "x'),
            "another version",
        ),
        (
            lambda index: change(index / "current", '"outbox": "', '"outbox": "9'),
            "another database",
        ),
    ],
    ids=["missing", "damaged", "other version", "other database"],
)
def test_an_index_that_will_be_built_anew_is_said_so(
    given: Settings, harm: Callable[[Path], None], text: str
) -> None:
    with Shop.open(settings=given) as shop:
        shop.search.refresh()
    harm(given.data_folder / "index")
    found = findings(given)["index"]
    assert found.light is Light.YELLOW and text in found.text


def change(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text().replace(old, new))


def test_an_index_that_is_behind_says_by_how_much(given: Settings, db: Database) -> None:
    with Shop.open(settings=given) as shop:
        shop.search.refresh()
    with db.connection() as conn:
        price = Money(Decimal(1), "USD")
        products.upsert(conn, [Product(ProductId("p"), "P", (Variant(VariantId("v"), "", price),))])
    assert findings(given)["index"].text == "1 changed products behind"


def test_a_port_that_is_taken_is_red(given: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        found = machine.port(given.model_copy(update={"port": number}))
        assert found.light is Light.RED and "cannot be had" in found.text
        with serve_lock(given.data_folder, f"http://127.0.0.1:{number}"):
            ours = machine.port(given.model_copy(update={"port": number}))
    assert ours.light is Light.GREEN


def test_a_data_folder_that_is_a_file_is_red(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = findings(load_settings(data_folder=tmp_path / "file", port=0))
    assert found["data folder"].light is Light.RED


def test_a_cluster_that_others_may_enter_is_red(folder: Path) -> None:
    (folder / "postgres").chmod(0o755)
    found = findings(load_settings(data_folder=folder, port=0))
    assert found["data folder"].light is Light.RED and "chmod 700" in found["data folder"].remedy


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_a_cluster_of_somebody_else_is_red(folder: Path) -> None:
    os.chown(folder / "postgres", 12345, 12345)
    found = findings(load_settings(data_folder=folder, port=0))
    assert "belongs to user 12345" in found["data folder"].text


def test_a_disk_that_is_nearly_full_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = shutil.disk_usage(tmp_path).free
    monkeypatch.setattr(machine, "ENOUGH_BYTES", free + 10**12)
    assert machine.disk(tmp_path).light is Light.YELLOW
    monkeypatch.setattr(machine, "LITTLE_BYTES", free + 10**12)
    assert machine.disk(tmp_path).light is Light.RED


def test_a_server_left_running_by_a_killed_program_is_told(folder: Path) -> None:
    code = f"from pathlib import Path; from shopkeeper.shop.embedded import EmbeddedServer; import os; EmbeddedServer(Path({str(folder)!r})).start(); os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", code], check=False)
    found = findings(load_settings(data_folder=folder, port=0))["in use"]
    assert found.light is Light.YELLOW and "killed" in found.text


def test_a_missing_or_damaged_file_of_the_cache_is_told(given: Settings, tmp_path: Path) -> None:
    fresh = given.model_copy(update={"cache_folder": tmp_path / "cache"})
    found = {f.name: f for f in machine.fetched_files(fresh)}
    assert found["file htmx"].light is Light.YELLOW
    entry = hub.entry("htmx")
    (fresh.cache_folder / entry.sha256).mkdir(parents=True)
    (fresh.cache_folder / entry.sha256 / entry.file_name).write_text("x")
    found = {f.name: f for f in machine.fetched_files(fresh)}
    assert found["file htmx"].light is Light.RED and "models pull htmx" in found["file htmx"].remedy


def test_settings_tell_where_they_come_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "shop.toml"
    file.write_text('currency = "EUR"\nport = 1\n')
    monkeypatch.setenv("SHOPKEEPER_PORT", "2")
    origins = origins_of(config=file, data_folder=tmp_path, database_url=None)
    told = {"currency": str(file), "port": "SHOPKEEPER_PORT", "data_folder": "an option"}
    assert {key: origins[key] for key in told} == told
    assert "database_url" not in origins


@pytest.mark.parametrize(
    ("change", "light", "said"),
    [
        ({"assistant": ""}, Light.GREEN, "none is wanted"),
        ({"assistant": "smollm2-135m"}, Light.YELLOW, "models pull default"),
        ({"assistant": "smollm2-135m", "offline": True}, Light.YELLOW, "model folder"),
        ({"assistant": "smallm"}, Light.YELLOW, "nothing is called 'smallm'"),
    ],
)
def test_whether_the_assistant_is_here_is_told(
    given: Settings, tmp_path: Path, change: dict[str, object], light: Light, said: str
) -> None:
    settings = given.model_copy(update={"cache_folder": tmp_path / "cache", **change})
    found = machine.language_model(settings)
    assert found.light is light and said in f"{found.text} {found.remedy}"


def test_an_assistant_that_is_here_is_green(given: Settings, tmp_path: Path) -> None:
    here = {"cache_folder": tmp_path / "cache", "assistant": "smollm2-135m"}
    settings = given.model_copy(update=here)
    entry = hub.entry("smollm2-135m")
    path = hub.place(entry, settings.cache_folder)
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        file.truncate(entry.size_bytes)
    assert machine.language_model(settings).text == "smollm2-135m is here"
