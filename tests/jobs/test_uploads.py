"""Uploads: kept under a name that is only a name, found, listed, thrown away."""

import io
from pathlib import Path

import pytest

from shopkeeper.errors import NotFound
from shopkeeper.jobs import uploads


def keep(folder: Path, name: str = "a.csv") -> uploads.Upload:
    return uploads.keep(folder, name, io.BytesIO(b"id,title\n"))


@pytest.mark.parametrize("name", ["../../x.csv", "/etc/passwd", "..", ".", "", "a\0b\n.csv", "<img>.csv", "商品.csv", "x" * 300])  # fmt: skip
def test_a_name_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    kept = keep(tmp_path, name)
    assert kept.path.parent.parent == uploads.uploads_folder(tmp_path)
    assert kept.path.read_bytes() == b"id,title\n" and kept.size_bytes == 9
    assert uploads.find(tmp_path, kept.token) == kept


@pytest.mark.parametrize("token", ["", "..", "../uploads", "0123456789abcdef", "0" * 15])
def test_a_token_that_is_none_finds_nothing(tmp_path: Path, token: str) -> None:
    keep(tmp_path)
    with pytest.raises(NotFound):
        uploads.find(tmp_path, token)
    uploads.discard(tmp_path, token)  # and does no harm
    assert len(uploads.waiting(tmp_path, [])) == 1


def test_what_a_job_works_on_does_not_wait(tmp_path: Path) -> None:
    assert uploads.waiting(tmp_path, []) == []
    first, second = keep(tmp_path), keep(tmp_path, "b.csv")
    assert {u.name for u in uploads.waiting(tmp_path, [])} == {"a.csv", "b.csv"}
    assert uploads.waiting(tmp_path, [str(first.path)]) == [second]
    uploads.discard(tmp_path, second.token)
    assert uploads.waiting(tmp_path, [str(first.path)]) == []


def test_only_uploads_are_removed_after_an_import(tmp_path: Path) -> None:
    own = tmp_path / "mine.csv"
    own.touch()
    uploads.remove(own, tmp_path)
    assert own.exists()
    kept = keep(tmp_path)
    uploads.remove(kept.path, tmp_path)
    assert not kept.path.parent.exists()


def test_an_upload_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError("the line is dead")

    with pytest.raises(OSError, match="dead"):
        uploads.keep(tmp_path, "a.csv", Broken())
    assert uploads.waiting(tmp_path, []) == []
