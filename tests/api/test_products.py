"""Products over HTTP: read, paged, written, deleted, and cheap to ask for again."""

import orjson

from shopkeeper.shop.records import Product, ProductStatus, adapter, to_json
from tests.api.conftest import Served, a_product, put


def test_a_product_comes_out_as_it_was_written(served: Served) -> None:
    product = a_product()
    answer = served.owner.put("/v1/products/p/1", content=to_json(product), headers=JSON)
    assert answer.json() == {"created": 1, "updated": 0, "unchanged": 0}
    assert adapter(Product).validate_json(served.owner.get("/v1/products/p/1").content) == product


def test_writing_the_same_again_changes_nothing(served: Served) -> None:
    body = b"[" + b",".join(to_json(a_product(n)) for n in range(3)) + b"]"
    assert served.owner.post("/v1/products", content=body, headers=JSON).json()["created"] == 3
    again = served.owner.post("/v1/products", content=body, headers=JSON)
    assert again.json() == {"created": 0, "updated": 0, "unchanged": 3}


def test_pages_follow_each_other_without_gap_or_overlap(served: Served) -> None:
    put(served.shop, *(a_product(n) for n in range(10, 33)))
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = served.owner.get("/v1/products", params={"limit": 5, "cursor": cursor}).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert seen == [f"p/{n}" for n in range(10, 33)]


def test_a_product_is_found_by_its_sku(served: Served) -> None:
    put(served.shop, a_product(1), a_product(2))
    found = served.owner.get("/v1/products", params={"code": "MUG-2"}).json()["items"]
    assert [item["id"] for item in found] == ["p/2"]


def test_an_unchanged_product_is_not_sent_again(served: Served) -> None:
    put(served.shop, a_product())
    first = served.owner.get("/v1/products/p/1")
    known = {"if-none-match": f'"other", W/{first.headers["etag"]}'}
    again = served.owner.get("/v1/products/p/1", headers=known)
    assert (again.status_code, again.content) == (304, b"")
    changed = orjson.loads(to_json(a_product())) | {"title": "Red mug"}
    served.owner.put("/v1/products/p/1", json=changed)
    assert served.owner.get("/v1/products/p/1", headers=known).json()["title"] == "Red mug"


def test_a_product_under_another_path_than_its_id_is_refused(served: Served) -> None:
    answer = served.owner.put("/v1/products/p/2", content=to_json(a_product(1)), headers=JSON)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"field": "body.id", "reason": "is 'p/1', but the path says 'p/2'"}
    ]


def test_a_product_without_variants_is_refused(served: Served) -> None:
    answer = served.owner.post("/v1/products", json=[{"id": "x", "title": "X", "variants": []}])
    assert answer.json()["errors"][0]["field"] == "body.0.variants"


def test_a_deleted_product_is_gone(served: Served) -> None:
    put(served.shop, a_product())
    assert served.owner.delete("/v1/products/p/1").status_code == 204
    assert served.owner.get("/v1/products/p/1").status_code == 404
    assert served.owner.delete("/v1/products/p/1").status_code == 404


def test_a_browser_sees_neither_drafts_nor_what_a_feed_left_over(served: Served) -> None:
    put(served.shop, a_product(1), a_product(2, status=ProductStatus.DRAFT))
    listed = served.page.get("/v1/products")
    assert [item["id"] for item in listed.json()["items"]] == ["p/1"]
    assert "1.20" not in listed.text and "Acme" not in listed.text
    assert served.page.get("/v1/products/p/2").status_code == 404
    assert served.owner.get("/v1/products/p/2").json()["metadata"] == {"cost": "1.20"}


JSON = {"content-type": "application/json"}
