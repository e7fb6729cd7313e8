"""The agent: one message of a customer in, one reply out.

hear (a yes counts only there) → understand → state → plan → rules → tools → candidates → safe ones ranked → reply. The
agent reads and proposes through `Conversation`, and commits nothing but what the customer has just agreed to.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from shopkeeper.errors import ModelError
from shopkeeper.shop.bulk import Connection
from shopkeeper.support import cases, conversations, questions
from shopkeeper.support.cases import Reason
from shopkeeper.support.consent import Consent
from shopkeeper.support.conversations import State
from shopkeeper.support.dialogue import (
    anybody,
    asking,
    beside,
    hearing_often,
    selling,
    store,
    turns,
)
from shopkeeper.support.dialogue.applying import apply
from shopkeeper.support.dialogue.desk import Desk, FindsProducts
from shopkeeper.support.dialogue.identifying import identify, turns_down
from shopkeeper.support.dialogue.lexicon import lexicon
from shopkeeper.support.dialogue.plugs import AnswersQuestions, Words, no_answers
from shopkeeper.support.dialogue.ranking import Scorer, SimpleScorer, best, is_safe
from shopkeeper.support.dialogue.reading import Known
from shopkeeper.support.dialogue.records import (
    Command,
    Do,
    Evidence,
    HandOver,
    Progress,
    Question,
    Reply,
)
from shopkeeper.support.dialogue.saying import Answered, Line
from shopkeeper.support.dialogue.summary import summary
from shopkeeper.support.dialogue.turns import Incoming, Taken
from shopkeeper.support.dialogue.understanding import ByRules, Understands, View
from shopkeeper.support.dialogue.window import NoWindow, Window
from shopkeeper.support.dialogue.working import Turn, work
from shopkeeper.support.dialogue.writing import candidates, variants, when
from shopkeeper.support.hours import opening
from shopkeeper.support.proposals import Heard
from shopkeeper.support.records import Level, Proposal
from shopkeeper.support.service import Conversation, NotConfirmed, Stale, Support
from shopkeeper.text.language import guess_language
from shopkeeper.text.normalise import normalise

KEPT_REPLIES = 3


def _once(lines: Sequence[Line]) -> list[Line]:
    """Lines without those that say what one before them said."""
    said = [(line.key, line.values, line.verbatim) for line in lines]
    return [line for i, line in enumerate(lines) if said[i] not in said[:i]]


@dataclass
class Agent:
    """Answers customers. understands: strengths in the order in which they are tried; rules stand behind them all.
    words: who else words replies; proposals are always read as the records have them. window: shelves for who looks around."""

    support: Support
    find_products: FindsProducts
    answers: AnswersQuestions = no_answers
    understands: tuple[Understands, ...] = ()
    words: Words | None = None
    scorer: Scorer = field(default_factory=SimpleScorer)
    window: Window = field(default_factory=NoWindow)

    def open(self, *, language: str = "en") -> Conversation:
        """A new conversation."""
        return self.support.open(language=language)

    def introduction(self, language: str = "en") -> str:
        """What is said before the customer's first word: that this is no person."""
        return variants(Line("introduction", {"shop": self._shop_name(language)}), language)[0]

    def _shop_name(self, language: str) -> str:
        return self.support.shop_name or variants(Line("shop"), language)[0]

    def reply(
        self,
        conversation: Conversation,
        text: str,
        *,
        client: str = "",
        key: str = "",
        about: str = "",
    ) -> Reply:
        """What is said to the customer's message. After a hand-over the text is empty: a person answers.

        client: where they come from, such as an IP address. key: the sender's own name of the message; sent again under
        it, it is answered as before. about: id of the proposal that it says yes or no to, where that was pressed and not
        written. Raises NotFound for a conversation that is not there, NotWaiting for a proposal that does not wait, Busy
        where the message before is answered for too long.
        """
        message = Incoming(text, key, about)
        taken = turns.take(self.support.database, conversation.id, message, self.support.clock())
        if isinstance(taken, Reply):
            return taken
        try:
            return self._reply(conversation, taken, text, client)
        finally:
            with self.support.database.connection() as conn:
                turns.free(conn, conversation.id)

    def _reply(self, conversation: Conversation, taken: Taken, text: str, client: str) -> Reply:
        heard, state = taken.heard, taken.state
        if taken.with_a_person:
            return Reply("", state.language, heard.turn)
        state.language = guess_language(text, _latin_language(text, state.language))
        turn = Turn(conversation, state, self._desk(conversation, state.language))
        self._answer(turn, heard, text, client)
        if _asks(text) and all(line.key == "unclear" for line in turn.lines):
            turn.unanswered.append(text)
        reply = self._compose(turn, heard.turn)
        with self.support.database.connection() as conn:
            if cases.hold(conn, conversation.id) is not None and not turn.acted:
                return Reply(
                    "", state.language, heard.turn
                )  # a person took over while it was written
            store.save(conn, conversation.id, state, self.support.clock())
            self._note(conn, turn, reply)
        return reply

    def _desk(self, conversation: Conversation, language: str) -> Desk:
        ways, policy = lexicon(language), self.support.policy()
        return Desk(conversation, ways, self.find_products, policy, self.window)

    def _answer(self, turn: Turn, heard: Heard, text: str, client: str) -> None:
        """Work one message off: what is said about it is left in `turn.lines`."""
        state = turn.state
        settled = self._settle(turn, heard)  # in the language in which it was shown
        with self.support.database.connection() as conn:
            conversations.speak(conn, turn.conversation.id, state.language)
        if settled and heard.consent is Consent.YES:
            turn.understood.append(Command(Do.CONFIRM))
            state.question = None
            work(turn)
            return
        commands = self._understand(turn, text)
        if settled and heard.consent is Consent.NO:
            self._declined(turn, commands)
            commands = [c for c in commands if c.do not in (Do.DENY, Do.DROP)]
        self._follow(turn, commands, text, client)

    def _settle(self, turn: Turn, heard: Heard) -> bool:
        """Do what was agreed to; note what was declined. True if the words were a plain yes or no."""
        state = turn.state
        if not state.pending or heard.proposal is None or heard.proposal.id != state.pending:
            return False
        if heard.consent is Consent.YES:
            try:
                self._done(turn, turn.conversation.commit(state.pending))
            except Stale as error:
                turn.say("stale", rule=error.message)
            except NotConfirmed:
                return False
            state.pending, state.pending_wishes = "", ()
            return True
        if heard.consent is Consent.NO:
            state.pending = ""
            return True
        return False

    def _done(self, turn: Turn, proposal: Proposal) -> None:
        state = turn.state
        for number in state.pending_wishes:
            wish = state.wish(number)
            if wish is not None:
                order_id = proposal.action.order_id
                wish.picks = [p for p in wish.picks if p.order_id != order_id]
                wish.settled = tuple(o for o in wish.settled if o != order_id)
                if not wish.picks and not wish.settled:
                    wish.progress = Progress.DONE
        state.done = (*state.done, proposal.id)
        state.order = proposal.action.order_id or state.order
        state.refusals = state.failures = 0
        turn.desk.forget()
        turn.acted, turn.done = True, proposal
        turn.say("done", Evidence("proposal", proposal.id), summary=proposal.shown.summary)

    def _declined(self, turn: Turn, commands: list[Command]) -> None:
        """A plain no: the wishes of the proposal are dropped, unless something is said of what they want instead."""
        state = turn.state
        wishes = [c for c in commands if c.do in (Do.START, Do.ONLY, Do.SET)]
        if not wishes:
            for number in state.pending_wishes:
                wish = state.wish(number)
                if wish is not None:
                    wish.progress = Progress.DROPPED
            turn.say("declined")
        state.question = None if not wishes else state.question

    def _understand(self, turn: Turn, text: str) -> list[Command]:
        view = self._view(turn, text)
        for strength in self.understands:
            try:
                return strength.commands(text, view)
            except ModelError:
                continue  # the next strength answers; rules always do
        return ByRules().commands(text, view)

    def _view(self, turn: Turn, text: str) -> View:
        desk = turn.desk
        catalogue = cache(lambda: desk.catalogue(normalise(text)))
        known = Known(desk.lexicon, desk.shelf, catalogue, tuple(o.id for o in desk.orders))
        return View(turn.state, known, desk.level > Level.NOBODY)

    def _follow(self, turn: Turn, commands: list[Command], text: str, client: str) -> None:
        """Carry the commands out."""
        turn.understood += commands
        state, desk = turn.state, turn.desk
        if any(c.do is Do.CHAT and c.about == "angry" for c in commands):
            about_money = desk.lexicon.says("money", normalise(text)) is not None
            if state.angry and (state.refusals or about_money):
                turn.hand_over(Reason.ANGER)
                return
            state.angry = True
            turn.say("angry")
        for command in commands:
            if command.do is Do.CONFIRM and state.question and state.question.slot == "person":
                turn.hand_over(Reason.SUPPORT)
                return
            if command.do is Do.HAND_OVER:
                turn.hand_over(Reason(command.about or "request"))
                return
        if turns_down(turn, commands, text):
            state.question, state.backlog, state.failures = None, (), 0
            turn.say("as_you_like")
            return
        if _leaves(state.question, commands):
            state.question = None
        waiting = state.backlog
        commands = anybody.heard(turn, commands, text, lambda asked: self._answer_to(turn, asked))
        if any(c.do is Do.CHAT and c.about == "products" for c in commands):
            state.failures = 0
            self._lack_answers(turn, commands)
            return
        asked = state.question is not None and state.question.slot in ("identity", "code")
        lost = not asked and not state.backlog and all(c.do is Do.UNCLEAR for c in commands)
        only_asks = waiting == state.backlog and all(c.do is Do.ASK for c in commands)
        if not only_asks and ((desk.level is Level.NOBODY and not lost) or asked):
            commands = self._identify(turn, commands, text, client)
            if not commands and (turn.lines or state.question):
                return
        self._chat(turn, commands)
        apply(commands, state, desk)
        state.question = None if _answers(commands) else state.question
        self._ask_knowledge(turn, commands, text)
        turn.lines.sort(key=lambda line: line.key == "ask_identity")  # answers come first
        if all(c.do is Do.UNCLEAR for c in commands):
            self._not_understood(turn)
            return
        state.failures = 0
        work(turn)
        self._lack_answers(turn, commands)

    def _answer_to(self, turn: Turn, text: str) -> Answered | None:
        """What the shop's knowledge says to a question; looked up once a turn."""
        if text not in turn.answers:
            state = turn.state
            turn.answers[text] = self.answers(
                turn.conversation, text, state.language, state.question_before
            )
        return turn.answers[text]

    def _lack_answers(self, turn: Turn, commands: list[Command]) -> None:
        """Offer a person where nothing on record answers, and call one where that happens again."""
        state, people = turn.state, turn.desk.policy.people
        if turn.unanswered:
            state.unanswered += 1
        elif any(c.do is Do.ASK or c.about == "products" for c in commands):
            state.unanswered = 0
        strays = any(c.do is Do.CHAT and c.about == "joking" for c in commands)
        state.strays += strays
        if turn.unanswered and state.unanswered >= people.after_unanswered:
            turn.hand_over(Reason.SUPPORT)
        elif strays and state.strays >= people.after_strays:
            turn.hand_over(Reason.SCOPE)
        elif turn.unanswered and state.question is None and not turn.handed_over:
            turn.say("offer_person")
            state.question = Question("person", text="offer_person")

    def _identify(
        self, turn: Turn, commands: list[Command], text: str, client: str
    ) -> list[Command]:
        """Find out who it is where that is needed. Returns what is still to be followed."""
        state = turn.state
        apply([c for c in commands if c.do is Do.SET], state, turn.desk)
        wants = [c for c in commands if c.do in (Do.START, Do.ASK, Do.UNCLEAR)]
        if wants and len(state.backlog) < asking.MOST_WAITING and not _is_knowledge(commands):
            state.backlog = (*state.backlog, text)
        was = turn.desk.level
        identify(turn, client)
        if turn.desk.level > Level.NOBODY and was is Level.NOBODY:
            backlog, state.backlog = state.backlog, ()
            state.question = None
            turn.desk.forget()
            for message in backlog:
                again = [c for c in self._understand(turn, message) if c.do is not Do.UNCLEAR]
                self._ask_knowledge(turn, again, message)
                apply(again, state, turn.desk)
            if turn.state.question is None:
                work(turn)
            return []
        return [c for c in commands if c.do is not Do.SET] if _is_knowledge(commands) else []

    def _chat(self, turn: Turn, commands: list[Command]) -> None:
        for command in commands:
            if command.do is Do.CHAT and command.about in ("hello", "thanks", "bye", "joking"):
                turn.say(command.about)
                turn.chatted = True
            elif command.do is Do.CHAT and command.about == "robot":
                turn.say("introduction", shop=self._shop_name(turn.state.language))
                turn.chatted = True

    def _ask_knowledge(self, turn: Turn, commands: list[Command], text: str) -> None:
        for command in commands:
            if command.do is Do.ASK:
                turn.desk.used.add("answer")
                found = self._answer_to(turn, text)
                if found is None:
                    turn.unanswered.append(text)
                    turn.say("unknown_answer")
                else:
                    turn.lines += hearing_often.of_records(turn.desk, found)
                    turn.lines.append(Line("", {}, found.evidence, found.text, found.quotes))
                    selling.remember(turn, found.evidence)
                    hearing_often.keep(turn.state, text)
                turn.chatted = True

    def _not_understood(self, turn: Turn) -> None:
        state = turn.state
        state.failures += 1
        most = turn.desk.policy.people.after_failures
        if (state.failures >= most and not state.question) or state.failures > most:
            turn.hand_over(Reason.FAILURES)
        elif state.question is not None and state.question.text:
            turn.ask_again()
        else:
            turn.say("unclear")

    def _compose(self, turn: Turn, number: int) -> Reply:
        state = turn.state
        hand_over = None
        if turn.handed_over:
            state.handed_over = turn.handed_over
            turn.lines = [line for line in turn.lines if line.key in ("done", "angry")]
            hand_over = self._hand_over(turn, turn.handed_over)
        lines = _once(turn.lines) or [Line("unclear")]
        seed = f"{turn.conversation.id}:{number}"
        ways = [lines, *beside.alternatives(turn, lines)]
        made = [said for way in ways for said in candidates(way, state.language, seed)]
        lines = max(ways, key=len)  # what any of them rests on
        grounds = [" ".join(line.values.values()) + " " + line.verbatim for line in lines]
        plain = [
            " ".join(variants(Line(line.key, dict.fromkeys(line.values, "")), state.language))
            for line in lines
            if not line.verbatim
        ]
        safe = [c for c in made if is_safe(c, [*grounds, *plain])] or made[:1]
        if self.words is not None and not state.pending and not turn.handed_over:
            said = self.words.others(safe[0], state.language)
            safe += [c for c in said if is_safe(c, [*grounds, *plain])]
        text = best(safe, state.said, self.scorer)
        state.said = (*state.said, text)[-KEPT_REPLIES:]
        evidence = tuple(dict.fromkeys(e for line in lines for e in line.evidence))
        quotes = tuple(dict.fromkeys(q for line in lines for q in line.quotes))
        return Reply(text, state.language, number, evidence, state.pending, hand_over, quotes)

    def _hand_over(self, turn: Turn, why: Reason) -> HandOver:
        """Say who answers from now on, and when."""
        opened = opening(turn.desk.policy.people, self.support.clock())
        if opened.is_open:
            turn.say("hand_over")
        elif opened.at is None:
            turn.say("hand_over_later")
        else:
            turn.say("hand_over_closed", when=when(opened.at, turn.state.language))
        return HandOver(why, summary(turn), opened.at)

    def _note(self, conn: Connection, turn: Turn, reply: Reply) -> None:
        """Keep what was said, what it rests on, and what is left to people."""
        now = self.support.clock()
        state: State = conversations.get(conn, turn.conversation.id, now)
        for text in turn.unanswered:
            questions.note(conn, state.id, text, turn=reply.turn, language=reply.language, now=now)
        if reply.hand_over is not None:
            in_hours = opening(turn.desk.policy.people, now).is_open
            why, told = reply.hand_over.why, reply.hand_over.summary
            cases.ask(conn, state.id, why, summary=told, in_hours=in_hours, now=now)
        store.add_message(
            conn,
            state.id,
            reply.turn,
            "agent",
            reply.text,
            now,
            reply.evidence,
            quotes=reply.quotes,
        )
        event = "handed_over" if reply.hand_over else "replied"
        detail: dict[str, Any] = {"why": reply.hand_over.why} if reply.hand_over else {}
        detail |= {"understood": _in_short(turn.understood), "tools": sorted(turn.desk.used)}
        evidence = [f"{e.kind}:{e.id}" for e in reply.evidence if e.kind != "rule"]
        rules = [e.id for e in reply.evidence if e.kind == "rule"]
        conversations.note(
            conn, state, event, at=now, proposal_id=reply.proposal_id or None, rule_ids=rules,
            evidence=evidence[:20], **detail,
        )  # fmt: skip


def _asks(text: str) -> bool:
    return text.rstrip().endswith(("?", "？"))


def _in_short(commands: list[Command]) -> list[str]:
    """What was understood, without a word of the customer's: "start return", "set order", "ask"."""
    what = (c.wish.flow.value if c.wish else c.slot or c.about for c in commands)
    return [f"{c.do.value} {w}".strip() for c, w in zip(commands, what, strict=True)][:20]


def _latin_language(text: str, before: str) -> str:
    """English for words in Latin letters; what was spoken before for numbers, mail addresses and the like."""
    letters = [c for word in text.split() if "@" not in word for c in word if c.isalpha()]
    return "en" if len(letters) > 8 else before


def _answers(commands: list[Command]) -> bool:
    """True if the commands answer or overtake what was asked."""
    return any(c.do in (Do.START, Do.SET, Do.ONLY, Do.DROP, Do.CONFIRM, Do.DENY) for c in commands)


def _leaves(question: Question | None, commands: list[Command]) -> bool:
    """True if a person was offered, and the message says neither yes nor no: it goes on with something else."""
    offered = question is not None and question.slot == "person"
    return offered and not any(c.do in (Do.CONFIRM, Do.DENY, Do.DROP) for c in commands)


def _is_knowledge(commands: list[Command]) -> bool:
    """True if nothing is wanted for which one must be known."""
    return all(
        c.do in (Do.ASK, Do.CHAT) or (c.wish is not None and c.wish.flow == "options")
        for c in commands
    )
