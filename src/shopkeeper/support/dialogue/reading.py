"""A message taken apart by rules: its clauses, and the wishes in each of them.

A clause begins at a sentence, or before an "and" behind which something else is wanted. In a clause, a wish is a verb
("exchange"), the items named before and after it, and for each of them what describes it and what it is to become: "the
15-inch laptop to i7 and the lamp to a brighter one" are two items with a wish each.
"""

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shopkeeper.support.dialogue import slots
from shopkeeper.support.dialogue.lexicon import Hit, Lexicon, apart
from shopkeeper.support.dialogue.records import WRITES, Flow, Mention, Wish
from shopkeeper.support.dialogue.shelf import Named, Shelf
from shopkeeper.text.normalise import normalise

_SENTENCE = re.compile(r"(?<=[!?;。！？；])\s*|(?<=[.…])\s+(?=\D|\d+\s)|\n+")
_BREAK = re.compile(
    r"(?:,|;|:|，|；|、)\s*(?:and |then |also |plus |but |or )*|\s(?:and|then|also|plus|but|or|while)\s(?:then |also )?|\s-\s|[并且还]"
)
_PRONOUN = re.compile(r"\b(?:it|them|that one|those|these|that|this)\b|它|这个|那个")
_IN_COMPANY = re.compile(
    r"\b(?:received|came|comes|got|arrived|bought|ordered|delivered|is|was)\b[^,.;]*\bwith (?:the|my|a)?\s*(?:\w+\s+)?$|跟.*一起|和.*一起"
)
_BACKWARDS = re.compile(
    r"\b(?:and|or|nor|plus|as well as|,)\s*(?:(?:also|then)\s+)?(?:(?:my|the|a|an|both|two|2|all|another|one|other|same)\s+)*(?:[\w-]+\s+){0,3}$|[和与及、，]\s*$"
)


@dataclass(slots=True)
class Clause:
    """A piece of a message in normal form that wants one thing at most. raw: with its order and item numbers."""

    text: str
    verb: Hit | None = None
    asks: Hit | None = None
    numbers: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    if_not: bool = False
    question: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What the reader is told: the customer's products, the shop's products that the message may name (found when asked), and order numbers."""

    lexicon: Lexicon
    shelf: Shelf
    catalogue: Callable[[], Shelf]
    orders: tuple[str, ...] = ()


def sentences(plain: str) -> list[str]:
    """A text in normal form, sentence by sentence."""
    return [s.strip() for s in _SENTENCE.split(plain) if s and s.strip()]


def clauses(message: str, known: Known) -> list[Clause]:
    """The clauses of a message, in order."""
    found: list[Clause] = []
    for sentence in re.split(r"\n+", message):
        for part in sentences(normalise(sentence)):
            found += _clauses(part, known)
    return found


def _clauses(sentence: str, known: Known) -> list[Clause]:
    marks = _marks(sentence, known.lexicon)
    starts = [0]
    for before, mark in itertools.pairwise(marks):
        breaks = list(_BREAK.finditer(sentence, before.end, mark.start))
        if breaks:
            starts.append(breaks[-1].start())
    made = []
    for start, end in zip(starts, [*starts[1:], len(sentence)], strict=True):
        text = sentence[start:end]
        inside = [m for m in marks if start <= m.start < end]
        verb = next((m for m in inside if m.name in WRITES), None)
        asks = next((m for m in inside if m.name not in WRITES), None)
        written = slots.numbers(text, known.orders)
        made.append(
            Clause(
                text,
                _moved(verb, start) if verb else None,
                _moved(asks, start) if asks else None,
                tuple(n.written for n in written if n.is_order),
                tuple(n.written for n in written if not n.is_order),
                known.lexicon.says("not_possible", text) is not None,
                sentence.endswith(("?", "？")),
            )
        )
    return made


def _moved(hit: Hit, by: int) -> Hit:
    return Hit(hit.start - by, hit.end - by, hit.name, hit.text)


def _marks(sentence: str, lexicon: Lexicon) -> list[Hit]:
    """Verbs that want something, and questions, without those that are denied."""
    found = apart(
        [
            *lexicon.hits("writes", sentence),
            *lexicon.hits("asks", sentence),
            *_sendings(sentence, lexicon),
        ]
    )
    kept: list[Hit] = []
    for hit in found:
        denied = any(
            0 <= hit.start - m.end() < 16 and not re.search(r"[,;.]", sentence[m.end() : hit.start])
            for m in lexicon.all("not_said", sentence)
        )
        if (
            hit.name in WRITES
            and denied
            and not re.search(r"(?:if|whether) [^,]*$", sentence[: hit.start])
        ):
            continue
        if hit.name in WRITES and (_is_noun(sentence, hit) or beyond(sentence, hit, lexicon)):
            continue
        kept.append(hit)
    return kept


def _sendings(sentence: str, lexicon: Lexicon) -> list[Hit]:
    """ "Ship it to …" and "the address should be …" want an address changed without saying so."""
    if lexicon.hits("writes", sentence):
        return []
    return [
        Hit(m.start(), m.end(), Flow.ADDRESS, m[0])
        for m in lexicon.all("address", sentence)
        if (
            re.search(r"\bto$|到$", m[0])
            or re.search(r"should|needs?|改", sentence[m.end() : m.end() + 12])
        )
        and not re.search(r"\b(?:was|were|is|which|what|where)\b", sentence[: m.start()])
    ]


def _is_noun(sentence: str, hit: Hit) -> bool:
    """ "Return policy", "cancelled order", "after the exchange": not a wish by itself."""
    after = sentence[hit.end : hit.end + 14]
    before = sentence[max(0, hit.start - 22) : hit.start]
    if re.match(
        r"\s*(?:policy|policies|label|window|fees?|charges?|costs?|penalt|request|reason|is complete|is done|goes)",
        after,
    ):
        return True
    if hit.text.endswith(
        ("ed", "sent back")
    ):  # "have it cancelled" wants it, "my cancelled order" tells of it
        told = (
            r"\b(?:was|were|been|is|are|already|i|i've|just|recently|a|the|my|that|which|never)\s*$"
        )
        if re.match(r"\s*orders?\b", after) or re.search(told, before):
            return True
    return re.search(
        r"\b(?:after|before|once|for|of) (?:the|this|that|my|these|all these|all) $|\bprice (?:difference|$)",
        before,
    ) is not None or (
        hit.text in ("change", "changes")
        and re.search(r"\b(?:a|any|the|those|these|no) $", before) is not None
        and re.match(r"\s*(?:of|in) (?:mind|plan)", after) is not None
    )


def beyond(sentence: str, hit: Hit, lexicon: Lexicon) -> bool:
    """True if a verb is about what no flow changes, such as an account or a newsletter: a question for the shop."""
    if hit.name not in (Flow.CANCEL, Flow.SWAP, Flow.UNDO):
        return False
    named = lexicon.says("beyond", sentence[hit.end :])
    return named is not None and lexicon.says("within", sentence) is None


def wishes(clause: Clause, known: Known) -> list[Wish]:
    """What a clause wants; mostly one thing, and none where it only goes on about something."""
    if clause.verb is not None:
        return _writes(clause, known)
    if clause.asks is not None:
        return [_asks(clause, Flow(clause.asks.name), known)]
    return []


def _writes(clause: Clause, known: Known) -> list[Wish]:
    assert clause.verb is not None
    lexicon, text = known.lexicon, clause.text
    flow = _flow(clause, lexicon)
    method = slots.method(text, lexicon)
    made = Wish(
        0,
        flow,
        clause.numbers,
        hint=text,
        method=method,
        reason=slots.reason(text, lexicon) if flow is Flow.CANCEL else "",
        every=lexicon.says("every", text) is not None,
        whole=lexicon.says("whole", text) is not None,
        ask_only=_asks_only(clause, lexicon),
        said=text,
        unless=-1 if clause.if_not else 0,
    )
    if flow in (Flow.ADDRESS, Flow.PROFILE, Flow.PAYMENT, Flow.UNDO):
        if flow is Flow.PAYMENT and not method:
            made.method = ""
        made.address = text if flow in (Flow.ADDRESS, Flow.PROFILE) else ""
        made.mentions = [Mention(n.words, n.products) for n in known.shelf.named(text)]
        both = flow is Flow.PROFILE and _also_orders(text, lexicon)
        if both:
            orders = Wish(
                0,
                Flow.ADDRESS,
                clause.numbers,
                hint=text,
                every=True,
                address=text,
                said=text,
                unless=made.unless,
            )
            return [made, orders]
        return [made]
    made.mentions, made.excepted = _items(clause, flow, known)
    if made.excepted and not made.mentions:
        made.whole = True
    return [made]


def _also_orders(text: str, lexicon: Lexicon) -> bool:
    return (
        re.search(
            r"\b(?:and|plus|along with|as well as)\b[^.]*\borders?\b|\border\w*\b[^.]*\b(?:and|along with|as well as)\b[^.]*\b(?:profile|account|user|default)|订单.*和|和.*订单",
            text,
        )
        is not None
        and lexicon.says("every", text) is not None
    )


def _flow(clause: Clause, lexicon: Lexicon) -> Flow:
    """The flow of the verb; "change" is about the address or the payment where one of them is named as what changes."""
    assert clause.verb is not None
    flow, text = Flow(clause.verb.name), clause.text
    if flow is Flow.UNDO and lexicon.says("address", text) and not lexicon.says("back", text):
        return flow
    if flow in (Flow.SWAP, Flow.ADDRESS):
        rest = text[clause.verb.start :]
        place = lexicon.says("address", rest)
        to = re.search(r"\b(?:to|with|as|for)\b", rest)
        if flow is Flow.ADDRESS or (
            place
            and (
                to is None
                or place.start() < to.start()
                or not re.match(r"\s*(?:my|the|a)?\s*\w+\s*$", rest[: to.start()])
            )
        ):
            changed = rest[: to.start()] if to and place and place.start() < to.start() else rest
            own = lexicon.says(
                "own_address", changed if flow is Flow.SWAP else text[: clause.verb.start]
            )
            names_order = (
                bool(clause.numbers) or re.search(r"\borders?\b|订单", changed) is not None
            )
            profile = (
                own is not None
                and (not names_order or lexicon.says("every", text))
                and re.search(
                    r"\b(?:default|profile|account|user|home|main|primary)\b|默认|账户|个人",
                    own[0] + changed,
                )
            )
            return Flow.PROFILE if profile else Flow.ADDRESS
        if place and flow is Flow.SWAP and to and re.search(r"\border\b|订单", rest[: to.start()]):
            return Flow.ADDRESS
    return flow


def _asks_only(clause: Clause, lexicon: Lexicon) -> bool:
    return lexicon.says("not_now", clause.text) is not None or (
        lexicon.says("may", clause.text) is not None and not clause.if_not
    )


def _asks(clause: Clause, flow: Flow, known: Known) -> Wish:
    named = [] if flow is Flow.OPTIONS else known.shelf.named(clause.text)
    if not named and flow in (Flow.OPTIONS, Flow.ITEM):
        named = known.catalogue().named(clause.text)
    return Wish(
        0,
        flow,
        clause.numbers,
        hint=clause.text,
        mentions=[Mention(n.words, n.products, described=clause.text) for n in named],
        every=known.lexicon.says("every", clause.text) is not None,
        said=clause.text,
    )


def _items(clause: Clause, flow: Flow, known: Known) -> tuple[list[Mention], list[Mention]]:
    """The items that a clause names, and those that it leaves out ("everything except the lamp")."""
    text = _blank(clause, known)
    named = known.shelf.named(text)
    named = [
        n
        for n, before in zip(named, [None, *named], strict=False)
        if not _only_describes(text, n, before)
    ]
    leaves_out = known.lexicon.says("except", text) if flow is not Flow.SWAP else None
    cut = leaves_out.start() if leaves_out else len(text)
    rest = text[leaves_out.end() :].strip(" .,!?") if leaves_out else ""
    kept = [n for n in named if n.start < cut]
    out = [
        Mention(n.words, n.products, described=_around(text, n, named))
        for n in named
        if n.start >= cut
    ]
    if (
        rest and not out
    ):  # what is left out is not known: it will be asked, and nothing is taken for granted
        out = [Mention(rest[:60], ("?",))]
    if flow is Flow.SWAP:
        return _swapped(text[:cut], kept, clause, known), out
    mentions = [
        Mention(
            n.words,
            n.products,
            described=_around(text, n, named),
            count=_count(text, n, known.lexicon),
        )
        for n in kept
    ]
    mentions += [Mention(code, code=code) for code in clause.codes]
    return mentions, out


def _only_describes(text: str, named: Named, before: Named | None) -> bool:
    """ "The backpack that I received with the vacuum cleaner": the cleaner only says which backpack."""
    between = text[before.end : named.start] if before else ""
    return _IN_COMPANY.search(between) is not None


def _blank(clause: Clause, known: Known) -> str:
    """The clause without its numbers, so that they are no part of what describes an item."""
    text = clause.text
    for written in clause.numbers:
        text = text.replace(written, " " * len(written))
    return text


def _around(text: str, named: Named, all_named: Sequence[Named]) -> str:
    """What stands around an item's name, up to the neighbours' parts."""
    before = max((n.end for n in all_named if n.end <= named.start), default=0)
    after = min((n.start for n in all_named if n.start >= named.end), default=len(text))
    left = text[before : named.start]
    breaks = list(_BREAK.finditer(left))
    if breaks and before:
        left = left[breaks[-1].end() :]
    right = text[named.end : after]
    found = _BREAK.search(right)
    if found and after < len(text):
        right = right[: found.start()]
    return f"{left} {named.words} {right}"


def _count(text: str, named: Named, lexicon: Lexicon) -> int:
    """How many are meant: 0 all of them, 2 both, else one."""
    before = text[max(0, named.start - 28) : named.start]
    breaks = list(_BREAK.finditer(before))
    near = before[breaks[-1].end() :] if breaks else before
    if lexicon.says("two", near):
        return 2
    return 0 if lexicon.says("all", near) else 1


def _swapped(text: str, named: list[Named], clause: Clause, known: Known) -> list[Mention]:
    """Items with what they are to become."""
    assert clause.verb is not None
    lexicon = known.lexicon
    starts = _item_starts(text, named, clause.verb, lexicon)
    if not starts:
        code = [Mention(c, code=c) for c in clause.codes[:1]]
        wanted = text[clause.verb.end :]
        if code:
            where = wanted.find(clause.codes[0])
            code[0].wanted = wanted[where + len(clause.codes[0]) :] if where >= 0 else wanted
            return code
        return [Mention(wanted=wanted)]
    made = []
    bounds = [*(s for s, _ in starts[1:]), len(text)]
    for (start, name), end in zip(starts, bounds, strict=True):
        before = max(start, clause.verb.end) if name.start >= clause.verb.end else start
        described, wanted = text[before : name.start], text[name.end : end]
        split = _towards(wanted, lexicon)
        if split is not None:
            described += " " + wanted[: split[0]]
            wanted = wanted[split[1] :]
        elif name.start < clause.verb.start:
            wanted = text[clause.verb.end : end]
        count = _count(text, name, lexicon)
        made.append(Mention(name.words, name.products, described, wanted, count))
    if clause.codes and made and not any(c in m.wanted for c in clause.codes for m in made):
        made[-1].wanted += f" {clause.codes[-1]}"
    return made


def _item_starts(
    text: str, named: list[Named], verb: Hit, lexicon: Lexicon
) -> list[tuple[int, Named]]:
    """Where each item's part begins. A product named in the part that says what another becomes is no item of its own,
    unless an "and" stands before it."""
    starts: list[tuple[int, Named]] = []
    for name in named:
        if not starts:
            starts.append((0, name))
            continue
        last = starts[-1][1]
        between = text[last.end : name.start]
        joined = _BACKWARDS.search(between)
        same = (
            bool(set(last.products) & set(name.products))
            and name.words.split()[-1][:4] == last.words.split()[-1][:4]
        )
        if same and not re.search(
            r"\b(?:another|other)\b", between[joined.start() :] if joined else between
        ):
            continue
        if joined is None:
            continue
        starts.append((last.end + joined.start(), name))
    return starts


def _towards(text: str, lexicon: Lexicon) -> tuple[int, int] | None:
    """Where it begins to say what an item becomes. "In my order" and "from order" still describe the item."""
    for match in lexicon.all("towards", text):
        after = text[match.end() : match.end() + 30]
        if re.match(
            r"\s*(?:my|the|that|this|an?)?\s*(?:\w+\s+)?(?:order|delivery|shipment|parcel|same order|house|kid)\b",
            after,
        ):
            continue
        if re.match(r"\s*(?:i|we)\b", after) and match[0].startswith("that"):
            continue
        if match[0] in ("in", "with", "as") and re.match(r"\s*(?:order|my)\b", after):
            continue
        if match[0] == "which" or (match[0] == "in" and re.match(r"\s*\d{6,}", after)):
            continue
        start = (
            match.start()
            if match[0] in ("with", "in", "one", "instead of", "that is", "that's", "that")
            else match.end()
        )
        return match.start(), start
    return None


def pronoun(clause: Clause) -> bool:
    """True if the clause points back at something: "return it"."""
    return _PRONOUN.search(clause.text) is not None
