"""The post office: letters are taken from a folder and heard, what is said to them is put into another.

Killed at any moment and begun anew it hears each letter once and sends each answer once. A letter's conversation is
written together with its id before it is heard, it is heard under that id as its key, an answer is a file of one name
before it is noted as sent, and the letter leaves the folder last. If mail is fetched from the folder of answers between
file and note, it is written again under the same Message-ID, by which mail programs know it for the same.

A conversation is gone on with only from the address that began it: thread ids are no secret to others who got a copy.
What an address says of who somebody is counts for nothing: customers prove it as in the chat.
"""

import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from shopkeeper.errors import StorageError
from shopkeeper.shop.bulk import Connection
from shopkeeper.support import conversations
from shopkeeper.support.dialogue import Agent
from shopkeeper.support.letters.reading import MAX_BYTES, Letter, NotAnswered, read_letter
from shopkeeper.support.letters.writing import Outgoing, written
from shopkeeper.text.language import guess_language

PER_HOUR = 20  # letters of one address that are answered
HOUR = timedelta(hours=1)
DONE, ASIDE = "done", "set-aside"
_HOST = re.compile(r"[^A-Za-z0-9.-]")


@dataclass
class Delivered:
    """What was done. aside: file -> why it was not answered; it lies in the folder `set-aside`."""

    heard: int = 0
    sent: int = 0
    aside: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Due:
    """Something that was said in a conversation by mail, and not sent yet."""

    said: int
    conversation_id: str
    who: str
    text: str
    language: str
    at: datetime


class Post:
    """Letters in, answers out. address: the shop's own, as `Name <support@shop.example>` or bare."""

    def __init__(self, agent: Agent, inbox: Path, outbox: Path, *, address: str) -> None:
        self._agent = agent
        self._support = agent.support
        self._inbox = inbox
        self._outbox = outbox
        self._address = address
        self._bare = address.rpartition("<")[2].rstrip(">").strip()
        self._host = _HOST.sub("", self._bare.rpartition("@")[2]) or "localhost"

    def deliver(self) -> Delivered:
        """Hear every letter that lies there, and send what was said since. Raises StorageError."""
        done = Delivered()
        try:
            for folder in (self._outbox, self._inbox / DONE, self._inbox / ASIDE):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for path in sorted(self._inbox.glob("*.eml")):
                self._take(path, done)
                done.sent += self._send()
            done.sent += self._send()  # what people wrote meanwhile
        except OSError as error:
            raise StorageError(
                f"mail in {self._inbox} and {self._outbox}: {error}",
                hint="both folders must be there and writable",
            ) from error
        return done

    def _take(self, path: Path, done: Delivered) -> None:
        try:
            letter = read_letter(_content(path), own=self._bare)
            self._hear(letter)
        except NotAnswered as error:
            done.aside[path.name] = error.message
            path.rename(self._inbox / ASIDE / path.name)
            return
        done.heard += 1
        path.rename(self._inbox / DONE / path.name)

    def _hear(self, letter: Letter) -> None:
        with self._support.database.connection() as conn:
            talk_id = self._conversation(conn, letter)
        talk = self._support.conversation(talk_id)
        key = sha256(letter.message_id.encode()).hexdigest()
        self._agent.reply(talk, letter.text, key=key)

    def _conversation(self, conn: Connection, letter: Letter) -> str:
        """The conversation that a letter belongs to, noted before it is heard. Raises NotAnswered."""
        now = self._support.clock()
        known = conn.execute(
            "select conversation_id from support_mail where message_id = %s", [letter.message_id]
        ).fetchone()
        if known is not None:
            return str(known[0])
        recent = conn.execute(
            "select count(*) from support_mail where lower(address) = lower(%s) and not outgoing and at > %s",
            [letter.sender, now - HOUR],
        ).fetchone()
        if recent is not None and recent[0] >= PER_HOUR:
            raise NotAnswered(f"more than {PER_HOUR} letters of one address in an hour")
        row = conn.execute(
            "select conversation_id from support_mail where message_id = any(%s) and lower(address) = lower(%s) "
            "order by at desc limit 1",
            [list(letter.references), letter.sender],
        ).fetchone()
        talk_id = str(row[0]) if row else secrets.token_urlsafe(18).replace("-", "_")
        if row is None:
            language = guess_language(letter.text)
            conversations.start(conn, talk_id, language=language, now=now, channel="mail")
        conn.execute(
            "insert into support_mail (message_id, conversation_id, outgoing, address, subject, at) "
            "values (%s, %s, false, %s, %s, %s)",
            [letter.message_id, talk_id, letter.sender, letter.subject, now],
        )
        return talk_id

    def _send(self) -> int:
        """Write everything that was said by mail and not sent yet. Returns how many letters."""
        with self._support.database.connection() as conn:
            due = list(_due(conn))
        for one in due:
            with self._support.database.connection() as conn:
                letter, address = self._letter(conn, one)
                self._write(letter)
                conn.execute(
                    "insert into support_mail (message_id, conversation_id, outgoing, said, address, subject, at) "
                    "values (%s, %s, true, %s, %s, %s, %s) on conflict do nothing",
                    [letter.message_id, one.conversation_id, one.said, address, letter.subject, one.at],
                )  # fmt: skip
        return len(due)

    def _letter(self, conn: Connection, due: _Due) -> tuple[Outgoing, str]:
        rows = conn.execute(
            "select message_id, address, subject, outgoing from support_mail where conversation_id = %s order by at, message_id",
            [due.conversation_id],
        ).fetchall()
        last, address, subject, _ = [row for row in rows if not row[3]][-1]
        thread = [row[0] for row in rows if row[0] != last] + [last]
        named = sha256(f"{due.conversation_id} {due.said}".encode()).hexdigest()[:24]
        by_agent = due.who == "agent"
        text = due.text
        if by_agent and not any(row[3] for row in rows):
            text = f"{self._agent.introduction(due.language)}\n\n{text}"
        letter = Outgoing(
            f"<{named}@{self._host}>", self._address, address, subject, text, thread, due.at,
            due.language, by_agent,
        )  # fmt: skip
        return letter, address

    def _write(self, letter: Outgoing) -> None:
        """The file, whole or not at all."""
        name = letter.message_id.strip("<>").partition("@")[0]
        fresh = self._outbox / f".{name}.tmp"
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(written(letter))
        fresh.rename(self._outbox / f"{name}.eml")


def _due(conn: Connection) -> Iterator[_Due]:
    """What the agent and people said in conversations by mail and was not sent, in order."""
    rows = conn.execute(
        "select m.id, m.conversation_id, m.who, m.text, c.language, m.at from support_messages m "
        "join support_conversations c on c.id = m.conversation_id "
        "where c.channel = 'mail' and m.who <> 'customer' and m.text <> '' "
        "and exists (select from support_mail l where l.conversation_id = c.id and not l.outgoing) "
        "and not exists (select from support_mail l where l.said = m.id) order by m.id"
    )
    yield from (_Due(*row) for row in rows.fetchall())


def _content(path: Path) -> bytes:
    """The file, if it is one and not too large. Raises NotAnswered."""
    if path.is_symlink() or not path.is_file():
        raise NotAnswered("it is no plain file")
    if path.stat().st_size > MAX_BYTES:
        raise NotAnswered(f"it has more than {MAX_BYTES // 10**6} MB")
    return path.read_bytes()
