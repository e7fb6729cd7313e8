"""One message file as a letter: who writes, in which thread, and what is new in it.

A file is hostile until it is read: it may be huge, nested without end, without text, or written by a program that would
answer our answer. What was quoted from earlier letters, and the signature, is left out: only what the customer says now
counts as said.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from hashlib import sha256

from shopkeeper.errors import Refused
from shopkeeper.text import plain_text

MAX_BYTES = 25_000_000  # of a file, attachments included
MAX_PARTS = 60  # that may stand inside each other
MAX_HEADERS = 500  # lines before the text
MAX_TEXT = 4000  # characters of what is said, as in the chat
MAX_MARKUP = 1_000_000  # characters of HTML that are looked at
MAX_REFERENCES = 20

_PARTS = re.compile(rb"(?i)boundary\s*=|content-type:\s*message/")
_ADDRESS = re.compile(r"[^@\s<>,;\"]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z]{2,24}")
_ID = re.compile(r"<[^<>\s]{3,250}>")
_PROGRAMS = re.compile(
    r"(?i)^(mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?|listserv|majordomo)\b"
)
_BULK = {"bulk", "junk", "list", "auto_reply"}
_LISTS = (
    "List-Id",
    "List-Unsubscribe",
    "X-Autoreply",
    "X-Autorespond",
    "X-Loop",
    "X-Failed-Recipients",
    "Feedback-ID",
)

# Where what is quoted begins.
_QUOTED = re.compile(
    r"^\s*(?:>|-{2,}\s*(?:Original Message|Forwarded message|原始邮件|转发的?邮件)|_{10,}\s*$"
    r"|On\b.{4,200}\bwrote:\s*$|在.{4,120}写道[:：]?\s*$|(?:From|发件人)\s*[:：].{3,}$)",
    re.IGNORECASE,
)
_BROKEN_HEAD = re.compile(r"^\s*(?:On\b.{4,200}|在.{4,120})$")  # of a quotation, on two lines
_WROTE = re.compile(r"^.{0,200}(?:\bwrote:|写道[:：]?)\s*$")
_SIGNATURE = re.compile(
    r"^(?:--\s?$|—\s?$|Sent from my\b|Get Outlook for\b|发自我的|发送自)", re.IGNORECASE
)
_CLOSING = re.compile(
    r"^(?:(?:(?:kind|best|warm|many) )?regards|best(?: wishes)?|sincerely|yours(?: \w+)?|cheers|thanks(?: again)?|thank you"
    r"|many thanks|此致|敬礼|祝好|谢谢)[,.!，。！]?$",
    re.IGNORECASE,
)
CLOSING_LINES = 4  # below a closing, at most: the name and what goes with it
_OLD_MARKUP = re.compile(
    r"(?is)<blockquote\b.*|<div[^>]{0,200}\b(?:gmail_quote|yahoo_quoted|moz-cite-prefix|OutlookMessageHeader|divRplyFwdMsg)\b.*"
)
_LINE_END = "\ue000"  # which no text has, and which is no space
_BREAKS = re.compile(r"(?i)<br\s*/?>|</(?:p|div|li|tr|h[1-6])\s*>")


class NotAnswered(Refused):
    """A file that is not answered, with the reason."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What came. message_id, references: with their angle brackets; references: the thread, the oldest first."""

    message_id: str
    sender: str
    subject: str
    text: str
    references: tuple[str, ...] = ()


def read_letter(data: bytes, *, own: str = "") -> Letter:
    """The letter in a message file. own: the shop's address, whose letters are none. Raises NotAnswered."""
    _check_shape(data)
    message = BytesParser(policy=policy.default).parsebytes(data)
    assert isinstance(message, EmailMessage)
    sender = _sender(message)
    _check_writer(message, sender, own)
    text = new_text(_text(message))
    if not text:
        raise NotAnswered("there is no text in it")
    thread = _ids(message.get_all("References", []) + message.get_all("In-Reply-To", []))
    own_id = _ids(message.get_all("Message-ID", []))
    return Letter(
        own_id[0] if own_id else f"<{sha256(data).hexdigest()[:32]}@without-id>",
        sender,
        " ".join(str(message.get("Subject", "")).split())[:200],
        text[:MAX_TEXT],
        thread[-MAX_REFERENCES:],
    )


def new_text(text: str) -> str:
    """What is said now: without what is quoted, and without the signature."""
    lines = text.replace("\r\n", "\n").split("\n")
    kept: list[str] = []
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else ""
        broken = _BROKEN_HEAD.match(line) and _WROTE.match(following)
        if _QUOTED.match(line) or broken or _SIGNATURE.match(line.strip()):
            break
        kept.append(line.rstrip())
    return "\n".join(_without_closing(kept)).strip()


def _without_closing(lines: list[str]) -> list[str]:
    """Without "Best regards" and the name below it."""
    filled = [n for n, line in enumerate(lines) if line.strip()]
    for n in filled[1:][-CLOSING_LINES:]:
        if _CLOSING.match(lines[n].strip()):
            return lines[:n]
    return lines


def _check_shape(data: bytes) -> None:
    """Refuse what is costly to take apart, before it is."""
    if len(data) > MAX_BYTES:
        raise NotAnswered(f"it has more than {MAX_BYTES // 10**6} MB")
    if len(_PARTS.findall(data)) > MAX_PARTS:
        raise NotAnswered(f"it has more than {MAX_PARTS} parts")
    head = re.split(rb"\r?\n\r?\n", data, maxsplit=1)[0]
    if head.count(b"\n") > MAX_HEADERS or len(head) > 200_000:
        raise NotAnswered("its head is too long")


def _sender(message: EmailMessage) -> str:
    """Whom an answer goes to."""
    for name in ("Reply-To", "From"):
        header = message.get(name)
        found = [a.addr_spec for a in getattr(header, "addresses", ())]
        if header is not None and len(found) == 1 and _ADDRESS.fullmatch(found[0]):
            return str(found[0])
    raise NotAnswered("it does not say who writes")


def _check_writer(message: EmailMessage, sender: str, own: str) -> None:
    """Refuse what a program wrote: answering it may never end."""
    said = str(message.get("Auto-Submitted", "no")).split(";")[0].strip().lower()
    bulk = str(message.get("Precedence", "")).strip().lower() in _BULK
    empty = str(message.get("Return-Path", "")).strip() == "<>"
    if said != "no" or bulk or empty or any(message.get(name) is not None for name in _LISTS):
        raise NotAnswered("a program wrote it")
    if _PROGRAMS.match(sender) or message.get_content_type() == "multipart/report":
        raise NotAnswered("a program wrote it")
    if own and sender.casefold() == own.casefold():
        raise NotAnswered("the shop wrote it itself")


def _text(message: EmailMessage) -> str:
    """The plain text of the body; of one in HTML alone, what a reader would see."""
    plain, markup = "", ""
    for part in message.walk():
        if part.is_multipart() or part.get_content_disposition() == "attachment":
            continue
        kind = part.get_content_type()
        if kind == "text/plain" and not plain.strip():
            plain = _decoded(part)
        elif kind == "text/html" and not markup:
            markup = _decoded(part)[:MAX_MARKUP]
    if plain.strip():
        return plain
    lines = plain_text(_BREAKS.sub(_LINE_END, _OLD_MARKUP.sub("", markup))).split(_LINE_END)
    return "\n".join(line.strip() for line in lines)


def _decoded(part: EmailMessage) -> str:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    try:
        return data.decode(part.get_content_charset("utf-8"), errors="replace")
    except LookupError:  # a character set that nobody knows
        return data.decode("utf-8", errors="replace")


def _ids(headers: Iterable[object]) -> tuple[str, ...]:
    """Message ids, each once."""
    return tuple(dict.fromkeys(i for header in headers for i in _ID.findall(str(header))))
