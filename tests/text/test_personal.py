"""Personal data is found, hidden and put back; what belongs to a product is left alone."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.text.personal import Vault, find, json_escaped
from shopkeeper.text.personal_patterns import luhn

PERSONAL = [
    "jane.doe+shop@mail.example.com", "+44 20 7946 0958", "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00", "11010519491231002X",
    "203.0.113.77", "12 Church Lane, Bristol", "上海市浦东新区世纪大道100号", "我叫王小明", "13812345678", "Mr. Tom O'Neil", "[EMAIL_1]", "[TEXT_2]", "[NAME_",
    "order 13812345678", "phone: ", "_1]", "[", "]", " ", "\n", "１３８１２３４５６７８", "ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ", "ß", "4",
]  # fmt: skip
texts = st.lists(st.sampled_from(PERSONAL) | st.text(max_size=5), max_size=12).map("".join)
names = st.lists(st.sampled_from(["Jane", "王小明", "O'Neil", "[EMAIL_1]", "a"]), max_size=2)


@given(st.lists(texts, max_size=4), names)
def test_what_is_hidden_comes_back(many: list[str], known: list[str]) -> None:
    vault = Vault(names=known)
    hidden = [vault.hide(text) for text in many]
    assert [vault.restore(text) for text in hidden] == many


@given(texts, names)
def test_nothing_that_can_be_found_stays(text: str, known: list[str]) -> None:
    assert find(Vault(names=known).hide(text), names=known) == []


@given(texts)
def test_what_is_found_is_in_order_and_apart(text: str) -> None:
    spans = find(text)
    edges = [edge for span in spans for edge in (span.start, span.end)]
    assert edges == sorted(edges)
    assert all(0 <= span.start < span.end <= len(text) for span in spans)


@given(texts, st.data())
def test_a_stream_in_any_pieces_is_restored_as_a_whole(text: str, data: st.DataObject) -> None:
    vault = Vault()
    vault.hide("".join(PERSONAL))
    hidden = vault.hide(text)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(hidden)), max_size=8)))
    pieces = [hidden[a:b] for a, b in zip([0, *cuts], [*cuts, len(hidden)], strict=True)]
    restorer = vault.restorer()
    assert "".join([*map(restorer.feed, pieces), restorer.flush()]) == text


@given(texts)
def test_values_in_json_stay_json(text: str) -> None:
    vault = Vault(names=['A "b" \\ c\nd'])
    hidden = vault.hide(text + 'A "b" \\ c\nd')
    written = json.dumps({"said": hidden})
    assert json.loads(vault.restore(written, escape=json_escaped)) == {"said": text + 'A "b" \\ c\nd'}  # fmt: skip


def test_the_same_value_has_the_same_token() -> None:
    vault = Vault()
    first = vault.hide("a@example.com and b@example.com")
    assert first == "[EMAIL_1] and [EMAIL_2]"
    assert vault.hide("b@example.com") == "[EMAIL_2]"
    assert len(vault) == 2


def test_tokens_of_others_are_not_ours() -> None:
    vault = Vault()
    assert vault.hide("a@example.com [EMAIL_1] [PHONE_9]") == "[EMAIL_1] [TEXT_1] [TEXT_2]"
    assert vault.restore("[EMAIL_2] [EMAIL_1] [TEXT_1]") == "[EMAIL_2] a@example.com [EMAIL_1]"


def test_a_restorer_keeps_no_more_than_it_must() -> None:
    vault = Vault()
    vault.hide("a@example.com")
    restorer = vault.restorer()
    said = [restorer.feed(piece) for piece in ("a [x] [", "EMA", "IL_1", "] b [", "1] c", "[EMAIL_")]  # fmt: skip
    assert said == ["a [x] ", "", "", "a@example.com b ", "[1] c", ""]
    assert restorer.flush() == "[EMAIL_"


def test_known_names_are_found_as_words_only() -> None:
    vault = Vault(names=["Ann", "Ann Lee", "José", "李雷", ""])
    hidden = vault.hide("Annual gifts for Ann Lee, ann, Joséphine, José and 李雷的")
    assert hidden == "Annual gifts for [NAME_1], [NAME_2], Joséphine, [NAME_3] and [NAME_4]的"


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("write to jane@example.com谢谢", ["EMAIL"]),
        ("电话13812345678，邮箱jane@example.com", ["PHONE", "EMAIL"]),
        ("１３８１２３４５６７８", ["PHONE"]),
        ("call 5551234567 or (212) 555-0142", ["PHONE", "PHONE"]),
        ("4111-1111-1111-1111", ["CARD"]),
        ("GB29 NWBK 6016 1331 9268 19 and", ["IBAN"]),
        ("11010519491231002x", ["ID"]),
        ("::1 2001:db8::ff00:42:8329 10.0.0.1", ["IP", "IP"]),
        ("854 Broadway, Suite 293, Phoenix, AZ 85093", ["ADDRESS"]),
        ("Hauptstraße 12, 10115 Berlin", ["ADDRESS"]),
        ("深圳市南山区科技园路1号A座301室", ["ADDRESS"]),
        ("My name is Anna van der Berg.", ["NAME"]),
        ("李先生和欧阳女士", ["NAME", "NAME"]),
    ],
)
def test_forms_that_are_found(text: str, kinds: list[str]) -> None:
    assert [span.kind for span in find(text)] == kinds


@pytest.mark.parametrize(
    "text",
    [
        "SKU 4006381333931, EAN 5901234123457, UPC 012345678905, GTIN-14 10614141000415, ISBN 978-3-16-148410-0",
        "order #10023456789 of 2024-11-05, 12.50 EUR, 1,234,567 sold, 30x20x15 cm, 5.5.1",
        "order 4111111111111111, tracking 1Z999AA10123456784, serial 4539 1488 0343 6467",
        "4111 1111 1111 1112",  # a card but for its last digit
        "DE88 3704 0044 0532 0130 00",
        "110105194912310021",
        "订单号13912345678，商品编号 6901234567892，价格 1299.00 元",
        "3 Piece Place Setting, 5 Star Way better, 12 Inch Court Shoes, Dr. Martens 1460, Mr. Coffee",
        "firmware 1.2.3.4, part 415.555.0100.B, 90-60-90 cm, EU 42 / US 9",
        "满100减20，第3号柜台，容量 1.5 升，2024年11月5日发货",
    ],
)
def test_numbers_and_words_of_products_are_left_alone(text: str) -> None:
    assert find(text) == []


@pytest.mark.parametrize(
    "hostile",
    ["a", "1", "1 ", "[EMAIL_", "王", "A a ", "路", "+1", "a@", "1.", "上海市", "12 Main ", "DE89 ", "Mr. A", "f:", "(0", "a.a@a.", "1-"],
)  # fmt: skip
def test_no_text_is_slow(hostile: str) -> None:
    """Patterns whose time grows with a power of the text's length would take minutes."""
    text, vault = hostile * (30_000 // len(hostile)), Vault()
    assert vault.restore(vault.hide(text)) == text


@given(st.text(alphabet="0123456789", min_size=2, max_size=19))
def test_a_changed_digit_breaks_the_card_s_sum(number: str) -> None:
    changed = str((int(number[0]) + 1) % 10) + number[1:]
    assert not (luhn(number) and luhn(changed))
