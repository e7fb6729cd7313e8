"""Models of one's own: what a hub says is shown, what comes is checked and pinned, and nothing else stays."""

import json
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

from shopkeeper.errors import (
    ArtifactError,
    Conflict,
    FetchError,
    ModelError,
    StorageError,
    UnknownModel,
)
from shopkeeper.models import added, cache, hub, own, web
from shopkeeper.models.lock import Entry
from tests.models.a_hub import FIRST, REPO, SECOND, World, digest, one_repository, then_cut
from tests.models.bad_hub import send
from tests.models.tiny_gguf import write
from tests.models.world import entry_of, tiny

NAME = f"hf:{REPO}/tiny.gguf"
WEIGHTS = save({"w": np.ones((8, 8), np.float32)})
CHECKPOINT = {
    "config.json": b'{"architectures": ["GPT2LMHeadModel"]}', "tokenizer.json": b"{}", "merges.txt": b"a b\n",
    "model.safetensors": WEIGHTS, "pytorch_model.bin": b"pickle" * 99, "modeling.py": b"raise SystemExit",
    "README.md": b"# A model",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "PAUSE_S", 0.01)


@pytest.fixture(scope="module")
def body(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small GGUF file."""
    return write(tmp_path_factory.mktemp("gguf") / "tiny.gguf").read_bytes()


@pytest.fixture
def world(body: bytes) -> Iterator[World]:
    """A hub with that file."""
    with one_repository(**{"tiny.gguf": body}) as made:
        yield made


def places(world: World, **more: object) -> hub.Places:
    return hub.Places(**{"hub_url": world.url, "stall_s": 2.0} | more)  # type: ignore[arg-type]


def take(world: World, folder: Path, name: str = NAME) -> Entry:
    offered = own.offer(name, places(world), cache_folder=folder)
    return own.take(offered, folder, places=places(world))


def test_licence_maker_and_revision_are_told_before_anything_large_is_fetched(
    world: World, tmp_path: Path
) -> None:
    offered = own.offer(NAME, places(world), cache_folder=tmp_path)
    assert (offered.licence, offered.stated_by) == ("apache-2.0", "maker, on the model's page")
    assert offered.upstream == f"{REPO} on 127.0.0.1, made from maker/base"
    assert "rests on maker alone" in offered.warning
    assert str(offered.sources[0]) == f"{REPO}@{FIRST[:12]}/tiny.gguf"
    assert world.store.asked == []


def test_a_file_of_a_hub_is_fetched_checked_and_listed(
    world: World, tmp_path: Path, body: bytes
) -> None:
    entry = take(world, tmp_path)
    path = hub.cached("tiny", tmp_path)
    assert path is not None and path.read_bytes() == body
    assert entry.title == "Tiny: llama, 0 M parameters, F32, 512 tokens of context"
    assert hub.find("tiny", tmp_path) == hub.all_entries(tmp_path)["tiny"] == entry


def test_the_token_goes_to_the_hub_and_not_to_the_host_it_leads_to(
    world: World, tmp_path: Path
) -> None:
    known = places(world, hub_token="hf_canary")
    own.take(own.offer(NAME, known, cache_folder=tmp_path), tmp_path, places=known)
    assert world.tokens == {("hub", "Bearer hf_canary"), ("store", "")}
    assert "hf_canary" not in repr(known)


def test_what_is_cut_off_is_gone_on_with(world: World, tmp_path: Path, body: bytes) -> None:
    world.store.answers = [then_cut(world, 500), world.keep]
    take(world, tmp_path)
    assert [wanted for _, wanted in world.store.asked] == ["", "bytes=500-"]


def test_what_was_pinned_stays_whatever_the_hub_has_now(
    world: World, tmp_path: Path, body: bytes
) -> None:
    first = take(world, tmp_path)
    world.commit, world.files["tiny.gguf"] = SECOND, body + b"more"
    assert take(world, tmp_path) == first
    hub.place(first, tmp_path).unlink()
    with pytest.raises(ArtifactError, match="another file"):
        hub.pull("tiny", tmp_path, places=places(world))
    world.files["tiny.gguf"] = body
    assert hub.pull("tiny", tmp_path, places=places(world)).read_bytes() == body
    assert f"/{REPO}/resolve/{FIRST}/tiny.gguf" in world.hub.asked[-1][0]


def test_a_new_revision_is_another_model(world: World, tmp_path: Path, body: bytes) -> None:
    take(world, tmp_path)
    world.commit, world.files["tiny.gguf"] = SECOND, body + b"more"
    newer = f"hf:{REPO}@{SECOND}/tiny.gguf"
    with pytest.raises(Conflict, match="tiny is the id of another"):
        take(world, tmp_path, newer)
    offered = own.offer(newer, places(world), cache_folder=tmp_path)
    own.take(replace(offered, id="tiny-2"), tmp_path, places=places(world))
    assert set(added.read(tmp_path)) == {"tiny", "tiny-2"}


def test_a_hub_that_announces_another_file_is_not_asked_for_it(
    world: World, tmp_path: Path
) -> None:
    world.announced = digest(b"another")
    with pytest.raises(ArtifactError, match="the hub has another file there"):
        take(world, tmp_path)
    assert world.store.asked == [] and added.read(tmp_path) == {}


def test_a_file_that_is_another_is_refused_and_not_pinned(
    world: World, tmp_path: Path, body: bytes
) -> None:
    other = b"x" * len(body)
    world.store.answers = [lambda request, _: send(request, other, length=len(other))]
    with pytest.raises(ArtifactError, match="another sha256"):
        take(world, tmp_path)
    assert added.read(tmp_path) == {} and not list(tmp_path.rglob("tiny.gguf*"))


def test_a_file_that_is_as_listed_but_no_model_is_thrown_away(world: World, tmp_path: Path) -> None:
    world.files["tiny.gguf"] = b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 0) + bytes(400)
    with pytest.raises(ArtifactError, match="more than it can hold"):
        take(world, tmp_path)
    assert added.read(tmp_path) == {} and not list(tmp_path.rglob("tiny.gguf*"))


@pytest.mark.parametrize(
    ("code", "hint"),
    [(401, "SHOPKEEPER_HUB_TOKEN"), (403, "accept the terms"), (404, "spelt")],
)
def test_what_is_given_to_some_only_says_what_to_do(
    world: World, tmp_path: Path, code: int, hint: str
) -> None:
    world.code = code
    with pytest.raises(FetchError, match=f"answered {code}") as caught:
        take(world, tmp_path)
    assert hint in caught.value.hint and added.read(tmp_path) == {}


def test_a_file_that_is_not_there_names_those_that_are(world: World, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match=r"other\.gguf is not there") as caught:
        take(world, tmp_path, f"hf:{REPO}/other.gguf")
    assert "tiny.gguf" in caught.value.hint


@pytest.mark.parametrize(
    "answer", [b"<html>", b"[]", b'{"sha": "main", "siblings": []}', b'{"siblings": [1]}', b"\xff"]
)
def test_an_answer_that_is_none_of_a_hub_names_the_setting(
    world: World, tmp_path: Path, answer: bytes
) -> None:
    world.hub.answers = [lambda request, _: send(request, answer, length=len(answer))]
    with pytest.raises(ArtifactError, match="something else than a hub does") as caught:
        take(world, tmp_path)
    assert "SHOPKEEPER_HUB_URL" in caught.value.hint


def test_without_room_nothing_is_begun(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "SPARE", 10**18)
    with pytest.raises(StorageError, match="are needed"):
        take(world, tmp_path)
    assert world.store.asked == [] and added.read(tmp_path) == {}


def test_offline_nothing_is_asked(world: World, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="offline is set"):
        own.offer(NAME, places(world, offline=True), cache_folder=tmp_path)
    assert world.hub.asked == []


def test_no_licence_is_told_and_the_files_own_takes_its_place(world: World, tmp_path: Path) -> None:
    world.card = {"license": "\x1b[31mother", "license_name": 5}
    assert own.offer(NAME, places(world), cache_folder=tmp_path).licence == "[31mother"
    world.card = {}
    offered = own.offer(NAME, places(world), cache_folder=tmp_path)
    assert offered.licence == "none stated" and "No licence is stated" in offered.warning
    taken = own.take(offered, tmp_path, places=places(world))
    assert (taken.licence, taken.stated_by) == ("apache-2.0", "the file itself")


@pytest.mark.parametrize(
    "name",
    ["hf:maker", "hf:maker/model/a.bin", "hf:../x/a.gguf", "hf:maker/model/../../a.gguf", "hf:a/b@/c.gguf", "hf:a/b/c"],
)  # fmt: skip
def test_what_names_no_model_says_how_to_write_it(world: World, tmp_path: Path, name: str) -> None:
    with pytest.raises(UnknownModel, match="names no model of a hub") as caught:
        own.offer(name, places(world), cache_folder=tmp_path)
    assert "hf:OWNER/NAME/FILE.gguf" in caught.value.hint


def test_a_folder_comes_without_its_pickles_and_programs(tmp_path: Path) -> None:
    with one_repository(**CHECKPOINT) as world:
        entry = take(world, tmp_path, f"hf:{REPO}")
        asked = " ".join(path for path, _ in world.hub.asked)
    path = hub.cached("model", tmp_path)
    assert path is not None and entry.title == "model: GPT2LMHeadModel"
    assert sorted(p.name for p in path.iterdir()) == [
        "config.json", "merges.txt", "model.safetensors", "tokenizer.json",
    ]  # fmt: skip
    assert "pytorch_model.bin" not in asked and "modeling.py" not in asked
    (path / "merges.txt").chmod(0o644)
    (path / "merges.txt").write_bytes(b"b a\n")
    assert hub.cached("model", tmp_path) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model.safetensors": None}, "no weights as safetensors, only pickles"),
        ({"config.json": None}, "has no config.json"),
        ({"tokenizer.json": None}, "has no tokenizer"),
        ({"config.json": b"[]"}, "is no JSON object"),
        ({"model.safetensors": b"\xff" * 400}, "is not safetensors"),
    ],
)
def test_a_folder_that_is_no_checkpoint_is_refused(
    tmp_path: Path, change: dict[str, bytes | None], said: str
) -> None:
    files = {name: body for name, body in (CHECKPOINT | change).items() if body is not None}
    with one_repository(**files) as world, pytest.raises(ArtifactError, match=said):
        take(world, tmp_path, f"hf:{REPO}")
    assert added.read(tmp_path) == {}


def test_a_small_file_that_is_not_as_listed_is_refused(tmp_path: Path) -> None:
    with one_repository(**CHECKPOINT) as world:
        listing = world.listing()
        listing["siblings"][0]["blobId"] = "0" * 40
        text = json.dumps(listing).encode()
        world.hub.answers = [lambda request, _: send(request, text, length=len(text)), world.answer]
        with pytest.raises(ArtifactError, match="another file than the hub lists"):
            take(world, tmp_path, f"hf:{REPO}")


def test_a_file_of_this_machine_is_used_where_it_lies(tmp_path: Path) -> None:
    path = write(tmp_path / "My Model.gguf")
    entry = added.add(own.from_path(path), tmp_path / "cache")
    assert entry.id == "my-model" and hub.path_here("my-model", tmp_path / "cache") == path
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    assert hub.cached("my-model", tmp_path / "cache") is None
    with pytest.raises(FetchError, match="is not what was added as my-model"):
        hub.pull("my-model", tmp_path / "cache")
    assert hub.remove("my-model", tmp_path / "cache") and path.exists()
    with pytest.raises(UnknownModel):
        hub.find("my-model", tmp_path / "cache")


def test_a_folder_of_this_machine_tells_its_licence(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, body in CHECKPOINT.items():
        (folder / name).write_bytes(body)
    (folder / "README.md").write_text("---\ntags:\n- x\nlicense: mit\n---\n# Mine\n")
    entry = added.add(own.from_path(folder), tmp_path / "cache")
    assert (entry.licence, entry.stated_by) == ("mit", "its README.md")
    assert hub.cached("mine", tmp_path / "cache") == folder
    (folder / "model.safetensors").write_bytes(b"\0" * 300)
    with pytest.raises(ArtifactError, match="is not safetensors"):
        own.from_path(folder)


def test_removing_what_came_from_a_hub_takes_its_files_too(world: World, tmp_path: Path) -> None:
    path = hub.place(take(world, tmp_path), tmp_path)
    assert hub.remove("tiny", tmp_path) and not path.exists()
    assert added.read(tmp_path) == {}


def test_what_another_id_has_too_stays(world: World, tmp_path: Path) -> None:
    offered = own.offer(NAME, places(world), cache_folder=tmp_path)
    for name in ("one", "other"):
        own.take(replace(offered, id=name), tmp_path, places=places(world))
    assert hub.remove("one", tmp_path)
    assert hub.cached("other", tmp_path) is not None


def test_a_damaged_lock_file_is_named_and_shipped_entries_are_found_all_the_same(
    tmp_path: Path,
) -> None:
    (tmp_path / added.FILE_NAME).write_text("[half\n")
    with pytest.raises(ArtifactError, match=added.FILE_NAME):
        hub.all_entries(tmp_path)
    assert hub.find("htmx", tmp_path).id == "htmx"


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


@given(title=texts, licence=texts, warning=texts, path=texts)
def test_an_entry_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, title: str, licence: str, warning: str, path: str
) -> None:
    folder = tmp_path_factory.mktemp("lock")
    entry = replace(
        entry_of(tiny()), sources=(), title=title, licence=licence, warning=warning, path=f"/{path}"
    )
    added.add(entry, folder)
    assert added.read(folder) == {"tiny": entry}
    assert added.forget("tiny", folder) and not added.forget("tiny", folder)


def test_what_a_lock_file_may_not_have_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be put into a lock file"):
        added.add(replace(entry_of(tiny()), file_name="../x"), tmp_path)
    assert not (tmp_path / added.FILE_NAME).exists()
