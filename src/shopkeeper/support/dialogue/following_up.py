"""What follows when products were shown: questions about them are answered, they are compared, cheaper ones are looked for,
and one is made ready for the cart."""

from collections.abc import Sequence
from decimal import Decimal

from shopkeeper.shop.records import Product
from shopkeeper.support.dialogue import asking, naming, seeking, shown
from shopkeeper.support.dialogue.records import Command, DialogueState
from shopkeeper.support.dialogue.saying import Line
from shopkeeper.support.dialogue.selling import (
    Answer,
    ask_which,
    beside,
    say,
    show,
    told,
)
from shopkeeper.support.dialogue.working import Turn
from shopkeeper.text.normalise import normalise

_CENT = Decimal("0.01")


def may_follow(state: DialogueState, text: str, commands: Sequence[Command]) -> bool:
    """True if a message may be about products that were shown: nothing else was asked back, and it is of no order. "I'd like
    the second one" reads as a change, and is none where nothing else is under way."""
    if not state.shown or not asking.leaves_room(state.question):
        return False
    plain = normalise(text)
    of_goods = asking.wants_nothing_done(commands) and not asking.is_own(plain)
    return of_goods or shown.wants_cart(plain)


def follow(turn: Turn, text: str, answer: Answer) -> bool:
    """Say what there is to say of products that were shown, if the message is about them. answer: what the shop knows."""
    state = turn.state
    products = [p for i in state.shown if (p := turn.desk.product(i)) is not None]
    asked, state.asked = state.asked, ""
    if not products:
        return False
    plain = normalise(text)
    at = shown.pointed(plain, products, state.meant)
    if asked and shown.is_short(plain) and not (shown.wants_cart(plain) or asking.is_question(plain)):  # fmt: skip
        plain, at = _completed(asked, plain, products, state)
    if shown.wants_cart(plain):
        return _cart(turn, plain, products, at)
    if shown.wants_comparison(plain):
        named = naming.each_named(plain, turn.desk.find_products) if at is None else ()
        chosen = named if len(named) > 1 else tuple(products)
        if at is not None and len(at.products) > 1:
            chosen = at.products
        return len(chosen) > 1 and say(turn, shown.compared(chosen, state.language))
    field = shown.field_of(plain, products, state.language) if shown.wants_most(plain) else None
    if field is not None and len(products) > 1:
        return say(turn, shown.compared(products, state.language, field))
    if shown.wants_best(plain) and len(products) > 1:
        line = shown.best_rated(products, state.language)
        return line is not None and say(turn, line)
    refined = seeking.refinement_of(plain)
    if at is None and refined and state.sought and not shown.wants_cheaper(plain):
        return show(turn, f"{refined} {state.sought}", None)
    interest = seeking.interest_of(plain)
    if at is None and interest and show(turn, interest, seeking.limit_of(plain)):
        return True
    limit = seeking.limit_of(plain) if shown.is_short(plain) else None
    if at is None and limit is not None and state.sought and seeking.sought(text, ()) is None:
        return show(turn, state.sought, limit) or say(turn, Line("none_cheaper"))
    if at is None and shown.wants_cheaper(plain) and state.sought:
        than = [p for p in products if p.id == state.meant] or products
        found = show(turn, state.sought, shown.lowest(than) - _CENT)
        return found or say(turn, Line("none_cheaper"))
    if at is None:
        return _without_pointing(turn, text, plain, products, answer)
    return _about(turn, text, plain, at, answer)


def _completed(
    asked: str, plain: str, products: list[Product], state: DialogueState
) -> tuple[str, shown.Pointed | None]:
    """What was wanted of one of them, with the words that say which, or which version of it."""
    chosen = shown.pointed(plain, products)
    by_title = naming.told_apart(plain, products) if chosen is None else None
    if by_title is not None:
        chosen = shown.Pointed((by_title,), 0, 0)
    if chosen is None and not any(shown.names_option(plain, p, state.language) for p in products):
        return plain, shown.pointed(plain, products, state.meant)
    if chosen is None or len(chosen.products) != 1:
        return f"{asked} {plain}", chosen or shown.pointed(asked, products, state.meant)
    one = shown.pointed(asked, chosen.products) or shown.Pointed(chosen.products, 0, 0)
    return (f"{asked} {plain}" if shown.wants_cart(asked) else asked), one


def _cart(turn: Turn, plain: str, products: list[Product], at: shown.Pointed | None) -> bool:
    state = turn.state
    about = [p for p in products if p.id == state.meant] or products
    chosen = at.products if at is not None else tuple(about)
    if len(chosen) != 1:
        return ask_which(turn, plain, products)
    state.asked = plain  # what comes next may choose another version, or another of them
    return say(turn, shown.into_cart(chosen[0], plain, state.language))


def _without_pointing(
    turn: Turn, text: str, plain: str, products: list[Product], answer: Answer
) -> bool:
    """A question that may be about what was shown without saying so: "how tall is it?", "and the colours?"."""
    if shown.names_no_one(plain):
        return ask_which(turn, "", products)
    if not asking.is_question(plain):
        return False
    about = next((p for p in products if p.id == turn.state.meant), None)
    if about is None and len(products) == 1:
        about = products[0]
    of_it = f"{shown.title_of(about, turn.state.language)}: {text}" if about is not None else ""
    if of_it and shown.goes_on(plain) and (found := answer(of_it)) is not None:
        return say(turn, told(found))
    if answer(text) is not None:
        return False
    if of_it:
        found = answer(of_it)
        return found is not None and say(turn, told(found))
    return shown.points_at_one(plain) and ask_which(turn, plain, products)


def _about(turn: Turn, text: str, plain: str, at: shown.Pointed, answer: Answer) -> bool:
    """Of what is pointed at: what is asked, or the thing itself where nothing is."""
    language = turn.state.language
    if len(at.products) == 1:
        turn.state.meant = str(at.products[0].id)
    if shown.says_no_more(plain, at):
        return say(turn, shown.listed(at.products, "this_one", language))
    if len(at.products) == 1 and beside(turn, plain, at.products[0]):
        return True
    found = []
    for product in at.products[: shown.MOST_COMPARED]:
        one = shown.Pointed((product,), at.start, at.end)
        answered = answer(shown.rewritten(plain, one, language))
        if answered is not None:
            found.append(told(answered))
    for line in found:
        say(turn, line)
    if found or not asking.is_question(plain) or answer(text) is not None:
        return bool(found)
    turn.unanswered.append(text)
    return say(turn, Line("unknown_answer"))
