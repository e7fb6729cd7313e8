"""Changing a product in the console: saved, refused with what was typed, undone."""

import re

import pytest

from shopkeeper.face import Shop
from tests.console.conftest import TestClient

SHIRT = "/console/catalogue/shirt-02"


def saved(client: TestClient, path: str = SHIRT, **values: str) -> str:
    """The page after a form was sent."""
    answer = client.post(path, data=values)
    assert answer.status_code == 200, answer.text[:500]
    return answer.text


def test_a_price_is_changed_and_undone(client: TestClient, shop: Shop) -> None:
    form = {"variant:0": "shirt-02-Blue-S", "price:0": "44.5", "quantity:0": "9"}
    text = saved(client, **form)
    assert "Saved." in text and "40.00" in text and "44.50" in text
    changed = shop.product("shirt-02").variants[0]
    assert str(changed.price.amount) == "44.50" and changed.quantity == 9
    undo = re.search(r'action="(/console/catalogue/shirt-02/edits/\d+/undo)"', text)
    assert undo is not None
    assert "Undone." in client.post(undo[1]).text
    back = shop.product("shirt-02").variants[0]
    assert str(back.price.amount) == "40.00" and back.quantity == 3


def test_saving_what_is_there_already_changes_nothing(client: TestClient, shop: Shop) -> None:
    before = shop.product("shirt-05")
    text = client.get("/console/catalogue/shirt-05").text
    form = dict(
        re.findall(r'name="((?:variant|price|list_price|quantity):\d+)" value="([^"]*)"', text)
    )
    saved(client, "/console/catalogue/shirt-05", title=before.title, brand=before.brand, **form)
    assert shop.product("shirt-05") == before
    assert "Nothing yet." in client.get("/console/catalogue/shirt-05").text


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("price", "12,50", "is not a number: write 12.50"),
        ("price", "-1", "is not a price"),
        ("price", "NaN", "is not a price"),
        ("price", "1e99", "is too large"),
        ("price", "", "is missing"),
        ("quantity", "many", "is not a number of pieces"),
        ("quantity", "99999999999", "is not a number of pieces"),
        ("availability", "<b>", "is none of"),
    ],
)
def test_what_cannot_be_is_said_beside_the_value_as_typed(
    client: TestClient, shop: Shop, field: str, typed: str, said: str
) -> None:
    form = {"variant:0": "lamp-02", f"{field}:0": typed, "variant:1": "", "list_price:0": "99"}
    answer = client.post("/console/catalogue/lamp-02", data=form)
    assert answer.status_code == 422
    assert said in answer.text and 'aria-invalid="true"' in answer.text
    if field != "availability":
        assert f'name="{field}:0" value="{typed}"' in answer.text
    assert 'name="list_price:0" value="99"' in answer.text  # kept, though it was right
    assert shop.product("lamp-02").variants[0].list_price is None  # all or nothing


def test_words_are_changed_and_found_by_the_new_tag(client: TestClient, shop: Shop) -> None:
    text = saved(
        client, "/console/catalogue/lamp-04", tags="torch， night light,torch", title="Bed lamp"
    )
    assert "Bed lamp" in text
    assert shop.product("lamp-04").tags == ("torch", "night light")
    assert [str(hit.product_id) for hit in shop.find("torch").hits] == ["lamp-04"]


def test_markup_in_a_description_is_shown_and_does_nothing(client: TestClient) -> None:
    evil = "</textarea><script>alert(1)</script><p onclick='x()'>kind words</p>"
    text = saved(client, "/console/catalogue/lamp-05", description=evil)
    assert "<script>alert" not in text and "onclick='x()'" not in text
    assert "<p>kind words</p>" in text


def test_an_undo_is_refused_once_the_value_was_changed_again(client: TestClient) -> None:
    first = saved(client, "/console/catalogue/lamp-06", brand="One")
    saved(client, "/console/catalogue/lamp-06", brand="Two")
    undo = re.search(r'action="(/console/catalogue/lamp-06/edits/\d+/undo)"', first)
    assert undo is not None
    answer = client.post(undo[1])
    assert answer.status_code == 422
    assert "was changed again since" in answer.text


def test_fields_of_another_product_or_none_change_nothing(client: TestClient, shop: Shop) -> None:
    before = shop.product("lamp-08")
    saved(
        client,
        "/console/catalogue/lamp-07",
        **{"variant:0": "lamp-08", "price:0": "1", "id": "x", "hash": "y"},
    )
    assert shop.product("lamp-08") == before
    assert shop.product("lamp-07").id == "lamp-07"


def test_a_form_without_end_is_refused(client: TestClient) -> None:
    answer = client.post(SHIRT, data={f"price:{n}": "1" for n in range(2000)})
    assert answer.status_code in (400, 413, 422)
    assert client.post("/console/catalogue/nothing", data={"title": "x"}).status_code == 404
    assert client.post(f"{SHIRT}/edits/999/undo").status_code == 404
