"""Signed-in people: a cookie that says with which key they signed in and until when, signed with the shop's secret.

The cookie holds no secret itself: it ends with its key, on signing out, or after twelve hours. It is HttpOnly (no
script reads it) and SameSite=Strict (no other site can use it).
"""

import hashlib
import hmac
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from starlette.responses import Response

from shopkeeper.shop.secret import secret_of

COOKIE = "shopkeeper_session"
PATH = "/console"
LIFETIME_S = 12 * 3600


class Sessions:
    """Signs and checks session cookies."""

    def __init__(self, secret: bytes, *, clock: Callable[[], float] = time.time) -> None:
        self._secret = secret
        self._clock = clock

    @classmethod
    def of_folder(cls, folder: Path) -> "Sessions":
        """With the secret kept in this folder, made when there is none. Raises DatabaseError if it cannot be."""
        return cls(secret_of(folder))

    def sign(self, key_id: str) -> str:
        """The cookie of somebody who signed in with this key just now."""
        text = f"{key_id}.{int(self._clock()) + LIFETIME_S}"
        return f"{text}.{self._signature(text)}"

    def key_id(self, cookie: str) -> str | None:
        """The id of the key that was signed in with, or None if the cookie is not ours or past its end."""
        text, _, signature = cookie.rpartition(".")
        if not cookie.isascii() or not hmac.compare_digest(self._signature(text), signature):
            return None
        key_id, _, ends_at = text.rpartition(".")
        return key_id if ends_at.isdigit() and self._clock() < int(ends_at) else None

    def _signature(self, text: str) -> str:
        return hmac.new(self._secret, b"session:" + text.encode(), hashlib.sha256).hexdigest()


def set_cookie(response: Response, value: str, *, secure: bool) -> None:
    """Put a session on a response. secure: the page came by https."""
    response.set_cookie(
        COOKIE,
        value,
        max_age=LIFETIME_S,
        path=PATH,
        secure=secure,
        httponly=True,
        samesite="strict",
    )


def clear_cookie(response: Response) -> None:
    """Take the session away."""
    response.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="strict")


def where_next(asked: str) -> str:
    """Where to go after signing in: a page of the console, never another site."""
    parts = urlsplit(asked)
    inside = parts.path == PATH or parts.path.startswith(PATH + "/")
    return asked if inside and not parts.netloc and not parts.scheme and "\\" not in asked else PATH
