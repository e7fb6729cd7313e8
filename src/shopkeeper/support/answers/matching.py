"""Which statement of the shop's pages answers a question, if any does.

A statement is weighed by how much of what the question asks for it speaks of, itself or by the headings above it: its
concepts, its words and its figures, each by how rare it is. A word that no page knows is the rarest of all, so that one
thing too many in a question leaves it without an answer. What kind of answer is asked for must be there as well: how
long wants a time, how much an amount. Vectors, where there is an embedder, tell alike wordings apart; they never make up
for what is missing.

Axes: S statements, D numbers of a vector.
"""

import copy
import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from threading import Event, Lock

import numpy as np

from shopkeeper.models.embed import Embedder, Vectors
from shopkeeper.shop.records import Page, PageKind
from shopkeeper.support.answers.entries import Entry, entries, ideas_of, items_of, light
from shopkeeper.support.answers.lexicon import keys
from shopkeeper.support.answers.reading import Reading
from shopkeeper.support.answers.statements import Statement, statements
from shopkeeper.support.terms import wider

LIGHT = 0.2  # of the weight of a concept that narrows little
LEAST = 0.72  # share of the question that a statement must speak of

LEAST_ECHO = 30  # characters of a statement that stands word for word in what was said
LEAST_OWN = 0.2  # share that it must speak of itself, unless its heading is the question
LEAST_TITLED = 0.5
SAME = 0.99  # the title is the question
LEAST_FAQ = 0.3  # how alike a question must be to that of a page of questions

# Weights of the order among statements that speak of enough.
OWN = 0.6  # what a statement says itself and not only its headings
TITLE = 0.45  # how alike question and heading are
FOCUS = 0.4  # how little else a statement speaks of
FIRST = 0.2  # to what stands first under a heading that is asked for
HOW = 0.3  # where a heading asks how, as the question does
DENIED = 0.7  # off what never happens, where it is asked how
HANGS = 0.3  # off what is not understood alone
ELSEWHERE = 0.2  # off what is said of one country, where none was named
MEANING = 8.0  # how much nearer in meaning than the pages on the whole

# Where no statement speaks of enough, the nearest in meaning is heard, if its cosine is this high: by embedder, chosen on
# the questions of `benchmarks/support_questions.toml`. A part of the question it must speak of all the same.
MEANT = {"e5-small": 0.93}
LEAST_SPOKEN = 0.25
SPOKEN = 0.04  # what speaking of all of the question adds to the cosine
AGREEING = 10  # statements nearest in meaning, whose pages alone are quoted
NEAREST = 12  # statements, among which the nearest of the right language and kind is looked for

_TIME = re.compile(
    r"\d[\d–-]*\s*(?:working |business )?(?:day|week|month|year|hour|minute)|\b(?:19|20)\d\d\b|\d{1,2}(?::\d\d)? ?[ap]m\b|\b\d{1,2} (?:january|february|march|april|may|june|july|august|september|october|november|december)"
    r"|\d[\d–-]*\s*(?:个工作日|个月|天|年|周|小时|分钟|点|月)|(?:same|next) day|当天|次日|twice a (?:year|month)|once a month|一年|每月|几周|every few weeks"
    r"|(?:\bone|two|three|a) (?:hour|day|minute)",
    re.IGNORECASE,
)
_WHEN = re.compile(r"\b(?:when|as soon as|before|after|until|on the|at the)\b|from [$€£¥]|时|后|前", re.IGNORECASE)  # fmt: skip
_MONEY = re.compile(
    r"[$€£¥]\s?\d|\d\s?(?:美元|元|dollars|USD)|\bfree\b|免费|免运费|\d ?%|half price|半价|on us|我们承担",
    re.IGNORECASE,
)
_FREE_FROM = re.compile(
    r"\bfree (?:from|above|over|for orders (?:over|above|from)) [$€£¥]?\s?\d[\d.,]*|\bfree\b|满 ?\d[\d.,]* ?(?:美元|元)?[^，,。]{0,4}免(?:运费|邮|费)|免运费|免费|包邮",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"(?:how many (?:working )?|多少 ?个?|(?<!好)几 ?个?)(day|week|month|year|hour|天|周|月|年|小时|工作日)")  # fmt: skip
_SAME_UNIT = {
    "day": "day", "week": "week|day", "month": "month", "year": "year|month", "hour": "hour", "天": "天|工作日", "周": "周|天",
    "月": "月", "年": "年|个月", "小时": "小时", "工作日": "工作日",
}  # fmt: skip
_NOT = re.compile(
    r"\b(?:not|never|no|neither|nor|cannot|without|nothing|nobody)\b|n't\b|不|没|无法|别"
)
_EITHER = re.compile(
    "(.)不\\1|有没有|要不要|是不是|能不能|可不可以|好不好|不过|不知道|do not know|don't know"
)
_OF_US = re.compile(
    r"^(?:please |hi |hello )?(?:do|will|would|are|can|could|did) you\b|你们", re.IGNORECASE
)
_NEVER = re.compile(r"\bnever\b|绝不", re.IGNORECASE)
_MEASURED = frozenset({"how_long", "how_much", "how_many", "when"})
_IN_CELLS = frozenset({"how_long", "how_much", "which"})
_OPENLY = frozenset({"which", "how", "who", "where"})
_MAY = re.compile(
    r"\b(?:can|could|may|is it (?:possible|ok|okay)|am i allowed|do i get|will you)\b|[能可]|会.*吗", re.IGNORECASE
)  # fmt: skip
_ON_CONDITION = re.compile(
    r"\b(?:after|once|although|even if|even though|unless|as long as|while)\b|如果|以后|之后|过后|已经|[过了].*还[能可]", re.IGNORECASE
)  # fmt: skip
_TYPED = frozenset({"when", "how_long", "how_much", "where", "who", "why"})
_WHY = re.compile(
    r"\b(?:because|so that|since|that is why|due to)\b|因为|为了|所以|以便", re.IGNORECASE
)
_REACHED = re.compile(r"@|\+?\d[\d -]{6,}")
_NUMBER = re.compile(
    r"\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|nineteen|twenty)\b|[两三四五六七八九十]"
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A statement with how well it answers. share: of the question that it speaks of, in [0, 1]; score: to order by; titled: how alike the
    title; on_topic: its paragraph is about what is asked;
    cosine: of its vector to the question's, None without an embedder; above: by how many deviations it is above the mean."""

    statement: Statement
    share: float
    score: float
    titled: float = 0.0
    on_topic: bool = False
    cosine: float | None = None
    above: float = 0.0


class Matcher:
    """All statements of a shop's pages, ready to be asked. embedder: one that speaks the pages' languages, or None.

    patient: whoever asks first waits until the statements have vectors; else words alone decide until `prepare` is done.
    """

    def __init__(
        self,
        pages: Iterable[Page],
        embedder: Embedder | None = None,
        hosts: Iterable[str] = (),
        *,
        patient: bool = True,
    ) -> None:
        allowed = frozenset(hosts)
        self._entries = [e for p in pages for e in entries(statements(p, hosts=allowed))]
        self._languages = {(e.statement.slug, e.statement.language) for e in self._entries}
        self._seen = Counter(i for e in self._entries for i in e.own | e.around)
        self._embedder = embedder
        self._vectors: Vectors | None = None
        self._patient = patient
        self._making = Lock()

    def prepare(self, *, stopped: Event | None = None) -> None:
        """Have the statements' vectors ready, made once whoever asks. stopped: set where nobody wants them any more."""
        with self._making:
            if self._embedder is not None and self._vectors is None and self._entries:
                texts = [f"{e.statement.title}. {e.statement.section} {e.statement.text}" for e in self._entries]  # fmt: skip
                self._vectors = _encoded(self._embedder, texts, stopped or Event())

    def __len__(self) -> int:
        return len(self._entries)

    def told(self) -> list[Statement]:
        """All that the pages say, page by page."""
        return [e.statement for e in self._entries]

    def without(self, texts: Collection[str]) -> "Matcher":
        """The same pages with the statements of these texts taken off."""
        kept = [i for i, e in enumerate(self._entries) if e.statement.text not in texts]
        made = copy.copy(self)
        made._entries = [self._entries[i] for i in kept]
        made._vectors = None if self._vectors is None else self._vectors[kept]
        return made

    def candidates(
        self, question: Reading, language: str, *, limit: int = 5, meant: bool = True
    ) -> list[Candidate]:
        """The statements that speak of enough of a question, the best first. meant: meanings are compared too."""
        asked = self._wanted(question)
        if not self._entries or not _says_enough(asked):
            return []
        weights = {item: self._weight(item) for item in asked}
        total = sum(weights.values())
        cosines = self._cosines(question) if meant else None
        found = []
        near = None if cosines is None else self._near_pages(cosines)
        must = {i for i in asked if i.startswith("c:") and i[2:] not in light()}
        for place, entry in enumerate(self._entries):
            if self._is_told_otherwise(entry.statement, language):
                continue
            if near is not None and entry.statement.slug not in near:
                continue
            if _opposite(question, entry):
                continue
            put, titled = self._titled(question, asked, entry)
            spoken = {i for i in asked if i in entry.own or i in entry.around or _within(i, entry)}
            spoken |= asked & put
            share = sum(weights[i] for i in spoken) / total
            if share < LEAST or not must <= spoken or not _kind_of_answer(question, entry):
                continue
            own = sum(weights[i] for i in asked if i in entry.own) / total
            headed = _alike(asked, entry.section, self._weight)
            if entry.statement.kind is PageKind.FAQ and titled >= LEAST_TITLED:
                own = max(own, titled)
            focus = _alike(ideas_of(asked), ideas_of(entry.own), self._weight)
            if entry.statement.kind is PageKind.FAQ and titled < LEAST_FAQ:
                continue  # the answer to another question
            if entry.statement.kind is PageKind.GUIDE and _OF_US.search(question.text):
                continue  # how things are cared for is not what the shop does
            if not _tells_more(asked, spoken, entry, question) and titled < LEAST_TITLED:
                continue
            if own < LEAST_OWN and max(titled, headed) < LEAST_TITLED:
                continue
            if not _fits(question, asked, entry, titled):
                continue
            score = share + OWN * own + TITLE * max(titled, headed) + FOCUS * focus
            named = (
                entry.statement.kind is PageKind.FAQ and titled >= SAME
            )  # all of the page is the answer
            score += FIRST * (entry.first and (headed > 0 or named))
            score += HOW * ("how" in question.asks and "how" in entry.asks)
            denied = bool(question.asks & {"how", "which"}) and bool(
                _NEVER.search(entry.statement.text)
            )
            elsewhere = not (named or question.said.countries) and any(
                i.startswith("x:") for i in entry.own
            )
            score -= DENIED * denied + ELSEWHERE * elsewhere + HANGS * entry.statement.hangs
            on_topic = bool(entry.topic) and entry.topic <= asked
            cosine = None if cosines is None else float(cosines[place])
            nearer = 0.0 if cosines is None else float(cosines[place] - cosines.mean())
            found.append(
                Candidate(
                    entry.statement, share, score + MEANING * nearer, titled, on_topic, cosine,
                    _above(cosine, cosines),
                )
            )  # fmt: skip
        if not found and cosines is not None:
            found = self._by_meaning(question, language, cosines)
        found.sort(key=lambda c: (c.statement.language != language, -c.score))
        return found[:limit]

    def _by_meaning(self, question: Reading, language: str, cosines: Vectors) -> list[Candidate]:
        """The statement nearest in meaning, if it is near enough for this embedder and speaks of a part of the question."""
        assert self._embedder is not None
        asked, least = self._wanted(question), MEANT.get(self._embedder.id)
        if least is None or not asked:
            return []
        weights = {item: self._weight(item) for item in asked}
        countries = {i for i in asked if i.startswith("x:")}  # "in UK sizes" is not in US sizes
        for place in np.argsort(-cosines)[:NEAREST]:
            entry, cosine = self._entries[place], float(cosines[place])
            if self._is_told_otherwise(entry.statement, language) or not _kind_of_answer(
                question, entry
            ):
                continue
            if _opposite(question, entry) or not countries <= entry.own | entry.around:
                continue
            if not _fits(question, asked, entry, self._titled(question, asked, entry)[1]):
                continue
            spoken = (w for i, w in weights.items() if i in entry.own | entry.around or _within(i, entry))  # fmt: skip
            share = sum(spoken) / sum(weights.values())
            if share < LEAST_SPOKEN or cosine + SPOKEN * share < least:
                return []
            return [
                Candidate(
                    entry.statement, share, cosine, cosine=cosine, above=_above(cosine, cosines)
                )
            ]
        return []

    def signs(self, question: Reading, found: Sequence[Candidate]) -> dict[str, float]:
        """What tells whether the first of the candidates is the answer (`trust.py`)."""
        best, asked = found[0], self._wanted(question)
        entry = next(e for e in self._entries if e.statement is best.statement)
        weighed = {i: self._weight(i) for i in asked}
        weights = list(weighed.values())
        itself = {i for i in asked if i in entry.own or _within(i, entry)}
        ideas, theirs = ideas_of(asked), ideas_of(entry.own)
        rarest = math.log(
            1 + 2 * (len(self._entries) + 1)
        )  # the weight of a word that no page knows
        signs = {
            "own": sum(weighed[i] for i in itself) / sum(weights),
            "rarest_own": all(i in itself for i, w in weighed.items() if w == max(weights)),
            "echo": _echo(question.text, f"{entry.statement.text} {entry.statement.title}"),
            "untitled": len(ideas - theirs - entry.title),
            "may": bool(_MAY.search(question.text)),
            "titled": best.titled,
            "focus": _alike(ideas, theirs, self._weight),
            "focus_titled": _alike(ideas, theirs | ideas_of(entry.title), self._weight),
            "rarest": max(weights) / rarest,
            "weight": sum(weights) / rarest,
            "parts": len(asked),
            "beside": len(theirs - asked),
            "denied": _denies(entry.text) != _denies(question.text),
            "first": entry.first,
            "faq": entry.statement.kind is PageKind.FAQ,
            "row": bool(entry.statement.row),
            "length": len(entry.text) / (40 if entry.statement.language == "zh" else 100),
            "margin": best.score - found[1].score if len(found) > 1 else 1.0,
            "asks": bool(question.asks),
            "measured": bool(question.asks & _MEASURED),
            "keyed": _is_keyed(question, asked, entry),
        }
        if best.cosine is not None:
            signs |= {"cosine": best.cosine, "above_mean": best.above}
        return {name: float(value) for name, value in signs.items()}

    def around(self, statement: Statement) -> list[Statement]:
        """All statements of the same page, in order."""
        return [e.statement for e in self._entries if e.statement.page_id == statement.page_id]

    def _wanted(self, question: Reading) -> frozenset[str]:
        """What a question asks for; of a country that no page names, what it is a part of, if pages name that."""
        return frozenset(self._named(item) for item in wanted(question))

    def _named(self, item: str) -> str:
        if not item.startswith("x:") or self._seen[item]:
            return item
        return next((f"x:{w}" for w in wider(item[2:]) if self._seen[f"x:{w}"]), item)

    def _titled(
        self, question: Reading, asked: frozenset[str], entry: Entry
    ) -> tuple[frozenset[str], float]:
        """How alike a question and the title are, and what of it the title of a page of questions asks, where it is one
        of several that the title puts ("What does shipping cost, and when is it free?")."""
        best, put = _alike(asked, entry.title, self._weight), frozenset[str]()
        for items, asks in entry.titles:
            alike = _alike(asked, items, self._weight) if question.asks & asks else 0.0
            if alike >= max(LEAST_TITLED, best):
                best, put = alike, items
        return put, best

    def _near_pages(self, cosines: Vectors) -> set[str]:
        """The pages that are nearest in meaning, in whichever language: words must not lead elsewhere."""
        return {self._entries[place].statement.slug for place in np.argsort(-cosines)[:AGREEING]}

    def _is_told_otherwise(self, statement: Statement, language: str) -> bool:
        """True if its page is there in the language of the question too: that is the one to be quoted."""
        return statement.language != language and (statement.slug, language) in self._languages

    def _weight(self, item: str) -> float:
        rarity = math.log(1 + (len(self._entries) + 1) / (self._seen[item] + 0.5))
        little = item.startswith("g:") or (item.startswith("c:") and item[2:] in light())
        return rarity * (LIGHT if little else 1.0)

    def _cosines(self, question: Reading) -> Vectors | None:
        if self._embedder is None:
            return None
        if self._vectors is None:
            if not self._patient:
                return None
            self.prepare()
        assert self._vectors is not None
        asked = self._embedder.encode([question.text], kind="query")[0]
        cosines: Vectors = self._vectors @ asked
        return cosines


def wanted(question: Reading) -> frozenset[str]:
    """What a question asks for, as items that statements are compared by."""
    return items_of(question)


def _above(cosine: float | None, cosines: Vectors | None) -> float:
    """By how many deviations a statement's cosine is above the mean."""
    if cosine is None or cosines is None:
        return 0.0
    return (cosine - float(cosines.mean())) / float(cosines.std() or 1.0)


def _encoded(
    embedder: Embedder, texts: Sequence[str], stopped: Event, batch: int = 16
) -> Vectors | None:
    """A row a text; None where it was stopped."""
    parts = []
    for i in range(0, len(texts), batch):
        if stopped.is_set():
            return None
        parts.append(embedder.encode(texts[i : i + batch], kind="passage"))
    return np.concatenate(parts)


def _is_keyed(question: Reading, asked: frozenset[str], entry: Entry) -> bool:
    """True if a row of a table is the one that a question names, and the headings say all else that it asks: nothing but
    what stands in the row's cells can be meant."""
    named, headed = asked & entry.key, asked & (entry.title | entry.section)
    return bool(named and headed) and asked == named | headed and question.asks <= _IN_CELLS


def _echo(question: str, told: str) -> float:
    """The share of a question's words, those among them that ask for nothing too, that stand in a text."""
    asked = set(keys(question))
    return len(asked & set(keys(told))) / len(asked)


def _within(item: str, entry: Entry) -> bool:
    """True for Chinese words that stand anywhere in the statement's text, and figures that do."""
    return item[:2] in ("w:", "n:") and not item[2:].isascii() and item[2:] in entry.text


def _fits(question: Reading, asked: frozenset[str], entry: Entry, titled: float) -> bool:
    """False if a statement has the words of a question and answers another one: it lacks a figure that was said, tells a
    time or an amount of something else, tells what never happens where it is asked what does, or is general where a
    condition was put."""
    figures = (i for i in asked if i.startswith(("n:", "w:")) and any(c.isdigit() for c in i))
    if not all(i in entry.own or _within(i, entry) or i[2:] in entry.text for i in figures):
        return False
    if len(entry.text) >= LEAST_ECHO and entry.text.strip(".。!！") in question.text:
        return False  # it was said, not asked
    if titled >= LEAST_TITLED:
        return True
    ideas = ideas_of(asked)
    if question.asks & _MEASURED and len(ideas) > 1 and not ideas & entry.own:
        return False
    if question.asks & _OPENLY and _NEVER.search(entry.statement.text):
        return False
    return not (_MAY.search(question.text) and _ON_CONDITION.search(question.text))


def _says_enough(asked: frozenset[str]) -> bool:
    """True if a question names something that narrows it: a concept that is not light, a country, or two words."""
    ideas = [i for i in asked if i.startswith(("c:", "x:")) and i[2:] not in light()]
    return bool(ideas) or sum(i.startswith(("w:", "n:")) for i in asked) > 1


def _tells_more(asked: frozenset[str], spoken: set[str], entry: Entry, question: Reading) -> bool:
    """True if a statement speaks of something asked that is not merely what its whole page is about, or is of the kind
    that is asked for: else any statement of the page would do as well."""
    if question.asks & {"how_long", "how_much", "how_many"} or "how" in question.asks & entry.asks:
        return True
    return any(i in entry.own and i not in entry.title and not _is_light(i) for i in spoken)


def _is_light(item: str) -> bool:
    return item.startswith("g:") or item[2:] in light()


def _opposite(question: Reading, entry: Entry) -> bool:
    """True if what is asked of is what is not, and the statement says what is, or the other way round."""
    denied = _denies(entry.statement.section)
    return _denies(question.text) != denied and (denied or not _denies(entry.text))


def _denies(text: str) -> bool:
    """True if a text says, or asks, what is not."""
    return bool(_NOT.search(_EITHER.sub("", text.lower())))


def _alike(asked: frozenset[str], said: frozenset[str], weight: Callable[[str], float]) -> float:
    """How alike two sets of items are, in [0, 1]: the weight of what both name of what either names."""
    either = sum(map(weight, asked | said))
    return sum(map(weight, asked & said)) / either if either else 0.0


def _kind_of_answer(question: Reading, entry: Entry) -> bool:
    """True if a statement has what such a question wants."""
    asks, text = question.asks, entry.statement.text
    if "why" in asks and not _WHY.search(text):
        return False
    theirs = entry.asks & _TYPED
    if entry.statement.kind is PageKind.FAQ and theirs and asks & _TYPED and not theirs & asks:
        return False  # where is not when
    if "contact" in question.concepts and not _REACHED.search(text):
        return False
    return has_measure(question, text)


def has_measure(question: Reading, text: str) -> bool:
    """True if a text has the amount, the time or the number that a question wants."""
    asks = question.asks
    if "how_much" in asks and not _MONEY.search(text):
        return False
    if "how_much" in asks and "free" not in question.concepts and not _costs(text):
        return False  # from when on it costs nothing is not what it costs
    if "how_long" in asks and not _TIME.search(text):
        return False
    unit = _COUNTED.search(question.text)
    if unit and not re.search(_SAME_UNIT[unit[1]], text):
        return False
    if "when" in asks and not (_TIME.search(text) or _WHEN.search(text)):
        return False
    return not ("how_many" in asks and not _NUMBER.search(text))


def _costs(text: str) -> bool:
    """True if a statement says what something costs, beside when it costs nothing."""
    return not _FREE_FROM.search(text) or bool(_MONEY.search(_FREE_FROM.sub(" ", text)))
