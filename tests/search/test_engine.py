"""What a shopper notices of the search: what is found, in which order, with which facets."""

from decimal import Decimal

import pytest

from shopkeeper.search import ProductSearch, SearchRequest, Sort


def ids(search: ProductSearch, query: str = "", **more: object) -> list[str]:
    return [h.product_id for h in search.search(SearchRequest(query, **more)).hits]  # type: ignore[arg-type]


def test_words_of_the_title_come_before_words_of_the_description(search: ProductSearch) -> None:
    assert ids(search, "shirt") == ["shirt", "tee", "kettle"]


@pytest.mark.parametrize(
    "query",
    ["linen shirts", "LINEN  SHIRT", "lïnen", "acme shirt", "亚麻衬衫", "衬衫", "蓝色 linen"],
)
def test_a_shirt_is_found_by_any_of_its_names(search: ProductSearch, query: str) -> None:
    assert ids(search, query)[0] == "shirt"


@pytest.mark.parametrize("query", ["wh-1000xm5", "WH1000XM5", "wh 1000xm5", "headphone wireless"])
def test_model_numbers_are_found_however_they_are_written(
    search: ProductSearch, query: str
) -> None:
    assert ids(search, query)[0] == "phones"


@pytest.mark.parametrize("query", ["kettle 1.7l", "1.7 l kettle", "1.7L"])
def test_sizes_are_found_with_and_without_a_space(search: ProductSearch, query: str) -> None:
    assert ids(search, query)[0] == "kettle"


@pytest.mark.parametrize("code", ["SH-100-blue", "sh100blue", "sh-100-BLUE"])
def test_a_sku_finds_its_product_alone(search: ProductSearch, code: str) -> None:
    assert ids(search, code) == ["shirt"]


def test_drafts_are_not_found(search: ProductSearch) -> None:
    assert "secret" not in ids(search, "secret")
    assert search.size == 4


def test_scripts_in_descriptions_are_no_words(search: ProductSearch) -> None:
    assert ids(search, "boo") == []


def test_filters_of_two_facets_must_hold_and_values_of_one_are_alternatives(
    search: ProductSearch,
) -> None:
    assert set(ids(search, filters={"Color": ("blue", "red")})) == {"shirt", "tee"}
    assert ids(search, filters={"Color": ("blue",), "brand": ("Birch",)}) == ["tee"]


def test_a_colour_that_is_sold_out_is_not_available(search: ProductSearch) -> None:
    assert ids(search, filters={"Color": ("red",)}) == ["shirt"]
    assert ids(search, filters={"Color": ("red",)}, available_only=True) == []


@pytest.mark.parametrize(
    ("query", "first"),
    [("water boilers", "kettle"), ("blue headset", "phones")],
)  # fmt: skip
def test_everyday_words_find_what_the_shop_calls_otherwise(
    search: ProductSearch, query: str, first: str
) -> None:
    assert search.search(SearchRequest(query)).hits[0].product_id == first
    as_typed = search.search(SearchRequest(query, mend=False))
    assert first not in {hit.product_id for hit in as_typed.hits}


def test_words_are_taken_as_typed_where_that_is_asked_for(search: ProductSearch) -> None:
    search.refresh()
    mended = search.search(SearchRequest("lnien shirt"))
    assert mended.did_you_mean == "linen shirt"
    typed = search.search(SearchRequest("lnien shirt", mend=False))
    assert (typed.did_you_mean, typed.unknown) == (None, ("lnien",))


def test_every_facet_value_shows_as_many_hits_as_it_counts(search: ProductSearch) -> None:
    for query in ("", "shirt", "acme"):
        answer = search.search(SearchRequest(query))
        for facet in answer.facets:
            for value in facet.values:
                chosen = search.search(SearchRequest(query, filters={facet.name: (value.value,)}))
                assert chosen.total == value.count
        for category in answer.categories:
            inside = search.search(SearchRequest(query, category=(category.value,)))
            assert inside.total == category.count


def test_categories_lead_down_one_level(search: ProductSearch) -> None:
    top = search.search(SearchRequest())
    assert {c.value: c.count for c in top.categories} == {
        "Clothing": 2,
        "Kitchen": 1,
        "Electronics": 1,
    }
    inside = search.search(SearchRequest(category=("Clothing",)))
    assert {c.value for c in inside.categories} == {"Shirts", "T-shirts"}


def test_labels_speak_the_language_asked_for(search: ProductSearch) -> None:
    answer = search.search(SearchRequest(language="zh"))
    color = next(f for f in answer.facets if f.name == "Color")
    assert color.label == "颜色"
    assert {v.value: v.label for v in color.values}["blue"] == "蓝色"
    assert {c.value: c.label for c in answer.categories}["Clothing"] == "服装"


def test_prices_bound_and_sort(search: ProductSearch) -> None:
    assert ids(search, sort=Sort.PRICE_ASC) == ["tee", "kettle", "shirt", "phones"]
    assert ids(search, sort=Sort.PRICE_DESC)[0] == "phones"
    assert set(ids(search, price_min=Decimal(20), price_max=Decimal(40))) == {"kettle", "shirt"}
    answer = search.search(SearchRequest(price_max=Decimal(20)))
    assert answer.price is not None
    assert (answer.price.low, answer.price.high) == (Decimal(15), Decimal(299))


def test_pages_are_disjoint_and_cover_everything(search: ProductSearch) -> None:
    seen = [i for offset in range(4) for i in ids(search, offset=offset, limit=1)]
    assert sorted(seen) == ["kettle", "phones", "shirt", "tee"]
    assert ids(search, offset=10) == []


def test_an_explanation_names_term_field_and_score(search: ProductSearch) -> None:
    hit = search.search(SearchRequest("linen shirt", explain=True)).hits[0]
    assert hit.explanation is not None
    assert {("linen", "title"), ("shirt", "title"), ("linen", "attributes")} <= {
        (m.term, m.field) for m in hit.explanation.matches
    }
    assert all(m.score > 0 for m in hit.explanation.matches)


def test_words_that_nothing_has_are_named_and_the_rest_is_found(search: ProductSearch) -> None:
    answer = search.search(SearchRequest("linen zorkmid shirt"))
    assert answer.unknown == ("zorkmid",)
    assert answer.hits[0].product_id == "shirt"
    assert search.search(SearchRequest("zorkmid")).total == 0


@pytest.mark.parametrize(
    "query",
    ["a" * 10_000, "shirt " * 5_000, 'title:"x" AND NOT (', "'; drop table products; --", "\x00\x00shirt",
     "\u202eshirt\u202c", "!!! ??? ***", "(a+)+$" * 50, "%_\\", "🙂🙂", " ", "-", "*:*", "衬" * 3000],
)  # fmt: skip
def test_hostile_queries_are_only_words(search: ProductSearch, query: str) -> None:
    answer = search.search(SearchRequest(query, explain=True))
    assert answer.total <= 4


def test_a_hit_by_another_wording_is_explained_by_it(search: ProductSearch) -> None:
    search.refresh()  # learns the words that the catalogue has
    asked = SearchRequest("ketle", explain=True)
    explained = search.search(asked).hits[0].explanation
    assert explained is not None and explained.matches[0].term == "kettl"  # as it is indexed
