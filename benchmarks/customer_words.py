"""How scripted customers phrase things: banks of sentences of their own, with no knowledge of any agent.

Phrasings are drawn by seed. Seeds below `HELD_BACK` draw from the first part of each bank, so that an agent can be worked
on with them; the others draw from all of it, and what is reported is taken on those.
"""

import random
from collections.abc import Sequence

HELD_BACK = 100
SHARE = 0.8  # of a bank, for seeds of development

OPENINGS = (
    "I'd like to {x}.", "I want to {x}.", "Hi, I need to {x}.", "Can you help me {x}?", "Please {x}.", "Hello, I would like to {x}.",
    "Hi! I want to {x}.", "I'm hoping to {x}.", "Could you please {x}?", "Hey there, I'm looking to {x}.", "I was wondering if you could {x}.",
    "I need your help to {x}.", "Good morning, could I {x}, please?",
)  # fmt: skip
PLAIN = (
    "I'd like to {x}.",
    "I want to {x}.",
    "please {x}.",
    "could you {x}?",
    "I need to {x}.",
    "can you {x}?",
)
FURTHER = (
    "I'd also like to {x}.", "Also, I want to {x}.", "I also need to {x}.", "And please {x}.", "Additionally, I'd like to {x}.", "Then I want to {x}.",
    "Next, I'd like to {x}.", "Another thing: I want to {x}.", "Oh, and could you {x}?", "One more thing, please {x}.",
)  # fmt: skip
JOINED = ("{a}, and {b}", "{a} and also {b}", "{a}, and then {b}", "{a} and {b}", "{a}; also {b}")
EXCHANGE = (
    "exchange {item} for {to}", "swap {item} for {to}", "exchange {item} to {to}", "change {item} to {to}", "exchange {item} with {to}",
    "trade {item} for {to}", "replace {item} with {to}", "get {item} exchanged for {to}",
)  # fmt: skip
MODIFY = (
    "change {item} to {to}", "modify {item} to {to}", "switch {item} to {to}", "change {item} for {to}", "update {item} to {to}",
    "have {item} changed to {to}", "adjust {item} to {to}",
)  # fmt: skip
TO_AGAIN = ("{item} for {to}", "{item} to {to}")
RETURN = (
    "return {items}",
    "send back {items}",
    "return {items} for a refund",
    "get a refund for {items}",
    "send {items} back",
    "give {items} back",
)
CANCEL = (
    "cancel {items}",
    "cancel {items} please",
    "have {items} cancelled",
    "get {items} cancelled",
)
ADDRESS = (
    "change the address of {order} to {to}", "update the address of {order} to {to}", "change the shipping address of {order} to {to}",
    "have {order} sent to {to}", "modify the delivery address for {order} to {to}",
)  # fmt: skip
ADDRESS_ALL = ("change {order} to {to}", "update {order} to {to}", "set {order} to {to}")
PROFILE = (
    "change my default address to {to}", "update my user address to {to}", "change the address in my profile to {to}",
    "set my account address to {to}", "update the default address of my account to {to}",
)  # fmt: skip
IN_ORDER = (" from order {order}", " in order {order}", " of order {order}", " (order {order})")
FOR_ORDER = ("For order {order}, ", "About order {order}: ", "In order {order}, ")
PAY = (
    "{x}, please",
    "{x}",
    "Use {x}",
    "I'd like {x}",
    "{x} would be best",
    "Please use {x}",
    "I'd prefer {x}",
    "Let's go with {x}",
)
PAY_UP_FRONT = (
    "I'd like to use {x} for it.",
    "Any difference or refund should go to {x}.",
    "Please use {x}.",
    "I prefer {x} for the payment or refund.",
)
WAYS = {
    "original": ("the original payment method", "the same payment method I used", "the original method of payment", "the card I paid with originally"),
    "paypal": ("PayPal", "my PayPal account", "paypal"),
    "gift card": ("the gift card", "my gift card", "a gift card", "GC"),
    "credit card": ("my credit card", "the credit card", "credit card"),
    "amex": ("my amex credit card", "my American Express card"),
    "visa card": ("the visa card", "my visa", "the Visa credit card"),
    "mastercard": ("my mastercard", "the Mastercard", "the mastercard credit card"),
}  # fmt: skip
REASONS = {
    "no longer needed": ("I no longer need it", "It's no longer needed", "no longer needed", "I don't need it anymore", "I just don't need it any more", "not needed anymore"),
    "ordered by mistake": ("I ordered it by mistake", "ordered by mistake", "It was ordered by mistake", "That was a mistake, I ordered it by accident", "by mistake"),
}  # fmt: skip
YES = (
    "Yes",
    "Yes, please",
    "Yes, go ahead",
    "Sure, go ahead",
    "Yes, please proceed",
    "That's right, please do",
    "Yes, that is correct",
    "Okay, do it",
    "Yes please, thank you",
    "Sounds good, go ahead",
    "Correct, please proceed",
)
YES_LOOSE = (
    "Yes",
    "Yes, please do",
    "Sure",
    "Okay, that's fine",
    "Yes, cancel the whole order",
    "Go ahead",
    "That's fine with me",
)
NO_LOOSE = (
    "No, please don't",
    "No, then leave it",
    "No thanks, keep it as it is",
    "No, don't do that",
)
NAME_ZIP = (
    "My name is {name} and my zip code is {zip}.",
    "I'm {name}, zip code {zip}.",
    "{name}, {zip}",
    "{name}, and the zip is {zip}",
    "Sure, it's {name}, I live in {zip}.",
    "This is {name} from {zip}.",
)
NO_EMAIL = ("I don't remember my email. ", "I don't have my e-mail address at hand. ", "")
EMAIL = (
    "My email is {email}.",
    "It's {email}",
    "{email}",
    "Sure: {email}",
    "My e-mail address is {email}",
)
ZIP = ("Sorry, it's {zip}.", "Oh, my mistake, the zip code is {zip}.", "{zip}")
GREETINGS = ("", "", "", "Hi! ", "Hello. ")
DONE = (
    "No, that's all. Thank you!",
    "That's all, thanks.",
    "No, thank you.",
    "No, that's everything.",
    "Nope, that's it, thanks!",
)
UNKNOWN_ORDER = (
    "I don't remember the order number.",
    "I don't know the number.",
    "Sorry, I don't have the number.",
)
NOT_THAT = ("No, that's not what I want.", "No, that is not right.", "No, wrong.")
EITHER_WAY = ("The first one is fine.", "I'll take the first one.", "The first one, please.")
WRONG_WAY = (
    "No, please use {x} instead.",
    "I'd prefer {x} for that.",
    "Wait, I want it on {x}.",
    "Could you use {x} instead?",
)


class Chance:
    """Draws from banks by seed."""

    def __init__(self, seed: int, task: str) -> None:
        self._random = random.Random(f"{seed}:{task}")
        self._share = SHARE if seed < HELD_BACK else 1.0

    def of(self, bank: Sequence[str]) -> str:
        """One of a bank."""
        return self._random.choice(bank[: max(1, round(len(bank) * self._share))])

    def flip(self, chance: float = 0.5) -> bool:
        """True so often."""
        return self._random.random() < chance
