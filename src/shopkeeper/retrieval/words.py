"""Retrieval by words: a tantivy index of documents, and the full set of those that match a query.

Queries are built from terms; no user text reaches a query parser. Documents are keyed by a 64-bit hash of their id,
which is also what comes back, so that any number of indexes and columns agree without sharing a list.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tantivy import (
    Document,
    Filter,
    Index,
    IndexWriter,
    Occur,
    Query,
    SchemaBuilder,
    Searcher,
    TextAnalyzerBuilder,
    Tokenizer,
)

from shopkeeper.text import index_tokens, query_tokens

Keys = npt.NDArray[np.uint64]
Scores = npt.NDArray[np.float32]

WRITER_BYTES = 48_000_000
MAX_TERMS = 24  # of a query; what comes behind adds nothing but time
TITLE = "title"
PHRASE_WEIGHT = 1.5
TIE_BREAK = 0.6  # how much the fields beside the best one count
_STOP = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "by",
        "for",
        "from",
        "in",
        "is",
        "it",
        "of",
        "on",
        "or",
        "that",
        "the",
        "this",
        "to",
        "with",
    ]
)


@dataclass(frozen=True, slots=True)
class Matches:
    """The documents that match. keys: (N,), scores: (N,) descending."""

    keys: Keys
    scores: Scores
    unknown: tuple[str, ...] = ()  # words that no document has
    required: int = 0  # how many of the words a match has at least
    asked: int = 0  # how many known words there are


@dataclass(frozen=True, slots=True)
class Term:
    """One thing asked for: its token as the index spells it, and the fields that know it."""

    token: str
    fields: tuple[str, ...]
    stop: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """A document to be indexed: texts by field, and codes that find exactly this document."""

    id: str
    texts: Mapping[str, str]
    codes: tuple[str, ...] = field(default=())


def key_of(document_id: str) -> int:
    """The 64-bit key of a document id."""
    digest = hashlib.blake2b(document_id.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def normal_code(code: str) -> str:
    """A SKU, GTIN or model number as it is compared: letters and digits, small; GTINs without leading zeros."""
    bare = "".join(c for c in code.casefold() if c.isalnum())[:80]
    return bare.lstrip("0") if bare.isdigit() else bare


class WordIndex:
    """A tantivy index in a folder. weights: what a match in each field counts."""

    def __init__(self, folder: Path, weights: Mapping[str, float]) -> None:
        self.folder = folder
        self.weights = dict(weights)
        builder = SchemaBuilder()
        builder.add_unsigned_field("key", stored=False, indexed=True, fast=True)
        builder.add_text_field("code", tokenizer_name="raw", index_option="basic")
        for name in self.weights:
            builder.add_text_field(name, tokenizer_name="words", index_option="position")
        self._schema = builder.build()
        folder.mkdir(parents=True, exist_ok=True)
        self._index = Index(self._schema, path=str(folder), reuse=True)
        self._analyzer = (
            TextAnalyzerBuilder(Tokenizer.whitespace()).filter(Filter.stemmer("english")).build()
        )
        self._index.register_tokenizer("words", self._analyzer)
        self._writer: IndexWriter | None = None
        self._searcher: Searcher = self._index.searcher()

    def open_writer(self) -> None:
        """Make this the index's one writer. Raises ValueError where another has it."""
        if self._writer is None:
            self._writer = self._index.writer(WRITER_BYTES, 1)

    def write(self, entries: Iterable[Entry]) -> int:
        """Put documents in, replacing those of the same id; visible after `commit`. Returns how many."""
        assert self._writer is not None
        number = 0
        for entry in entries:
            key = key_of(entry.id)
            self._delete(key)
            document = Document()
            document.add_unsigned("key", key)
            for code in entry.codes:
                document.add_text("code", normal_code(code))
            for name, text in entry.texts.items():
                document.add_text(name, " ".join(index_tokens(text)))
            self._writer.add_document(document)
            number += 1
        return number

    def delete(self, ids: Iterable[str]) -> None:
        """Take documents out; visible after `commit`."""
        assert self._writer is not None
        for document_id in ids:
            self._delete(key_of(document_id))

    def _delete(self, key: int) -> None:
        assert self._writer is not None
        # by query: deleting by term takes a number for a signed one, which this field is not, and deletes nothing
        self._writer.delete_documents_by_query(Query.term_query(self._schema, "key", key))

    def commit(self) -> None:
        """Make what was written durable and visible."""
        assert self._writer is not None
        self._writer.commit()
        self.reload()

    def reload(self) -> None:
        """See what another writer has committed."""
        self._index.reload()
        self._searcher = self._index.searcher()

    def close(self) -> None:
        """Leave the index to other writers."""
        if self._writer is not None:
            self._writer.wait_merging_threads()
            self._writer = None

    @property
    def size(self) -> int:
        """How many documents there are."""
        return int(self._searcher.num_docs)

    def find_code(self, code: str) -> Keys:
        """Documents with exactly this code."""
        normal = normal_code(code)
        if not normal:
            return np.zeros(0, np.uint64)
        return self._collect(self._searcher, Query.term_query(self._schema, "code", normal)).keys

    def terms(self, query: str) -> tuple[list[Term], list[str]]:
        """What the query asks for, and its words that no document has."""
        searcher = self._searcher
        tokens = list(dict.fromkeys(query_tokens(query)))[:MAX_TERMS]
        known, unknown = [], []
        for token in tokens:
            for stem in self._analyzer.analyze(token):
                fields = tuple(f for f in self.weights if searcher.doc_freq(f, stem))
                if fields:
                    known.append(Term(stem, fields, token in _STOP))
                else:
                    unknown.append(token)
        return known, unknown

    def search(self, query: str, *, enough: int = 12) -> Matches:
        """All documents that match, the best first.

        A match has all words of the query if at least `enough` documents do; else fewer words are asked for, down to
        half of them, and then one. Words that no document has, and words like «the», ask for nothing.
        """
        searcher = self._searcher
        terms, unknown = self.terms(query)
        if not terms:
            return Matches(np.zeros(0, np.uint64), np.zeros(0, np.float32), tuple(unknown))
        telling = [t for t in terms if not t.stop] or terms
        found = Matches(np.zeros(0, np.uint64), np.zeros(0, np.float32))
        for required in _steps(len(telling)):
            found = self._collect(searcher, self._query(terms, telling, required))
            if len(found.keys) >= enough:
                break
        return Matches(found.keys, found.scores, tuple(unknown), required, len(telling))

    def explain(self, query: str, document_id: str) -> list[tuple[str, str, float]]:
        """(term, field, score) of each match between the query and a document, the strongest first."""
        searcher = self._searcher
        only = Query.term_query(self._schema, "key", key_of(document_id))
        hits = searcher.search(only, 1).hits
        if not hits:
            return []
        address = hits[0][1]
        found = []
        for term in self.terms(query)[0]:
            for name in term.fields:
                part = Query.term_query(self._schema, name, term.token)
                try:
                    told: dict[str, Any] = json.loads(part.explain(searcher, address).to_json())
                except ValueError:  # tantivy's way to say that the term is not there
                    continue
                found.append((term.token, name, told["value"] * self.weights[name]))
        return sorted(found, key=lambda match: -match[2])

    def _query(self, terms: Sequence[Term], telling: Sequence[Term], required: int) -> Query:
        needed = Query.boolean_query(
            [(Occur.Should, self._term_query(t)) for t in telling],
            minimum_number_should_match=required,
        )
        parts = [(Occur.Must, needed)]
        parts += [(Occur.Should, self._term_query(t)) for t in terms if t.stop and t not in telling]
        for a, b in pairwise(terms):
            if TITLE in a.fields and TITLE in b.fields:
                phrase = Query.phrase_query(self._schema, TITLE, [a.token, b.token])
                parts.append((Occur.Should, Query.boost_query(phrase, PHRASE_WEIGHT)))
        return Query.boolean_query(parts)

    def _term_query(self, term: Term) -> Query:
        parts = [
            Query.boost_query(Query.term_query(self._schema, f, term.token), self.weights[f])
            for f in term.fields
        ]
        return parts[0] if len(parts) == 1 else Query.disjunction_max_query(parts, TIE_BREAK)

    def _collect(self, searcher: Searcher, query: Query) -> Matches:
        hits = searcher.search(query, max(1, searcher.num_docs), count=False).hits
        keys = searcher.fast_field_values("key", [address for _, address in hits])
        scores = np.fromiter((score for score, _ in hits), np.float32, len(hits))
        return Matches(np.array(keys, np.uint64), scores)


def _steps(words: int) -> list[int]:
    """How many of the words to ask for, in turn: all, all but one, …, half of them."""
    return list(range(words, max(0, (words - 1) // 2), -1)) or [1]
