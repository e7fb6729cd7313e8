"""Products are shown to who looks for some: of the kind that is looked for, of a shelf, as a present, like another or to go
with it; and which one is meant is asked where a name fits several."""

from collections.abc import Callable, Sequence
from decimal import Decimal

from shopkeeper.shop.records import Product
from shopkeeper.support.dialogue import asking, naming, seeking, shown
from shopkeeper.support.dialogue.records import Command, Evidence, Question
from shopkeeper.support.dialogue.saying import Answered, Line
from shopkeeper.support.dialogue.seeking import Sought
from shopkeeper.support.dialogue.working import Turn
from shopkeeper.text.normalise import normalise

Answer = Callable[[str], Answered | None]


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
    line = asking.shown(products, at_most, turn.state.language, key, words)
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


def say(turn: Turn, line: Line) -> bool:
    """Say it, and remember the products that it tells of."""
    turn.lines.append(line)
    turn.chatted = True
    remember(turn, line.evidence)
    return True


def ask_which(turn: Turn, asked: str, products: list[Product]) -> bool:
    """Ask which of these is meant; asked: what is wanted of it."""
    turn.state.asked = asked
    shown_again = shown.listed(products, "which_shown", turn.state.language)
    turn.lines.append(shown_again)
    turn.chatted = True
    return True


def told(found: Answered) -> Line:
    """An answer of the shop's knowledge as a line."""
    return Line("", {}, found.evidence, found.text, found.quotes)


def of_named(turn: Turn, text: str, answer: Answer) -> bool:
    """Say what there is to say of the one product that a message names by a part of its title: what goes with it, what is
    like it, or what is asked of it. answer: what the shop knows."""
    plain = normalise(text)
    meant = naming.named(plain, turn.desk.find_products(plain))
    if len(meant) != 1:
        return False
    if beside(turn, plain, meant[0]):
        return True
    title = shown.title_of(meant[0], turn.state.language)
    found = answer(f"{title}: {naming.without_name(text, meant[0])}")
    return found is not None and say(turn, told(found))


def of_several(turn: Turn, text: str) -> bool:
    """Compare the products that a message names, if that is asked, or ask which of those that are called so is meant."""
    plain = normalise(text)
    if shown.wants_comparison(plain):
        several = naming.each_named(plain, turn.desk.find_products)
        return len(several) > 1 and say(turn, shown.compared(several, turn.state.language))
    meant = naming.named(plain, turn.desk.find_products(plain))[: asking.SHOWN]
    if len(meant) < 2:
        return False
    turn.state.shown = tuple(str(p.id) for p in meant)
    return ask_which(turn, naming.without_name(plain, meant[0]), list(meant))


def beside(turn: Turn, plain: str, product: Product) -> bool:
    """Show what goes with a product, or what is like it, if that is asked."""
    key = seeking.beside_of(plain)
    if key is None:
        return False
    found = turn.desk.window.beside(product.id, key)
    return _show(turn, found, "", None, key)
