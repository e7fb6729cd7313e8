"""Search over HTTP: suggestions, what is kept of a search, and what the merchant decides."""

from typing import Any

import pytest

from shopkeeper import artifacts
from shopkeeper.search import versions
from shopkeeper.shop import events
from shopkeeper.shop.records import Query
from tests.api.conftest import Served, a_product, put

RULE = {"name": "ours first", "action": "pin", "selection": {"ids": ["p/2"]}}


@pytest.fixture
def mugs(served: Served) -> Served:
    """A shop with three mugs, which is searched."""
    put(served.shop, *(a_product(n) for n in (1, 2, 3)))
    served.shop.search.refresh()
    return served


def kept(served: Served) -> list[Query]:
    with served.shop.database.connection() as conn:
        return list(events.iterate_queries(conn))


def found(served: Served, **asked: Any) -> list[str]:
    served.shop.search.refresh()
    return [
        hit["product_id"] for hit in served.owner.get("/v1/search", params=asked).json()["hits"]
    ]


def test_a_shoppers_search_is_kept_and_clicks_are_credited_to_it(mugs: Served) -> None:
    answer = mugs.page.get("/v1/search", params={"q": "blue mug", "limit": 2}).json()
    assert answer["recorded"] is True
    (query,) = kept(mugs)
    assert (query.id, query.user_query, query.application) == (
        answer["query_id"],
        "blue mug",
        "api",
    )
    assert list(query.hits) == [hit["product_id"] for hit in answer["hits"]]
    assert query.attributes["total"] == 3
    click = {"id": "c", "action": "click", "at": "2026-11-01T10:00:00Z", "query_id": query.id, "object_id": "p/2", "object_id_type": "product"}  # fmt: skip
    mugs.page.post("/v1/events", json=[click])
    with mugs.shop.database.connection() as conn:
        (stored,) = versions.stored_queries(conn)
    assert stored == versions.StoredQuery("blue mug", frozenset({"p/2"}))


@pytest.mark.parametrize(
    ("who", "asked", "recorded"),
    [
        ("owner", {"q": "mug"}, False),
        ("owner", {"q": "mug", "record": True}, True),
        ("page", {"q": "mug", "record": False}, False),
        ("page", {"q": " "}, False),
        ("page", {"q": "mug", "limit": 0}, False),
    ],
)
def test_what_is_no_shoppers_search_is_not_kept(
    mugs: Served, who: str, asked: dict[str, Any], recorded: bool
) -> None:
    answer = getattr(mugs, who).get("/v1/search", params=asked).json()
    assert answer["recorded"] is recorded
    assert len(kept(mugs)) == recorded


def test_typing_errors_are_looked_past_unless_words_are_to_be_taken_as_typed(mugs: Served) -> None:
    answer = mugs.page.get("/v1/search", params={"q": "blu mug kitchne"}).json()
    assert (answer["did_you_mean"], answer["total"]) == ("blu mug kitchen", 3)
    typed = mugs.page.get("/v1/search", params={"q": "blu mug kitchne", "mend": False}).json()
    assert (typed["did_you_mean"], typed["unknown"]) == (None, ["blu", "kitchne"])


def test_words_alone_weigh_no_meaning(mugs: Served) -> None:
    answer = mugs.owner.get("/v1/search", params={"q": "mug", "way": "words", "explain": True})
    assert answer.json()["meaning_weight"] == 0
    why = answer.json()["hits"][0]["explanation"]
    assert (why["meaning"], why["cosine"], why["rules"]) == (None, None, [])
    assert mugs.owner.get("/v1/search", params={"way": "magic"}).status_code == 422


def test_suggestions_lead_to_categories_brands_and_products(mugs: Served) -> None:
    ask = mugs.page.get("/v1/suggest", params={"q": "kit"}).json()["items"]
    assert ask == [{"text": "Kitchen", "kind": "category", "target": ["Home", "Kitchen"]}]
    ask = mugs.page.get("/v1/suggest", params={"q": "lind"}).json()["items"]
    assert ask == [{"text": "Linden", "kind": "brand", "target": ["Linden"]}]
    ask = mugs.page.get("/v1/suggest", params={"q": "blue mug 2"}).json()["items"]
    assert ask == [{"text": "Blue mug 2", "kind": "product", "target": ["p/2"]}]
    assert mugs.page.get("/v1/suggest", params={"q": "blue", "products": 0, "limit": 1}).json()["items"] == [{"text": "blue mug", "kind": "query", "target": []}]  # fmt: skip
    assert mugs.page.get("/v1/suggest").json() == {"items": []}
    assert mugs.page.get("/v1/suggest", params={"limit": 0}).status_code == 422


def test_synonyms_are_made_changed_and_taken_away(mugs: Served) -> None:
    owner = mugs.owner
    assert found(mugs, q="beaker") == []
    made = owner.post("/v1/synonyms", json={"terms": ["mug", "beaker"]})
    assert (made.status_code, made.json()["one_way"]) == (201, False)
    path = f"/v1/synonyms/{made.json()['id']}"
    assert len(found(mugs, q="beaker")) == 3
    changed = owner.put(path, json={"terms": ["mug", "tumbler"], "one_way": True})
    assert changed.json() == {"id": made.json()["id"], "terms": ["mug", "tumbler"], "one_way": True}
    assert owner.get("/v1/synonyms").json() == {"items": [changed.json()]}
    assert found(mugs, q="beaker") == []
    assert owner.delete(path).status_code == 204
    assert owner.delete(path).status_code == 404
    assert owner.put(path, json={"terms": ["a", "b"]}).status_code == 404


@pytest.mark.parametrize("terms", [["mug"], ["mug", "Mug"], ["mug", " "], ["a" * 101, "b"], []])
def test_synonyms_that_are_none_are_refused(served: Served, terms: list[str]) -> None:
    answer = served.owner.post("/v1/synonyms", json={"terms": terms})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].startswith("body.terms")


def test_a_rule_decides_as_long_as_it_is_in_force(mugs: Served) -> None:
    owner = mugs.owner
    made = owner.post("/v1/rules", json={"rule": RULE})
    assert made.status_code == 201 and made.json()["active"] is True
    path = f"/v1/rules/{made.json()['id']}"
    assert found(mugs, q="mug")[0] == "p/2"
    hits = owner.get("/v1/search", params={"q": "mug", "explain": True}).json()["hits"]
    assert hits[0]["explanation"]["rules"] == ["ours first"]
    hidden = RULE | {"action": "hide"}
    assert owner.put(path, json={"rule": hidden}).json()["rule"]["action"] == "hide"
    assert "p/2" not in found(mugs, q="mug")
    owner.put(path, json={"rule": hidden, "active": False})
    assert "p/2" in found(mugs, q="mug")
    assert [r["active"] for r in owner.get("/v1/rules").json()["items"]] == [False]
    assert owner.delete(path).status_code == 204
    assert owner.put(path, json={"rule": RULE}).status_code == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"action": "promote"}, "body.rule.action"),
        ({"selection": {"ids": "p/1"}}, "body.rule.selection.ids"),
        ({"selection": {}}, "body.rule"),
        ({"strength": 11}, "body.rule"),
        ({"conditon": {}}, "body.rule.conditon"),
        ({"condition": {"starts_at": "soon"}}, "body.rule.condition.starts_at"),
    ],
)
def test_a_rule_that_is_none_is_refused_with_the_field(
    served: Served, change: dict[str, Any], field: str
) -> None:
    answer = served.owner.post("/v1/rules", json={"rule": RULE | change})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert answer.json()["errors"][0]["field"] == field


def version(served: Served, embedder: str) -> int:
    """A finished version."""
    with served.shop.database.connection() as conn:
        spec = {"embedder": embedder, "digest": embedder, "texts": 1}
        made = artifacts.begin(conn, versions.KIND, spec)
        artifacts.finish(conn, made.id, {"queries": 7})
    return made.id


def test_versions_are_switched_to_rolled_back_and_deleted(served: Served) -> None:
    owner = served.owner
    first, second = version(served, "a"), version(served, "b")
    listed = owner.get("/v1/search/versions").json()["items"]
    assert [v["id"] for v in listed] == [second, first]
    assert owner.get(f"/v1/search/versions/{first}").json()["score"] == {"queries": 7}
    for number in (first, second):
        now = owner.post(f"/v1/search/versions/{number}/switch").json()["version"]
        assert (now["id"], now["state"]) == (number, "in_use")
    refused = owner.delete(f"/v1/search/versions/{second}")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert owner.post("/v1/search/roll-back").json()["version"]["id"] == first
    assert owner.post("/v1/search/roll-back").json() == {"version": None}
    assert owner.post("/v1/search/roll-back").status_code == 409
    assert owner.delete(f"/v1/search/versions/{second}").status_code == 204
    assert owner.get(f"/v1/search/versions/{second}").status_code == 404


def test_a_version_of_something_else_is_no_version_of_search(served: Served) -> None:
    with served.shop.database.connection() as conn:
        made = artifacts.begin(conn, "recommendations", {})
        artifacts.finish(conn, made.id, {})
    for answer in (
        served.owner.get(f"/v1/search/versions/{made.id}"),
        served.owner.post(f"/v1/search/versions/{made.id}/switch"),
        served.owner.delete(f"/v1/search/versions/{made.id}"),
    ):
        assert answer.status_code == 404


def test_building_a_version_is_one_job_however_often_it_is_asked_for(served: Served) -> None:
    wanted = {"embedder": "wordllama", "switch": False}
    first = served.owner.post("/v1/search/versions", json=wanted)
    assert (first.status_code, first.json()["state"]) == (202, "waiting")
    assert first.json()["arguments"] == wanted
    assert served.owner.post("/v1/search/versions", json=wanted).json()["id"] == first.json()["id"]
    unknown = served.owner.post("/v1/search/versions", json={"embedder": "word2vec"})
    assert unknown.status_code == 422
    assert unknown.json()["errors"][0]["field"] == "body.embedder"
