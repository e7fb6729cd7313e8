"""Customer service by people: conversations that were handed over, and what people teach the agent.

In come conversations that wait for a person; out go what people say in them, and the agent's silence meanwhile. The way:
`records.py` what people see · `queue.py` the lists and notes in the database · `inbox.py` the door: take, say, note, return ·
`rehearsing.py`, `drafting.py` what the agent would answer, tried on a copy · `teaching.py` what the agent could not answer, and
the answers that people write · `replaying.py` what other rules would have changed ·
`figures.py` counts.
"""

from shopkeeper.support.cases import AlreadyTaken, Case, Outcome, Reason
from shopkeeper.support.inbox.figures import Figures
from shopkeeper.support.inbox.inbox import Inbox
from shopkeeper.support.inbox.records import Draft, Note, Row, View, Whole
from shopkeeper.support.inbox.replaying import Difference, Replay, Told
from shopkeeper.support.inbox.teaching import Suggestion, Taught, Teaching
from shopkeeper.support.lessons import Lesson

__all__ = [
    "AlreadyTaken",
    "Case",
    "Difference",
    "Draft",
    "Figures",
    "Inbox",
    "Lesson",
    "Note",
    "Outcome",
    "Reason",
    "Replay",
    "Row",
    "Suggestion",
    "Taught",
    "Teaching",
    "Told",
    "View",
    "Whole",
]
