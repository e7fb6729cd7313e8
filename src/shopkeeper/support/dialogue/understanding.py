"""What a message asks the dialogue to do, understood by rules: no model is needed, and none is asked.

`Understands` is what the three strengths have in common. All of them see the same view of the conversation and answer
with commands; none of them can agree to a proposal, which `Conversation.hear` alone decides.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from shopkeeper.support.dialogue import slots
from shopkeeper.support.dialogue.answered import answered
from shopkeeper.support.dialogue.lexicon import Lexicon
from shopkeeper.support.dialogue.reading import Clause, Known, clauses, pronoun, wishes
from shopkeeper.support.dialogue.records import (
    Command,
    DialogueState,
    Do,
    Flow,
    Mention,
    Wish,
)
from shopkeeper.text.normalise import normalise

MAX_TEXT = 4000  # characters of a message that are read
_ASKS = re.compile(
    r"(?:(?:hi|hello|hey|good \w+|please)[ ,!.]+)*(?:what|how|when|where|who|why|which|do|does|is|are|can|could|will)\b"
    r"|.*(?:[吗呢么]\W*$|多少|几[个天年]|怎么|什么|哪[里个些]|有没有|能不能|可不可以|是不是|能否|是否)"
)
_COURTEOUS = 3  # words or characters beside a greeting that may go with it: "in there", 在吗


@dataclass(frozen=True, slots=True)
class View:
    """What may be looked at to understand a message."""

    state: DialogueState
    known: Known
    identified: bool

    @property
    def lexicon(self) -> Lexicon:
        """The ways of the language that is spoken."""
        return self.known.lexicon


class Understands(Protocol):
    """A strength of understanding."""

    def commands(self, message: str, view: View) -> list[Command]:
        """What the message asks for, in its order; one UNCLEAR if that cannot be told. Raises ModelError."""


class ByRules:
    """Understanding by words, forms and the catalogue."""

    def commands(self, message: str, view: View) -> list[Command]:
        """What the message asks for."""
        message = message[:MAX_TEXT]
        plain = normalise(message)
        found = _facts(message, view)
        lexicon = view.lexicon
        if lexicon.says("angry", plain):
            found.append(Command(Do.CHAT, about="angry"))
        if lexicon.says("robot", plain):
            return [*found, Command(Do.CHAT, about="robot")]
        if _wants_person(plain, lexicon):
            return [*found, Command(Do.HAND_OVER, about="request")]
        parts = clauses(message, view.known)
        reply, used = answered(message, parts, view.state, view.known)
        found += reply
        found += _wanted(message, parts, view, used)
        if not [c for c in found if c.about != "angry"]:
            found += _talk(plain, view)
        return found or [Command(Do.UNCLEAR)]


def _facts(message: str, view: View) -> list[Command]:
    """What they say of themselves."""
    asked = view.state.question is not None and view.state.question.slot == "identity"
    found = [Command(Do.SET, slot="email", value=e) for e in slots.emails(message)]
    if view.identified:
        if view.state.question is not None and view.state.question.slot == "code":
            found = []
        else:
            return []
    code = re.fullmatch(r"\D*(\d(?:\s?\d){5})\D*", message)
    if view.state.question is not None and view.state.question.slot == "code" and code:
        return [Command(Do.SET, slot="code", value=re.sub(r"\s", "", code[1]))]
    message = slots.without_address(message)
    name = slots.name(message, view.lexicon, asked=asked)
    if name:
        found.append(Command(Do.SET, slot="name", value="|".join(name)))
    postcode = slots.postcode(message, asked=asked)
    if postcode:
        found.append(Command(Do.SET, slot="postcode", value=postcode))
    return found


def _wants_person(plain: str, lexicon: Lexicon) -> bool:
    return any(
        not re.search(
            r"(?:not|n't|are you|instead of|rather than|不要|你是)\s*(?:\w+\s){0,3}$",
            plain[: m.start()],
        )
        for m in lexicon.all("human", plain)
    )


def _wanted(
    message: str, parts: Sequence[Clause], view: View, used: frozenset[int]
) -> list[Command]:
    """Wishes, in order; and what takes something out of the wishes that are open."""
    lexicon, state = view.lexicon, view.state
    found: list[Command] = []
    last: Wish | None = None
    about: tuple[str, ...] = ()
    for index, clause in enumerate(parts):
        if index in used:
            continue
        if last is None and clause.numbers and clause.verb is None and clause.asks is None:
            about = clause.numbers  # "About order 1001: …"
        taken_out = _taken_out(clause, view)
        if taken_out is not None:
            found.append(taken_out)
            if clause.verb is None or taken_out.do is Do.ONLY:
                continue
        made = wishes(clause, view.known)
        for wish in made:
            wish.orders = wish.orders or about
            if wish.unless and last is None and not state.wishes:
                wish.unless = 0
            if _goes_on(wish, clause, last):
                _point_back(wish, last, state)
            if wish.flow in (Flow.ADDRESS, Flow.PROFILE):
                _address(wish, message, parts[index + 1 :], view)
            manner = "instead" if lexicon.says("instead", clause.text) else ""
            if last is not None and last.mentions and _continues(wish, clause, last):
                last.mentions[-1].wanted += " , " + wish.mentions[0].wanted
                continue
            found.append(Command(Do.START, wish=wish, about=manner))
            last = wish
        if not made:
            _go_on(clause, last, found, view)
    return found


def _goes_on(wish: Wish, clause: Clause, last: Wish | None) -> bool:
    return (
        not wish.mentions
        and not wish.orders
        and not wish.every
        and (pronoun(clause) or wish.unless != 0 or (last is not None and wish.flow is Flow.CANCEL))
    )


def _continues(wish: Wish, clause: Clause, last: Wish) -> bool:
    """ "I want to exchange my jacket. Change it to red." """
    return (
        wish.flow is Flow.SWAP
        and last.flow is Flow.SWAP
        and not wish.orders
        and len(wish.mentions) == 1
        and not wish.mentions[0].words
        and pronoun(clause)
    )


def _point_back(wish: Wish, last: Wish | None, state: DialogueState) -> None:
    """ "Return it": what was spoken of last."""
    before = last or (state.wishes[-1] if state.wishes else None)
    if before is None:
        return
    if not wish.whole:
        wish.mentions = [
            Mention(m.words, m.products, m.described, "", m.count, m.code) for m in before.mentions
        ]
    wish.orders = before.orders
    if before.settled and not wish.orders:
        wish.orders = before.settled[:1]
    if not wish.orders and before.picks:
        wish.orders = tuple(dict.fromkeys(p.order_id for p in before.picks))[:1]


def _address(wish: Wish, message: str, rest: Sequence[Clause], view: View) -> None:
    """The address itself often stands in a sentence of its own."""
    if slots.address(message, "") is not None:
        wish.written = message
    for clause in rest:
        if clause.verb is None and clause.asks is None and _is_place(clause, view):
            wish.address += " to " + clause.text


def _is_place(clause: Clause, view: View) -> bool:
    """True if the clause speaks of where to, and not of how to pay."""
    lexicon, text = view.lexicon, clause.text
    if slots.method(text, lexicon):
        return False
    return bool(
        lexicon.says("address", text) or lexicon.says("default", text) or clause.numbers
    ) or (re.search(r"\d{5}|\bin (?:my|one of)\b|\border\b|订单", text) is not None)


def _taken_out(clause: Clause, view: View) -> Command | None:
    """ "Only the lamp", "keep the bottle", "forget about the exchange": something of what is open is not wanted."""
    lexicon, state = view.lexicon, view.state
    if not state.open():
        return None
    text = clause.text
    named = view.known.shelf.named(text)
    mentions = [Mention(n.words, n.products, text) for n in named]
    only = lexicon.says("only", text)
    confirming = state.question is not None and state.question.slot in (
        "confirm",
        "variant",
        "which",
        "method",
    )
    before = re.split(r"[,;:，；：]", text[: only.start()])[-1] if only else ""
    if only and mentions and confirming and re.match(r"\W*(?:\w+\W+){0,6}$", f"{before} "):
        after = [m for m, n in zip(mentions, named, strict=True) if n.start > only.start()]
        if after:
            return Command(Do.ONLY, mentions=after)
    drop = lexicon.says("drop", text)
    if drop and (
        mentions or re.search(r"\b(?:it|that|this|them|one|order)\b|[它这那]", text[drop.end() :])
    ):
        if clause.verb is not None and clause.verb.start < drop.start() and not mentions:
            return None
        kept = [m for m, n in zip(mentions, named, strict=True) if n.start > drop.start()]
        if mentions and not kept:
            return None
        if not mentions and not confirming:
            return None
        return Command(Do.DROP, mentions=kept)
    return None


def _go_on(clause: Clause, last: Wish | None, found: list[Command], view: View) -> None:
    """A clause without a verb adds to the wish before it, or says how to pay."""
    lexicon, text = view.lexicon, clause.text
    method = slots.method(text, lexicon)
    if method:
        if (
            (last is not None and not last.method and view.state.question is None)
            or view.state.question is None
            or view.state.question.slot != "method"
        ):
            found.append(Command(Do.SET, slot="method", value=method))
        return
    if last is None:
        return
    if last.flow is Flow.CANCEL and not last.reason:
        last.reason = slots.reason(text, lexicon)
    if last.flow is Flow.SWAP and last.mentions:
        _add_to_swap(last, clause, view)
        return
    if clause.numbers and not last.orders:
        last.orders = clause.numbers
    named = view.known.shelf.named(text)
    if (
        last.flow in (Flow.RETURN, Flow.CANCEL)
        and named
        and re.match(r"[\s,;]*(?:and|also|plus|as well as|和|还有|、|，)", text)
    ):
        already = {m.products for m in last.mentions}
        last.mentions += [
            Mention(n.words, n.products, text) for n in named if n.products not in already
        ]
    elif last.mentions and last.flow in (Flow.RETURN, Flow.CANCEL):
        last.mentions[-1].described += " " + text
    last.hint += " " + text


def _add_to_swap(last: Wish, clause: Clause, view: View) -> None:
    """More of what an item is to become, or a further item with its own."""
    text = clause.text
    if clause.numbers and not last.orders:
        last.orders = clause.numbers
    named = view.known.shelf.named(text)
    if not named:
        last.mentions[-1].wanted += " , " + text
        return
    name = named[0]
    rest = text[name.end :]
    for mention in last.mentions:
        if set(mention.products) & set(name.products):
            mention.wanted += " , " + text[: name.start] + rest
            return
    last.mentions.append(Mention(name.words, name.products, text[: name.start], rest))


def _talk(plain: str, view: View) -> list[Command]:
    """Courtesies, what is off the topic, and questions for the shop's knowledge."""
    lexicon = view.lexicon
    asks = plain.endswith(("?", "？")) or _ASKS.match(plain) is not None
    for kind in ("joking", "bye", "thanks", "hello"):
        said = lexicon.says(kind, plain)
        if said and (kind == "joking" or (len(plain) < 90 and not (asks and _goes_on_after(said)))):
            return [Command(Do.CHAT, about=kind)]
    if lexicon.only_says("no", plain):
        return [Command(Do.DENY)]
    if lexicon.only_says("yes", plain):
        return [Command(Do.CONFIRM)]
    if lexicon.only_says("whether", plain) and view.state.question is not None:
        return [Command(Do.UNCLEAR)]  # "is that ok?": what was asked is asked again
    about = lexicon.says("beyond", plain) is not None and lexicon.says("within", plain) is None
    return [Command(Do.ASK, value=plain)] if asks or about else []


def _goes_on_after(courtesy: re.Match[str]) -> bool:
    """True if more than a courtesy is said: the question behind a greeting is what is to be answered."""
    beside = courtesy.string[: courtesy.start()] + courtesy.string[courtesy.end() :]
    return len(re.findall(r"[a-z0-9]+|[\u3400-\u9fff]", beside)) > _COURTEOUS
