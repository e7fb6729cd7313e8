"""The cart: variants and quantities in a cookie. Nothing in it is believed: titles and prices come from the shop."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping

from starlette.responses import Response

COOKIE = "cart"
MAX_LINES = 30
MAX_QUANTITY = 99
MAX_COOKIE = 3800  # bytes; browsers keep 4096
MONTH_SECONDS = 30 * 24 * 3600

Cart = dict[str, int]  # variant id -> quantity, in the order they were added


def read(cookie: str) -> Cart:
    """The cart in a cookie; what is not understood is left out."""
    try:
        data = json.loads(urlsafe_b64decode(cookie[:MAX_COOKIE].encode("ascii", "replace")))
    except (ValueError, Base64Error, RecursionError):
        return {}
    if not isinstance(data, dict):
        return {}
    lines = {
        str(k)[:200]: v for k, v in data.items() if isinstance(v, int) and 0 < v <= MAX_QUANTITY
    }
    return dict(list(lines.items())[:MAX_LINES])


def quantity_of(text: str) -> int:
    """How many somebody typed; 0 for whatever is no number."""
    text = text.strip()
    digits = text.isascii() and text.isdigit() and len(text) <= 6
    return min(int(text), MAX_QUANTITY) if digits else 0


def changed(cart: Mapping[str, int], variant: str, quantity: int) -> Cart:
    """The cart with this quantity of a variant; 0 takes it out."""
    lines = {**cart, variant: min(quantity, MAX_QUANTITY)}
    return {v: n for v, n in lines.items() if n > 0}


def write(response: Response, cart: Mapping[str, int], *, secure: bool) -> bool:
    """Put the cart on a response. False if it has no more room."""
    text = urlsafe_b64encode(json.dumps(dict(cart), separators=(",", ":")).encode()).decode()
    if len(text) > MAX_COOKIE or len(cart) > MAX_LINES:
        return False
    response.set_cookie(
        COOKIE, text, max_age=MONTH_SECONDS, httponly=True, samesite="lax", secure=secure
    )
    return True
