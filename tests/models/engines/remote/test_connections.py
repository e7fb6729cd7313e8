"""Connections: trusted, shared by threads, and let go of when the engine is closed."""

import shutil
import ssl
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shopkeeper.errors import EngineUnavailable, SettingsError
from shopkeeper.models.records import Message, Request
from tests.models.engines.bad_server import World, serving
from tests.models.engines.remote.conftest import Make

HELLO = Request((Message("user", "hello there"),))
ANSWER = "You said: hello there"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that this machine's address gave itself, with its key, in one file."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not here to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "2",
         "-subj", "/CN=shop", "-addext", "subjectAltName=IP:127.0.0.1"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    both = folder / "both.pem"
    both.write_text((folder / "key.pem").read_text() + (folder / "cert.pem").read_text())
    return both


def secure(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_a_certificate_that_nobody_vouches_for_is_refused(engine_for: Make, certificate: Path) -> None:  # fmt: skip
    with serving(secure(certificate)) as world:
        engine = engine_for(url=world.url())
        with pytest.raises(EngineUnavailable, match="its certificate is not trusted"):
            engine.generate(HELLO)
        assert not world.asked


def test_a_trusted_server_is_spoken_to_in_secret(engine_for: Make, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serving(secure(certificate)) as world:
        engine = engine_for(url=world.url())
        assert engine.generate(HELLO).text == ANSWER
        assert "".join(p.text for p in engine.stream(HELLO)) == ANSWER
        engine.close()


def test_threads_share_places_and_connections(engine_for: Make, world: World) -> None:
    engine = engine_for(parallel=3)
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda _: engine.generate(HELLO).text, range(40)))
    assert set(said) == {ANSWER}
    assert world.connections <= 3


@pytest.mark.parametrize("behaviour", ["stall", "drip", "stall-in-stream"])
def test_closing_ends_what_is_under_way(engine_for: Make, world: World, behaviour: str) -> None:
    engine = engine_for(behaviour, timeout_s=50)
    assert ended_by(engine.close, lambda: list(engine.stream(HELLO)), world) is EngineUnavailable
    with pytest.raises(EngineUnavailable, match="engine cloud was closed"):
        engine.generate(HELLO)


def test_closing_ends_the_wait_for_a_place(engine_for: Make, world: World) -> None:
    engine = engine_for(parallel=1, timeout_s=50)
    held = engine.stream(HELLO)
    next(held)
    assert ended_by(engine.close, lambda: engine.generate(HELLO), world) is EngineUnavailable


def test_closing_ends_the_pause_between_attempts(engine_for: Make, world: World) -> None:
    engine = engine_for("429-soon", timeout_s=50)
    assert ended_by(engine.close, lambda: engine.generate(HELLO), world) is EngineUnavailable


def ended_by(close: Callable[[], None], ask: Callable[[], object], world: World) -> type[BaseException] | None:  # fmt: skip
    """What a request in another thread raises when the engine is closed after the server was asked."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            ask()
        except EngineUnavailable as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    world.arrived.wait(10)
    close()
    thread.join(10)
    return type(raised[0]) if raised else None


@pytest.mark.parametrize("url", ["http:///v1", "http://host:0x/v1", "http://host:99999/v1"])
def test_an_address_without_a_host_or_with_an_odd_port_is_refused(engine_for: Make, url: str) -> None:  # fmt: skip
    with pytest.raises(SettingsError, match=r"engines\.cloud\.url is no address"):
        engine_for(url=url)
