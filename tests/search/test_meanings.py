"""Search by meaning: versions built beside, switched, kept fresh, and never in the way of words."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from shopkeeper import artifacts
from shopkeeper.artifacts import State
from shopkeeper.errors import Conflict, ModelError
from shopkeeper.models.embed import Embedder, fetch_embedder, load_embedder
from shopkeeper.rules import Action, Rule, Selection
from shopkeeper.search import ProductSearch, SearchRequest, Way, versions
from shopkeeper.search.meanings import encode_catalogue, lacking
from shopkeeper.search.merchant import Merchant
from shopkeeper.search.synonyms import Synonym, Thesaurus
from shopkeeper.settings import load_settings
from shopkeeper.shop import products, vectors
from shopkeeper.shop.database import Database
from tests.search.conftest import SHOP, make

NAME = "wordllama"


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    """A real one, the smallest."""
    cache = load_settings().cache_folder
    fetch_embedder(NAME, cache)
    return load_embedder(NAME, cache)


@pytest.fixture
def search(shop_database: Database, tmp_path: Path, embedder: Embedder) -> Iterator[ProductSearch]:
    """A search over the small shop, with a version in use."""
    opened = ProductSearch.open(shop_database, tmp_path / "index", embedders=lambda _: embedder)
    made = opened.build_version(embedder)
    assert made is not None and made.state is State.IN_USE
    opened.refresh()
    yield opened
    opened.close()


def ids(search: ProductSearch, query: str, **more: object) -> list[str]:
    request = SearchRequest(query, **more)  # type: ignore[arg-type]
    return [hit.product_id for hit in search.search(request).hits]


def test_what_no_word_says_is_found_by_its_meaning(search: ProductSearch) -> None:
    assert ids(search, "teapot", way=Way.WORDS) == []
    assert ids(search, "teapot")[0] == "kettle"
    assert search.search(SearchRequest("teapot")).meaning_weight > 1


def test_facets_count_what_meaning_found_too(search: ProductSearch) -> None:
    answer = search.search(SearchRequest("teapot"))
    brands = next(f for f in answer.facets if f.name == "brand")
    assert sum(v.count for v in brands.values) == answer.total
    for value in brands.values:
        narrowed = SearchRequest("teapot", filters={"brand": (value.value,)})
        assert search.search(narrowed).total == value.count


def test_an_explanation_tells_what_words_and_meaning_added(search: ProductSearch) -> None:
    hit = search.search(SearchRequest("linen shirt", explain=True)).hits[0]
    why = hit.explanation
    assert why is not None and why.words is not None and why.meaning is not None
    assert hit.score == pytest.approx(why.words + why.meaning, abs=1e-3)
    assert why.cosine is not None and 0 < why.cosine <= 1


def test_a_query_in_a_language_that_the_embedder_does_not_speak_goes_by_words(
    search: ProductSearch,
) -> None:
    answer = search.search(SearchRequest("亚麻衬衫"))
    assert [hit.product_id for hit in answer.hits] == ["shirt"]
    assert answer.meaning_weight == 0


def test_a_new_product_is_found_by_words_at_once_and_then_by_meaning(
    search: ProductSearch, shop_database: Database
) -> None:
    with shop_database.connection() as conn:
        products.upsert(conn, [make("tent", "Two-Person Tent")])
    search.refresh()
    assert ids(search, "tent")[0] == "tent"
    assert search.awaited == 0
    assert "tent" in ids(search, "camping shelter")


def test_a_product_that_is_deleted_or_hidden_is_not_found_by_meaning(
    search: ProductSearch, shop_database: Database
) -> None:
    with shop_database.connection() as conn:
        products.delete(conn, ["kettle"])
    search.refresh()
    assert "kettle" not in ids(search, "teapot")


def test_changed_words_make_a_vector_stale_in_the_same_transaction_and_a_price_does_not(
    search: ProductSearch, shop_database: Database, embedder: Embedder
) -> None:
    kettle = next(p for p in SHOP if p.id == "kettle")
    dearer = replace(kettle, variants=(replace(kettle.variants[0], sku="new"),))
    with shop_database.connection() as conn:
        products.upsert(conn, [dearer])
        assert lacking(conn, embedder.digest, [dearer]) == []
        renamed = replace(dearer, title="Camping Stove")
        products.upsert(conn, [renamed])
        assert vectors.hashes(conn, embedder.digest, "own", ["kettle"]) == {"kettle": b""}
        assert [t.part for t in lacking(conn, embedder.digest, [renamed])] == ["own"]


def test_a_build_that_was_stopped_goes_on_where_it_was(
    shop_database: Database, embedder: Embedder
) -> None:
    many = [make(f"p{i:03}", f"Product number {i}") for i in range(450)]
    with shop_database.connection() as conn:
        products.upsert(conn, many)
    assert not encode_catalogue(shop_database, embedder, stop=lambda: True)
    with shop_database.connection() as conn:
        first = vectors.count(conn, embedder.digest, "own")
    assert 0 < first < 450
    seen: list[int] = []
    assert encode_catalogue(shop_database, embedder, on_progress=lambda done, _: seen.append(done))
    with shop_database.connection() as conn:
        assert vectors.count(conn, embedder.digest, "own") == 450 + len(SHOP) - 1  # one is a draft
    assert seen == sorted(seen)


def test_a_version_is_left_beside_if_it_puts_what_was_clicked_on_lower() -> None:
    queries = [versions.StoredQuery(str(i), frozenset({"a"})) for i in range(50)]
    worse = versions.compare(queries, lambda _: ["a", "b"], lambda _: ["b", "a"])
    assert (worse.mrr_before, worse.mrr_after) == (1.0, 0.5)
    assert not worse.no_worse
    better = versions.compare(queries, lambda _: ["b", "a"], lambda _: ["a", "b"])
    assert better.no_worse
    emptier = versions.compare(
        queries, lambda _: ["a"], lambda words: [] if words == "7" else ["a"]
    )
    assert not emptier.no_worse
    assert emptier.examples[0].words == "7"


def test_rolling_back_returns_to_words_and_switching_to_meaning(
    search: ProductSearch, shop_database: Database
) -> None:
    with shop_database.connection() as conn:
        version = artifacts.in_use(conn, versions.KIND)
        assert version is not None
        artifacts.roll_back(conn, versions.KIND)
    search.refresh()
    assert search.embedder == ""
    assert ids(search, "teapot") == []
    with shop_database.connection() as conn:
        artifacts.switch(conn, version.id)
    search.refresh()
    assert ids(search, "teapot")[0] == "kettle"


def test_a_version_that_is_not_in_use_can_be_asked(
    search: ProductSearch, shop_database: Database
) -> None:
    by_meaning = ids(search, "teapot")
    with shop_database.connection() as conn:
        number = versions.listing(conn)[0].id
        unfinished = artifacts.begin(conn, versions.KIND, {"embedder": NAME, "digest": "other"})
        versions.roll_back(conn)
    search.refresh()
    asked = SearchRequest("teapot")
    assert search.search(asked).total == 0
    beside = search.search(asked, version=number)
    assert [hit.product_id for hit in beside.hits] == by_meaning
    with pytest.raises(Conflict, match="not whole"):
        search.search(asked, version=unfinished.id)
    with shop_database.connection() as conn:
        artifacts.finish(conn, unfinished.id, {})
    with pytest.raises(ModelError, match="not here"):
        search.search(asked, version=unfinished.id)


def test_rules_and_synonyms_are_tried_before_they_are_said(search: ProductSearch) -> None:
    hidden = Rule("no", Action.HIDE, Selection(values={"brand": ("Acme",)}))
    assert search.chosen(hidden.selection) == ["kettle", "shirt"]
    tried = Merchant(Thesaurus([Synonym(("camicia", "shirt"))]), (hidden,))
    asked = SearchRequest("camicia", way=Way.WORDS)
    assert search.search(asked).total == 0
    assert [h.product_id for h in search.search(asked, merchant=tried).hits] == ["tee"]
    assert search.search(asked).total == 0


def test_a_version_whose_embedder_is_gone_leaves_words(
    shop_database: Database, tmp_path: Path, embedder: Embedder
) -> None:
    def gone(name: str) -> Embedder:
        raise ModelError(f"the embedder {name} is not here")

    first = ProductSearch.open(shop_database, tmp_path / "index", embedders=lambda _: embedder)
    first.build_version(embedder)
    first.close()
    second = ProductSearch.open(shop_database, tmp_path / "index", embedders=gone)
    second.refresh()
    assert second.embedder == ""
    assert ids(second, "linen shirt")[0] == "shirt"
    second.close()


def test_vectors_of_a_discarded_version_are_deleted_unless_another_has_them(
    search: ProductSearch, shop_database: Database, embedder: Embedder
) -> None:
    again = search.build_version(embedder, switch=False)
    assert again is not None and again.state is State.READY
    with shop_database.connection() as conn:
        used = artifacts.in_use(conn, versions.KIND)
        assert used is not None
        versions.discard(conn, again.id)
        assert vectors.count(conn, embedder.digest, "own") > 0
        artifacts.roll_back(conn, versions.KIND)
        versions.discard(conn, used.id)
        assert vectors.count(conn, embedder.digest, "own") == 0
