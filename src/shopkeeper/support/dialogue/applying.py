"""Commands put to the state: wishes that come in, slots that are filled, items that are taken out."""

from shopkeeper.support.dialogue import locating
from shopkeeper.support.dialogue.desk import Desk
from shopkeeper.support.dialogue.options_said import said
from shopkeeper.support.dialogue.records import (
    WRITES,
    Command,
    DialogueState,
    Do,
    Flow,
    Mention,
    Pick,
    Progress,
    Question,
    Wish,
)


def apply(commands: list[Command], state: DialogueState, desk: Desk) -> None:
    """Bring the state up to what was said."""
    question = state.question
    for command in commands:
        if command.do is Do.START and command.wish is not None:
            _start(command, state, question)
        elif command.do is Do.SET:
            _set(command, state, desk, question)
        elif command.do in (Do.ONLY, Do.DROP):
            _take_out(command, state, desk, question)
        elif command.do is Do.CONFIRM:
            _agreed(state, question)
        elif command.do is Do.DENY:
            _refused(state, question)


def _asked_wish(state: DialogueState, question: Question | None) -> Wish | None:
    return state.wish(question.wish) if question else None


def _start(command: Command, state: DialogueState, question: Question | None) -> None:
    wish = command.wish
    assert wish is not None
    before = _open_writes(state)
    if wish.unless == -1:
        wish.unless = before[-1].number if before else 0
        if not before and state.wishes:
            wish.unless = 0
    confirming = question is not None and question.slot in ("confirm", "variant", "method", "which")
    same = next(
        (w for w in reversed(before) if w.flow is wish.flow and _is_about_the_same(w, wish)), None
    )
    anew = same is not None and wish.flow in WRITES and not wish.unless
    if (
        same is not None
        and anew
        and _says_anew(same, wish, changes=confirming or command.about == "instead")
    ):
        return
    if same is None and command.about == "instead" and confirming:
        pending = [w for w in before if w.number in state.pending_wishes]
        if (
            pending
            and wish.flow is not pending[0].flow
            and {wish.flow, pending[0].flow} <= {Flow.RETURN, Flow.SWAP, Flow.CANCEL}
        ):
            for other in pending:
                other.progress = Progress.DROPPED
    _in_place_of_asked(wish, state, question)
    state.add(wish)
    if wish.method and not state.method and wish.flow is not Flow.PAYMENT and not wish.picks:
        for other in before:
            if (
                not other.method
                and other.flow in (Flow.SWAP, Flow.RETURN)
                and other.number in state.pending_wishes
            ):
                other.method = wish.method


def _in_place_of_asked(wish: Wish, state: DialogueState, question: Question | None) -> None:
    """ "Then cancel the whole order", said to "which variant?": what was asked about is given up, and its order meant."""
    asked = _asked_wish(state, question)
    if question is None or asked is None or asked.flow not in WRITES or wish.flow not in WRITES:
        return
    orders = tuple(dict.fromkeys(p.order_id for p in asked.picks)) or asked.settled
    if (
        question.slot in ("variant", "whole", "suggest", "method", "confirm", "reason")
        and not wish.orders
    ) and (
        not wish.mentions
        and not wish.every
        and wish.flow in (Flow.CANCEL, Flow.RETURN, Flow.ADDRESS)
    ):
        wish.orders = orders[:1]
    if wish.whole and wish.flow is asked.flow:
        asked.progress = Progress.DROPPED
    if question.slot == "variant" and wish.flow in (Flow.CANCEL, Flow.RETURN):
        _drop_pick(asked, question.mention)


def _open_writes(state: DialogueState) -> list[Wish]:
    return [w for w in state.wishes if w.progress is Progress.OPEN and w.flow in WRITES]


def _is_about_the_same(old: Wish, new: Wish) -> bool:
    if old.orders and new.orders and set(old.orders) != set(new.orders):
        return False
    if old.flow in (Flow.ADDRESS, Flow.PROFILE, Flow.PAYMENT, Flow.UNDO):
        return old.flow is Flow.PROFILE or (old.orders == new.orders and old.hint == new.hint)
    if not new.mentions:
        return not old.mentions and old.whole == new.whole and old.every == new.every
    if any(locating.FURTHER.search(m.described) for m in new.mentions):
        return False
    if old.flow is Flow.SWAP and not new.mentions[0].words and old.mentions:
        return True
    return bool(old.mentions) and all(
        any(_same_words(m, o) for o in old.mentions) for m in new.mentions
    )


def _same_words(one: Mention, other: Mention) -> bool:
    if one.code or other.code:
        return one.code == other.code
    return (
        bool(set(one.products) & set(other.products)) if one.products else one.words == other.words
    )


def _says_anew(old: Wish, new: Wish, *, changes: bool) -> bool:
    """The same thing is wanted once more: what is new of it counts. False where it is a further wish after all."""
    for mention in new.mentions:
        known = next(
            (i for i, o in enumerate(old.mentions) if _same_words(mention, o) or not mention.words),
            None,
        )
        if known is None:
            return False
        target = old.mentions[known]
        further = mention.described.strip() and mention.described != target.described
        if mention.wanted.strip(" .,!?") and old.flow is Flow.SWAP:
            target.wanted = mention.wanted if changes else f"{target.wanted} , {mention.wanted}"
            for pick in old.picks:
                if pick.mention == known:
                    pick.new_item = ""
        if further and changes and old.flow is not Flow.SWAP:
            old.mentions[known] = mention
            old.picks = [p for p in old.picks if p.mention != known]
            old.located = False
        elif further and not changes and old.flow is not Flow.SWAP:
            target.described += " " + mention.described
            old.picks = [p for p in old.picks if p.mention != known]
            old.located = False
        if mention.count != 1 and mention.count != target.count:
            target.count = mention.count
            old.picks = [p for p in old.picks if p.mention != known]
            old.located = False
    if new.orders and not old.orders:
        old.orders, old.located = new.orders, False
    old.method = new.method or old.method
    old.reason = new.reason or old.reason
    if new.whole and not old.whole:
        old.agreed_whole = True
    return True


def _set(command: Command, state: DialogueState, desk: Desk, question: Question | None) -> None:
    slot, value = command.slot, command.value
    wish = _asked_wish(state, question)
    if slot in ("email", "postcode"):
        if slot == "email" and state.facts.get("email") and state.facts["email"] != value:
            state.facts["other_email"] = value
        else:
            state.facts[slot] = value
    elif slot == "name":
        state.facts["first_name"], _, state.facts["last_name"] = value.partition("|")
    elif slot == "code":
        state.facts["code"] = value
    elif slot == "method":
        _set_method(_other_than_shown(value, state, desk, question), state, question, wish)
    elif slot == "reason":
        for other in _open_writes(state):
            if other.flow is Flow.CANCEL and (not other.reason or other is wish):
                other.reason = value
    elif wish is not None:
        _set_of_wish(command, state, desk, question, wish)


def _other_than_shown(
    value: str, state: DialogueState, desk: Desk, question: Question | None
) -> str:
    """ "The other card", said to a proposal: other than the one that it names."""
    if value != "other" or question is None or question.slot != "confirm" or not state.pending:
        return value
    shown = desk.proposals([state.pending])[0].action.method_id
    kind = next((m.kind for m in desk.methods if m.id == shown), "")
    others = [m.id for m in desk.methods if m.id != shown and m.kind == kind]
    others = others or [m.id for m in desk.methods if m.id != shown]
    return others[0] if len(others) == 1 else value


def _set_method(
    value: str, state: DialogueState, question: Question | None, wish: Wish | None
) -> None:
    pending = [w for w in _open_writes(state) if w.number in state.pending_wishes]
    if question is not None and question.slot == "method" and wish is not None:
        wish.method = value
        if not state.method or value == "original":
            state.method = (
                value
                if value
                in ("original", "paypal", "gift_card", "credit_card", "visa", "mastercard", "amex")
                else state.method
            )
    elif question is not None and question.slot == "confirm" and pending:
        for other in pending:
            other.method = value
    else:
        state.method = value
        for other in _open_writes(state):
            if other.flow is Flow.PAYMENT and not other.method:
                other.method = value


def _set_of_wish(
    command: Command, state: DialogueState, desk: Desk, question: Question | None, wish: Wish
) -> None:
    assert question is not None
    slot, value = command.slot, command.value
    if slot == "order":
        if value != "?":
            wish.orders, wish.located = tuple(value.split("|")), False
            if len(wish.orders) > 1:
                wish.every = True
    elif slot == "order_hint":
        wish.hint, wish.located = f"{wish.hint} {value}", False
        _order_by_hint(wish, desk, question, value)
    elif slot == "which":
        _pick(wish, question, value.split("\n"))
    elif slot == "which_like":
        _pick_like(wish, question, value, desk)
    elif slot == "variant":
        wish.picks[question.mention].new_item = value
    elif slot == "variant_like":
        _variant_like(wish, question, value, desk)
    elif slot == "wanted":
        _want(wish, question, value)
    elif slot == "either":
        _either(state, question, Flow(value))
    elif slot == "either_like":
        for number, flow in ((question.wish, Flow.RETURN), (question.mention, Flow.SWAP)):
            other = state.wish(number)
            if other and any(_same_words(m, o) for m in command.mentions for o in other.mentions):
                _either(state, question, flow)
                break
    elif slot in ("address", "written", "extra"):
        setattr(wish, slot, value)
    elif slot == "items":
        if value == "all":
            wish.whole, wish.mentions = True, []
            wish.orders = wish.settled or wish.orders
        else:
            wish.mentions, wish.orders = command.mentions, wish.settled or wish.orders
            wish.whole = False
        wish.excepted = []
        wish.located = False


def _order_by_hint(wish: Wish, desk: Desk, question: Question, value: str) -> None:
    """ "The one with the tablet", "the pending one": one of the orders that were read out."""
    orders = [o for o in (desk.order(i) for i in question.options) if o]
    named = desk.shelf.named(value)
    holding = [
        o for o in orders if any(line.product_id in n.products for n in named for line in o.lines)
    ]
    fitting = holding or [o for o in locating.hinted(desk, f"order {value}") if o in orders]
    if len(fitting) == 1 or (fitting and desk.lexicon.says("newest", value)):
        wish.orders = (fitting[0].id,)


def _pick(wish: Wish, question: Question, chosen: list[str]) -> None:
    for option in chosen:
        order_id, _, item = option.partition("|")
        wish.picks.append(Pick(order_id, item, question.mention))


def _pick_like(wish: Wish, question: Question, value: str, desk: Desk) -> None:
    """One of the items that were read out, by what it is like, or the order it is in."""
    pool = [p for p in desk.pieces() if f"{p.order.id}|{p.item}" in question.options]
    by_order = [p for p in pool if p.order in locating.hinted(desk, value)]
    mine = {p.piece.line.product_id for p in pool}
    named = [n for n in desk.shelf.named(value) if mine & set(n.products)]
    company = [n for n in desk.shelf.named(value) if not mine & set(n.products)]
    found = locating.described(desk, pool, value)
    beside = [
        p
        for p in found
        if any(line.product_id in n.products for n in company for line in p.order.lines)
    ]
    found = beside or found
    if named:
        kept = [p for p in found if any(p.piece.line.product_id in n.products for n in named)]
        found = (
            kept
            or [p for p in pool if any(p.piece.line.product_id in n.products for n in named)]
            or found
        )
    if len(found) == len(pool) and 0 < len(by_order) < len(pool):
        found = by_order
    alike = list(dict.fromkeys(f"{p.order.id}|{p.item}" for p in found))
    if len(alike) == 1:
        _pick(wish, question, alike)
    elif len(alike) < len(dict.fromkeys(question.options)) and 0 <= question.mention < len(
        wish.mentions
    ):
        wish.mentions[question.mention].described += " " + value


def _variant_like(wish: Wish, question: Question, value: str, desk: Desk) -> None:
    """One of the variants that were read out, by what it is like; else a new wish for the item."""
    pick = wish.picks[question.mention]
    piece = next(
        (p for p in desk.pieces() if p.order.id == pick.order_id and p.item == pick.item), None
    )
    product = desk.product(piece.piece.line.product_id) if piece else None
    offered = [v for v in product.variants if v.id in question.options] if product else []
    like = desk.variant(piece.piece) if piece else None
    if product is None or not offered:
        _want(wish, question, value)
        return
    found = locating.variants_like(product, offered, like, value, desk.lexicon)
    if len(found) == 1:
        pick.new_item = found[0].id
        return
    meant = said(product, like, value, desk.lexicon.language)
    if not meant.nothing:
        _want(wish, question, value)


def _want(wish: Wish, question: Question, value: str) -> None:
    pick = wish.picks[question.mention]
    pick.new_item = ""
    if 0 <= pick.mention < len(wish.mentions):
        wish.mentions[pick.mention].wanted = value
    else:
        wish.mentions.append(Mention(wanted=value))
        pick.mention = len(wish.mentions) - 1


def _either(state: DialogueState, question: Question, flow: Flow) -> None:
    order_id = question.options[0]
    for wish in _open_writes(state):
        if wish.flow in (Flow.RETURN, Flow.SWAP) and wish.flow is not flow:
            wish.picks = [p for p in wish.picks if p.order_id != order_id]
            wish.settled = tuple(o for o in wish.settled if o != order_id)
            if not wish.picks and not wish.settled:
                wish.progress = Progress.DROPPED


def _take_out(
    command: Command, state: DialogueState, desk: Desk, question: Question | None
) -> None:
    """Leave items out, or drop what was asked about."""
    wish = _asked_wish(state, question)
    if not command.mentions:
        if question is not None and question.slot == "variant" and wish is not None:
            _drop_pick(wish, question.mention)
        elif (
            question is not None
            and question.slot in ("which",)
            and wish is not None
            and len(wish.mentions) > 1
        ):
            _drop_mention(wish, question.mention)
        elif wish is not None:
            wish.progress = Progress.DROPPED
        return
    for other in _open_writes(state):
        if (
            question is not None
            and question.slot == "confirm"
            and command.do is Do.ONLY
            and other.number not in state.pending_wishes
        ):
            continue
        for index, mention in reversed(list(enumerate(other.mentions))):
            named = any(_same_words(mention, m) for m in command.mentions)
            if named == (command.do is Do.DROP):
                _drop_mention(other, index)
        if other.whole and command.do is Do.DROP:
            other.excepted += command.mentions
            other.located, other.picks = False, []


def _drop_mention(wish: Wish, index: int) -> None:
    wish.picks = [p for p in wish.picks if p.mention != index]
    for pick in wish.picks:
        pick.mention -= pick.mention > index
    if 0 <= index < len(wish.mentions):
        del wish.mentions[index]
    if not wish.mentions and not wish.picks:
        wish.progress = Progress.DROPPED


def _drop_pick(wish: Wish, index: int) -> None:
    mention = wish.picks[index].mention if index < len(wish.picks) else -1
    if mention >= 0 and sum(p.mention == mention for p in wish.picks) == 1:
        _drop_mention(wish, mention)
        return
    if index < len(wish.picks):
        del wish.picks[index]
    if not wish.picks:
        wish.progress = Progress.DROPPED


def _agreed(state: DialogueState, question: Question | None) -> None:
    wish = _asked_wish(state, question)
    if wish is None or question is None:
        return
    if question.slot == "whole":
        for other in _open_writes(state):
            if other.flow is Flow.CANCEL and (
                other is wish or question.options[0] in {p.order_id for p in other.picks}
            ):
                other.agreed_whole = True
    elif question.slot == "original":
        wish.method = "original"
    elif question.slot == "suggest":
        instead = Flow(question.options[0])
        wish.progress = Progress.OPEN
        wish.flow, wish.located = instead, False
        wish.ask_only = False


def _refused(state: DialogueState, question: Question | None) -> None:
    wish = _asked_wish(state, question)
    if wish is None or question is None:
        return
    if question.slot == "whole":
        order_id = question.options[0]
        wish.picks = [p for p in wish.picks if p.order_id != order_id]
        wish.settled = tuple(o for o in wish.settled if o != order_id)
        if not wish.picks and not wish.settled:
            wish.progress = Progress.REFUSED
    elif question.slot in ("original", "suggest"):
        wish.progress = Progress.REFUSED
