"""Tasks whose answer is a label: whether a customer is content, and what one wants."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from shopkeeper.models.prompting.task import Task
from shopkeeper.models.structured import Choice


class Written(BaseModel):
    """What a customer wrote."""

    model_config = ConfigDict(frozen=True)

    text: str = Field(min_length=1)


# What customers of most shops want, with the words that say so. A shop's own list: `intent_task`.
INTENTS: Mapping[str, str] = {
    "find_product": "find a product",
    "product_question": "ask about a product",
    "place_order": "place an order",
    "track_order": "track an order",
    "change_order": "change an order",
    "cancel_order": "cancel an order",
    "return_product": "return a product",
    "get_refund": "get money back",
    "payment_problem": "solve a payment problem",
    "delivery_question": "ask about delivery",
    "invoice": "get an invoice",
    "account": "manage an account",
    "complaint": "complain",
    "contact_human": "talk to a person",
    "other": "something else",
}

SENTIMENT: Task[Written, str] = Task(
    name="sentiment",
    template="sentiment.v1",
    input_type=Written,
    answer=Choice({"positive": "positive", "negative": "negative"}),
    values={"labels": "positive or negative"},
)

SENTIMENT_ZH: Task[Written, str] = Task(
    name="sentiment_zh",
    template="sentiment_zh.v1",
    input_type=Written,
    answer=Choice({"positive": "好评", "negative": "差评"}),
    values={"labels": "好评或差评"},
)


def intent_task(intents: Mapping[str, str]) -> Task[Written, str]:
    """What a customer wants, among these: intent to the words that say it."""
    return Task(
        name="intent",
        template="intent.v1",
        input_type=Written,
        answer=Choice(intents),
        values={"labels": "; ".join(intents.values())},
    )


def intents_named(names: Mapping[str, object] | list[str]) -> Task[Written, str]:
    """The same where only names are known: `track_order` is said as `track order`."""
    return intent_task({name: name.replace("_", " ") for name in names})
