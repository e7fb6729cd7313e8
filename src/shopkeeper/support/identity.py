"""Who is talking: matched by what they know, or verified by a one-time code or by the shop's own signature.

Every refusal is the same, whatever was wrong: nobody learns here whether an e-mail address is known. Attempts that
fail are counted by keyed hashes, for the conversation, for whom was named and for where it came from; guessing ends.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta

from shopkeeper.errors import Refused
from shopkeeper.shop.bulk import Connection
from shopkeeper.shop.records import CustomerId
from shopkeeper.support import conversations
from shopkeeper.support.conversations import State
from shopkeeper.support.lookup import order_number
from shopkeeper.support.policy import IdentityRules
from shopkeeper.support.records import Level, check_text
from shopkeeper.text.normalise import normalise

HOUR = timedelta(hours=1)
KEPT = timedelta(days=1)
FROM_ONE_PLACE = 6  # so many times the failures of one conversation may come from one address
MAX_TOKEN = 2000  # characters


class NotIdentified(Refused):
    """The details given are not those of one customer. Says nothing about which of them was wrong."""

    def __init__(self) -> None:
        super().__init__(
            "these details do not belong to an account", hint="check them, or ask for a person"
        )


class TooManyAttempts(Refused):
    """Too many attempts in an hour."""

    def __init__(self) -> None:
        super().__init__("too many attempts", hint="try again in an hour, or ask for a person")


class OtherCustomer(Refused):
    """A conversation is about one customer."""

    def __init__(self) -> None:
        super().__init__(
            "this conversation is about another customer", hint="open a new conversation"
        )


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody says of themselves. client: where they come from, such as an IP address; empty if not known.

    Raises ValueError for texts that nobody can have typed.
    """

    email: str = ""
    first_name: str = ""
    last_name: str = ""
    postcode: str = ""
    order_id: str = ""
    client: str = ""

    def __post_init__(self) -> None:
        for text in astuple(self):
            check_text(text)

    @property
    def way(self) -> str:
        """Which kind of match it asks for; empty if it is none."""
        if self.email.strip():
            return "order_email" if self.order_id.strip() else "email"
        named = self.first_name.strip() and self.last_name.strip() and self.postcode.strip()
        return "name_postcode" if named else ""


class Identity:
    """Matches claims, sends and checks codes, signs and checks sessions. Works on the caller's transaction."""

    def __init__(self, secret: bytes, rules: IdentityRules, clock: Callable[[], datetime]) -> None:
        self._secret = secret
        self._rules = rules
        self._clock = clock

    def match(self, conn: Connection, state: State, claim: Claim) -> CustomerId | None:
        """The customer that a claim is about, who is then matched; None if it is not exactly one.

        The caller turns None into NotIdentified once the failed try is written. Raises TooManyAttempts, OtherCustomer.
        """
        keys = self._keys(state, claim)
        self._refuse_guessing(conn, keys)
        found = _find(conn, claim, self._rules.match)
        if found is None:
            self._count(conn, keys)
            return None
        self._enter(conn, state, found, Level.MATCHED)
        return found

    def new_code(self, conn: Connection, state: State, email: str) -> tuple[str, str] | None:
        """(address, code) to send, None if there is nobody to send it to; the conversation looks the same either way.

        Raises TooManyAttempts.
        """
        now = self._clock()
        keys = [
            self._hash("code", part)
            for part in (state.id, email.strip().casefold() or state.customer_id or "")
        ]
        if any(self._tries(conn, k) >= self._rules.codes_per_hour for k in keys):
            raise TooManyAttempts
        self._count(conn, keys)
        found = _address(conn, email, state.customer_id)
        code = f"{secrets.randbelow(10**6):06d}"
        conn.execute(
            "insert into support_codes (conversation_id, customer_id, code_hash, expires_at) "
            "values (%s, %s, %s, %s) on conflict (conversation_id) do update set tries = 0, "
            "customer_id = excluded.customer_id, code_hash = excluded.code_hash, expires_at = excluded.expires_at",
            [
                state.id, found[0] if found else None, self._hash(state.id, code),
                now + timedelta(minutes=self._rules.code_minutes),
            ],
        )  # fmt: skip
        return (found[1], code) if found else None

    def enter_code(self, conn: Connection, state: State, code: str) -> CustomerId | None:
        """The customer whose code it is, who is then verified; None if it is wrong, used or too old."""
        row = conn.execute(
            "update support_codes set tries = tries + 1 where conversation_id = %s and expires_at > %s "
            "and tries < %s returning customer_id, code_hash",
            [state.id, self._clock(), self._rules.code_tries],
        ).fetchone()
        digits = "".join(c for c in normalise(code) if c.isdigit())
        if row is None or row[0] is None:
            return None
        if not hmac.compare_digest(bytes(row[1]), self._hash(state.id, digits)):
            return None
        conn.execute("delete from support_codes where conversation_id = %s", [state.id])
        self._enter(conn, state, CustomerId(row[0]), Level.VERIFIED)
        return CustomerId(row[0])

    def sign(self, customer_id: str, lifetime: timedelta) -> str:
        """A token that says that the shop has signed this customer in, for so long."""
        ends_at = int((self._clock() + lifetime).timestamp())
        text = f"{_packed(customer_id.encode())}.{ends_at}"
        return f"{text}.{_packed(self._signature(text))}"

    def signed_in(self, conn: Connection, state: State, token: str) -> CustomerId | None:
        """The customer of a token that the shop signed, who is then verified; None if it is not ours or too old."""
        customer_id = self._read(token)
        if customer_id is None:
            return None
        if conn.execute("select from customers where id = %s", [customer_id]).fetchone() is None:
            return None
        self._enter(conn, state, customer_id, Level.VERIFIED)
        return customer_id

    def _read(self, token: str) -> CustomerId | None:
        text, _, signature = token.rpartition(".")
        packed, _, ends_at = text.rpartition(".")
        if len(token) > MAX_TOKEN or not token.isascii() or not ends_at.isdigit():
            return None
        if not hmac.compare_digest(_packed(self._signature(text)), signature):
            return None
        if self._clock().timestamp() >= int(ends_at):
            return None
        return CustomerId(_unpacked(packed).decode())

    def _enter(self, conn: Connection, state: State, found: CustomerId, level: Level) -> None:
        if state.customer_id is not None and state.customer_id != found:
            raise OtherCustomer
        if level < state.level:
            return
        until = self._clock() + timedelta(minutes=self._rules.session_minutes)
        conversations.verify(conn, state.id, found, level=level, until=until)

    def _keys(self, state: State, claim: Claim) -> list[bytes]:
        about = claim.email or "|".join((claim.first_name, claim.last_name, claim.postcode))
        keys = [self._hash("conversation", state.id), self._hash("about", normalise(about))]
        return [*keys, self._hash("client", claim.client)] if claim.client else keys

    def _refuse_guessing(self, conn: Connection, keys: list[bytes]) -> None:
        limits = (1, 1, FROM_ONE_PLACE)
        for key, times in zip(keys, limits, strict=False):
            if self._tries(conn, key) >= self._rules.failures_per_hour * times:
                raise TooManyAttempts

    def _tries(self, conn: Connection, key: bytes) -> int:
        row = conn.execute(
            "select count(*) from support_tries where key = %s and at > %s",
            [key, self._clock() - HOUR],
        ).fetchone()
        assert row is not None
        return int(row[0])

    def _count(self, conn: Connection, keys: list[bytes]) -> None:
        now = self._clock()
        conn.execute("delete from support_tries where at < %s", [now - KEPT])
        for key in keys:
            conn.execute("insert into support_tries (key, at) values (%s, %s)", [key, now])

    def _hash(self, *parts: str) -> bytes:
        text = "\0".join(("try", *parts))
        return hmac.new(self._secret, text.encode(), hashlib.sha256).digest()

    def _signature(self, text: str) -> bytes:
        return hmac.new(self._secret, b"customer:" + text.encode(), hashlib.sha256).digest()


def _find(conn: Connection, claim: Claim, ways: tuple[str, ...]) -> CustomerId | None:
    """The one customer that a claim fits."""
    if claim.way not in ways:
        return None
    if claim.way == "name_postcode":
        return _by_name(conn, claim)
    rows = conn.execute(
        "select id from customers where lower(email) = lower(%s) and email <> ''",
        [claim.email.strip()],
    ).fetchall()
    if len(rows) != 1:
        return None
    found = CustomerId(rows[0][0])
    if claim.way == "order_email" and order_number(conn, found, claim.order_id) is None:
        return None
    return found


def _by_name(conn: Connection, claim: Claim) -> CustomerId | None:
    rows = conn.execute(
        "select id, addresses from customers where lower(last_name) = lower(%s) and lower(first_name) = lower(%s)",
        [claim.last_name.strip(), claim.first_name.strip()],
    ).fetchall()
    wanted = _postcode(claim.postcode)
    found = [r[0] for r in rows if any(_postcode(a["postcode"]) == wanted for a in r[1])]
    return CustomerId(found[0]) if len(found) == 1 else None


def _postcode(text: str) -> str:
    return "".join(c for c in normalise(text) if c.isalnum())


def _address(
    conn: Connection, email: str, customer_id: CustomerId | None
) -> tuple[CustomerId, str] | None:
    """Customer and e-mail address: of the one who is known, or of the one with this address."""
    where, value = ("id", customer_id) if customer_id else ("lower(email)", email.strip().lower())
    rows = conn.execute(
        f"select id, email from customers where {where} = %s and email <> ''",  # noqa: S608  # our own text
        [value],
    ).fetchall()
    return (CustomerId(rows[0][0]), rows[0][1]) if len(rows) == 1 else None


def _packed(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unpacked(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
