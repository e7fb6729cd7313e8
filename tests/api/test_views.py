"""How products go out: the shop sees all of them, others nothing that a feed left over."""

from collections.abc import Callable
from decimal import Decimal

import orjson
import pytest

from shopkeeper.api.guard import Caller, Role
from shopkeeper.api.views import product_json, product_view
from shopkeeper.shop.records import Money, Product, ProductId, Variant, VariantId, to_json

LEFTOVERS = {"supplier": "Ütz & Co"}
SHIRT = Product(
    ProductId("shirt"),
    "Linen Shirt",
    (Variant(VariantId("s"), "S", Money(Decimal("9.90"), "USD"), metadata=LEFTOVERS),),
    metadata={"cost": "3.10"},
)


@pytest.mark.parametrize("role", Role)
def test_a_product_that_is_json_already_looks_the_same(role: Role) -> None:
    ready = product_view(to_json(SHIRT), Caller(role))
    assert orjson.loads(ready) == orjson.loads(product_json(SHIRT, Caller(role)))


@pytest.mark.parametrize("view", [product_json, lambda p, c: product_view(to_json(p), c)])
def test_leftovers_are_for_the_shop_only(view: Callable[[Product, Caller], bytes]) -> None:
    assert b"supplier" in view(SHIRT, Caller(Role.SECRET))
    public = view(SHIRT, Caller(Role.PUBLISHABLE))
    assert b"supplier" not in public and b"3.10" not in public
