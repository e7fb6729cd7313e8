"""Products that were shown, and what is said of them next."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from shopkeeper.shop import products
from shopkeeper.shop.records import Product, ProductId, Rating, Translation
from shopkeeper.support import Conversation
from shopkeeper.support.dialogue import Agent, Answered, Evidence
from shopkeeper.support.dialogue.shown import compared, mentioned, pointed
from tests.support.conftest import LAMP, MUG, Desk, variant
from tests.support.dialogue.conftest import Talk

SMALL = replace(
    LAMP, rating=Rating(Decimal("3.5"), 12), attributes={"Height": ("20 cm",), "Made in": ("Poland",)},
    variants=(variant("small", "50.00", color="white"),),
)  # fmt: skip
TALL = Product(
    ProductId("tall"), "Tall lamp",
    (variant("tall-white", "70.00", color="white"), variant("tall-black", "75.00", color="black")),
    rating=Rating(Decimal("4.5"), 8), attributes={"Height": ("60 cm",), "Made in": ("Poland",)},
    translations={"zh": Translation("高台灯", terms={"white": "白色", "black": "黑色"})},
)  # fmt: skip
LAMPS = (TALL, SMALL)


def find(words: str) -> Sequence[Product]:
    return LAMPS if "lamp" in words or "灯" in words else ()


def knows(
    conversation: Conversation, question: str, language: str, before: str = ""
) -> Answered | None:
    """The height of the lamp that a question names."""
    for lamp in LAMPS:
        titles = (lamp.title, *(t.title for t in lamp.translations.values()))
        if any(t in question for t in titles) and ("tall" in question or "多高" in question):
            height = lamp.attributes["Height"][0]
            return Answered(f"{lamp.title}: {height}.", (Evidence("product", lamp.id),))
    return None


@pytest.fixture
def shopper(desk: Desk) -> Talk:
    """Somebody of whom nothing is known, to whom two lamps were shown."""
    with desk.support.database.connection() as conn:
        products.upsert(conn, LAMPS)
    agent = Agent(desk.support, find, knows)
    talk = Talk(agent, agent.open(), desk)
    talk.say("I am looking for a lamp")
    return talk


@pytest.mark.parametrize(
    ("text", "meant", "found"),
    [
        ("is the second one dimmable?", "", ("lamp",)),
        ("how about number 1", "", ("tall",)),
        ("the last one", "", ("lamp",)),
        ("what is the cheapest one made of?", "", ("lamp",)),
        ("the most expensive", "", ("tall",)),
        ("the best-rated one", "", ("tall",)),
        ("is it dimmable?", "tall", ("tall",)),
        ("compare the first two", "", ("tall", "lamp")),
        ("both of them", "", ("tall", "lamp")),
        ("第二个多高", "", ("lamp",)),
        ("最便宜的那款", "", ("lamp",)),
        ("它可以调光吗", "lamp", ("lamp",)),
    ],
)
def test_what_words_point_at(text: str, meant: str, found: tuple[str, ...]) -> None:
    at = pointed(text, LAMPS, meant)
    assert at is not None and tuple(p.id for p in at.products) == found


@pytest.mark.parametrize("text", ["is it dimmable?", "the third one", "what is this shop's address?", "how long does it take"])  # fmt: skip
def test_what_may_be_any_of_them_or_none_points_at_none(text: str) -> None:
    assert pointed(text, LAMPS) is None


def test_a_question_about_one_of_them_is_answered_for_that_one(shopper: Talk) -> None:
    assert shopper.say("How tall is the cheapest one?").text == "Desk lamp: 20 cm."
    assert shopper.say("And how tall is the other one, the first?").text == "Tall lamp: 60 cm."
    assert shopper.say("第一个多高？").text == "Tall lamp: 60 cm."


def test_it_is_asked_which_one_where_it_may_be_any(shopper: Talk) -> None:
    asked = shopper.say("How tall is it?")
    assert {e.id for e in asked.evidence} == {"tall", "lamp"}
    assert shopper.say("the second one").text == "Desk lamp: 20 cm."
    assert shopper.say("how tall is it?").text == "Desk lamp: 20 cm."


def test_they_stand_side_by_side_in_what_differs(shopper: Talk) -> None:
    told = shopper.say("What is the difference between the two?").text
    assert "- Height: 60 cm / 20 cm" in told and "- Price: 70.00 USD / 50.00 USD" in told
    assert "Made in" not in told
    assert "- 价格: 70.00 USD / 50.00 USD" in compared(LAMPS, "zh").values["options"]


def test_the_best_is_what_buyers_rate_best(shopper: Talk) -> None:
    assert "Tall lamp" in shopper.say("Which one do you recommend?").text


def test_the_customer_says_which_version_and_puts_it_into_the_cart(shopper: Talk) -> None:
    several = shopper.say("Add the first one to my cart")
    assert "white" in several.text and "black" in several.text
    assert not any(e.kind == "cart" for e in several.evidence)
    chosen = shopper.say("the black one")
    assert Evidence("cart", "tall-black") in chosen.evidence and "75.00 USD" in chosen.text
    assert Evidence("cart", "small") in shopper.say("把第二个加入购物车").evidence
    assert Evidence("cart", "tall-white") in shopper.say("第一个，白色，加入购物车").evidence


def test_cheaper_ones_are_looked_for_among_the_same(shopper: Talk) -> None:
    shopper.say("How tall is the first one?")
    assert shopper.say("Do you have anything cheaper?").evidence == (Evidence("product", "lamp"),)
    assert not shopper.say("something cheaper still?").evidence


def test_who_asks_on_after_a_person_was_offered_is_not_asked_who_they_are(shopper: Talk) -> None:
    assert "person" in shopper.say("Is the first one edible?").text
    assert shopper.say("How tall is the second one?").text == "Desk lamp: 20 cm."


def test_what_was_bought_is_not_what_was_shown(shopper: Talk) -> None:
    assert "who you are" in shopper.say("I want to return the second one").text


def test_where_an_order_is_is_not_asked_of_what_was_shown(desk: Desk) -> None:
    with desk.support.database.connection() as conn:
        products.upsert(conn, LAMPS)
    agent = Agent(desk.support, find, knows)
    conversation = agent.open()
    conversation.sign_in(desk.support.sign("ada"))
    talk = Talk(agent, conversation, desk)
    talk.say("How tall is the Tall lamp?")
    assert "#W100" in talk.say("Where is my order? When will it arrive?").text


def test_products_that_are_told_of_are_spoken_of_from_then_on(desk: Desk) -> None:
    with desk.support.database.connection() as conn:
        products.upsert(conn, [*LAMPS, MUG])
    agent = Agent(desk.support, find, knows)
    talk = Talk(agent, agent.open(), desk)
    talk.say("How tall is the Tall lamp?")
    assert Evidence("cart", "tall-white") in talk.say("I'll take it in white").evidence


@pytest.mark.parametrize("text", ["I need a lamp for my mother", "我想给我妈妈买个台灯"])
def test_a_present_is_looked_for_without_asking_who_writes(desk: Desk, text: str) -> None:
    agent = Agent(desk.support, find)
    talk = Talk(agent, agent.open(), desk)
    assert "tall" in {e.id for e in talk.say(text).evidence}


def test_a_price_named_later_narrows_what_was_looked_for(shopper: Talk) -> None:
    assert shopper.say("only under 60 dollars").evidence == (Evidence("product", "lamp"),)
    assert Evidence("cart", "small") in shopper.say("I'd like the first one").evidence


def test_the_version_that_words_name_is_shown_first(desk: Desk) -> None:
    agent = Agent(desk.support, find)
    talk = Talk(agent, agent.open(), desk)
    evidence = talk.say("I am looking for a black lamp").evidence
    assert evidence[:2] == (Evidence("product", "tall"), Evidence("variant", "tall-black"))


def test_a_size_is_not_found_inside_another_word(desk: Desk) -> None:
    product = replace(TALL, variants=(variant("small", "5.00", size="S"), variant("large", "5.00", size="L")))  # fmt: skip
    small, large = product.variants
    assert not mentioned(small, "put these into the basket", product, "en")
    assert mentioned(large, "in size l, please", product, "en")
