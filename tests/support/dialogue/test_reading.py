"""Messages taken apart: clauses, wishes, items and what they are to become."""

import pytest

from shopkeeper.support.dialogue.lexicon import lexicon
from shopkeeper.support.dialogue.reading import Known, clauses, wishes
from shopkeeper.support.dialogue.records import Flow, Wish
from shopkeeper.support.dialogue.shelf import Shelf, shelf_of

TITLES = {
    "lamp": ["Desk lamp", "台灯"],
    "mug": ["Mug", "马克杯"],
    "watch": ["Smart watch"],
    "wrist": ["Wristwatch"],
    "shirt": ["T-Shirt"],
}


def known(language: str = "en") -> Known:
    words = lexicon(language)
    shelf = shelf_of(TITLES, words)
    return Known(words, shelf, lambda: Shelf(words), ("#W1001", "#W1002"))


def read(text: str, language: str = "en") -> list[Wish]:
    spoken = known(language)
    return [w for c in clauses(text, spoken) for w in wishes(c, spoken)]


@pytest.mark.parametrize(
    ("text", "flows"),
    [
        ("I'd like to return the mug", [Flow.RETURN]),
        ("please send the mug back and cancel order W1001", [Flow.RETURN, Flow.CANCEL]),
        ("change the address of order #W1001 to 9 Oak Ave", [Flow.ADDRESS]),
        ("Update my default address to the one in New York", [Flow.PROFILE]),
        ("I want to change the payment method of order #W1001 to PayPal", [Flow.PAYMENT]),
        ("where is my order?", [Flow.TRACK]),
        ("I don't want to cancel anything", []),
        ("what is your return policy", []),
        ("How many t-shirt options do you have?", [Flow.OPTIONS]),
    ],
)
def test_a_message_wants_what_its_verbs_say(text: str, flows: list[Flow]) -> None:
    assert [w.flow for w in read(text)] == flows


def test_each_item_of_an_exchange_has_what_it_becomes() -> None:
    (wish,) = read("Exchange the mug for a blue one and the lamp for a brighter one")
    assert [(m.words, m.wanted.strip()) for m in wish.mentions] == [
        ("mug", "a blue one"),
        ("lamp", "a brighter one"),
    ]


def test_the_product_it_becomes_is_no_item_of_its_own() -> None:
    (wish,) = read("exchange the t-shirt for a large red t-shirt")
    assert [m.words for m in wish.mentions] == ["t-shirt"]


def test_what_is_excepted_is_told_from_what_is_meant() -> None:
    (wish,) = read("return everything except the mug")
    assert wish.whole and [m.words for m in wish.excepted] == ["mug"]


def test_what_came_along_only_describes() -> None:
    (wish,) = read("return the mug that I received with the lamp")
    assert [m.words for m in wish.mentions] == ["mug"]


@pytest.mark.parametrize(
    ("words", "products"),
    [
        ("watch", ("watch", "wrist")),
        ("smart watches", ("watch",)),
        ("tshirts", ("shirt",)),
        ("t shirt", ("shirt",)),
        ("lamp", ("lamp",)),
        ("台灯", ("lamp",)),
    ],
)
def test_a_product_is_called_by_the_end_of_its_title_in_any_writing(
    words: str, products: tuple[str, ...]
) -> None:
    (named,) = known().shelf.named(words)
    assert named.products == products


@pytest.mark.parametrize(
    ("text", "flow"),
    [
        ("我要取消订单", Flow.CANCEL),
        ("台灯想换成亮一点的", Flow.SWAP),
        ("马克杯要退货", Flow.RETURN),
        ("我的包裹到哪了", Flow.TRACK),
    ],
)
def test_chinese_wants_the_same_things(text: str, flow: Flow) -> None:
    assert [w.flow for w in read(text, "zh")] == [flow]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("cancel my newsletter subscription", "en"), ("change to the Gold account", "en"), ("what is the cancellation charge", "en"),
        ("修改密码", "zh"),
    ],
)  # fmt: skip
def test_what_no_flow_changes_is_no_wish(text: str, language: str) -> None:
    assert read(text, language) == []


@pytest.mark.parametrize("text", ["能不能退货？", "可不可以取消订单 1001？", "可以退货吗？"])
def test_asking_whether_is_a_wish_and_no_denial(text: str) -> None:
    assert [w.flow for w in read(text, "zh")] in ([Flow.RETURN], [Flow.CANCEL])


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("可以吗？", "zh"),
        ("行不行", "zh"),
        ("好不好？", "zh"),
        ("is that ok?", "en"),
        ("yes?", "en"),
    ],
)
def test_asking_whether_says_neither_yes_nor_no(text: str, language: str) -> None:
    words = lexicon(language)
    assert words.says("yes", text) is None and words.says("no", text) is None
    assert words.only_says("whether", text)


def test_little_beside_a_no_is_counted_in_chinese_characters_too() -> None:
    assert lexicon("zh").only_says("no", "不用了谢谢")
    assert not lexicon("zh").only_says("no", "不对我想要的是那个蓝色的杯子")
