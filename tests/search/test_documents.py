"""What of a product is looked at."""

from shopkeeper.search.documents import texts_of
from shopkeeper.shop.records import Translation
from tests.search.conftest import make


def test_its_kind_stands_by_itself_in_each_language() -> None:
    chinese = Translation("真皮小白鞋", category=("鞋履", "休闲鞋"))
    shoe = make("1", "Malmen", category=("Shoes", "Sneakers"), translations={"zh": chinese})
    texts = texts_of(shoe)
    assert (texts["kind"], texts["kinds"]) == ("Sneakers", "休闲鞋")
    assert texts["translations"] == "真皮小白鞋"


def test_a_department_is_no_kind() -> None:
    assert set(texts_of(make("1", "Kettle", category=("Kitchen",)))) == {"title", "text"}
    assert set(texts_of(make("1", "Kettle"))) == {"title", "text"}
