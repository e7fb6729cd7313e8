"""E-mail that goes out: behind one function, so that a shop sends it the way it sends its other mail.

`MailFolder` writes each message as a file that any mail program or transfer agent takes up.
"""

import os
import secrets
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

from shopkeeper.errors import StorageError


class Mailer(Protocol):
    """Sends a message of plain text."""

    def send(self, to: str, subject: str, body: str) -> None:
        """Send it, or leave it where it will be sent. Raises ShopkeeperError."""


class MailFolder:
    """Writes each message as `NAME.eml` into a folder, whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, to: str, subject: str, body: str) -> None:
        """Write the message. Raises StorageError."""
        message = EmailMessage()
        message["To"] = to.replace("\r", "").replace("\n", "")
        message["Subject"] = subject
        message.set_content(body)
        name = secrets.token_hex(8)
        fresh = self.folder / f".{name}.tmp"
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as f:
                f.write(message.as_bytes())
            fresh.rename(self.folder / f"{name}.eml")
        except OSError as error:
            raise StorageError(
                f"mail cannot be written to {self.folder}: {error.strerror}",
                hint="the data folder must be writable and have free space",
            ) from error
