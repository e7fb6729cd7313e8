"""The door: a question in, an answer with what it rests on out.

Sources are asked in an order that leaves no room for guessing: fields of the product that is named, then rules put to a
case, then pages: first for questions that every shop hears, as they are put there, then for what was written. If none carries the answer, it is that a person is needed. The text is made of frames of
ours and of what was quoted; a question is never repeated in it.
"""

import itertools
import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Event, Lock, Thread
from time import monotonic

from shopkeeper.errors import ModelError, NotFound
from shopkeeper.models.embed import Embedder
from shopkeeper.models.prompting.checks import numbers
from shopkeeper.shop import pages, products
from shopkeeper.shop.bulk import Connection
from shopkeeper.shop.records import PageKind, Product
from shopkeeper.support.answers import goods, trust
from shopkeeper.support.answers.common import Common, common, headed, titled, topical
from shopkeeper.support.answers.goods import Field, Finder, Named
from shopkeeper.support.answers.learnt import learnt
from shopkeeper.support.answers.lexicon import keys
from shopkeeper.support.answers.matching import Candidate, Matcher, has_measure
from shopkeeper.support.answers.opinions import opinions
from shopkeeper.support.answers.overview import overview
from shopkeeper.support.answers.reading import Reading, read
from shopkeeper.support.answers.records import Answer, AnswerKind, Citation, Source, SourceKind
from shopkeeper.support.answers.ruling import Ruling, is_case, rule_on, topic_of
from shopkeeper.support.answers.saying import say
from shopkeeper.support.answers.statements import Statement
from shopkeeper.support.answers.versions import version_in_stock
from shopkeeper.support.service import Support
from shopkeeper.text.language import guess_language

log = logging.getLogger(__name__)

MAX_QUESTION = 500  # characters that are looked at
MAX_QUOTED = 420  # characters of sentences of one page
FRESH_S = 5.0  # after so long it is looked whether pages have changed
TITLED = 0.55  # from here on the title of a page of questions is the question
BESIDE = 0.93  # of the best statement's score, for another of its page to be quoted too
NEARLY = 0.97  # the same for another page to be heard where figures differ
ALSO = 0.9  # the same for a page to say our figure too, beside another: 30 days, and longer before Christmas
SAME_BLOCK = 0.8  # the same for one of its paragraph


@dataclass(frozen=True, slots=True)
class _Index:
    """Pages as they were at a time."""

    digest: str
    matcher: Matcher
    goods: frozenset[str]


class Answers:
    """Answers to questions about a shop. find: products for words, the likeliest first.

    embedder: one that speaks the languages of the pages, or None for words alone. hosts: to which links in pages lead
    that may be shown. judge: how likely what was found is the answer, by its signs (`trust.py`). patient: a question waits
    until the meanings of pages that changed are known; else words answer it, while the meanings are made beside.
    """

    def __init__(
        self,
        support: Support,
        find: Finder,
        *,
        embedder: Embedder | None = None,
        hosts: Collection[str] = (),
        judge: Callable[[Mapping[str, float]], float] = trust.likelihood,
        patient: bool = True,
        seconds: Callable[[], float] = monotonic,
    ) -> None:
        self._support = support
        self._find = find
        self._embedder = embedder
        self._hosts = frozenset(hosts)
        self._judge = judge
        self._patient = patient
        self._seconds = seconds
        self._index: _Index | None = None
        self._looked_at = 0.0
        self._changing = Lock()
        self._stopped = Event()
        self._preparing: Thread | None = None

    def answer(
        self, question: str, *, language: str = "", product_id: str = "", before: str = ""
    ) -> Answer:
        """The answer. language: of the answer, by default that of the question. product_id: the product that is talked
        about, if one is known. before: what was asked just before. Nothing is written, and nothing of any customer is read.
        """
        question = question[:MAX_QUESTION]
        language = language or guess_language(question)
        # Before a connection is held: whoever finds products takes one too, and who waits for a second one while all are
        # held by others that do the same waits in vain.
        named = goods.named(question, self._find(question))
        with self._support.database.connection() as conn:
            meant = named or self._talked_of(conn, question, product_id)
            reading = named.rest if named else read(question)
            found = self._of_product(conn, question, meant, language) if meant else None
            found = found or self._by_rules(conn, question, meant, language)
            if found is None and named is None:
                found = self._common(conn, question, language, before[:MAX_QUESTION])
            if found is None and self._is_general(conn, reading, named):
                found = self._quoted(conn, reading, language)
                found = found or self._overview(conn, reading, language)
            found = found or learnt(conn, question, language, hosts=self._hosts)
        topic = topic_of(reading)
        return found or unknown(language, topic=topic.name if topic else "")

    @property
    def embedder(self) -> Embedder | None:
        """The embedder that meanings are compared by."""
        return self._embedder

    def close(self) -> None:
        """Stop what is made beside."""
        self._stopped.set()
        if self._preparing is not None:
            self._preparing.join()

    def _prepare_beside(self, matcher: Matcher) -> None:
        self._preparing = Thread(
            target=_prepare, args=(matcher, self._stopped), name="meanings", daemon=True
        )
        self._preparing.start()

    def look_anew(self) -> None:
        """Look at the pages before the next answer: one was changed just now."""
        self._looked_at = float("-inf")

    def _talked_of(self, conn: Connection, question: str, product_id: str) -> Named | None:
        """The product that the conversation is about, if one is known."""
        if not product_id:
            return None
        try:
            return goods.about(question, products.get(conn, product_id))
        except NotFound:
            return None

    def _of_product(
        self, conn: Connection, question: str, meant: Named, language: str
    ) -> Answer | None:
        if goods.wants_reviews(meant.rest):
            return (
                self._opinion(conn, meant.product, language)
                if goods.asks_only_reviews(meant.rest)
                else None
            )
        product = meant.product
        version = version_in_stock(question, product, language)
        told = goods.fields(question, meant, language)
        if version is not None:
            told = [Field(say("field.stock", language), version)]
        if not told:
            return None
        lines = [say("field.one", language, name=f.name, value=f.value) for f in told]
        title = goods.title(product, language)
        source = Source(SourceKind.PRODUCT, product.id, title, goods.product_url(product.id))
        text = say("field", language, title=title, fields=("；" if language == "zh" else "; ").join(lines))  # fmt: skip
        return Answer(text, AnswerKind.FIELD, language, tuple(Citation(line, source) for line in lines), 1.0, topic="product")  # fmt: skip

    def _opinion(self, conn: Connection, product: Product, language: str) -> Answer:
        said = opinions(conn, product.id, language)
        title, url = goods.title(product, language), goods.product_url(product.id)
        if not said.count or said.mean is None:
            source = Source(SourceKind.PRODUCT, product.id, title, url)
            text = say("reviews.none", language, title=title)
            return Answer(text, AnswerKind.OPINION, language, (Citation(text, source),), 1.0)
        quotes, lines = [], []
        for frame, one in (("reviews.like", said.liked), ("reviews.dislike", said.disliked)):
            if one is not None:
                quotes.append(Citation(one[0], Source(SourceKind.REVIEW, one[1].id, title, url)))
                lines.append(say(frame, language, quote=one[0]))
        count, mean = str(said.count), f"{said.mean:.1f}"
        about = Source(SourceKind.PRODUCT, product.id, title, url)
        whole = say("reviews", language, count=count, title=title, mean=mean, quotes="")
        text = say("reviews", language, count=count, title=title, mean=mean, quotes=" ".join(lines))
        return Answer(
            text.strip(), AnswerKind.OPINION, language, (Citation(whole.strip(), about), *quotes), 1.0, topic="reviews",
        )  # fmt: skip

    def _by_rules(
        self, conn: Connection, question: str, meant: Named | None, language: str
    ) -> Answer | None:
        known = self._goods(conn) | (goods.titles(meant.product) if meant else frozenset())
        ruling = rule_on(
            read(question, ignoring=known), self._support.policy_in(conn), language, self._support.clock(),
        )  # fmt: skip
        return None if ruling is None else _ruled(ruling, language)

    def _is_general(self, conn: Connection, question: Reading, named: Named | None) -> bool:
        """True if a page may answer it: it puts no case, and asks nothing of a product that only its record could tell."""
        if is_case(question, self._support.policy_in(conn)):
            return False
        if named is None:
            return True
        topic = topic_of(question)
        return topic is not None and topic.of_goods and not question.words

    def _quoted(
        self,
        conn: Connection,
        question: Reading,
        language: str,
        *,
        least: float = trust.LEAST,
        meant: bool = True,
    ) -> Answer | None:
        matcher = self._matcher(conn)
        found = matcher.candidates(question, language, meant=meant)
        if not found:
            return None
        best = found[0]
        if _disagree(question, best, found):
            return None
        sure = self._judge(matcher.signs(question, found))
        if sure < least:
            return None
        chosen = self._statements(matcher, best, found)
        return _cited(best.statement, chosen, question, language, sure)

    def _common(self, conn: Connection, question: str, language: str, before: str) -> Answer | None:
        """What the pages say to a question that every shop hears: a page or a part of one that is headed by it, else what
        is found for it as it is put to pages."""
        asked = common(question, language, before=before)
        if asked is None:
            return None
        wanted = read(question)
        found = (a for a in self._of_common(conn, asked, wanted, language) if a is not None)
        answer = next((a for a in found if _measured(wanted, a)), None)
        return None if answer is None else replace(answer, common=asked.name, own=asked.own)

    def _of_common(
        self, conn: Connection, asked: Common, question: Reading, language: str
    ) -> Iterator[Answer | None]:
        """What may answer a common question, the surest first."""
        told = self._matcher(conn).told()
        for put in asked.puts:
            yield _all_of(headed(put, told, language), question, language)
        yield _all_of(titled(asked.name, told, language), question, language)
        for put in asked.puts:
            yield self._by_rules(conn, put, None, language)
            yield self._quoted(conn, read(put), language, least=trust.PUT, meant=False)
            yield _all_of(topical(put, told, language), question, language)
        for name in asked.like:
            yield _all_of(titled(name, told, language), question, language)
        for put in asked.puts if self._embedder is not None else ():
            yield self._quoted(conn, read(put), language)

    def _overview(self, conn: Connection, question: Reading, language: str) -> Answer | None:
        told = self._matcher(conn).told()
        found = overview(question.text, told, language, most=MAX_QUOTED)
        return _cited(found[0], [s.text for s in found], question, language, 1.0) if found else None

    def _statements(
        self, matcher: Matcher, best: Candidate, found: Sequence[Candidate]
    ) -> list[str]:
        """The sentences to be quoted, in the order of their page: the best, those nearly as good, and of a page that is
        one question with its answer, all that fits."""
        same = [c.statement for c in found if _belongs(c, best)]
        wanted = set(same[:2]) | {best.statement}
        if best.statement.kind is PageKind.FAQ and best.titled >= TITLED:
            wanted |= set(matcher.around(best.statement))
        if best.on_topic:
            wanted |= {s for s in matcher.around(best.statement) if s.block == best.statement.block}
        wanted |= _before(wanted, matcher.around(best.statement))
        ordered = [s.text for s in matcher.around(best.statement) if s in wanted]
        while len(ordered) > 1 and sum(map(len, ordered)) > MAX_QUOTED:
            ordered.remove(ordered[-1] if ordered[-1] != best.statement.text else ordered[0])
        return ordered

    def _goods(self, conn: Connection) -> frozenset[str]:
        """What the shop's kinds of products are called: the words of its categories, in every language."""
        self._matcher(conn)
        assert self._index is not None
        return self._index.goods

    def _matcher(self, conn: Connection) -> Matcher:
        """The pages as they are now."""
        with self._changing:
            now = self._seconds()
            if self._index is not None and now - self._looked_at < FRESH_S:
                return self._index.matcher
            digest = pages.digest(conn)
            if self._index is None or self._index.digest != digest:
                made = Matcher(
                    pages.iterate(conn), self._embedder, self._hosts, patient=self._patient
                )
                if not self._patient and self._embedder is not None:
                    self._prepare_beside(made)
                kinds = frozenset(k for name in products.category_names(conn) for k in keys(name))
                self._index = _Index(digest, made, kinds)
            self._looked_at = now
            return self._index.matcher


def _cited(
    of: Statement, chosen: Sequence[str], question: Reading, language: str, sure: float
) -> Answer:
    """An answer that quotes these sentences of a statement's page."""
    frame = "quoted" if of.language == language else "foreign"
    source = Source(SourceKind.PAGE, of.page_id, of.title, f"/pages/{of.slug}")
    joined = ("" if of.language == "zh" else " ").join(_ended(c, of.language) for c in chosen)
    topic = topic_of(question)
    return Answer(
        say(frame, language, title=of.title, quote=joined), AnswerKind.QUOTED, language,
        tuple(Citation(t, source) for t in chosen), round(sure, 3), topic=topic.name if topic else "",
    )  # fmt: skip


def _ended(sentence: str, language: str) -> str:
    """A row of a table or a point of a list as a sentence."""
    if sentence.endswith((".", "!", "?", "。", "！", "？", "”", '"', "…")):
        return sentence
    return sentence + ("。" if language == "zh" else ".")


def _all_of(part: Sequence[Statement], question: Reading, language: str) -> Answer | None:
    """An answer that quotes a part of a page from its beginning, as much as is quoted."""
    if not part:
        return None
    chosen = [part[0].text]
    for statement in part[1:]:
        if sum(map(len, chosen)) + len(statement.text) > MAX_QUOTED:
            break
        chosen.append(statement.text)
    return _cited(part[0], chosen, question, language, trust.SURE)


def _measured(question: Reading, answer: Answer) -> bool:
    """True if an answer has the amount or the time that is asked for: "do you wrap gifts? Yes." is not what it costs."""
    return answer.kind is AnswerKind.RULE or has_measure(
        question, " ".join(q.text for q in answer.quotes)
    )


def _prepare(matcher: Matcher, stopped: Event) -> None:
    try:
        matcher.prepare(stopped=stopped)
    except ModelError as error:
        log.warning("pages are answered from by words alone: %s", error.message)


def _before(wanted: Collection[Statement], page: Sequence[Statement]) -> set[Statement]:
    """What stands before those statements that are not understood alone, in their paragraph or their list."""
    return {
        before
        for before, statement in itertools.pairwise(page)
        if statement in wanted and statement.hangs and before.section == statement.section
    }


def _belongs(other: Candidate, best: Candidate) -> bool:
    """True if a statement is to be quoted beside the best one: of its paragraph, or of its page and nearly as good."""
    mine, theirs = best.statement, other.statement
    if mine.page_id != theirs.page_id:
        return False
    if mine.section != theirs.section:
        return False
    share = SAME_BLOCK if mine.block == theirs.block and not mine.row else BESIDE
    return other.score >= share * best.score


def _disagree(question: Reading, best: Candidate, found: Sequence[Candidate]) -> bool:
    """True if another page answers as well with other figures alone, where a figure is asked for: then a person decides."""
    if not question.asks & {"how_long", "how_much", "when", "how_many"}:
        return False
    ours = numbers(best.statement.text)
    agreeing = {
        c.statement.slug
        for c in found
        if c.score >= ALSO * best.score and ours & numbers(c.statement.text)
    } | {best.statement.slug}
    near = (c.statement for c in found if c.score >= NEARLY * best.score)
    return any(s.slug not in agreeing and not ours & numbers(s.text) for s in near)


def unknown(language: str, *, topic: str = "") -> Answer:
    """What is said where nothing on record carries an answer."""
    return Answer(say("unknown", language), AnswerKind.UNKNOWN, language, topic=topic)


def _ruled(ruling: Ruling, language: str) -> Answer:
    sentences = list(dict.fromkeys(c.text for c in ruling.shown))
    text = say("yes" if ruling.possible else "no", language, rules=("" if language == "zh" else " ").join(sentences))  # fmt: skip
    quotes = tuple(Citation(c.text, Source(SourceKind.RULE, c.rule_id)) for c in ruling.shown)
    return Answer(text, AnswerKind.RULE, language, quotes, 1.0, ruling.possible, ruling.topic.name)
