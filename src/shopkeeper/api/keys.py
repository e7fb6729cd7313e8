"""API keys: made, checked, listed, revoked.

A key reads `sk_live_<id>_<secret>` (secret: may do everything, belongs on a server) or `pk_live_<id>_<secret>`
(publishable: may read the catalogue, search and post events, works in browsers of the origins it is bound to).

Only the sha256 of the secret is kept. A slow hash such as argon2 protects what people choose, because guesses can be
tried; our secrets are 256 random bits, where no number of guesses helps, and a slow hash would cost each request some
50 ms and 64 MB. Compared in constant time.
"""

import base64
import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from urllib.parse import urlsplit

from psycopg.rows import class_row

from shopkeeper.errors import NotFound, Unauthorized
from shopkeeper.shop.database import Connection, Database

CACHED_S = 1.0  # a key revoked by another program works at most this much longer here
_MAX_CACHED = 1000


class KeyKind(StrEnum):
    """What a key may do: everything, or what a browser may."""

    SECRET = "secret"  # noqa: S105  # a name, not a password
    PUBLISHABLE = "publishable"

    @property
    def prefix(self) -> str:
        """How keys of this kind begin."""
        return "sk_live" if self is KeyKind.SECRET else "pk_live"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret. origins: where a publishable key works, as scheme://host[:port]."""

    id: str
    kind: KeyKind
    name: str
    created_at: datetime
    origins: tuple[str, ...] = ()
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def is_live(self, now: datetime) -> bool:
        """True if it is neither revoked nor past its end."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class _Row:
    id: str
    kind: str
    name: str
    created_at: datetime
    origins: list[str]
    expires_at: datetime | None
    revoked_at: datetime | None
    secret_hash: bytes

    def key(self) -> ApiKey:
        return ApiKey(
            self.id, KeyKind(self.kind), self.name, self.created_at,
            tuple(self.origins), self.expires_at, self.revoked_at,
        )  # fmt: skip


_SELECT = (
    "select id, kind, name, created_at, origins, expires_at, revoked_at, secret_hash from api_keys "
)


def create(
    conn: Connection,
    kind: KeyKind,
    name: str,
    *,
    origins: Sequence[str] = (),
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """A new key, and its text, which is shown this once and never kept.

    Raises ValueError for a publishable key without origins, a secret one with some, or an origin that is none.
    """
    if kind is KeyKind.PUBLISHABLE and not origins:
        raise ValueError("a publishable key needs the origins of the pages it is for")
    if kind is KeyKind.SECRET and origins:
        raise ValueError("a secret key has no origins: it never belongs in a browser")
    bound = sorted({origin_of(origin) for origin in origins})
    key_id, secret = _random(5), _random(32)
    with conn.cursor(row_factory=class_row(_Row)) as cursor:
        row = cursor.execute(
            "insert into api_keys (id, kind, name, secret_hash, origins, expires_at) "
            "values (%s, %s, %s, %s, %s, %s) "
            "returning id, kind, name, created_at, origins, expires_at, revoked_at, secret_hash",
            [key_id, kind.value, name, _hash(secret), bound, expires_at],
        ).fetchone()
    assert row is not None
    return row.key(), f"{kind.prefix}_{key_id}_{secret}"


def _random(size_bytes: int) -> str:
    return base64.b32encode(secrets.token_bytes(size_bytes)).decode().rstrip("=").lower()


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def origin_of(text: str) -> str:
    """An origin as browsers send it: scheme://host[:port], small letters. Raises ValueError."""
    parts = urlsplit(text.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise ValueError(f"{text!r} is not an origin such as https://shop.example")
    if parts.path not in ("", "/") or parts.query or parts.fragment or "*" in parts.netloc:
        raise ValueError(f"{text!r} is more than an origin: write scheme and host only")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    default = {"http": 80, "https": 443}[parts.scheme]
    port = "" if parts.port in (None, default) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def list_keys(conn: Connection) -> list[ApiKey]:
    """All keys, the newest first, revoked ones too."""
    with conn.cursor(row_factory=class_row(_Row)) as cursor:
        rows = cursor.execute(_SELECT + "order by created_at desc, id").fetchall()
    return [row.key() for row in rows]


def revoke(conn: Connection, key_id: str) -> ApiKey:
    """End a key for good; one that is revoked stays as it is. Raises NotFound."""
    conn.execute(
        "update api_keys set revoked_at = coalesce(revoked_at, now()) where id = %s", [key_id]
    )
    row = _find(conn, key_id)
    if row is None:
        raise NotFound(f"no key has the id {key_id!r}", hint="`shopkeeper keys list` shows them")
    return row.key()


def _find(conn: Connection, key_id: str) -> _Row | None:
    with conn.cursor(row_factory=class_row(_Row)) as cursor:
        return cursor.execute(_SELECT + "where id = %s", [key_id]).fetchone()


class KeyRing:
    """Checks keys, asking the database about each at most once a second."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._known: dict[str, tuple[float, _Row]] = {}
        self._origins: tuple[float, frozenset[str]] = (float("-inf"), frozenset())
        self._lock = threading.Lock()

    def cached(self, text: str) -> ApiKey | None:
        """The key of this text if it was checked within the last second, else None: then `check` must be asked."""
        parts = _parts(text)
        if parts is None:
            return None
        with self._lock:
            found = self._known.get(parts[1])
        if found is None or self._clock() - found[0] > CACHED_S:
            return None
        return _checked(found[1], *parts)

    def check(self, text: str) -> ApiKey:
        """The live key that this text is. Raises Unauthorized."""
        parts = _parts(text)
        if parts is None:
            raise Unauthorized("this is not a key", hint="a key looks like sk_live_… or pk_live_…")
        with self._database.connection() as conn:
            row = _find(conn, parts[1])
        key = None if row is None else _checked(row, *parts)
        if row is None or key is None:
            raise Unauthorized(
                "this key is unknown, revoked or past its end",
                hint="make another: `shopkeeper keys create`",
            )
        with self._lock:
            if len(self._known) >= _MAX_CACHED:
                self._known.clear()
            self._known[parts[1]] = (self._clock(), row)
        return key

    def by_id(self, key_id: str) -> ApiKey | None:
        """The live key with this id, for sessions that were opened with it."""
        with self._database.connection() as conn:
            row = _find(conn, key_id)
        key = None if row is None else row.key()
        return key if key is not None and key.is_live(datetime.now(UTC)) else None

    def forget(self) -> None:
        """Ask the database anew about every key: one was made or revoked."""
        with self._lock:
            self._known.clear()
            self._origins = (float("-inf"), frozenset())

    def origins(self) -> frozenset[str]:
        """Every origin that some live publishable key is bound to."""
        with self._lock:
            asked_at, known = self._origins
        if self._clock() - asked_at <= CACHED_S:
            return known
        with self._database.connection() as conn:
            now = datetime.now(UTC)
            known = frozenset(o for key in list_keys(conn) if key.is_live(now) for o in key.origins)
        with self._lock:
            self._origins = (self._clock(), known)
        return known


def _parts(text: str) -> tuple[KeyKind, str, str] | None:
    for kind in KeyKind:
        if text.startswith(kind.prefix + "_") and text.isascii() and len(text) < 200:
            key_id, _, secret = text.removeprefix(kind.prefix + "_").partition("_")
            return (kind, key_id, secret) if key_id.isalnum() and secret else None
    return None


def _checked(row: _Row, kind: KeyKind, key_id: str, secret: str) -> ApiKey | None:
    right = hmac.compare_digest(_hash(secret), bytes(row.secret_hash))
    key = row.key()
    return key if right and key.kind is kind and key.is_live(datetime.now(UTC)) else None
