"""Commands that look after a shop: what they print, how they end, and what they say when something is wrong."""

import json
import re
from pathlib import Path

import pytest

from shopkeeper import __version__
from tests.cli.conftest import Run


def test_without_a_command_the_commands_are_shown(run: Run) -> None:
    said = run()
    assert "serve" in said.out and "backup" in said.out and "doctor" in said.out


def test_the_version(run: Run) -> None:
    assert run("--version").out.strip() == __version__


def test_a_wrong_setting_is_an_error_without_a_traceback(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOPKEEPER_PORT", "many")
    said = run("keys", "list")
    assert said.code == 1 and said.out == ""
    assert said.err.startswith("error: SHOPKEEPER_PORT = 'many'")
    assert "hint:  see docs/settings.md" in said.err


def test_an_error_may_hold_brackets(run: Run, tmp_path: Path) -> None:
    said = run("--data-folder", tmp_path, "restore", tmp_path / "[bold]x[/nothing]")
    assert said.code == 1 and "[bold]x[/nothing]" in said.err.replace("\n", "")


def test_a_shop_is_backed_up_and_restored(
    shop: Run, run: Run, tmp_path: Path, bare_folder: Path
) -> None:
    shop("keys", "create", "one to find again")
    saved = shop("backup", tmp_path / "shop.backup")
    assert saved.code == 0 and re.search(r"[\d,]+ rows of \d+ tables written to ", saved.out)
    there = ("--data-folder", bare_folder)
    assert "rows restored, as they were at" in run(*there, "restore", tmp_path / "shop.backup").out
    assert "one to find again" in run(*there, "keys", "list").out
    again = run(*there, "restore", tmp_path / "shop.backup")
    assert again.code == 1 and "not empty, it has api_keys" in again.err


def test_there_is_nothing_to_back_up_where_no_shop_is(run: Run, tmp_path: Path) -> None:
    said = run("--data-folder", tmp_path / "none", "backup", tmp_path / "shop.backup")
    assert said.code == 1 and "there is no shop in" in said.err
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_backup_is_said_so(run: Run, tmp_path: Path) -> None:
    (tmp_path / "shop.backup").write_text("PK")
    said = run("--data-folder", tmp_path / "new", "restore", tmp_path / "shop.backup")
    assert said.code == 1 and "is damaged: it is cut short or no backup" in said.err
    assert not (tmp_path / "new").exists()


def test_the_doctor_ends_with_0_where_nothing_is_red(
    shop: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOPKEEPER_PORT", "0")
    said = shop("doctor")
    assert said.code == 0
    assert "database: PostgreSQL" in said.out and "port = 0 (SHOPKEEPER_PORT)" in said.out


def test_the_doctor_ends_with_1_where_something_is_red(shop: Run, folder: Path) -> None:
    (folder / "postgres" / "global" / "pg_control").write_bytes(b"")
    said = shop("doctor", "--json")
    lights = {f["name"]: f["light"] for f in map(json.loads, said.out.splitlines())}
    assert said.code == 1 and lights["database"] == "red"
    assert set(lights.values()) <= {"green", "yellow", "red"}


def test_the_doctor_explains_settings_that_cannot_be_read(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOPKEEPER_PROT", "1")
    said = run("doctor")
    assert said.code == 1 and "SHOPKEEPER_PORT" in said.out and said.err == ""


def test_keys_are_made_listed_and_revoked(shop: Run) -> None:
    assert "there are no keys" in shop("keys", "list").out
    text = shop(
        "keys", "create", "for the site", "--publishable", "--origin", "https://shop.example"
    ).out.split()[-1]
    key_id = text.split("_")[2]
    assert text.startswith("pk_live_")
    listed = shop("keys", "list").out
    assert key_id in listed and "https://shop.example" in listed and text not in listed
    assert shop("keys", "revoke", key_id).code == 0
    assert "revoked" in shop("keys", "list").out
    assert shop("keys", "revoke", "nothing").code == 1


def test_a_key_for_nowhere_is_refused(shop: Run) -> None:
    said = shop("keys", "create", "--publishable", "--origin", "not a site")
    assert said.code == 1 and "not a site" in said.err
    assert shop("keys", "create", "--origin", "https://shop.example").code == 1  # a secret one


def test_jobs_that_are_none_are_said_so(shop: Run) -> None:
    assert "there are no jobs" in shop("jobs", "list").out
    for command in ("show", "stop", "retry"):
        said = shop("jobs", command, "7")
        assert said.code == 1 and "no job has the id 7" in said.err
