"""What somebody who looks around wants to see, and what they are shown."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from shopkeeper.shop.records import Money, Product, ProductId, Translation
from shopkeeper.support import Conversation
from shopkeeper.support.dialogue import Agent, Answered, Evidence
from shopkeeper.support.dialogue.seeking import (
    interest_of,
    is_of_kind,
    refinement_of,
    shelf_of,
    sought,
)
from shopkeeper.support.dialogue.window import Beside, ShelfName
from tests.support.conftest import LAMP, MUG, Desk, variant
from tests.support.dialogue.conftest import Talk

WAS = Money(Decimal("12.00"), "USD")
CUP = replace(
    MUG, variants=(replace(variant("cup", "9.00", color="blue"), list_price=WAS),),
    translations={"zh": Translation("蓝色马克杯", category=("杯子",))},
)  # fmt: skip
PAGE = Answered("A page on the care of lamps.", (Evidence("page", "care"),))


def find(words: str) -> Sequence[Product]:
    return [p for p, called in ((LAMP, ("lamp",)), (CUP, ("mug", "tea", "杯"))) if any(c in words for c in called)]  # fmt: skip


def knows(
    conversation: Conversation, question: str, language: str, before: str = ""
) -> Answered | None:
    return PAGE if "lamp" in question or "discount for members" in question else None


class Shelves:
    def shelf(self, name: ShelfName) -> Sequence[Product]:
        return [CUP] if name == "reduced" else [LAMP, CUP]

    def beside(self, product_id: ProductId, key: Beside) -> Sequence[Product]:
        return [CUP] if (product_id, key) == ("lamp", "goes_with") else []


@pytest.fixture
def visitor(desk: Desk) -> Talk:
    agent = Agent(desk.support, find, knows, window=Shelves())
    return Talk(agent, agent.open(), desk)


@pytest.mark.parametrize(
    ("text", "words", "kind", "at_most"),
    [
        ("Do you have red mugs below $12.50?", "red mugs", "mugs", "12.50"),
        ("Can you recommend a kettle?", "kettle", "kettle", None),
        ("I'm looking for a jacket for hiking", "jacket for hiking", "jacket", None),
        ("which headphones have noise cancelling?", "noise cancelling headphones", "headphones", None),
        ("推荐500元以内的水壶", "的水壶", "水壶", "500"),
        ("我想买一件防水的外套", "件防水的外套", "外套", None),
        ("哪款耳机有降噪", "降噪 耳机", "耳机", None),
    ],
)  # fmt: skip
def test_the_words_the_kind_and_the_limit_of_what_is_looked_for(
    text: str, words: str, kind: str, at_most: str | None
) -> None:
    found = sought(text, [])
    assert found is not None and found.kind == kind
    assert " ".join(found.words.split()).removeprefix("件") == words.removeprefix("件")
    assert found.at_most == (None if at_most is None else Decimal(at_most))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("i need a birthday present for my dad, he likes coffee", "coffee"),
        ("show me gifts for a 5 year old", ""),
        ("a wool gift for my sister", "wool"),
        ("我想给妈妈买个生日礼物", ""),
        ("推荐一款适合送给女朋友的礼物", ""),
    ],
)
def test_what_is_known_of_what_a_present_may_be(text: str, words: str) -> None:
    found = sought(text, [])
    assert found is not None and found.present and found.words == words


@pytest.mark.parametrize(
    "text", ["do you have gift cards?", "有没有礼品卡", "what is the gift wrap?"]
)
def test_a_gift_card_is_no_present(text: str) -> None:
    found = sought(text, [])
    assert found is None or not found.present


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("what's your best seller?", ("popular", "")),
        ("anything on sale?", ("reduced", "")),
        ("any lamps on sale?", ("reduced", "lamps")),
        ("what's new?", ("newest", "")),
        ("最近有什么新品", ("newest", "")),
        ("有什么特价商品吗", ("reduced", "")),
        ("where is my order?", None),
    ],
)
def test_the_shelf_that_is_asked_for(text: str, found: tuple[str, str] | None) -> None:
    assert shelf_of(text) == found


def test_what_things_are_called() -> None:
    assert is_of_kind("lamps", LAMP) and not is_of_kind("cards", LAMP)
    assert is_of_kind("杯子", CUP) and is_of_kind("马克杯", CUP) and not is_of_kind("外套", CUP)


def test_what_somebody_likes_and_what_is_wanted_beside() -> None:
    assert interest_of("she loves painting") == "painting" and interest_of("她喜欢喝茶") == "茶"
    assert not interest_of("i would like to cancel")
    assert (
        refinement_of("do you have it in navy?") == "in navy"
        and refinement_of("有没有黑色的") == "黑色"
    )
    assert not refinement_of("how long does delivery take?")


def test_products_of_a_kind_are_shown_before_any_page(visitor: Talk) -> None:
    assert visitor.say("Do you have lamps?").evidence == (Evidence("product", "lamp"),)


def test_a_few_words_of_nobody_are_looked_for_and_nonsense_is_not_shown(visitor: Talk) -> None:
    assert visitor.say("blue mug").evidence == (
        Evidence("product", "mug"),
        Evidence("variant", "cup"),
    )
    assert not visitor.say("asdf").evidence


def test_it_is_asked_what_a_present_may_be_and_the_answer_is_looked_for(visitor: Talk) -> None:
    assert "What do they like" in visitor.say("I need a present for my mother").text
    assert visitor.say("she likes tea").evidence == (Evidence("product", "mug"),)


def test_who_does_not_know_what_a_present_may_be_is_shown_what_others_like(visitor: Talk) -> None:
    visitor.say("I need a present for my mother")
    assert len(visitor.say("no idea, under 100").evidence) == 2


def test_what_is_reduced_is_shown_with_what_it_was(visitor: Talk) -> None:
    reply = visitor.say("anything on sale?")
    assert "9.00 USD (was 12.00 USD)" in reply.text and "lamp" not in reply.text


def test_a_discount_is_no_promise(visitor: Talk) -> None:
    reply = visitor.say("Can you give me a discount?")
    assert "I cannot lower them" in reply.text and Evidence("product", "mug") in reply.evidence
    assert PAGE.text in visitor.say("Is there a discount for members?").text


def test_it_says_what_it_is(visitor: Talk) -> None:
    for asked in ("are you a robot?", "Am I talking to a human?"):
        assert "an AI and not a person" in visitor.say(asked).text
    assert "人工智能" in visitor.say("你是机器人吗").text


def test_two_questions_in_a_row_that_nothing_answers_call_a_person(visitor: Talk) -> None:
    assert not visitor.say("Do you plant trees?").hand_over
    visitor.say("anything on sale?")
    assert not visitor.say("Are you open on the moon?").hand_over
    assert visitor.say("Do you plant bushes?").hand_over


def test_what_goes_with_a_thing_is_shown(visitor: Talk) -> None:
    visitor.say("Do you have lamps?")
    assert visitor.say("what goes well with it?").evidence == (Evidence("product", "mug"),)
