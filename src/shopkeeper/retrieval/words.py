"""Retrieval by words: a tantivy index of documents, and the full set of those that match a query.

Queries are built from terms; no user text reaches a query parser. Documents are keyed by a 64-bit hash of their id,
which is also what comes back, so that any number of indexes and columns agree without sharing a list.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
MOST_COVERED = 2000  # documents whose coverage is known exactly; the others have no more than the last of these
TITLE = "title"
PROSE = (
    "description"  # the field that says much in passing: a word found in it alone is half covered
)
SURFACE = "surface"  # the words of all other fields as they are written, which typing errors are held against
PHRASE_WEIGHT = 1.5
TIE_BREAK = 0.6  # how much the fields beside the best one count
PROSE_COVERAGE = 0.5
_STOP = frozenset(
    "a an and are as at be by for from in is it of on or that the this to with".split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Wording:
    """Another way to write a word of a query: one word, or several that follow each other.

    weight: what finding it counts beside finding the word itself, in (0, 1].
    """

    words: tuple[str, ...]
    weight: float


Wordings = Mapping[str, Sequence[Wording]]


@dataclass(frozen=True, slots=True)
class Matches:
    """The documents that match.

    keys: (N,), scores: (N,) descending. coverage: (N,) how much of the query each has, in [0, 1]: its words weighted
    by how rare they are, half for those it has in prose only; words that no document has are missing in all.
    """

    keys: Keys
    scores: Scores
    coverage: Scores = field(default_factory=lambda: np.zeros(0, np.float32))
    unknown: tuple[str, ...] = ()  # words that no document has
    required: int = 0  # how many of the words a match has at least
    asked: int = 0  # how many known words there are


@dataclass(frozen=True, slots=True)
class Term:
    """One thing asked for: its token as the index spells it, the fields that know it, other wordings.

    rarity: its inverse document frequency.
    """

    token: str
    fields: tuple[str, ...]
    stop: bool
    rarity: float
    wordings: tuple["TermWording", ...] = ()

    def ways(self) -> Iterator[tuple[tuple[str, ...], str, float]]:
        """All ways to find it: tokens, the field they are in, and what that counts."""
        for name in self.fields:
            yield (self.token,), name, 1.0
        for wording in self.wordings:
            for name in wording.fields:
                yield wording.tokens, name, wording.weight


@dataclass(frozen=True, slots=True)
class TermWording:
    """A wording as the index spells it, and the fields that know all its tokens."""

    tokens: tuple[str, ...]
    fields: tuple[str, ...]
    weight: float


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
        builder.add_text_field(SURFACE, tokenizer_name="surface", index_option="basic")
        self._schema = builder.build()
        folder.mkdir(parents=True, exist_ok=True)
        self._index = Index(self._schema, path=str(folder), reuse=True)
        self._analyzer = (
            TextAnalyzerBuilder(Tokenizer.whitespace()).filter(Filter.stemmer("english")).build()
        )
        self._index.register_tokenizer("words", self._analyzer)
        surface = TextAnalyzerBuilder(Tokenizer.whitespace()).build()
        self._index.register_tokenizer("surface", surface)
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
                tokens = " ".join(index_tokens(text))
                document.add_text(name, tokens)
                if name != PROSE:
                    document.add_text(SURFACE, tokens)
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
        return self._collect(Query.term_query(self._schema, "code", normal))[0]

    def vocabulary(self) -> list[tuple[str, int]]:
        """The words of all fields but prose as they are written, and how many documents have each."""
        return self._searcher.terms_with_prefix(SURFACE, "")

    def count(self, words: Sequence[str]) -> int:
        """How many documents have these words one behind the other in their title; one word: in any field."""
        tokens = self._stems(words)
        if len(tokens) > 1:
            query = Query.phrase_query(self._schema, TITLE, list(tokens))
        elif tokens:
            query = Query.boolean_query(
                [(Occur.Should, self._field_query(f, tokens)) for f in self.weights]
            )
        else:
            return 0
        return self._number(query)

    def is_named(self, words: str) -> bool:
        """True if some document has these words one behind the other in a field other than prose."""
        tokens = self._stems(query_tokens(words))
        fields = [name for name in self.weights if name != PROSE]
        return bool(tokens) and any(self._number(self._field_query(f, tokens)) for f in fields)

    def count_all(self, words: Sequence[str]) -> int:
        """How many documents have all of these words, in any field and order."""
        terms, unknown = self.terms(" ".join(words))
        if unknown or not terms:
            return 0
        return self._number(Query.boolean_query([(Occur.Must, self._term_query(t)) for t in terms]))

    def terms(self, query: str, also: Wordings | None = None) -> tuple[list[Term], list[str]]:
        """What the query asks for, and its words that no document has, in any wording."""
        tokens = list(dict.fromkeys(query_tokens(query)))[:MAX_TERMS]
        known, unknown = [], []
        for token in tokens:
            others = self._wordings((also or {}).get(token, ()))
            for stem in self._analyzer.analyze(token):
                frequencies = {f: self._searcher.doc_freq(f, stem) for f in self.weights}
                fields = tuple(f for f, n in frequencies.items() if n)
                if fields or others:
                    rarity = self._rarity(max(frequencies.values()))
                    known.append(Term(stem, fields, token in _STOP, rarity, others))
                else:
                    unknown.append(token)
        return known, unknown

    def search(self, query: str, *, enough: int = 12, also: Wordings | None = None) -> Matches:
        """All documents that match, the best first.

        A match has all words of the query if at least `enough` documents do; else fewer words are asked for, down to
        half of them, and then one. Words that no document has, and words like «the», ask for nothing. also: other
        wordings of words of the query, by word. The score is BM25 over the fields, with a bonus for neighbours that
        are neighbours in the title, times the coverage.
        """
        terms, unknown = self.terms(query, also)
        if not terms:
            return _nothing(unknown)
        telling = [t for t in terms if not t.stop] or terms
        for required in _steps(len(telling)):
            needed = self._needed(telling, required)
            keys, scores = self._collect(self._scored(needed, terms, telling))
            if len(keys) >= enough:
                break
        whole = sum(t.rarity for t in telling) + len(unknown) * self._rarity(0)
        coverage = self._coverage(self._covered(needed, telling), keys) / np.float32(whole)
        scores = scores * coverage
        order = np.argsort(-scores, kind="stable")
        return Matches(
            keys[order], scores[order], coverage[order], tuple(unknown), required, len(telling)
        )

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

    def _rarity(self, frequency: int) -> float:
        """Inverse document frequency, above 0."""
        return math.log(1 + (self.size + 1) / (frequency + 0.5))

    def _stems(self, words: Sequence[str]) -> tuple[str, ...]:
        return tuple(stem for word in words for stem in self._analyzer.analyze(word))

    def _wordings(self, wordings: Sequence[Wording]) -> tuple[TermWording, ...]:
        known = []
        for wording in wordings:
            tokens = self._stems(wording.words)
            fields = tuple(
                f for f in self.weights if all(self._searcher.doc_freq(f, t) for t in tokens)
            )
            if tokens and fields:
                known.append(TermWording(tokens, fields, wording.weight))
        return tuple(known)

    def _needed(self, telling: Sequence[Term], required: int) -> Query:
        return Query.boolean_query(
            [(Occur.Should, self._term_query(t)) for t in telling],
            minimum_number_should_match=required,
        )

    def _scored(self, needed: Query, terms: Sequence[Term], telling: Sequence[Term]) -> Query:
        """What is needed, and what adds to the score: words like «the», and neighbours in the title."""
        parts = [(Occur.Must, needed)]
        parts += [(Occur.Should, self._term_query(t)) for t in terms if t.stop and t not in telling]
        for a, b in pairwise(terms):
            if TITLE in a.fields and TITLE in b.fields:
                phrase = self._field_query(TITLE, (a.token, b.token))
                parts.append((Occur.Should, Query.boost_query(phrase, PHRASE_WEIGHT)))
        return Query.boolean_query(parts)

    def _covered(self, needed: Query, telling: Sequence[Term]) -> Query:
        """What is needed, scored by the rarity of the words that are there."""
        parts = [(Occur.Must, Query.boost_query(needed, 0.0))]
        for term in telling:
            each = [
                Query.const_score_query(
                    self._field_query(f, tokens),
                    term.rarity * weight * (PROSE_COVERAGE if f == PROSE else 1.0),
                )
                for tokens, f, weight in term.ways()
            ]
            parts.append((Occur.Should, Query.disjunction_max_query(each, 0.0)))
        return Query.boolean_query(parts)

    def _term_query(self, term: Term) -> Query:
        parts = [
            Query.boost_query(self._field_query(f, tokens), self.weights[f] * weight)
            for tokens, f, weight in term.ways()
        ]
        return parts[0] if len(parts) == 1 else Query.disjunction_max_query(parts, TIE_BREAK)

    def _field_query(self, name: str, tokens: Sequence[str]) -> Query:
        if len(tokens) == 1:
            return Query.term_query(self._schema, name, tokens[0])
        return Query.phrase_query(self._schema, name, list(tokens))

    def _number(self, query: Query) -> int:
        found: Any = self._searcher.search(query, 1)
        return int(found.count)  # which tantivy's type stubs leave out

    def _coverage(self, covered: Query, keys: Keys) -> Scores:
        """The score of each key by a query that all of them match: exact for the best `MOST_COVERED`, and for the
        others that of the last of these, which is no less than theirs."""
        others, scores = self._collect(covered, MOST_COVERED)
        if not len(keys):
            return scores[:0]
        order = np.argsort(others)
        at = np.searchsorted(others, keys, sorter=order)
        at[at == len(others)] = 0
        place = order[at]
        found: Scores = np.where(others[place] == keys, scores[place], scores[-1])
        return found

    def _collect(self, query: Query, limit: int | None = None) -> tuple[Keys, Scores]:
        """Keys and scores of all documents that match, or of so many, the best first."""
        searcher = self._searcher
        hits = searcher.search(query, limit or max(1, searcher.num_docs), count=False).hits
        if not hits:
            return np.zeros(0, np.uint64), np.zeros(0, np.float32)
        addresses = [address for _, address in hits]
        keys: Any = searcher.fast_field_values("key", addresses)
        scores: Any = (score for score, _ in hits)
        return (
            np.fromiter(keys, np.uint64, len(hits)),
            np.fromiter(scores, np.float32, len(hits)),
        )


def _nothing(unknown: Sequence[str] = ()) -> Matches:
    none = np.zeros(0, np.float32)
    return Matches(np.zeros(0, np.uint64), none, none, tuple(unknown))


def united(asked: Matches, others: Sequence[Matches]) -> Matches:
    """What any of several wordings of one query found, each document by its best wording. A wording with words that
    no document has does not count beside one whose words are all known."""
    known = min(len(m.unknown) for m in (asked, *others))
    counted = [m for m in (asked, *others) if len(m.unknown) == known]
    best: dict[int, tuple[float, float]] = {}
    for matches in counted:
        rows = zip(
            matches.keys.tolist(), matches.scores.tolist(), matches.coverage.tolist(), strict=True
        )
        for key, score, coverage in rows:
            if score > best.get(key, (-1.0, 0.0))[0]:
                best[key] = (score, coverage)
    order = sorted(best, key=lambda key: -best[key][0])
    first = counted[0]
    return Matches(
        np.array(order, np.uint64),
        np.array([best[key][0] for key in order], np.float32),
        np.array([best[key][1] for key in order], np.float32),
        first.unknown, first.required, first.asked,
    )  # fmt: skip


def _steps(words: int) -> list[int]:
    """How many of the words to ask for, in turn: all, all but one, …, half of them."""
    return list(range(words, max(0, (words - 1) // 2), -1)) or [1]
