"""What an agent is given to speak with: who knows the shop's answers, and who says a reply in other words."""

from typing import Protocol

from shopkeeper.support.dialogue.saying import Answered
from shopkeeper.support.service import Conversation


class AnswersQuestions(Protocol):
    """Who answers questions from what the shop knows."""

    def __call__(
        self, conversation: Conversation, question: str, language: str, before: str = "", /
    ) -> Answered | None:
        """The answer, None where the shop knows none. before: what was asked just before."""


class Words(Protocol):
    """Who can say a reply in other words."""

    def others(self, text: str, language: str) -> list[str]:
        """The reply in other words; none where that fails."""


def no_answers(
    conversation: Conversation, question: str, language: str, before: str = ""
) -> Answered | None:
    """A shop without anything written down."""
    return None
