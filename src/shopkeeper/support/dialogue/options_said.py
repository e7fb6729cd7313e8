"""Options in a customer's words: "the same but blue", "two-piece, soft", "one size smaller, preferably black".

`said` turns words into `finding.Wanted`, with nothing but the options and values that the product has; `describes` says
which of several items words fit. That there is such a variant is decided by `finding`, not here.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from shopkeeper.shop.records import Product, Variant
from shopkeeper.support.dialogue.option_words import Ways, compiled, ways
from shopkeeper.support.finding import Order, Wanted, Wish
from shopkeeper.support.options import compare
from shopkeeper.text.normalise import normalise

_NUMBER = re.compile(r"(\d+(?:\.\d+)?)\s*-?\s*([a-z\"%]+)?")
NEAR = 18  # characters between a value and the name of its option


@dataclass(frozen=True, slots=True)
class Value:
    """text[start:end] says that `option` is `value`."""

    start: int
    end: int
    option: str
    value: str


@dataclass(frozen=True, slots=True)
class Said:
    """What words say of a product's options.

    keep_rest: True where the rest is to stay, False where it may change, None where nothing is said of it. kept: options
    that are named to stay. cheaper: than the item itself. nothing: no option, price or order was named.
    """

    want: Mapping[str, Wish] = field(default_factory=dict)
    prefer: tuple[Mapping[str, Wish], ...] = ()
    kept: tuple[str, ...] = ()
    free: tuple[str, ...] = ()
    order: Order = Order.CLOSEST
    keep_rest: bool | None = None
    cheaper: bool = False
    missing: tuple[str, ...] = ()

    @property
    def nothing(self) -> bool:
        """True if the words say nothing that a variant could be chosen by."""
        return not (self.want or self.prefer or self.cheaper or self.missing) and (
            self.order is Order.CLOSEST
        )

    def wanted(self, like: str, *, keep: bool) -> Wanted:
        """A search. keep: hold to the options that nothing was said of."""
        named = {*self.want, *self.free, *(n for p in self.prefer for n in p)}
        rest = keep and self.keep_rest is not False and self.order is Order.CLOSEST
        if self.keep_rest:
            rest = keep
        kept = tuple(n for n in self.kept if n not in self.want)
        if rest:
            return Wanted(
                self.want,
                like,
                tuple(n for n in self._all if n not in named),
                self.prefer,
                self.order,
            )
        return Wanted(self.want, like, kept, self.prefer, self.order)

    _all: tuple[str, ...] = ()


def names_of(product: Product) -> dict[str, list[str]]:
    """Option -> its values over all variants, in the order in which they are met."""
    found: dict[str, list[str]] = {}
    for variant in product.variants:
        for option in variant.options:
            values = found.setdefault(option.name, [])
            if option.value not in values:
                values.append(option.value)
    return found


def said(product: Product, like: Variant | None, text: str, language: str) -> Said:
    """What the words say of this product's options. like: the item that it is to take the place of."""
    way = ways(language)
    plain = way.plain(text)
    options = names_of(product)
    mine = {o.name: o.value for o in like.options} if like else {}
    plain, amounts = _amounts(options, mine, plain, way)
    named = find_values(options, plain, way)
    indifferent = [v for v in named if way.said["free"].search(_part_before(v.start, plain))]
    values = [v for v in named if v not in indifferent]
    refused = _spans(way, "instead_of", plain)
    prefers = way.said["prefer"].search(plain)
    want: dict[str, list[str]] = {}
    unwanted: dict[str, list[str]] = {}
    preferred: list[Value] = []
    for value in values:
        if _refused(value, refused, plain, mine):
            unwanted.setdefault(value.option, []).append(value.value)
        elif prefers and _is_preferred(value, prefers, plain, way):
            preferred.append(value)
        elif value.value not in want.setdefault(value.option, []):
            want[value.option].append(value.value)
    relative = _relative(options, plain, way)
    kept, free, keep_rest = _kept(options, plain, way)
    free = tuple(dict.fromkeys((*free, *(v.option for v in indifferent))))
    wishes = {n: Wish(is_=tuple(v)) for n, v in want.items() if v} | amounts
    for name, wish in relative.items():
        wishes.setdefault(name, wish) if name not in unwanted else wishes.update({name: wish})
    for name, bad in unwanted.items():
        if (name not in wishes and mine.get(name) not in bad) or (
            name not in wishes and mine.get(name) in bad and len(options[name]) > 1
        ):
            wishes[name] = Wish(not_=tuple(bad))
    wishes = _at_least(wishes, options, plain, way)
    for name in free:
        if name not in want and name not in amounts:
            wishes.pop(name, None)
    prefer = tuple({v.option: Wish(is_=(v.value,))} for v in preferred)
    order = Order.CLOSEST
    if way.said["cheapest"].search(plain):
        order = Order.CHEAPEST
    elif way.said["dearest"].search(plain):
        order = Order.DEAREST
    return Said(
        wishes, prefer, tuple(n for n in kept if n not in wishes), free, order, keep_rest,
        bool(way.said["cheaper"].search(plain)), _missing(options, named, plain, way), tuple(options),
    )  # fmt: skip


def find_values(options: Mapping[str, Sequence[str]], plain: str, way: Ways) -> list[Value]:
    """Values of these options that a text in plain form names; where one word fits several options, the one that is
    named beside it."""
    found: list[Value] = []
    for option, values in options.items():
        for value in values:
            for pattern, weak in _patterns(option, value, options, way):
                for match in pattern.finditer(plain):
                    if not weak or _named_beside(option, match, plain, way):
                        found.append(Value(match.start(), match.end(), option, value))
    kept: list[Value] = []
    for hit in sorted(found, key=lambda v: (v.start - v.end, v.start)):
        rivals = [k for k in kept if not (hit.end <= k.start or k.end <= hit.start)]
        if not rivals:
            kept.append(hit)
        elif all(
            (r.start, r.end) == (hit.start, hit.end) and r.option != hit.option for r in rivals
        ):
            kept.append(hit)  # decided below
    return _one_option_each(sorted(kept, key=lambda v: v.start), options, plain, way)


def _one_option_each(
    values: list[Value], options: Mapping[str, Sequence[str]], plain: str, way: Ways
) -> list[Value]:
    spans: dict[tuple[int, int], list[Value]] = {}
    for value in values:
        spans.setdefault((value.start, value.end), []).append(value)
    clear = {group[0].option for group in spans.values() if len(group) == 1}
    decided: list[Value] = []
    for (start, end), group in spans.items():
        named = [v for v in group if _distance(v.option, start, end, plain, way) <= NEAR]
        named.sort(key=lambda v: _distance(v.option, start, end, plain, way))
        left = [v for v in group if v.option not in clear]
        chosen = (named or left or group)[0]
        decided.append(chosen)
        clear.add(chosen.option)
    return decided


def _patterns(
    option: str, value: str, options: Mapping[str, Sequence[str]], way: Ways
) -> list[tuple[re.Pattern[str], bool]]:
    """(pattern, whether the option must be named beside it) of the ways to say one value."""
    plain = way.plain(value)
    name = normalise(option)
    if plain in ("yes", "no", "none", "是", "否", "无", "没有"):
        return _of_having(name, plain, way)
    others = [way.plain(v) for n, vs in options.items() for v in vs if (n, v) != (option, value)]
    made: list[tuple[re.Pattern[str], bool]] = []
    for size, words in way.sizes.items():
        if plain == size or plain in words:
            strong = [w for w in words if len(w) > 1]
            made.append((way.pattern([re.escape(w) for w in strong] or [size]), False))
            made.append((way.pattern([re.escape(size)]), len(size) == 1))
    forms = [plain, *way.same_values.get(plain, ())]
    if not made:
        for form in forms:
            bare = re.fullmatch(r"\d+(?:\.\d+)?", form) is not None
            made.append((_flexible(form, way), bare and _is_ambiguous(form, others)))
    first = plain.split()[0] if " " in plain else ""
    if (
        len(first) >= 2
        and not first.isdigit()
        and not any(o.split()[0] == first for o in others if o)
    ):
        made.append((_flexible(first, way), first in ("not", "full", "rose", "space", "stainless")))
    return made


def _flexible(form: str, way: Ways) -> re.Pattern[str]:
    """The value with hyphens, spaces and units written in any way, in singular or plural."""
    parts = re.findall(r"\d+(?:\.\d+)?|[^\W\d]+|[^\w\s-]", form)
    inside = r"[\s-]*".join(re.escape(p) for p in parts)
    if not way.spaced:
        return compiled(inside)
    tail = r"(?:s|ed|d|n)?" if parts and parts[-1].isalpha() and len(parts[-1]) > 2 else ""
    return compiled(rf"(?<![\w.]){inside}{tail}(?![\w])(?!\.\d)")


def _is_ambiguous(number: str, others: Sequence[str]) -> bool:
    """True if other options have values that begin with this number."""
    return any(compiled(rf"{re.escape(number)}(?!\d)").match(o) and o != number for o in others)


def _of_having(name: str, value: str, way: Ways) -> list[tuple[re.Pattern[str], bool]]:
    """Ways to say that something is there or not: "waterproof", "without backlight", "not water resistant"; and as lists of
    options have it: "backlight none"."""
    words = name.split()
    forms = {name, words[0] if words[0].endswith("proof") else name}
    forms |= {re.sub(r"ance$", "ant", f) for f in forms}
    inside = "|".join(re.escape(f).replace(r"\ ", r"[\s-]*") for f in sorted(forms))
    without = way.said["without"].pattern
    if value in ("yes", "是"):
        return [
            (
                compiled(
                    rf"(?<!\w)(?<!not )(?<!non-)(?<!non )(?<!no )(?<!without )(?:{inside})(?!\w)(?!:?\s*(?:no|none)\b)"
                ),
                False,
            )
        ]
    listed = rf"(?:{inside}):?\s*{re.escape(value)}(?!\w)"
    return [(compiled(rf"{without}[\s-]*(?:be )?(?:{inside})(?!\w)|{listed}"), False)]


def _named_beside(option: str, match: re.Match[str], plain: str, way: Ways) -> bool:
    return _distance(option, match.start(), match.end(), plain, way) <= NEAR


def _distance(option: str, start: int, end: int, plain: str, way: Ways) -> int:
    """Characters between a value and the nearest mention of its option's name; many if there is none."""
    best = 1000
    for word in stems_of(option):
        pattern = rf"(?<!\w){re.escape(word)}\w*" if way.spaced else re.escape(word)
        for match in compiled(pattern).finditer(plain):
            if match.start() >= end:
                best = min(best, match.start() - end)
            elif match.end() <= start:
                best = min(
                    best, start - match.end() + 2
                )  # "high ventilation" more often than the other way round
    return best


def stems_of(option: str) -> list[str]:
    """The words by which an option is called."""
    plain = normalise(option)
    words = [w for w in re.split(r"[\s/]+", plain) if len(w) > 2] or [plain]
    return [*(w[:-1] if w.endswith("s") and len(w) > 3 else w for w in words)]


def _spans(way: Ways, name: str, plain: str) -> list[tuple[int, int]]:
    return [m.span() for m in way.said[name].finditer(plain)]


def _refused(
    value: Value, refused: Sequence[tuple[int, int]], plain: str, mine: Mapping[str, str]
) -> bool:
    """True if the value stands right behind "instead of", "not" and the like. "from" counts for the item's own value."""
    for start, end in refused:
        between = plain[end : value.start]
        if (
            end <= value.start
            and not re.search(r"[,.;:]|\b(?:to|but|and|with)\b", between)
            and len(between) < 20
        ):
            word = plain[start:end]
            return word not in ("from", "currently") or mine.get(value.option) == value.value
    return False


def _is_preferred(value: Value, prefers: re.Match[str], plain: str, way: Ways) -> bool:
    """True if the value belongs to the preference: behind the word in its part of the sentence, or right before it."""
    if value.start >= prefers.end():
        return not re.search(r"[.;]\s", plain[prefers.end() : value.start])
    between = plain[value.end : prefers.start()]
    return (
        not re.search(r"[,.;]|\b(?:and|but)\b", between)
        and len(between) < 12
        and "if" in prefers[0]
    )


def _part_before(start: int, plain: str) -> str:
    """What stands before a place in its own part of the sentence."""
    return re.split(r"[.;,()]|\bbut\b", plain[max(0, start - 45) : start])[-1]


def _relative(options: Mapping[str, Sequence[str]], plain: str, way: Ways) -> dict[str, Wish]:
    """Wishes for more or less of something, compared with the item."""
    found: dict[str, Wish] = {}
    nearest = bool(way.said["slightly"].search(plain))
    for degree, words in way.degrees.items():
        for word, stems in words.items():
            for match in way.pattern([re.escape(word)]).finditer(plain):
                option = _option_meant(match, stems, options, plain)
                if option is None or option in found:
                    continue
                near = nearest and degree in ("more", "less")
                found[option] = Wish(
                    more=degree == "more", less=degree == "less",
                    most=degree == "most" or (near and degree == "less"),
                    least=degree == "least" or (near and degree == "more"),
                )  # fmt: skip
    return found


def _missing(
    options: Mapping[str, Sequence[str]], named: Sequence[Value], plain: str, way: Ways
) -> tuple[str, ...]:
    """Amounts in a unit of the product that none of its variants has: "8 bar" of a machine with 9 and 15."""
    units = {
        m[2]
        for vs in options.values()
        for v in vs
        if (m := _NUMBER.fullmatch(way.plain(v))) and m[2]
    }
    taken = [(v.start, v.end) for v in named]
    return tuple(
        m[0]
        for m in _NUMBER.finditer(plain)
        if m[2]
        and m[2].rstrip("s") in {u.rstrip("s") for u in units}
        and not any(a < m.end() and m.start() < b for a, b in taken)
    )


def _option_meant(
    match: re.Match[str], stems: Sequence[str], options: Mapping[str, Sequence[str]], plain: str
) -> str | None:
    """The option that "bigger" or "lower resolution" is about."""
    after = plain[match.end() : match.end() + 25]
    for option in options:
        if any(
            compiled(rf"(?:\s+(?!same|keep)[\w-]+)?\s*{re.escape(s)}").match(after)
            for s in stems_of(option)
        ):
            return option
    before = plain[max(0, match.start() - 22) : match.start()]
    for option in options:
        beside = any(
            compiled(rf"{re.escape(s)}\w*\s+(?:\w+\s+){{0,2}}$").search(before)
            for s in stems_of(option)
        )
        if beside and (not stems or any(s in normalise(option) for s in stems)):
            return option
    for wanted in stems:
        for option in options:
            if wanted in normalise(option):
                return option
    return None


def _amounts(
    options: Mapping[str, Sequence[str]], mine: Mapping[str, str], plain: str, way: Ways
) -> tuple[str, dict[str, Wish]]:
    """ "1000 more pieces", "500 pieces less": values that differ from the item's by so much. Returns the text without
    them, and the wishes."""
    found: dict[str, Wish] = {}
    for option, values in options.items():
        number = _NUMBER.match(way.plain(mine.get(option, "")))
        if number is None:
            continue
        names = "|".join(re.escape(s) for s in stems_of(option))
        for sign, degree in ((1, "more"), (-1, "less")):
            words = "|".join(re.escape(w) for w in way.degrees[degree])
            match = compiled(
                rf"(\d+)\s*(?:{words})\s*(?:{names})\w*|(\d+)\s*(?:{names})\w*\s*(?:{words})"
                rf"|(?:{words})\s*(\d+)\s*(?:{names})"
            ).search(plain)
            if match is None:
                continue
            target = Decimal(number[1]) + sign * Decimal(match[1] or match[2] or match[3])
            fitting = tuple(
                v for v in values if (m := _NUMBER.match(way.plain(v))) and Decimal(m[1]) == target
            )
            found[option] = Wish(is_=fitting) if fitting else Wish(more=sign > 0, less=sign < 0)
            plain = f"{plain[: match.start()]} , {plain[match.end() :]}"
    return plain, found


def _at_least(
    wishes: dict[str, Wish], options: Mapping[str, Sequence[str]], plain: str, way: Ways
) -> dict[str, Wish]:
    """ "i7 or above": the value and all that are more."""
    if not way.said["at_least"].search(plain):
        return wishes
    for name, wish in wishes.items():
        if len(wish.is_) == 1:
            more = [
                v for v in options[name] if compare(v, wish.is_[0]) == 1 or _later(v, wish.is_[0])
            ]
            if more:
                wishes[name] = Wish(is_=(wish.is_[0], *more))
                break
    return wishes


def _later(one: str, other: str) -> bool:
    """i9 is more than i7: the same letters, a larger number."""
    a, b = re.fullmatch(r"([a-z]+)(\d+)", one), re.fullmatch(r"([a-z]+)(\d+)", other)
    return bool(a and b and a[1] == b[1] and int(a[2]) > int(b[2]))


def _kept(
    options: Mapping[str, Sequence[str]], plain: str, way: Ways
) -> tuple[tuple[str, ...], tuple[str, ...], bool | None]:
    """Options that are to stay, options that may change, and whether all the rest stays."""
    kept: list[str] = []
    free: list[str] = []
    for option in options:
        for stem in stems_of(option):
            pattern = rf"(?<!\w){re.escape(stem)}\w*" if way.spaced else re.escape(stem)
            for match in compiled(pattern).finditer(plain):
                before = re.split(
                    r"[.;()]|\bbut\b", plain[max(0, match.start() - 48) : match.start()]
                )[-1]
                after = re.split(r"[.;,()]|\bbut\b", plain[match.end() : match.end() + 28])[0]
                if way.said["free"].search(before) or way.said["free"].search(after):
                    free.append(option)
                elif way.said["keep"].search(before) or way.said["keep"].match(after.strip()):
                    kept.append(option)
    keep_rest: bool | None = None
    if everything := way.said["all_else"].search(plain):
        around = plain[max(0, everything.start() - 40) : everything.end() + 40]
        keep_rest = way.said["free"].search(around) is None
    elif way.said["free"].search(plain) and not free:
        keep_rest = False
    elif way.said["keep"].search(plain) and not kept and not free:
        keep_rest = True
    return tuple(dict.fromkeys(kept)), tuple(dict.fromkeys(free)), keep_rest


def describes(product: Product, variant: Variant, text: str, language: str) -> int:
    """How many of the values that the words name this variant has; below zero if it has another value for one."""
    way = ways(language)
    named = find_values(names_of(product), way.plain(text), way)
    mine = {o.name: o.value for o in variant.options}
    wanted: dict[str, set[str]] = {}
    for value in named:
        wanted.setdefault(value.option, set()).add(value.value)
    if any(mine.get(name) not in values for name, values in wanted.items()):
        return -1
    return len(wanted)
