"""Records found by whatever is written, and never somebody else's."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shopkeeper.errors import NotFound
from shopkeeper.shop import products
from shopkeeper.shop.records import ProductStatus
from shopkeeper.support import Wanted
from tests.support.conftest import MUG, Desk


@pytest.mark.parametrize(
    "written",
    ["#W1001", "W1001", "w1001", "1001", " # w-1001 ", "order #W1001", "Order no. W 1001", "订单号 W1001", "ｗ１００１"],
)  # fmt: skip
def test_an_order_number_in_any_spelling(desk: Desk, written: str) -> None:
    assert desk.ada().order(written).id == "#W1001"


@pytest.mark.parametrize(
    "written", ["", "#", "W", "100", "10011", "W1001b", "%", "_____", "W2001", "2001"]
)
def test_a_number_of_nobody_or_of_somebody_else_is_unknown_alike(desk: Desk, written: str) -> None:
    with pytest.raises(NotFound) as caught:
        desk.ada().order(written)
    assert caught.value.message == f"this customer has no order {written!r}"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written=st.text(max_size=12) | st.sampled_from(["#W2001", "bob", "w2001;", "'or''='"]))
def test_no_text_leads_to_the_order_of_somebody_else(desk: Desk, written: str) -> None:
    talk = desk.ada() if not hasattr(desk, "talk") else desk.talk
    desk.talk = talk  # type: ignore[attr-defined]  # one conversation for all examples
    try:
        assert talk.order(written).customer_id == "ada"
    except NotFound:
        return


def test_orders_by_status_and_by_product(desk: Desk) -> None:
    talk = desk.ada()
    assert {o.id for o in talk.orders()} == {"#W1001", "#W1002", "#W1003", "#W1004"}
    assert {o.id for o in talk.orders(statuses=["Pending"])} == {"#W1001", "#W1004"}
    assert {o.id for o in talk.orders(product="LAMP desk")} == {"#W1001", "#W1002"}
    assert {o.id for o in talk.orders(product="red mug")} == {"#W1004"}


def test_where_an_order_is(desk: Desk) -> None:
    found = desk.ada().track("1002")
    assert (found.status, found.tracking_ids) == ("delivered", ("1Z#W1002",))


def test_one_question_for_ids_of_products_and_of_variants(desk: Desk) -> None:
    talk = desk.support.open()
    assert talk.product("mug").variant is None
    found = talk.product(" mug-red")
    assert found.product.id == "mug" and found.variant and found.variant.id == "mug-red"
    with pytest.raises(NotFound):
        talk.product("mug-green")
    assert [v.id for v in talk.find("mug-red", Wanted(like="mug-red")).variants] == ["mug-blue"]


def test_a_product_that_shoppers_do_not_see_is_not_found(desk: Desk) -> None:
    desk.run("update products set status = %s where id = 'mug'", ProductStatus.DRAFT.value)
    with desk.database.connection() as conn:
        assert products.get(conn, "mug").variants == MUG.variants
    with pytest.raises(NotFound):
        desk.support.open().product("mug")
