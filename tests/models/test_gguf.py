"""Reading GGUF headers: what a file says of itself, and no crash, hang or trust whatever its bytes are."""

import struct
from pathlib import Path

import gguf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.errors import ArtifactError
from shopkeeper.models.gguf import FILE_TYPES, TENSOR_TYPES, read_header
from tests.models.tiny_gguf import write


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small GGUF file."""
    return write(tmp_path_factory.mktemp("gguf") / "tiny.gguf")


def test_a_file_tells_what_it_is(tiny: Path) -> None:
    header = read_header(tiny)
    assert (header.architecture, header.name, header.licence) == ("llama", "Tiny", "apache-2.0")
    assert (header.context_tokens, header.vocabulary) == (512, 3)
    assert header.chat_template == "{{ messages }}"
    assert header.parameters == 3 * 32 + 4 * 64
    assert header.lists == {"tokenizer.ggml.tokens": 3, "tokenizer.ggml.scores": 3}


def test_tensors_lie_where_the_formats_own_library_finds_them(tiny: Path) -> None:
    theirs = {t.name: t for t in gguf.GGUFReader(tiny).tensors}
    for tensor in read_header(tiny).tensors:
        assert tensor.offset == theirs[tensor.name].data_offset
        assert tensor.size_bytes == theirs[tensor.name].n_bytes
        assert tensor.shape == tuple(theirs[tensor.name].shape.tolist())


def test_a_file_that_names_no_quantisation_has_that_of_most_of_its_bytes(tmp_path: Path) -> None:
    assert read_header(write(tmp_path / "a", file_type=None)).quantisation == "F32"
    assert read_header(write(tmp_path / "b", file_type=15)).quantisation == "Q4_K_M"


def test_sizes_of_blocks_are_those_of_the_formats_own_library() -> None:
    for number, (block, size) in gguf.GGML_QUANT_SIZES.items():
        assert TENSOR_TYPES[number] == (number.name, block, size)
    named = {
        t.value: t.name.removeprefix("MOSTLY_").removeprefix("ALL_") for t in gguf.LlamaFileType
    }
    for number, name in FILE_TYPES.items():
        assert named[number].removesuffix("_MOE") == name


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "empty"),
        (b"GGU", "ends too early"),
        (b"PK\x03\x04" + b"\0" * 40, "does not begin with GGUF"),
        (b"GGUF" + struct.pack("<IQQ", 1, 0, 0), "version 1"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 0), "more than it can hold"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1 << 15), "more than it can hold"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 0), "general.architecture"),
    ],
)  # fmt: skip
def test_what_is_none_is_named_with_the_reason(tmp_path: Path, body: bytes, said: str) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(body)
    with pytest.raises(ArtifactError, match=said) as caught:
        read_header(path)
    assert str(path) in caught.value.message


def test_a_file_that_is_not_there_is_an_error_too(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="No such file"):
        read_header(tmp_path / "none.gguf")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"general.name", b"general.nam\xff", "not UTF-8"),
        (b"general.name", b"tokenizer.gg", ""),  # another key is no harm
        (b"general.license", b"general.name\0\0\0", ""),
        (b"output.weight", b"output.weigh\xff", "not UTF-8"),
        (struct.pack("<I", 9) + struct.pack("<IQ", 8, 3), struct.pack("<I", 9) + struct.pack("<IQ", 9, 3), "unknown type 9"),
        (struct.pack("<IQQ", 2, 32, 3), struct.pack("<IQQ", 2, 32, 1 << 40), "not inside the file"),
        (struct.pack("<IQQ", 2, 32, 3), struct.pack("<IQQ", 5, 32, 3), "5 dimensions"),
        (struct.pack("<IQQ", 2, 64, 4), struct.pack("<IQQ", 2, 63, 4), "cannot have the shape"),
        (struct.pack("<QIQ", 3, 0, 0), struct.pack("<QIQ", 3, 5, 0), "unknown type 5"),
        (struct.pack("<QIQ", 4, 8, 384), struct.pack("<QIQ", 4, 8, 352), "overlap"),
        (struct.pack("<QIQ", 4, 8, 384), struct.pack("<QIQ", 4, 8, 385), "not inside the file"),
    ],
)  # fmt: skip
def test_a_number_that_lies_is_found(
    tiny: Path, tmp_path: Path, old: bytes, new: bytes, said: str
) -> None:
    body = tiny.read_bytes()
    assert body.count(old) == 1
    path = tmp_path / "x.gguf"
    path.write_bytes(body.replace(old, new))
    if said:
        with pytest.raises(ArtifactError, match=said):
            read_header(path)
    else:
        read_header(path)


def test_a_key_or_a_tensor_that_comes_twice_is_refused(tiny: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    body = tiny.read_bytes()
    one, other = b"tokenizer.ggml.scores", b"tokenizer.ggml.tokens"
    path.write_bytes(body.replace(one, other))
    with pytest.raises(ArtifactError, match="comes twice"):
        read_header(path)


@settings(max_examples=400, deadline=None)
@given(
    changes=st.lists(st.tuples(st.integers(0, 700), st.binary(min_size=1, max_size=9)), max_size=6),
    cut=st.integers(0, 1000),
)
def test_mutated_headers_are_read_or_refused_and_tensors_stay_inside(
    tiny: Path, changes: list[tuple[int, bytes]], cut: int
) -> None:
    body = bytearray(tiny.read_bytes())
    for at, new in changes:
        body[at : at + len(new)] = new
    path = tiny.with_name("mutated.gguf")
    path.write_bytes(body[: len(body) - cut])
    try:
        header = read_header(path)
    except ArtifactError:
        return
    for tensor in header.tensors:
        assert tensor.offset > 0 and tensor.offset + tensor.size_bytes <= path.stat().st_size
    assert header.parameters >= 0 and header.context_tokens is not None
    assert isinstance(header.quantisation + header.name + header.made_from, str)
