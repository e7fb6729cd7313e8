"""A model hub that misbehaves: what it cuts off is gone on with, what it says is passed on, what it fakes is refused."""

import time
from pathlib import Path

import pytest

from shopkeeper.errors import ArtifactError, FetchError
from shopkeeper.models import hub, web
from tests.models.bad_hub import (
    PATH,
    SOURCE,
    Answer,
    Hub,
    cut,
    send,
    stalled,
    status,
    whole,
    without_ranges,
)
from tests.models.world import BODY, entry_of, use


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "PAUSE_S", 0.01)


def pull(hub_server: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    use(monkeypatch, entry_of(SOURCE))
    return hub.pull("tiny", folder, places=hub.Places(hub_url=hub_server.url, stall_s=0.2))


@pytest.mark.parametrize(
    "answers",
    [
        [whole],
        [cut, cut, whole],
        [cut, without_ranges],
        [stalled, whole],
        [status(503), whole],
        [cut, status(416), whole],
        [cut, cut, cut, cut],
    ],
    ids=["whole", "cut", "no ranges", "stalled", "busy", "range refused", "always cut"],
)
def test_the_file_comes_whole_in_the_end(
    hub_server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: list[Answer]
) -> None:
    hub_server.answers = list(answers)
    assert pull(hub_server, tmp_path, monkeypatch).read_bytes() == BODY
    assert {path for path, _ in hub_server.asked} == {PATH}


def test_what_is_there_is_not_fetched_again(
    hub_server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub_server.answers = [cut, whole]
    pull(hub_server, tmp_path, monkeypatch)
    assert [wanted for _, wanted in hub_server.asked] == ["", "bytes=700-"]


def test_a_pull_that_failed_is_gone_on_with_by_the_next(
    hub_server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub_server.answers = [cut, status(404)]
    with pytest.raises(FetchError, match="answered 404"):
        pull(hub_server, tmp_path, monkeypatch)
    hub_server.answers = [whole]
    assert pull(hub_server, tmp_path, monkeypatch).read_bytes() == BODY
    assert hub_server.asked[-1] == (PATH, "bytes=700-")


def test_a_wrong_beginning_of_an_earlier_program_is_thrown_away(
    hub_server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub_server.answers = [whole]
    path = pull(hub_server, tmp_path, monkeypatch)
    path.unlink()
    path.with_name(path.name + ".part").write_bytes(b"something else")
    assert pull(hub_server, tmp_path, monkeypatch).read_bytes() == BODY


@pytest.mark.parametrize("body", [BODY.upper(), BODY + b"more", BODY[:-1]])
def test_another_file_is_refused_and_nothing_stays(
    hub_server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    hub_server.answers = [lambda request, _: send(request, body, length=len(body))]
    with pytest.raises(ArtifactError, match="owner/name@0123456789ab"):
        pull(hub_server, tmp_path, monkeypatch)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and "asset" in path.name]


@pytest.mark.parametrize(("code", "requests"), [(404, 1), (403, 1), (500, web.ATTEMPTS)])
def test_what_the_hub_says_is_passed_on(
    hub_server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, requests: int
) -> None:
    hub_server.answers = [status(code)]
    with pytest.raises(FetchError, match=f"answered {code}"):
        pull(hub_server, tmp_path, monkeypatch)
    assert len(hub_server.asked) == requests


def test_a_hub_that_says_nothing_is_given_up(
    hub_server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub_server.answers = [lambda *_: time.sleep(0.5)]
    with pytest.raises(FetchError, match=r"stalled: nothing came for 0\.2 s"):
        pull(hub_server, tmp_path, monkeypatch)


def test_without_a_network_the_address_is_named(
    hub_server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub_server.url = "http://127.0.0.1:1"
    with pytest.raises(FetchError, match=r"127\.0\.0\.1:1/owner/name.*cannot be reached"):
        pull(hub_server, tmp_path, monkeypatch)


def test_an_address_that_is_none_names_the_setting(
    hub_server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub_server.url = "file:///etc"
    with pytest.raises(FetchError) as caught:
        pull(hub_server, tmp_path, monkeypatch)
    assert "SHOPKEEPER_HUB_URL" in caught.value.hint
