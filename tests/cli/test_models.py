"""The commands about fetched files: what there is, bringing it, checking it, taking it away."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shopkeeper.models.lock import Wheel
from tests.cli.conftest import Run
from tests.models.a_hub import FIRST, REPO, World, one_repository
from tests.models.tiny_gguf import write
from tests.models.world import BODY, digest, entry_of, use


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, and a file that was brought by hand."""
    words = entry_of(Wheel("absent==9", "words"), name="words", file_name="words", body=b"words")
    use(monkeypatch, entry_of(Wheel("absent==9", "asset.js"), needs=("words",)), words)
    (tmp_path / "hand").mkdir()
    (tmp_path / "hand" / "asset.js").write_bytes(BODY)
    (tmp_path / "hand" / "words").write_bytes(b"words")
    monkeypatch.setenv("SHOPKEEPER_CACHE_FOLDER", str(tmp_path / "cache"))
    monkeypatch.setenv("SHOPKEEPER_MODEL_FOLDER", str(tmp_path / "hand"))
    monkeypatch.setenv("SHOPKEEPER_OFFLINE", "true")
    return tmp_path / "cache"


def test_a_file_is_pulled_with_what_it_needs_and_listed(run: Run, cache: Path) -> None:
    assert run("models", "list").out.count("│ no") == 2
    done = run("models", "pull", "tiny")
    assert done.code == 0, done.err
    assert f"tiny: {cache / digest(BODY) / 'asset.js'}" in done.out
    assert run("models", "list").out.count("│ yes") == 2


def test_a_file_is_shown_with_licence_and_where_it_comes_from(run: Run, cache: Path) -> None:
    shown = run("models", "show", "tiny").out
    for part in ("0BSD, stated by us", digest(BODY), "asset.js of absent==9", "needs    words"):
        assert part in shown


def test_verifying_ends_with_1_when_a_file_is_damaged(run: Run, cache: Path) -> None:
    run("models", "pull", "all")
    assert run("models", "verify").code == 0
    path = cache / digest(BODY) / "asset.js"
    path.chmod(0o644)
    path.write_bytes(BODY.upper())
    done = run("models", "verify")
    assert done.code == 1
    assert "tiny: damaged: shopkeeper models pull tiny" in done.out
    assert "words: whole" in done.out


def test_removing_takes_what_was_needed_too(run: Run, cache: Path) -> None:
    run("models", "pull", "tiny")
    assert run("models", "remove", "tiny").out.split("\n")[:2] == [
        "tiny: removed",
        "words: removed",
    ]
    assert "tiny: not here" in run("models", "verify").out


def test_what_cannot_be_had_offline_is_an_error_with_a_hint(
    run: Run, cache: Path, tmp_path: Path
) -> None:
    (tmp_path / "hand" / "asset.js").unlink()
    done = run("models", "pull", "tiny")
    assert done.code == 1
    assert "offline is set" in done.err and "SHOPKEEPER_OFFLINE" in done.err


def test_an_unknown_id_is_an_error_that_lists_the_known(run: Run, cache: Path) -> None:
    done = run("models", "pull", "tyni")
    assert done.code == 1
    assert "tiny, words" in done.err


@pytest.fixture
def a_hub(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A hub with one small model."""
    body = write(tmp_path / "tiny.gguf").read_bytes()
    with one_repository(**{"small.gguf": body}) as world:
        monkeypatch.setenv("SHOPKEEPER_HUB_URL", world.url)
        monkeypatch.delenv("SHOPKEEPER_OFFLINE")
        yield world


def test_a_model_of_a_hub_is_shown_first_and_fetched_after_a_yes(run: Run, a_hub: World) -> None:
    asked = run("models", "pull", f"hf:{REPO}/small.gguf")
    assert asked.code == 1 and "say it with --yes" in asked.err
    for part in ("apache-2.0, stated by maker", "rests on maker alone", f"{REPO}@{FIRST[:12]}"):
        assert part in asked.out
    assert a_hub.store.asked == []
    done = run("models", "pull", f"hf:{REPO}/small.gguf", "--yes", "--as", "mine")
    assert done.code == 0, done.err
    assert "mine: " in done.out
    assert "mine: whole" in run("models", "verify").out
    assert "Tiny: llama" in run("models", "show", "mine").out
    assert "mine: removed" in run("models", "remove", "mine").out


def test_a_model_of_this_machine_is_added_and_forgotten(
    run: Run, cache: Path, tmp_path: Path
) -> None:
    path = write(tmp_path / "mine.gguf")
    assert "apache-2.0, stated by the file itself" in run("models", "add", str(path)).out
    assert "│ mine" in run("models", "list").out
    assert "tiny is the id of another" in run("models", "add", str(path), "--as", "tiny").err
    assert "small letters" in run("models", "add", str(path), "--as", "A b").err
    assert "mine: removed" in run("models", "remove", "mine").out and path.exists()


def test_the_default_is_the_assistant_of_the_settings(
    run: Run, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "want no assistant" in run("models", "pull", "default").err
    monkeypatch.setenv("SHOPKEEPER_ASSISTANT", "words")
    assert "words: " in run("models", "pull", "default").out
