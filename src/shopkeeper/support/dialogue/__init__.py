"""Speaking with customers: a message in, a reply out that rests on records, rules and pages.

The way of a message: `understanding.py` what it asks for (`lexicon.py`, `shelf.py`, `slots.py`, `options_said.py`,
`reading.py`, `answered.py` read it) · `applying.py` what that changes of the state (`records.py`, `store.py`) ·
`identifying.py` who it is · `working.py`, `planning.py` what comes next (`locating.py`, `choosing.py`, `addresses.py`,
`methods.py` find what is meant; `desk.py` reads) · `telling.py` answers · `asking.py` what needs nobody's
records, `hearing_often.py` what every shop is asked · `beside.py` what comes next · `writing.py`, `ranking.py` the words · `by_examples.py` understands what forms of words do not, by likeness, and
`by_model.py` with language models · `agent.py` the door.
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
