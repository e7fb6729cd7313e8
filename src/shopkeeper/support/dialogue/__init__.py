"""Speaking with customers: a message in, a reply out that rests on records, rules and pages.

The way of a message: `understanding.py` what it asks for (`lexicon.py`, `shelf.py`, `slots.py`, `options_said.py`,
`reading.py`, `answered.py` read it) · `applying.py` what that changes of the state (`records.py`, `store.py`) ·
`identifying.py` who it is · `working.py`, `planning.py` what comes next (`locating.py`, `choosing.py`, `addresses.py`,
`methods.py` find what is meant; `desk.py` reads) · `telling.py` answers · `writing.py`, `ranking.py` the words, `beside.py`
what comes next · `agent.py` the door.

What needs nobody's records is said to anybody (`anybody.py`): `asking.py` which messages those are, `hearing_often.py` what
every shop is asked, `seeking.py` what is looked for, `naming.py` which products are named, `selling.py` shows them from the
shop's `window.py`, `following_up.py` and `shown.py` go on from what was shown.

Besides the forms of words, `by_examples.py` understands by likeness and `by_model.py` with language models.
"""

from shopkeeper.support.dialogue.agent import Agent
from shopkeeper.support.dialogue.by_examples import ByExamples
from shopkeeper.support.dialogue.by_model import ByChoice, ByModel, Patience, Rephraser
from shopkeeper.support.dialogue.plugs import AnswersQuestions
from shopkeeper.support.dialogue.records import Command, Do, Evidence, Flow, HandOver, Reply
from shopkeeper.support.dialogue.saying import Answered
from shopkeeper.support.dialogue.understanding import ByRules, Understands, View

__all__ = [
    "Agent",
    "Answered",
    "AnswersQuestions",
    "ByChoice",
    "ByExamples",
    "ByModel",
    "ByRules",
    "Command",
    "Do",
    "Evidence",
    "Flow",
    "HandOver",
    "Patience",
    "Rephraser",
    "Reply",
    "Understands",
    "View",
]
