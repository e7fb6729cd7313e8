"""The lock file: whole, free of formats that hold programs, and mistakes in it are named."""

import pytest

from shopkeeper.models import lock
from shopkeeper.models.convert.catalogue import CONVERTERS
from shopkeeper.models.lock import Converted, Parts, Repo, Wheel

PLAIN = """
[tiny]
title = "Tiny"
format = "onnx"
licence = "MIT"
stated_by = "us"
file_name = "tiny.onnx"
size_bytes = 3
sha256 = "{digest}"
sources = [{{ wheel = "tiny==1", file = "a" }}, {{ repo = "o/n", revision = "1", file = "b" }}]
""".format(digest="a" * 64)


def test_what_an_entry_needs_and_is_made_of_is_in_the_lock_file() -> None:
    entries = lock.entries()
    for entry in entries.values():
        assert set(entry.needs) <= set(entries)
        for source in entry.sources:
            if isinstance(source, Converted):
                assert source.input in entries
                assert source.converter in CONVERTERS


def test_every_package_is_pinned_and_every_revision_is_a_commit() -> None:
    for entry in lock.entries().values():
        for source in entry.sources:
            assert not isinstance(source, Wheel) or "==" in source.package
            assert not isinstance(source, Repo) or len(source.revision) == 40


def test_sources_are_read_in_their_order() -> None:
    found = lock.parse(PLAIN)["tiny"]
    assert found.sources == (Wheel("tiny==1", "a"), Repo("o/n", "1", "b"))


def test_pieces_are_read() -> None:
    piece = '{ wheel = "tiny==1", file = "a", size_bytes = 1, sha256 = "b" }'
    text = PLAIN.replace('{ wheel = "tiny==1", file = "a" }', f"{{ parts = [{piece}] }}")
    source = lock.parse(text)["tiny"].sources[0]
    assert isinstance(source, Parts)
    assert source.parts[0].source == Wheel("tiny==1", "a")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"onnx"', '"pickle"', "format 'pickle' is not one of"),
        ('"tiny.onnx"', '"../tiny"', "not the plain name"),
        ('licence = "MIT"', "", "licence"),
        ("size_bytes = 3", "size_bytes = 0", "size"),
        ('wheel = "tiny==1"', 'whee = "tiny==1"', "whee"),
    ],
)
def test_a_mistake_is_named_with_its_entry(old: str, new: str, said: str) -> None:
    with pytest.raises(ValueError, match=f"entry tiny: .*{said}"):
        lock.parse(PLAIN.replace(old, new))
