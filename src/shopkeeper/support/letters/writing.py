"""An answer as a message file, in the thread of the letter that it answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

MAX_REFERENCES = 20


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What is sent. thread: ids of the letters before, the oldest first. by_program: nobody of the shop wrote it."""

    message_id: str
    sender: str
    to: str
    subject: str
    text: str
    thread: Sequence[str]
    at: datetime
    language: str
    by_program: bool


def written(letter: Outgoing) -> bytes:
    """The file."""
    message = EmailMessage()
    message["From"] = letter.sender
    message["To"] = letter.to
    message["Subject"] = answering(letter.subject)
    message["Date"] = format_datetime(letter.at)
    message["Message-ID"] = letter.message_id
    if letter.thread:
        message["In-Reply-To"] = letter.thread[-1]
        message["References"] = " ".join(_shortened(letter.thread))
    if letter.by_program:  # RFC 3834: who answers by program does not answer this
        message["Auto-Submitted"] = "auto-replied"
        message["X-Auto-Response-Suppress"] = "All"
    message["Content-Language"] = letter.language
    message.set_content(letter.text)
    return message.as_bytes()


def answering(subject: str) -> str:
    """The subject of an answer: "Re:" before it once."""
    plain = " ".join(subject.split())
    return plain if plain.lower().startswith(("re:", "回复", "答复")) else f"Re: {plain}".strip()


def _shortened(thread: Sequence[str]) -> list[str]:
    """The first letter and the last ones, as RFC 5322 allows."""
    ids = list(dict.fromkeys(thread))
    return ids if len(ids) <= MAX_REFERENCES else [ids[0], *ids[-(MAX_REFERENCES - 1) :]]
