"""What goes into a corpus, what stays out, and on which side a document is."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.errors import ArtifactError, FeedError
from shopkeeper.training.corpus import (
    Cleaning,
    clean,
    make_corpus,
    read_account,
    shard,
    split_of,
    texts,
)
from shopkeeper.training.shards import Shards, iterate_documents
from shopkeeper.training.sources import Document, of_file
from shopkeeper.training.tokenizer import train_tokenizer


def documents(count: int) -> list[Document]:
    kinds = ("kettle", "lamp", "tent", "mug", "rug", "clock", "chair")
    return [
        Document(f"Document {i}: the {kinds[i % 7]} number {i * 37 % 1009} costs {i * i} and has {i + 3} parts.", f"d{i}")
        for i in range(count)
    ]  # fmt: skip


@given(st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


def test_control_characters_long_runs_and_spaces_go() -> None:
    assert clean("a\x00b  c\u3000d\n\n\n\ne" + "!" * 99) == "ab c d\n\ne!"


def test_what_is_left_out_is_counted_with_its_reason(tmp_path: Path) -> None:
    given = [
        *documents(60),
        documents(1)[0],
        Document("short", "s"),
        Document("这是一个很长的中文句子，关于保温杯和茶壶的。", "z"),
    ]
    account = make_corpus(given, tmp_path, Cleaning(languages=("en",), held_out_share=0.2))
    assert account.left_out == {"near duplicate": 1, "too short": 1, "other language": 1}
    assert sum(account.documents.values()) == 60
    assert read_account(tmp_path) == account


def test_personal_data_does_not_get_in(tmp_path: Path) -> None:
    text = "Please write to anna.smith@example.org or call +49 170 1234567 about the broken kettle."
    account = make_corpus([Document(text, "x")], tmp_path, Cleaning(held_out_share=0))
    kept = next(iter(texts(tmp_path, "train")))
    assert "anna" not in kept and "1234567" not in kept and account.personal == 2


def test_a_document_is_on_the_same_side_whatever_the_others_are(tmp_path: Path) -> None:
    make_corpus(documents(80), tmp_path / "a", Cleaning(held_out_share=0.3))
    make_corpus(documents(80)[40:], tmp_path / "b", Cleaning(held_out_share=0.3))
    sides = [{s: set(texts(tmp_path / f, s)) for s in ("train", "held_out")} for f in ("a", "b")]
    assert sides[1]["held_out"] <= sides[0]["held_out"] and sides[1]["train"] <= sides[0]["train"]
    assert not sides[0]["train"] & sides[0]["held_out"]
    assert split_of("x", 0) == "train" and split_of("x", 1) == "held_out"


def test_a_corpus_without_a_document_says_why(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="empty: 2 too short"):
        make_corpus([Document("a", "1"), Document("b", "2")], tmp_path)
    with pytest.raises(ArtifactError, match="no finished corpus"):
        read_account(tmp_path)


def test_shards_hold_the_documents_of_their_side(tmp_path: Path) -> None:
    make_corpus(documents(50), tmp_path / "corpus", Cleaning(held_out_share=0.2))
    tokenizer = train_tokenizer(texts(tmp_path / "corpus", "train"), "causal", vocabulary=400)
    heads = shard(tmp_path / "corpus", tokenizer, tmp_path / "shards")
    for split, head in heads.items():
        found = iterate_documents(Shards(tmp_path / "shards" / split, length=8))
        assert [tokenizer.decode(ids) for ids in found] == list(texts(tmp_path / "corpus", split))
        assert head.text_bytes == sum(len(t.encode()) for t in texts(tmp_path / "corpus", split))


def test_files_of_three_kinds_give_their_documents(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo\n\n\nthree\n")
    (tmp_path / "a.jsonl").write_text('{"title": "T", "text": "x"}\n\n"plain"\n')
    pq.write_table(pa.table({"body": ["p", "q"], "n": [1, 2]}), tmp_path / "a.parquet")
    found = {s: [d.text for d in of_file(tmp_path / f"a.{s}")] for s in ("txt", "jsonl", "parquet")}
    assert found == {
        "txt": ["one\ntwo\n", "three\n"],
        "jsonl": ["x\nT", "plain"],
        "parquet": ["p", "q"],
    }
    assert next(of_file(tmp_path / "a.jsonl", field="title")).text == "T"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", '{"text": "x"}\n{', r"a\.jsonl:2: not JSON"),
        ("a.jsonl", json.dumps({"name": 3}), r"a\.jsonl:1: no text under"),
        ("a.jsonl", "[1]", "neither an object nor a text"),
        ("a.parquet", "PAR", "not Parquet"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(
    tmp_path: Path, name: str, content: str, said: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(FeedError, match=said):
        list(of_file(tmp_path / name))
    with pytest.raises(FeedError, match="no such file"):
        list(of_file(tmp_path / "none.txt"))
