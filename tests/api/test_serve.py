"""The program that serves a shop: where it listens, whom it refuses, and how it ends."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from tests.conftest import copy_shop, scratch_folder

PROGRAM = [sys.executable, "-c", "from shopkeeper.cli.main import main; main()"]


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The program with these arguments, run to its end."""
    command = [*PROGRAM, *map(str, arguments)]
    plain = os.environ | {"COLUMNS": "200", "NO_COLOR": "1"}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, env=plain
    )


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass
class Running:
    """A server under way."""

    process: subprocess.Popen[bytes]
    folder: Path
    port: int

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def start(folder: Path, *options: str) -> Running:
    """Serve a folder, and wait until it answers."""
    port = free_port()
    command = [*PROGRAM, "--data-folder", str(folder), "serve", "--port", str(port), *options]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx2.get(f"http://127.0.0.1:{port}/healthz").raise_for_status()
            return Running(process, folder, port)
        except httpx2.HTTPError:
            time.sleep(0.05)
    process.kill()
    raise AssertionError(f"it does not answer: {process.poll()}")


@pytest.fixture(scope="module")
def running(made_folder: Path) -> Iterator[Running]:
    """One server for the tests of this file, on a folder of its own."""
    folder = scratch_folder("serve")
    copy_shop(made_folder, folder)
    server = start(folder)
    yield server
    if server.process.poll() is None:
        server.process.terminate()
        server.process.wait(20)
    shutil.rmtree(folder, ignore_errors=True)


def test_it_is_ready_and_wants_a_key(running: Running) -> None:
    assert httpx2.get(f"{running.base}/readyz").json()["checks"] == {
        "database": "ok",
        "index": "ok",
    }
    assert httpx2.get(f"{running.base}/v1/products").status_code == 401


def test_answers_are_not_held_back_by_the_network_stack(running: Running) -> None:
    with httpx2.Client(base_url=running.base) as client:  # one connection
        times = [client.get("/healthz").elapsed.total_seconds() for _ in range(20)]
    assert min(times[1:]) < 0.02  # they once waited 40 ms each for a delayed acknowledgement


LONG = 40_000 * b"x"
CHUNKED = b"POST /v1/events HTTP/1.1\r\nhost: shop\r\ntransfer-encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (b"GET /healthz HTTP/1.1\r\nhost: shop\r\nx: short\r\n\r\n", 200),
        (b"GET /healthz?" + 2 * LONG + b" HTTP/1.1\r\nhost: shop\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\n" + 2 * (b"x: " + LONG + b"\r\n") + b"\r\n", 400),
        (b"POST /v1/events HTTP/1.1\r\nhost: shop\r\ncontent-length: 80000\r\n\r\n" + 2 * LONG, 401),
        (b"no HTTP at all\r\n\r\n", 400),
    ],
    ids=["short", "line", "headers", "body", "nonsense"],
)  # fmt: skip
def test_the_head_of_a_request_has_an_end(running: Running, asked: bytes, status: int) -> None:
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as client:
        client.sendall(asked)
        assert client.recv(13).startswith(b"HTTP/1.1 %d " % status)


@pytest.mark.parametrize(
    "begun",
    [b"GET /healthz?", b"GET /healthz HTTP/1.1\r\nx: ", CHUNKED + b"2\r\n{}\r\n0\r\nx: "],
    ids=["line", "header", "trailer"],
)
def test_what_never_ends_is_cut_off(running: Running, begun: bytes) -> None:
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as client:
        client.sendall(begun)
        with pytest.raises(ConnectionError):
            for _ in range(500):
                client.sendall(LONG)


def test_a_key_made_on_the_command_line_opens_it_at_once_and_can_be_revoked(
    running: Running,
) -> None:
    made = run("--data-folder", running.folder, "keys", "create", "for the test")
    assert made.returncode == 0, made.stderr
    text = made.stdout.split()[-1]
    header = {"authorization": f"Bearer {text}"}
    assert httpx2.get(f"{running.base}/v1/version", headers=header).json()["name"] == "shopkeeper"
    key_id = text.split("_")[2]
    listed = run("--data-folder", running.folder, "keys", "list")
    assert key_id in listed.stdout and "for the test" in listed.stdout
    assert text.rpartition("_")[2] not in listed.stdout
    assert run("--data-folder", running.folder, "keys", "revoke", key_id).returncode == 0
    time.sleep(1.1)  # the server asks about a key at most once a second
    assert httpx2.get(f"{running.base}/v1/version", headers=header).status_code == 401


def test_a_second_server_on_the_same_folder_is_told_who_has_it(running: Running) -> None:
    second = run("--data-folder", running.folder, "serve", "--port", str(free_port()))
    assert second.returncode == 1
    assert f"process {running.process.pid}" in second.stderr
    assert running.base in second.stderr
    assert "Traceback" not in second.stderr


def test_a_port_that_is_taken_is_said_so(running: Running, tmp_path: Path) -> None:
    second = run("--data-folder", tmp_path, "serve", "--port", str(running.port))
    assert second.returncode == 1
    assert f"port {running.port} of 127.0.0.1 cannot be had" in second.stderr
    assert "--port" in second.stderr and "Traceback" not in second.stderr


def test_the_demo_is_not_served_to_others(tmp_path: Path) -> None:
    done = run("--data-folder", tmp_path, "serve", "--demo", "--host", "0.0.0.0", "--port", "0")
    assert done.returncode == 1
    assert "asks for no key" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_description_is_printed_without_a_shop() -> None:
    printed = json.loads(run("openapi").stdout)
    assert printed["openapi"].startswith("3.1")
    assert "/v1/search" in printed["paths"]


def test_being_told_to_stop_ends_it_within_three_seconds_with_its_database(
    running: Running,
) -> None:
    begun = time.monotonic()
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(10) == 0
    assert time.monotonic() - begun < 3
    assert not (running.folder / "postgres" / "postmaster.pid").exists()
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(f"{running.base}/healthz")
