"""A message read as the answer to what was asked last."""

import re
from collections.abc import Callable, Sequence

from shopkeeper.support.dialogue import slots
from shopkeeper.support.dialogue.reading import Clause, Known
from shopkeeper.support.dialogue.records import Command, DialogueState, Do, Flow, Mention, Question
from shopkeeper.text.normalise import normalise

Answers = tuple[list[Command], frozenset[int]]
"""Commands, and the clauses that they used up."""

_ORDINALS = ("first", "second", "third")


def answered(message: str, parts: Sequence[Clause], state: DialogueState, known: Known) -> Answers:
    """What the message answers; nothing where it answers nothing."""
    question = state.question
    if question is None:
        return [], frozenset()
    read = _READERS.get(question.slot)
    return read(message, parts, question, known) if read else ([], frozenset())


def _free(parts: Sequence[Clause]) -> frozenset[int]:
    """Clauses that want nothing of their own."""
    return frozenset(i for i, c in enumerate(parts) if c.verb is None and c.asks is None)


def _text(parts: Sequence[Clause]) -> str:
    """The clauses that want nothing of their own; all if there are none."""
    free = _free(parts)
    return " ".join(c.text for i, c in enumerate(parts) if i in free) or " ".join(
        c.text for c in parts
    )


def _order(message: str, parts: Sequence[Clause], question: Question, known: Known) -> Answers:
    written = [n.written for n in slots.numbers(message, known.orders) if n.is_order]
    wants = [c for c in parts if c.verb is not None]
    if written and not (wants and all(c.numbers for c in wants)):
        return [Command(Do.SET, slot="order", value="|".join(written))], _free(parts)
    text = _text(parts)
    if wants:
        return [], frozenset()
    found = _chosen(text, question.options, known)
    if found:
        return [Command(Do.SET, slot="order", value="|".join(found))], _free(parts)
    if known.lexicon.says("unknown", text):
        return [Command(Do.SET, slot="order", value="?")], _free(parts)
    if (
        known.lexicon.hits("statuses", text)
        or known.shelf.named(text)
        or known.lexicon.says("newest", text)
        or _says_place(text)
    ):
        return [Command(Do.SET, slot="order_hint", value=text)], _free(parts)
    return [], frozenset()


def _says_place(text: str) -> bool:
    return re.search(r"\b(?:to|in|the one)\s+\w+", text) is not None


def _chosen(text: str, options: Sequence[str], known: Known) -> list[str]:
    """Options that are picked by their place in the list, or all of them."""
    lexicon = known.lexicon
    if lexicon.says("two", text) or re.search(r"\ball(?: of them)?\b|全部|都", text):
        return list(options)
    for index, name in enumerate(_ORDINALS):
        if index < len(options) and lexicon.says(name, text):
            return [options[index]]
    if options and re.search(r"\blast (?:one|option)\b|最后一个", text):
        return [options[-1]]
    return []


def _which(message: str, parts: Sequence[Clause], question: Question, known: Known) -> Answers:
    """Which of several items: by number, place, price or by what it is like. The dialogue matches descriptions."""
    text = " ".join(c.text for c in parts)
    wants = [c for c in parts if c.verb is not None]
    written = [n.written for n in slots.numbers(message, known.orders)]
    picked = [
        o for o in question.options
        if any(re.sub(r"\W", "", w).casefold() in re.sub(r"[^\w|]", "", o).casefold() for w in written)
    ]  # fmt: skip
    picked = list(dict.fromkeys(picked))
    if picked and len(picked) < len(set(question.options)):
        return [Command(Do.SET, slot="which", value="\n".join(picked))], _all(parts)
    if known.lexicon.only_says("no", text) or _gives_up(text, known):
        return [Command(Do.DROP)], _all(parts)
    chosen = _chosen(text, question.options, known)
    if chosen and not wants:
        return [Command(Do.SET, slot="which", value="\n".join(chosen))], _all(parts)
    if wants and any(known.shelf.named(c.text) for c in wants) and len(text) > 60:
        return [], frozenset()
    return [Command(Do.SET, slot="which_like", value=text)], _all(parts)


def _all(parts: Sequence[Clause]) -> frozenset[int]:
    return frozenset(range(len(parts)))


def _gives_up(text: str, known: Known) -> bool:
    """ "Forget it", "then leave it as it is", "keep the keyboard", "no, just the thermostat"."""
    drop = known.lexicon.says("drop", text)
    return (
        drop is not None
        and re.search(r"\b(?:it|that|this|one|as (?:it )?is|same)\b|[它这那]", text) is not None
        and not re.search(r"\b(?:with|without|but)\b", text)
    )


def _variant(message: str, parts: Sequence[Clause], question: Question, known: Known) -> Answers:
    text = " ".join(c.text for c in parts)
    leaves_out = known.lexicon.says("drop", text) or known.lexicon.says("only", text)
    if leaves_out and known.shelf.named(text):
        return (
            [],
            frozenset(),
        )  # "forget the keyboard, only the thermostat": read as what is taken out
    verbs = [c for c in parts if c.verb is not None]
    if known.lexicon.only_says("no", text) or _gives_up(text, known):
        return [Command(Do.DROP)], _all(parts)
    others = [c for c in verbs if c.verb is not None and c.verb.name != Flow.SWAP]
    if others:
        return [], frozenset()
    chosen = _chosen(text, question.options, known)
    if len(chosen) == 1:
        return [Command(Do.SET, slot="variant", value=chosen[0])], _all(parts)
    codes = [n.written for n in slots.numbers(message, known.orders) if not n.is_order]
    if codes:
        return [Command(Do.SET, slot="wanted", value=text)], _all(parts)
    return [Command(Do.SET, slot="variant_like", value=text)], _all(parts)


def _method(message: str, parts: Sequence[Clause], question: Question, known: Known) -> Answers:
    text = " ".join(c.text for c in parts)
    named = slots.method(text, known.lexicon)
    verbs = [c for c in parts if c.verb is not None and _wants_more(c, known)]
    if named:
        used = _all(parts) if not verbs else _free(parts)
        return [Command(Do.SET, slot="method", value=named)], used
    if verbs:
        return [], frozenset()
    chosen = _chosen(text, question.options, known)
    if len(chosen) == 1:
        return [Command(Do.SET, slot="method", value=chosen[0])], _all(parts)
    if known.lexicon.only_says("yes", text) and len(question.options) == 1:
        return [Command(Do.SET, slot="method", value=question.options[0])], _all(parts)
    if known.lexicon.only_says("no", text) or _gives_up(text, known):
        return [Command(Do.DROP)], _all(parts)
    if (
        re.search(
            r"\b(?:either|any|whichever|whatever|doesn't matter|don't care)\b|随便|都行", text
        )
        and question.options
    ):
        return [Command(Do.SET, slot="method", value=question.options[0])], _all(parts)
    return [], frozenset()


def _wants_more(clause: Clause, known: Known) -> bool:
    """ "Refund it to my card" only says how to pay; "return everything, refund to my card" wants more."""
    assert clause.verb is not None
    if clause.verb.name == Flow.PAYMENT:
        return False
    more = known.lexicon.says("whole", clause.text) or known.shelf.named(clause.text)
    return clause.verb.name != Flow.RETURN or bool(more)


def _reason(message: str, parts: Sequence[Clause], question: Question, known: Known) -> Answers:
    text = " ".join(c.text for c in parts)
    named = slots.reason(text, known.lexicon)
    chosen = [o for o in question.options if normalise(o) in text] or _chosen(
        text, question.options, known
    )
    value = chosen[0] if len(chosen) == 1 else named
    if value:
        return [Command(Do.SET, slot="reason", value=value)], _all(parts)
    if known.lexicon.only_says("no", text) or _gives_up(text, known):
        return [Command(Do.DROP)], _all(parts)
    if any(c.verb or c.asks for c in parts) or known.lexicon.only_says("whether", text):
        return [], frozenset()
    return [Command(Do.SET, slot="reason", value="other")], _all(parts)


def _yes_or_no(message: str, parts: Sequence[Clause], question: Question, known: Known) -> Answers:
    text = " ".join(c.text for c in parts)
    lexicon = known.lexicon
    no, yes = lexicon.says("no", text), lexicon.says("yes", text)
    if no and (yes is None or no.start() < yes.start()):
        return [Command(Do.DENY)], _first(parts)
    if yes:
        return [Command(Do.CONFIRM)], _first(parts)
    if question.slot == "whole":
        if lexicon.says("whole", text) and not lexicon.says("not_said", text):
            return [Command(Do.CONFIRM)], _all(parts)
        if _gives_up(text, known) or lexicon.says("drop", text):
            return [Command(Do.DENY)], _all(parts)
    return [], frozenset()


def _first(parts: Sequence[Clause]) -> frozenset[int]:
    """The answer itself; what is wanted beside it is read on its own, unless it repeats what was asked."""
    kept = {i for i, c in enumerate(parts) if c.verb is not None and i > 0 and _is_further(c)}
    return frozenset(i for i in range(len(parts)) if i not in kept)


def _is_further(clause: Clause) -> bool:
    return clause.verb is not None and (
        bool(clause.numbers)
        or re.search(r"\b(?:also|another|too|as well)\b|还|另外", clause.text) is not None
        or clause.verb.name not in (Flow.CANCEL,)
    )


def _either(message: str, parts: Sequence[Clause], question: Question, known: Known) -> Answers:
    text = " ".join(c.text for c in parts)
    hits = [h for h in known.lexicon.hits("writes", text) if h.name in (Flow.RETURN, Flow.SWAP)]
    refused = [
        h
        for h in hits
        if re.search(
            r"(?:not|n't|instead of|rather than|forget|skip|不)\W*(?:\w+\W+){0,3}$", text[: h.start]
        )
    ]
    left = [h for h in hits if h not in refused] or hits
    named = known.shelf.named(text)
    if left:
        return [Command(Do.SET, slot="either", value=left[0].name)], _all(parts)
    chosen = _chosen(text, (Flow.RETURN.value, Flow.SWAP.value), known)
    if len(chosen) == 1:
        return [Command(Do.SET, slot="either", value=chosen[0])], _all(parts)
    if named:
        return [
            Command(
                Do.SET,
                slot="either_like",
                value=text,
                mentions=[Mention(n.words, n.products) for n in named],
            )
        ], _all(parts)
    return [], frozenset()


def _address(message: str, parts: Sequence[Clause], question: Question, known: Known) -> Answers:
    text = " ".join(c.text for c in parts)
    if slots.address(message, "") is not None:
        return [Command(Do.SET, slot="written", value=message)], _all(parts)
    if any(c.verb is not None and c.verb.name not in (Flow.ADDRESS, Flow.SWAP) for c in parts):
        return [], frozenset()
    chosen = _chosen(text, question.options, known)
    if len(chosen) == 1:
        return [Command(Do.SET, slot="written", value=chosen[0])], _all(parts)
    return [Command(Do.SET, slot="address", value=text)], _all(parts)


def _address_part(
    message: str, parts: Sequence[Clause], question: Question, known: Known
) -> Answers:
    if any(c.verb is not None for c in parts):
        return [], frozenset()
    found = re.sub(
        r"^(?:it'?s|it is|that'?s|the state is|in|state:?)\s+",
        "",
        message.strip(),
        flags=re.IGNORECASE,
    )
    return [Command(Do.SET, slot="extra", value=found)], _all(parts)


def _items(message: str, parts: Sequence[Clause], question: Question, known: Known) -> Answers:
    text = " ".join(c.text for c in parts)
    if any(c.verb is not None and c.numbers for c in parts):
        return [], frozenset()
    if known.lexicon.says("whole", text) or re.search(r"\ball\b|全部", text):
        return [Command(Do.SET, slot="items", value="all")], _all(parts)
    if known.lexicon.only_says("no", text):
        return [Command(Do.DROP)], _all(parts)
    named = known.shelf.named(text)
    if named:
        mentions = [Mention(n.words, n.products, text) for n in named]
        return [Command(Do.SET, slot="items", value=text, mentions=mentions)], _all(parts)
    return [], frozenset()


def _confirm(message: str, parts: Sequence[Clause], question: Question, known: Known) -> Answers:
    """What is said to a proposal that is no plain yes or no: how to pay, or an address. The rest are wishes."""
    text = " ".join(c.text for c in parts)
    found: list[Command] = []
    named = slots.method(text, known.lexicon)
    wants_method = named and not any(
        c.verb is not None
        and c.verb.name in (Flow.RETURN,)
        and slots.method(c.text, known.lexicon) == named
        and known.shelf.named(c.text)
        for c in parts
    )
    if wants_method:
        found.append(Command(Do.SET, slot="method", value=named))
    return found, frozenset()


_READERS: dict[str, Callable[[str, Sequence[Clause], Question, Known], Answers]] = {
    "order": _order,
    "which": _which,
    "variant": _variant,
    "method": _method,
    "reason": _reason,
    "whole": _yes_or_no,
    "original": _yes_or_no,
    "suggest": _yes_or_no,
    "person": _yes_or_no,
    "either": _either,
    "address": _address,
    "address_part": _address_part,
    "items": _items,
    "confirm": _confirm,
}
