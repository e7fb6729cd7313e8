"""Who buys in the demo shop: customers as the shop knows them, and what only their maker knows of them.

A person likes some departments, styles and colours more than others, spends freely or not, wears one size, judges
mildly or sternly and writes in a hand of their own. All that follows shows in what they look at, buy and say; none
of it is in the customer's record.
"""

import random
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from shopkeeper.shop.demo.records import Stocked
from shopkeeper.shop.records import Address, Customer, CustomerId, PaymentMethod

DOMAINS = ("example.com", "example.com", "example.com", "example.org", "example.net")
HISTORY_DAYS = 548  # eighteen months of orders
OLDEST_ACCOUNT_DAYS = 1000


@dataclass(frozen=True, slots=True)
class Hand:
    """How somebody writes. wordiness: 0 to 1. Shares are chances per text."""

    wordiness: float
    lower_case: bool
    exclaims: float
    typos: float
    emoji: float


@dataclass(frozen=True, slots=True)
class Person:
    """A customer and their hidden side.

    departments, styles, colours: weight of each (mean 1). price_level: -1 looks for the cheapest, 1 for the best.
    size: 0 smallest to 1 largest of what there is. leniency: stars added to what others would give.
    """

    customer: Customer
    joined_at: datetime
    departments: Mapping[str, float]
    styles: Mapping[str, float]
    colours: Mapping[str, float]
    price_level: float
    size: float
    activity: float
    leniency: float
    hand: Hand

    @property
    def language(self) -> str:
        """The language they read and write here: en or zh."""
        return self.customer.language

    @property
    def country(self) -> str:
        """Where they live."""
        return self.customer.addresses[0].country


@cache
def _cultures() -> Mapping[str, Mapping[str, Any]]:
    text = files(__package__).joinpath("data/names.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def people(rng: random.Random, now: datetime, stock: Sequence[Stocked], count: int) -> list[Person]:
    """So many customers, in the order in which they joined."""
    cultures = _cultures()
    shares = [c["share"] for c in cultures.values()]
    chosen = rng.choices(list(cultures.values()), shares, k=count)
    joined = sorted(now - timedelta(seconds=_account_age(rng)) for _ in chosen)
    departments = sorted({s.department for s in stock})
    styles = sorted({tag for s in stock for tag in s.styles})
    colours = sorted(_colours(stock))
    emails: set[str] = set()
    number = 1000
    found = []
    for culture, at in zip(chosen, joined, strict=True):
        number += rng.randint(1, 4)
        found.append(
            Person(
                customer=_customer(rng, culture, f"C{number:05d}", at, emails),
                joined_at=at,
                departments={d: rng.gammavariate(0.6, 1 / 0.6) for d in departments},
                styles={s: rng.gammavariate(0.7, 1 / 0.7) for s in styles},
                colours={c: rng.gammavariate(0.8, 1 / 0.8) for c in colours},
                price_level=max(-1.0, min(1.0, rng.gauss(0, 0.45))),
                size=rng.betavariate(2.5, 2.5),
                activity=min(4.0, rng.gammavariate(1.1, 1 / 1.1)) + 0.1,
                leniency=rng.gauss(0.1, 0.45),
                hand=_hand(rng, culture["language"]),
            )
        )
    return found


def _account_age(rng: random.Random) -> float:
    """Seconds since somebody joined: the shop has been growing, so half joined in the last third of the time."""
    return 86_400 * OLDEST_ACCOUNT_DAYS * rng.betavariate(1.0, 1.7) + rng.randint(60, 86_400)


def _colours(stock: Sequence[Stocked]) -> set[str]:
    options = (o for s in stock for v in s.product.variants for o in v.options)
    return {o.value for o in options if o.name.lower() in ("color", "colour")}


def _hand(rng: random.Random, language: str) -> Hand:
    lower = language == "en" and rng.random() < 0.12
    return Hand(
        wordiness=rng.betavariate(1.6, 2.2),
        lower_case=lower,
        exclaims=rng.choice([0.0, 0.05, 0.15, 0.4]),
        typos=rng.choice([0.0, 0.02, 0.05, 0.25 if lower else 0.12]),
        emoji=rng.choice([0.0, 0.0, 0.0, 0.15]),
    )


def _customer(
    rng: random.Random, culture: Mapping[str, Any], id_: str, at: datetime, emails: set[str]
) -> Customer:
    first = rng.choice(culture["first"])
    last, _, romanised = rng.choice(culture["last"]).partition("|")
    phone = _digits(rng, culture["phone"].replace("{a}", rng.choice(("202", "303", "415", "617"))))
    addresses = [_address(rng, culture, first, last, phone)]
    if rng.random() < 0.12:
        addresses.append(_address(rng, culture, first, last, phone))
    return Customer(
        id=CustomerId(id_),
        email=_email(rng, "" if romanised else first, romanised or last, emails),
        first_name=first,
        last_name=last,
        phone=phone if rng.random() < 0.7 else "",
        language=culture["language"],
        addresses=tuple(addresses),
        payment_methods=_payment_methods(rng, id_, culture["language"]),
        created_at=at.replace(microsecond=0),
    )


def _digits(rng: random.Random, pattern: str) -> str:
    for n in (1, 2, 3):
        while f"{{{n}}}" in pattern:
            digits = "".join(rng.choice("0123456789") for _ in range(n))
            pattern = pattern.replace(f"{{{n}}}", digits, 1)
    return pattern


def _address(
    rng: random.Random, culture: Mapping[str, Any], first: str, last: str, phone: str
) -> Address:
    city, region, postcode, *districts = rng.choice(culture["places"]).split("|")
    street = rng.choice(culture["streets"])
    number = rng.randint(1, 240)
    line2 = ""
    if culture["country"] == "CN":
        line1 = f"{rng.choice(districts[0].split())}{street}{number}号"
        line2 = f"{rng.randint(1, 30)}幢{rng.randint(1, 24)}{rng.randint(1, 4):02d}室"
        name = last + first
    else:
        after = culture["country"] == "DE"
        line1 = f"{street} {number}" if after else f"{number} {street}"
        if rng.random() < 0.25 and culture["country"] in ("US", "CA", "AU"):
            line2 = f"Apt {rng.randint(1, 40)}"
        name = f"{first} {last}"
    return Address(
        line1=line1, line2=line2, city=city, region=region, postcode=_digits(rng, postcode),
        country=culture["country"], name=name, phone=phone,
    )  # fmt: skip


def _email(rng: random.Random, first: str, last: str, taken: set[str]) -> str:
    a, b = _ascii(first), _ascii(last)
    year = rng.randint(60, 99)
    forms = (
        [f"{a}.{b}", f"{a}{b}", f"{a[0]}.{b}", f"{a}{year}", f"{b}.{a}", f"{a}_{b}"]
        if a
        else [f"{b}{1900 + year}", f"{b}{rng.choice('abcdfghjlmnpqrstwxyz')}{year}", f"{b}_{year}"]
    )
    stem = rng.choice(forms)
    for suffix in ("", *range(2, 2000)):
        email = f"{stem}{suffix}@{rng.choice(DOMAINS)}"
        if email not in taken:
            break
    taken.add(email)
    return email


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss")).encode("ascii", "ignore")
    return "".join(c for c in plain.decode().lower() if c.isalnum())


def _payment_methods(rng: random.Random, id_: str, language: str) -> tuple[PaymentMethod, ...]:
    def card() -> PaymentMethod:
        brand = rng.choices(["visa", "mastercard", "amex"], [5, 4, 1])[0]
        return PaymentMethod(f"pm-{id_}-card", "credit_card", brand, f"{rng.randint(0, 9999):04d}")

    def other(kind: str) -> PaymentMethod:
        return PaymentMethod(f"pm-{id_}-{kind}", kind)

    wallet = rng.choice(["alipay", "wechat_pay"]) if language == "zh" else "paypal"
    chances = (0.35, 0.8) if language == "zh" else (0.8, 0.35)
    kept = [card()] if rng.random() < chances[0] else []
    kept += [other(wallet)] if rng.random() < chances[1] else []
    return tuple(kept) or (card(),)
