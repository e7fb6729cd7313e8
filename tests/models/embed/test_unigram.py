"""Cutting by the likeliest pieces: known cuts, the same as the library's, and files that are none."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from shopkeeper.errors import ArtifactError
from shopkeeper.models.embed.unigram import UnigramTokenizer, pieces_file
from tests.models.embed.unigram_json import unigram_json

PIECES = [
    ("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁red", -1.0), ("▁mug", -1.5),
    ("▁", -3.0), ("m", -5.0), ("u", -5.25), ("g", -5.5), ("ug", -6.0), ("▁re", -2.0), ("d▁m", -2.5),
    ("茶", -4.0), ("杯", -4.5), ("茶杯", -4.75), ("<mask>", 0.0),
]  # fmt: skip
LIBRARY = Tokenizer.from_str(unigram_json(PIECES, unknown=3))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pieces") / "pieces.tsv"
    path.write_bytes(b"".join(pieces_file(PIECES, unknown=3)))
    return path


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("red mug", ["▁red", "▁mug"]),
        ("red  \t\n mug", ["▁red", "▁mug"]),
        ("ｒｅｄ\x07 mug", ["▁red", "▁mug"]),
        ("red\u200bmug", ["▁red", "▁mug"]),
        ("茶杯", ["▁", "茶杯"]),
        ("mug", ["▁mug"]),
        ("~~", ["▁", "<unk>"]),
        ("<s>", ["▁", "<unk>"]),
        ("", []),
    ],
)
def test_a_text_is_cut_into_the_likeliest_pieces(file: Path, text: str, pieces: list[str]) -> None:
    (found,) = UnigramTokenizer(file, max_tokens=16).cut([text], special=True)
    assert [PIECES[number][0] for number in found] == ["<s>", *pieces, "</s>"]


@given(text=st.text("redmug茶杯 ~Ⅷｍ\t\u200b\x07", max_size=30).map(str.strip))
def test_every_text_is_cut_as_the_library_cuts_it(file: Path, text: str) -> None:
    ours = UnigramTokenizer(file, max_tokens=64).cut([text], special=True)
    assert ours == [LIBRARY.encode(text).ids]


def test_a_long_text_keeps_its_end_mark(file: Path) -> None:
    tokenizer = UnigramTokenizer(file, max_tokens=5)
    assert tokenizer.cut(["mug " * 9], special=True) == [[0, 5, 5, 5, 2]]
    assert tokenizer.cut(["mug " * 9], special=False) == [[5] * 5]


@pytest.mark.parametrize("content", ["", "{}", "unknown\tx\n", "unknown\t3\nno score\n"])
def test_another_file_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "other.tsv").write_text(content)
    with pytest.raises(ArtifactError, match=r"other\.tsv is no file of pieces"):
        UnigramTokenizer(tmp_path / "other.tsv", max_tokens=8)
