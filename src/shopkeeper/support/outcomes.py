"""What became of conversations: what customers said of them, and which were resolved, by whom, and how sure that is.

Resolved is only what the customer confirms. Silence after an answer is counted apart, as assumed, and never added to it;
so is what a person had. Who came back soon after was not helped, and who left while being asked something gave up.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from shopkeeper.shop.bulk import Connection
from shopkeeper.support import conversations

SILENCE = timedelta(hours=24)  # after which nothing more is expected
SOON = timedelta(hours=72)  # a customer who writes again within it came back
MAX_WORDS = 1000  # characters of what customers say of a conversation


class Outcome(StrEnum):
    """How a conversation ended."""

    CONFIRMED = "confirmed"  # the customer said that it is solved
    NOT_SOLVED = "not_solved"  # the customer said that it is not
    ASSUMED = "assumed"  # answered, and silent since
    CAME_BACK = "came_back"  # answered, but the customer wrote again soon after
    GAVE_UP = "gave_up"  # silent since something was asked, proposed or not known
    OPEN = "open"  # not silent for long enough to say


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a customer says of a conversation. rating: 1 to 5."""

    solved: bool | None = None
    rating: int | None = None
    words: str = ""

    def __post_init__(self) -> None:
        if self.rating is not None and not 1 <= self.rating <= 5:
            raise ValueError("a rating is a whole number from 1 to 5")
        if len(self.words) > MAX_WORDS:
            raise ValueError(f"words of more than {MAX_WORDS} characters")


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of the conversations in which somebody spoke.

    by_agent, by_person: outcome -> conversations that nobody but the agent answered, and those that a person had.
    ratings: 1 to 5 -> how often it was given.
    """

    conversations: int = 0
    by_agent: Mapping[Outcome, int] = field(default_factory=dict)
    by_person: Mapping[Outcome, int] = field(default_factory=dict)
    ratings: Mapping[int, int] = field(default_factory=dict)

    @property
    def confirmed(self) -> int:
        """Solved by the agent, as the customers said."""
        return self.by_agent.get(Outcome.CONFIRMED, 0)

    @property
    def assumed(self) -> int:
        """Perhaps solved by the agent: the customers said nothing more."""
        return self.by_agent.get(Outcome.ASSUMED, 0)

    @property
    def handed_over(self) -> int:
        """Conversations that a person had, however they ended."""
        return sum(self.by_person.values())

    @property
    def rating(self) -> float | None:
        """The mean rating; None where nobody gave one."""
        count = sum(self.ratings.values())
        return sum(r * n for r, n in self.ratings.items()) / count if count else None


def keep(conn: Connection, conversation_id: str, feedback: Feedback, now: datetime) -> None:
    """Keep what the customer says of a conversation; what is left out stays as it was. Raises NotFound."""
    conversations.get(conn, conversation_id, now)
    conn.execute(
        "insert into support_feedback (conversation_id, solved, rating, words, given_at) values (%s, %s, %s, %s, %s) "
        "on conflict (conversation_id) do update set solved = coalesce(excluded.solved, support_feedback.solved), "
        "rating = coalesce(excluded.rating, support_feedback.rating), given_at = excluded.given_at, "
        "words = case when excluded.words = '' then support_feedback.words else excluded.words end",
        [conversation_id, feedback.solved, feedback.rating, feedback.words, now],
    )


def given(conn: Connection, conversation_id: str) -> Feedback | None:
    """What the customer said of a conversation."""
    row = conn.execute(
        "select solved, rating, words from support_feedback where conversation_id = %s",
        [conversation_id],
    ).fetchone()
    return None if row is None else Feedback(*row)


def count(conn: Connection, *, since: datetime, now: datetime) -> Outcomes:
    """What became of the conversations in which a customer spoke since then."""
    by_agent: Counter[Outcome] = Counter()
    by_person: Counter[Outcome] = Counter()
    ratings: Counter[int] = Counter()
    for row in conn.execute(_ENDED, [SOON, since]):
        ended = _Ended(*row)
        (by_person if ended.had_person else by_agent)[ended.outcome(now)] += 1
        if ended.rating is not None:
            ratings[ended.rating] += 1
    total = sum(by_agent.values()) + sum(by_person.values())
    return Outcomes(total, dict(by_agent), dict(by_person), dict(ratings))


@dataclass(frozen=True, slots=True)
class _Ended:
    """What is known of the end of a conversation. asked: the customer was asked, told or shown something that they did
    not react to, or had a question that nothing answered."""

    heard_at: datetime
    solved: bool | None
    rating: int | None
    had_person: bool
    with_person: bool
    asked: bool
    came_back: bool

    def outcome(self, now: datetime) -> Outcome:
        if self.solved is not None:
            return Outcome.CONFIRMED if self.solved else Outcome.NOT_SOLVED
        if self.with_person or now - self.heard_at < SILENCE:
            return Outcome.OPEN
        if self.came_back:
            return Outcome.CAME_BACK
        return Outcome.GAVE_UP if self.asked and not self.had_person else Outcome.ASSUMED


_ENDED = """
    select c.heard_at, f.solved, f.rating,
        exists (select from support_cases where conversation_id = c.id),
        exists (select from support_cases where conversation_id = c.id and ended_at is null),
        coalesce(d.state ->> 'pending', '') <> ''
            or coalesce(d.state -> 'question' ->> 'slot', 'more') <> 'more'
            or coalesce((d.state ->> 'failures')::integer, 0) > 0
            or exists (select from support_questions q where q.conversation_id = c.id and q.turn = c.turn),
        exists (
            select from support_conversations later where later.customer_id = c.customer_id and later.turn > 0
            and later.opened_at > c.heard_at and later.opened_at <= c.heard_at + %s
        )
    from support_conversations c
    left join support_feedback f on f.conversation_id = c.id
    left join support_dialogues d on d.conversation_id = c.id
    where c.turn > 0 and c.heard_at >= %s
"""
