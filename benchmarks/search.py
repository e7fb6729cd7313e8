"""How well products are found: the shop's own search on judged queries, beside the simple ways to do it.

Everything runs over all products of `shared/data/search/crowdflower` (9,913; 261 queries; gain = label - 1, linear,
unjudged = 0). Ours: words alone; the fixed rule that ships, with each embedder; the same rule with its two numbers
`chosen`, and a ranker `learned`, both on other queries than those they are measured by (5 folds by query). `hurt` is
the share of queries that lose more than 0.05 against our own words alone. Then what shoppers of the demo shop ask, in
English and Chinese (`demo_queries`).
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks import demo_queries, known_items
from benchmarks.judged import (
    JudgedSet,
    Vectors,
    index_words,
    keys_of,
    load,
    open_embedder,
    vectors_of,
)
from shopkeeper.measures import ndcg, recall, share_hurt
from shopkeeper.retrieval.features import features
from shopkeeper.retrieval.fusion import Rule
from shopkeeper.retrieval.hybrid import compare, find
from shopkeeper.retrieval.learning import Judged, Ranker, fit
from shopkeeper.retrieval.meaning import Meanings, build
from shopkeeper.retrieval.spelling import Vocabulary, mend
from shopkeeper.retrieval.words import WordIndex

SEED, FOLDS = 0, 5
K, DEEP, HURT_BY = 10, 100, 0.05
RRF_K = 60
EMBEDDERS = ("minilm-l6", "e5-small", "wordllama")
RULES = (Rule(), *(Rule(a, b) for a in (0.2, 0.3, 0.5, 0.8) for b in (0.5, 1.0, 2.0)))
Ranking = list[str]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Score:
    """Figures of one system. per_query: NDCG@10 of each query."""

    per_query: Floats
    recall: float
    judged_only: float
    milliseconds: float

    @property
    def ndcg(self) -> float:
        """Mean NDCG@10."""
        return float(self.per_query.mean())


def run(*, quick: bool, data: Path) -> dict[str, Any]:
    """All systems on the judged set, printed as a table."""
    judged = load(data / "search" / "crowdflower", limit=60 if quick else None)
    embedders = {name: open_embedder(name) for name in EMBEDDERS[: 1 if quick else None]}
    vectors = {name: vectors_of(e, judged.products) for name, e in embedders.items()}
    asked = {name: e.encode(judged.queries, kind="query") for name, e in embedders.items()}
    scores: dict[str, Score] = {}

    def measure(name: str, rank: Callable[[int], Ranking]) -> list[Ranking]:
        begun = time.perf_counter()
        rankings = [rank(query) for query in range(len(judged.queries))]
        spent = 1000 * (time.perf_counter() - begun) / len(rankings)
        scores[name] = _score(judged, rankings, spent)
        return rankings

    with tempfile.TemporaryDirectory(prefix="shopkeeper-search-") as folder:
        ours = Ours(judged, index_words(judged.products, Path(folder) / "ours"))
        measure("bm25s", _bm25s(judged))
        plain = measure("tantivy", _tantivy(judged, Path(folder) / "plain"))
        for name, (titles, _) in vectors.items():
            nearest = measure(f"dense.{name}", _dense(judged, asked[name], titles))
            if name == EMBEDDERS[0]:
                best = nearest
        measure("rrf", lambda query: _rrf([plain[query], best[query]]))
        measure("words", ours.by_words)
        for name, (_, own) in vectors.items():
            ours.use(own, asked[name])
            measure(f"default.{name}", ours.hybrid)
        ours.use(vectors[EMBEDDERS[0]][1], asked[EMBEDDERS[0]])
        measure("chosen", ours.rule_out_of_fold())
        measure("learned", ours.out_of_fold())
    figures = _report(scores, judged) | known_items.figures(
        data / "knowledge" / "entity_matching", embedders[EMBEDDERS[0]]
    )
    return figures if quick else figures | demo_queries.run()


class Ours:
    """The shop's own retrieval over the judged products."""

    def __init__(self, judged: JudgedSet, index: WordIndex) -> None:
        self._judged = judged
        self._words = index
        self._vocabulary = Vocabulary(index.vocabulary())
        self._keys = keys_of(judged.products)
        self._id_of = {int(k): str(p.id) for k, p in zip(self._keys, judged.products, strict=True)}
        self._meanings: Meanings | None = None
        self._asked: Vectors = np.zeros((0, 0), np.float32)

    def use(self, vectors: Vectors, asked: Vectors) -> None:
        """Search with these vectors of products and queries from now on."""
        self._meanings, self._asked = build(self._keys, vectors), asked

    def by_words(self, query: int) -> Ranking:
        """Words alone, typing errors mended."""
        found = find(self._judged.queries[query], words=self._words, vocabulary=self._vocabulary)
        return self._ids(found.keys)

    def hybrid(self, query: int, ranker: Ranker | None = None, rule: Rule = RULES[0]) -> Ranking:
        """Words and meaning."""
        assert self._meanings is not None
        found = find(
            self._judged.queries[query],
            words=self._words,
            vocabulary=self._vocabulary,
            meanings=[self._meanings],
            vector=self._asked[query],
            ranker=ranker,
            rule=rule,
        )
        return self._ids(found.keys)

    def rule_out_of_fold(self) -> Callable[[int], Ranking]:
        """Words and meaning by the rule, its numbers being the best of `RULES` on the queries of the other folds."""
        number = len(self._judged.queries)
        scores = np.array([
            [ndcg(self.hybrid(q, rule=rule), self._judged.grades[q], k=K) for q in range(number)]
            for rule in RULES
        ])  # fmt: skip
        fold = _folds(number)
        best = [int(scores[:, fold != f].mean(axis=1).argmax()) for f in range(FOLDS)]
        return lambda query: self.hybrid(query, rule=RULES[best[fold[query]]])

    def out_of_fold(self) -> Callable[[int], Ranking]:
        """Words and meaning in an order learned on the queries of the other folds."""
        number = len(self._judged.queries)
        fold = _folds(number)
        seen = [self._features(query) for query in range(number)]
        rankers = [
            fit([one for query, one in enumerate(seen) if fold[query] != f], seed=SEED)
            for f in range(FOLDS)
        ]
        return lambda query: self.hybrid(query, rankers[fold[query]])

    def _features(self, query: int) -> Judged:
        assert self._meanings is not None
        words = self._judged.queries[query]
        mended = mend(words, self._vocabulary, self._words)
        matches = self._words.search(words, also=mended.wordings)
        parts, _ = compare(matches, [self._meanings], self._asked[query])
        table = features(parts.candidates, parts.fused, matches, self._meanings, self._asked[query])
        grades = self._judged.grades[query]
        return Judged(
            table, np.array([grades.get(i, 0.0) for i in self._ids(parts.candidates.keys)])
        )

    def _ids(self, keys: npt.NDArray[np.uint64]) -> Ranking:
        return [self._id_of[int(key)] for key in keys]


def _folds(number: int) -> npt.NDArray[np.intp]:
    """The fold of each query."""
    return np.random.default_rng(SEED).permutation(number) % FOLDS


def _score(judged: JudgedSet, rankings: Sequence[Ranking], milliseconds: float) -> Score:
    pairs = list(zip(rankings, judged.grades, strict=True))
    known = [([i for i in ranking if i in grades], grades) for ranking, grades in pairs]
    best = [judged.best(query) for query in range(len(pairs))]
    return Score(
        np.array([ndcg(ranking, grades, k=K) for ranking, grades in pairs]),
        float(np.mean([recall(r, b, k=DEEP) for (r, _), b in zip(pairs, best, strict=True) if b])),
        float(np.mean([ndcg(ranking, grades, k=K) for ranking, grades in known])),
        milliseconds,
    )


def _bm25s(judged: JudgedSet) -> Callable[[int], Ranking]:
    """bm25s: title and description as one text, English stems and stop words, its own defaults."""
    import bm25s
    import Stemmer

    stemmer = Stemmer.Stemmer("english")

    def tokens(texts: Sequence[str]) -> Any:
        return bm25s.tokenize(texts, stopwords="en", stemmer=stemmer, show_progress=False)

    retriever = bm25s.BM25()
    texts = [f"{p.title} {p.description}" for p in judged.products]
    retriever.index(tokens(texts), show_progress=False)

    def rank(query: int) -> Ranking:
        rows, _ = retriever.retrieve(tokens([judged.queries[query]]), k=1000, show_progress=False)
        return [str(judged.products[row].id) for row in rows[0]]

    return rank


def _tantivy(judged: JudgedSet, folder: Path) -> Callable[[int], Ranking]:
    """tantivy alone: English stems, any word may match, title three times the description."""
    from tantivy import Document, Index, Occur, Query, SchemaBuilder

    builder = SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw")
    for name in ("title", "description"):
        builder.add_text_field(name, tokenizer_name="en_stem")
    schema = builder.build()
    folder.mkdir()
    index = Index(schema, path=str(folder))
    writer = index.writer(48_000_000, 1)
    for product in judged.products:
        writer.add_document(
            Document(id=product.id, title=product.title, description=product.description)
        )
    writer.commit()
    index.reload()
    searcher = index.searcher()

    def rank(query: int) -> Ranking:
        words = "".join(c if c.isalnum() else " " for c in judged.queries[query])
        if not words.strip():
            return []
        parsed = index.parse_query(
            words.lower(), ["title", "description"], field_boosts={"title": 3.0}
        )
        wanted = Query.boolean_query([(Occur.Should, parsed)])
        return [str(searcher.doc(a)["id"][0]) for _, a in searcher.search(wanted, 1000).hits]

    return rank


def _dense(judged: JudgedSet, asked: Vectors, titles: Vectors) -> Callable[[int], Ranking]:
    """An embedder alone: cosine of the query with the title."""

    def rank(query: int) -> Ranking:
        best = np.argsort(-(titles @ asked[query]), kind="stable")[:1000]
        return [str(judged.products[row].id) for row in best]

    return rank


def _rrf(rankings: Sequence[Ranking]) -> Ranking:
    """Reciprocal rank fusion, each list counting the same. Source: Cormack et al. 2009."""
    total: dict[str, float] = {}
    for ranking in rankings:
        for rank, i in enumerate(ranking, 1):
            total[i] = total.get(i, 0.0) + 1 / (RRF_K + rank)
    return sorted(total, key=lambda i: -total[i])


def _report(scores: dict[str, Score], judged: JudgedSet) -> dict[str, Any]:
    words = scores["words"].per_query
    print(
        f"{len(judged.products)} products, {len(judged.queries)} queries; gain = label - 1, linear,"
    )
    print(f"unjudged = 0; learned: {FOLDS} folds by query, seed {SEED}; hurt: against `words`\n")
    print(f"{'system':20} ndcg@{K} ± s.e.   recall@{DEEP}  judged only   hurt  ms/query")
    for name, score in scores.items():
        error = score.per_query.std() / len(words) ** 0.5
        hurt = share_hurt(score.per_query, words, by=HURT_BY)
        print(
            f"{name:20} {score.ndcg:.4f} ± {error:.4f}     {score.recall:.4f}       "
            f"{score.judged_only:.4f}  {hurt:.3f}  {score.milliseconds:8.2f}"
        )
    default = f"default.{EMBEDDERS[0]}"
    figures: dict[str, Any] = {"seed": SEED, f"ndcg@{K}": round(scores[default].ndcg, 4)}
    for name, score in scores.items():
        if name != default:
            figures[f"ndcg@{K}.{name}"] = round(score.ndcg, 4)
    figures[f"ndcg@{K}.dense"] = round(scores[f"dense.{EMBEDDERS[0]}"].ndcg, 4)
    for name, key in (
        (default, ""),
        ("words", ".words"),
        ("chosen", ".chosen"),
        ("learned", ".learned"),
    ):
        figures[f"recall@{DEEP}{key}"] = round(scores[name].recall, 4)
        figures[f"share_hurt{key}"] = round(
            share_hurt(scores[name].per_query, words, by=HURT_BY), 4
        )
    del figures["share_hurt.words"]
    return figures
