"""What the agent itself makes of a shop's customers' sentences: Bitext's test part (810), each intent read as the wish that it is.

Bitext's 27 intents are fewer wishes here: what the agent has no flow for (paying, accounts, invoices, fees, reviews) is a
question for the shop's knowledge. Nobody is asked anything before, and no order is known. By rules alone, and with what
the product does where it has an embedder (`support/dialogue/by_examples.py`, e5-small):

    understood, .rules      share of sentences taken for the right wish
    misunderstood, .rules   taken for another one; the rest is not understood, and the customer is asked

The share from which an example counts was chosen on Bitext's dev part; the examples were written without Bitext.
"""

import csv
import gzip
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from shopkeeper.models.embed import load_embedder
from shopkeeper.settings import Settings
from shopkeeper.support.dialogue import ByExamples, ByRules, Command, Do, Understands, View
from shopkeeper.support.dialogue.lexicon import lexicon
from shopkeeper.support.dialogue.reading import Known
from shopkeeper.support.dialogue.records import DialogueState
from shopkeeper.support.dialogue.shelf import Shelf

WISHES = {
    "cancel_order": "cancel", "change_order": "swap", "change_shipping_address": "address", "contact_customer_service": "person",
    "contact_human_agent": "person", "delivery_period": "status", "get_refund": "return", "set_up_shipping_address": "profile",
    "track_order": "track",
}  # fmt: skip
QUESTION = "question"  # every other intent


def measure(data: Path, *, quick: bool) -> dict[str, float]:
    """The figures."""
    with gzip.open(data / "support" / "bitext-intents" / "test.csv.gz", "rt", encoding="utf-8") as file:  # fmt: skip
        rows = list(csv.DictReader(file))[:: 8 if quick else 1]
    asked = [(row["utterance"], WISHES.get(row["intent"], QUESTION)) for row in rows]
    examples = ByExamples(load_embedder("e5-small", Settings().cache_folder))
    return _shares(asked, ByRules(), ".rules") | _shares(asked, examples, "")


def _shares(asked: Sequence[tuple[str, str]], by: Understands, suffix: str) -> dict[str, float]:
    counts: Counter[str] = Counter()
    nothing = Shelf(lexicon("en"))
    for text, wish in asked:
        view = View(DialogueState(), Known(lexicon("en"), nothing, lambda: nothing), identified=True)  # fmt: skip
        taken = _wish(by.commands(text, view))
        counts["right" if taken == wish else "none" if taken is None else "wrong"] += 1
    total = len(asked)
    return {
        f"understood{suffix}": round(counts["right"] / total, 4),
        f"misunderstood{suffix}": round(counts["wrong"] / total, 4),
    }


def _wish(commands: Sequence[Command]) -> str | None:
    """What the commands are for; None where nothing was understood."""
    for command in commands:
        if command.do is Do.HAND_OVER:
            return "person"
        if command.wish is not None:
            return command.wish.flow.value
        if command.do is Do.ASK:
            return QUESTION
    return None if all(c.do is Do.UNCLEAR for c in commands) else commands[0].do.value
