"""Customer service: what may be known, by whom, and what may be done about it. Decided by code; no model is asked.

In comes what a customer says and what they want; out go records of theirs, answers to "may I …?" and writes that were
proposed, agreed to and done once. The way: `identity.py` who is talking · `lookup.py`, `finding.py`, `options.py`
what there is · `facts.py` what a rule looks at · `predicates.py`, `policy.py`, `policies.py` what is allowed ·
`pieces.py`, `quoting.py` what it costs · `wording.py` how it is read to the customer · `consent.py` whether they
agreed · `effects.py`, `proposals.py` doing it · `outside.py` text from outside made harmless · `terms.py`, `answers/`
what is told to who asks · `conversations.py` where it stands, and the audit · `outcomes.py` what became of it ·
`letters/` e-mail · `service.py` the door, `tools.py` the same door for models.
"""

from shopkeeper.support.answers import (
    Answer,
    AnswerKind,
    Answers,
    Citation,
    Source,
    SourceKind,
)
from shopkeeper.support.finding import Order as VariantOrder
from shopkeeper.support.finding import Wanted, Wish
from shopkeeper.support.identity import NotIdentified, OtherCustomer, TooManyAttempts
from shopkeeper.support.mail import Mailer, MailFolder
from shopkeeper.support.policies import use_demo
from shopkeeper.support.policy import Policy, default_policy, parse
from shopkeeper.support.records import (
    Action,
    ActionKind,
    Check,
    Decision,
    Level,
    Movement,
    Proposal,
    ProposalState,
    Quote,
    Shown,
)
from shopkeeper.support.service import Conversation, NotAllowed, NotConfirmed, Stale, Support
from shopkeeper.support.tools import TOOLS, Result, Tool, ToolKind, call

__all__ = [
    "TOOLS",
    "Action",
    "ActionKind",
    "Answer",
    "AnswerKind",
    "Answers",
    "Check",
    "Citation",
    "Conversation",
    "Decision",
    "Level",
    "MailFolder",
    "Mailer",
    "Movement",
    "NotAllowed",
    "NotConfirmed",
    "NotIdentified",
    "OtherCustomer",
    "Policy",
    "Proposal",
    "ProposalState",
    "Quote",
    "Result",
    "Shown",
    "Source",
    "SourceKind",
    "Stale",
    "Support",
    "TooManyAttempts",
    "Tool",
    "ToolKind",
    "VariantOrder",
    "Wanted",
    "Wish",
    "call",
    "default_policy",
    "parse",
    "use_demo",
]
