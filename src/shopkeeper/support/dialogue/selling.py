"""Products are shown to who looks for some, and what follows: questions about them are answered, they are compared, cheaper
ones are looked for, and one is made ready for the cart."""

from collections.abc import Callable, Sequence
from decimal import Decimal

from shopkeeper.shop.records import Product
from shopkeeper.support.dialogue import asking, seeking, shown
from shopkeeper.support.dialogue.records import Command, DialogueState, Evidence, Question
from shopkeeper.support.dialogue.saying import Answered, Line
from shopkeeper.support.dialogue.seeking import Sought
from shopkeeper.support.dialogue.working import Turn
from shopkeeper.text.normalise import normalise

Answer = Callable[[str], Answered | None]
_CENT = Decimal("0.01")


def may_follow(state: DialogueState, text: str, commands: Sequence[Command]) -> bool:
    """True if a message may be about products that were shown: nothing else was asked back, and it is of no order. "I'd like
    the second one" reads as a change, and is none where nothing else is under way."""
    if not state.shown or not asking.leaves_room(state.question):
        return False
    plain = normalise(text)
    of_goods = asking.wants_nothing_done(commands) and not asking.is_own(plain)
    return of_goods or shown.wants_cart(plain)


def look(turn: Turn, looked_for: Sought | None) -> bool:
    """Show what is looked for where the shop has products of that very kind; of a present of which nothing is known it
    is asked what it may be. False if neither."""
    if looked_for is None:
        return False
    if looked_for.present and not looked_for.words:
        return _ask_needs(turn)
    found = list(turn.desk.find_products(looked_for.words))
    of_kind = [p for p in found if seeking.is_of_kind(looked_for.kind, p)]
    if of_kind or looked_for.present or looked_for.outright:
        return _show(turn, of_kind or found, looked_for.words, looked_for.at_most)
    return False


def show_closest(turn: Turn, looked_for: Sought | None) -> bool:
    """Show what comes closest to a thing that the shop does not have."""
    if looked_for is None or looked_for.vague or not looked_for.for_sale:
        return False
    found = turn.desk.find_products(looked_for.words)
    return _show(turn, found, looked_for.words, looked_for.at_most, "closest")


def look_around(turn: Turn, text: str) -> bool:
    """Show the shelf that is asked for: what sells best, what is reduced, what is new."""
    asked = seeking.shelf_of(normalise(text))
    if asked is None:
        return False
    name, words = asked
    if not words:
        return _show(turn, turn.desk.window.shelf(name), "", None, f"shelf_{name}")
    kind = seeking.kind_of(words)
    named = [p for p in turn.desk.find_products(words) if seeking.is_of_kind(kind, p)]
    if name == "reduced":
        return _show(turn, [p for p in named if _is_reduced(p)], words, None, "shelf_reduced")
    return _show(turn, named, words, None)


def _is_reduced(product: Product) -> bool:
    return any(v.list_price is not None and v.list_price.amount > v.price.amount for v in product.variants)  # fmt: skip


def hear_needs(turn: Turn, text: str, commands: Sequence[Command]) -> bool:
    """Show what fits what was said to the question what a present may be."""
    state, plain = turn.state, normalise(text)
    if state.question is None or state.question.slot != "needs":
        return False
    if not asking.wants_nothing_done(commands) or asking.is_question(plain):
        return False
    state.question = None
    limit = seeking.limit_of(plain)
    words = seeking.needs_of(plain)
    if words and show(turn, words, limit):
        return True
    return _show(turn, turn.desk.window.shelf("best_rated"), "", limit, "shelf_best_rated")


def refuse_discount(turn: Turn, text: str) -> bool:
    """Say that prices are as they stand, and what is reduced."""
    if not seeking.wants_discount(normalise(text)):
        return False
    turn.say("no_discount")
    turn.chatted = True
    _show(turn, turn.desk.window.shelf("reduced"), "", None, "shelf_reduced")
    return True


def show(turn: Turn, words: str, at_most: Decimal | None) -> bool:
    """Show what a search for these words finds, and remember it. False if there is nothing."""
    return _show(turn, turn.desk.find_products(words), words, at_most)


def _show(
    turn: Turn,
    products: Sequence[Product],
    words: str,
    at_most: Decimal | None,
    key: str = "products",
) -> bool:
    line = asking.shown(products, at_most, turn.state.language, key)
    if line is None:
        return False
    turn.desk.used.add("find_products")
    turn.lines.append(line)
    turn.chatted = True
    turn.state.shown = ()
    remember(turn, line.evidence)
    turn.state.sought = words
    return True


def _ask_needs(turn: Turn) -> bool:
    turn.say("ask_needs")
    turn.chatted = True
    turn.state.question = Question("needs", text="ask_needs")
    return True


def remember(turn: Turn, evidence: tuple[Evidence, ...]) -> None:
    """What is spoken of from now on, where products were told of. One of those that were shown leaves them all shown."""
    told = tuple(dict.fromkeys(e.id for e in evidence if e.kind == "product"))
    state = turn.state
    if not told:
        return
    if not set(told) <= set(state.shown) or len(told) > 1:
        state.shown = told
    state.meant = told[0] if len(told) == 1 else ""


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
        chosen = at.products if at is not None and len(at.products) > 1 else tuple(products)
        return len(chosen) > 1 and _say(turn, shown.compared(chosen, state.language))
    field = shown.field_of(plain, products, state.language) if shown.wants_most(plain) else None
    if field is not None and len(products) > 1:
        return _say(turn, shown.compared(products, state.language, field))
    if shown.wants_best(plain) and len(products) > 1:
        line = shown.best_rated(products, state.language)
        return line is not None and _say(turn, line)
    refined = seeking.refinement_of(plain)
    if at is None and refined and state.sought and not shown.wants_cheaper(plain):
        return show(turn, f"{refined} {state.sought}", None)
    interest = seeking.interest_of(plain)
    if at is None and interest and show(turn, interest, seeking.limit_of(plain)):
        return True
    limit = seeking.limit_of(plain) if shown.is_short(plain) else None
    if at is None and limit is not None and state.sought and seeking.sought(text, ()) is None:
        return show(turn, state.sought, limit) or _say(turn, Line("none_cheaper"))
    if at is None and shown.wants_cheaper(plain) and state.sought:
        than = [p for p in products if p.id == state.meant] or products
        found = show(turn, state.sought, shown.lowest(than) - _CENT)
        return found or _say(turn, Line("none_cheaper"))
    if at is None:
        return _without_pointing(turn, text, plain, products, answer)
    return _about(turn, text, plain, at, answer)


def _completed(
    asked: str, plain: str, products: list[Product], state: DialogueState
) -> tuple[str, shown.Pointed | None]:
    """What was wanted of one of them, with the words that say which, or which version of it."""
    chosen = shown.pointed(plain, products)
    if chosen is None and not any(shown.names_option(plain, p, state.language) for p in products):
        return plain, shown.pointed(plain, products, state.meant)
    if chosen is None or len(chosen.products) != 1:
        return f"{asked} {plain}", chosen or shown.pointed(asked, products, state.meant)
    one = shown.pointed(asked, chosen.products) or shown.Pointed(chosen.products, 0, 0)
    return (f"{asked} {plain}" if shown.wants_cart(asked) else asked), one


def _say(turn: Turn, line: Line) -> bool:
    turn.lines.append(line)
    turn.chatted = True
    remember(turn, line.evidence)
    return True


def _ask_which(turn: Turn, plain: str, products: list[Product]) -> bool:
    turn.state.asked = plain
    shown_again = shown.listed(products, "which_shown", turn.state.language)
    turn.lines.append(shown_again)
    turn.chatted = True
    return True


def _cart(turn: Turn, plain: str, products: list[Product], at: shown.Pointed | None) -> bool:
    state = turn.state
    about = [p for p in products if p.id == state.meant] or products
    chosen = at.products if at is not None else tuple(about)
    if len(chosen) != 1:
        return _ask_which(turn, plain, products)
    state.asked = plain  # what comes next may choose another version, or another of them
    return _say(turn, shown.into_cart(chosen[0], plain, state.language))


def _without_pointing(
    turn: Turn, text: str, plain: str, products: list[Product], answer: Answer
) -> bool:
    """A question that may be about what was shown without saying so: "how tall is it?", "and the colours?"."""
    if shown.names_no_one(plain):
        return _ask_which(turn, "", products)
    if not asking.is_question(plain) or answer(text) is not None:
        return False
    about = next((p for p in products if p.id == turn.state.meant), None)
    if about is None and len(products) == 1:
        about = products[0]
    if about is not None:
        found = answer(f"{shown.title_of(about, turn.state.language)}: {plain}")
        return found is not None and _say(turn, _told(found))
    return shown.points_at_one(plain) and _ask_which(turn, plain, products)


def _about(turn: Turn, text: str, plain: str, at: shown.Pointed, answer: Answer) -> bool:
    """Of what is pointed at: what is asked, or the thing itself where nothing is."""
    language = turn.state.language
    if len(at.products) == 1:
        turn.state.meant = str(at.products[0].id)
    if shown.says_no_more(plain, at):
        return _say(turn, shown.listed(at.products, "this_one", language))
    found = []
    for product in at.products[: shown.MOST_COMPARED]:
        one = shown.Pointed((product,), at.start, at.end)
        told = answer(shown.rewritten(plain, one, language))
        if told is not None:
            found.append(_told(told))
    for line in found:
        _say(turn, line)
    if found or not asking.is_question(plain) or answer(text) is not None:
        return bool(found)
    turn.unanswered.append(text)
    return _say(turn, Line("unknown_answer"))


def _told(found: Answered) -> Line:
    return Line("", {}, found.evidence, found.text, found.quotes)
