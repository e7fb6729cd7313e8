"""The catalogue for agents: fields and amounts as the Universal Commerce Protocol has them."""

from dataclasses import replace
from decimal import Decimal

import pytest

from shopkeeper.api.routes.ucp import ucp_product
from shopkeeper.shop.records import Image, Money, Product, ProductStatus, Rating
from tests.api.conftest import SERVER, Served, a_product, put


def priced(amount: str, currency: str) -> Product:
    product = a_product()
    price = Money(Decimal(amount), currency)
    return replace(product, variants=(replace(product.variants[0], price=price),))


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("9.90", "USD", 990),
        ("1200", "JPY", 1200),
        ("1.234", "KWD", 1234),
        ("0", "EUR", 0),
        ("0.005", "USD", 0),
    ],
)
def test_amounts_are_in_the_minor_unit_of_their_currency(
    amount: str, currency: str, minor: int
) -> None:
    found = ucp_product(priced(amount, currency), SERVER)
    assert found.variants[0].price.amount == minor
    assert found.price_range.min == found.price_range.max == found.variants[0].price


def test_a_product_has_the_fields_of_the_protocol_and_no_secrets(served: Served) -> None:
    product = replace(
        a_product(),
        images=(Image("/pictures/p/1.svg", "a mug"),),
        rating=Rating(Decimal("4.5"), 12),
        tags=("gift",),
    )
    put(served.shop, product)
    answer = served.page.get("/v1/ucp/products/p/1").json()
    assert answer["ucp"]["version"] == "2026-04-08"
    found = answer["product"]
    assert found["description"] == {"plain": "For tea & soup"}
    assert found["categories"] == [{"value": "Home > Kitchen", "taxonomy": "merchant"}]
    assert found["options"] == [{"name": "Color", "values": [{"label": "Blue"}]}]
    assert found["media"][0]["url"] == f"{SERVER}/pictures/p/1.svg"
    assert found["rating"] == {"value": 4.5, "scale_max": 5.0, "count": 12}
    assert found["metadata"] == {"brand": "Linden"}
    variant = found["variants"][0]
    assert variant["availability"] == {"available": True, "status": "in_stock"}
    assert variant["options"] == [{"name": "Color", "label": "Blue"}]
    assert "1.20" not in str(answer) and "Acme" not in str(answer)


def test_a_product_is_found_by_the_id_of_its_variant(served: Served) -> None:
    put(served.shop, a_product(1), a_product(2))
    assert served.page.get("/v1/ucp/products/v/2").json()["product"]["id"] == "p/2"


def test_a_draft_is_not_shown_to_agents(served: Served) -> None:
    put(served.shop, a_product(status=ProductStatus.DRAFT))
    assert served.owner.get("/v1/ucp/products/p/1").status_code == 404


def test_pages_of_a_search_follow_each_other(served: Served) -> None:
    put(served.shop, *(a_product(n) for n in range(10, 17)))
    served.shop.search.refresh()
    seen: list[str] = []
    wanted: dict[str, object] = {"limit": 3}
    while True:
        body = {"query": "mug", "pagination": wanted}
        answer = served.page.post("/v1/ucp/search", json=body).json()
        assert answer["pagination"]["total_count"] == 7
        seen += [product["id"] for product in answer["products"]]
        if not answer["pagination"]["has_next_page"]:
            break
        wanted = {"limit": 3, "cursor": answer["pagination"]["cursor"]}
    assert sorted(seen) == [f"p/{n}" for n in range(10, 17)]
