"""What can be bought of a product: options, prices, codes and stock."""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from shopkeeper.shop.demo.words import Kind, sizes
from shopkeeper.shop.records import Availability, Money, Option, Variant, VariantId

COLOR, SIZE = "Color", "Size"
CURRENCY = "USD"
REDUCTIONS = (0.10, 0.15, 0.20, 0.25, 0.30, 0.40)


@dataclass(frozen=True, slots=True)
class Offering:
    """What the variants of one product share. price: of the first variant, before it is rounded to a usual ending."""

    id: str
    number: int
    price: float
    grams: int
    mpn: str
    preorder: bool
    sold_out: bool
    reduced: bool


def make_variants(
    rng: Random, kind: Kind, offering: Offering, colours: Sequence[str]
) -> tuple[Variant, ...]:
    """Every combination of the kind's options."""
    choices = _choices(rng, kind, colours)
    reduction = rng.choice(REDUCTIONS) if offering.reduced else 0.0
    codes: dict[str, str] = {}
    made = []
    for place, values in enumerate(itertools.product(*choices.values())):
        options = tuple(Option(n, v) for n, v in zip(choices, values, strict=True))
        steps = sum(kind.options[o.name].index(o.value) for o in options if o.name in kind.options)
        full = sensible(offering.price * kind.step**steps)
        price = sensible(float(full) * (1 - reduction)) if reduction else full
        availability, quantity = _stock(rng, offering)
        suffix = "".join(f"-{_code(codes, v)}" for v in values)
        made.append(
            Variant(
                id=VariantId(offering.id + suffix),
                title=" / ".join(values),
                price=Money(price, CURRENCY),
                sku=offering.id + suffix,
                gtin=restricted_gtin(offering.number * 1000 + place),
                mpn=offering.mpn,
                options=options,
                list_price=Money(full, CURRENCY) if price < full else None,
                availability=availability,
                quantity=quantity,
                weight_grams=Decimal(round(offering.grams * kind.step ** (steps * 1.2))),
            )
        )
    return tuple(made)


def _choices(rng: Random, kind: Kind, colours: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """Option -> its values: colour, size, others. Those that cost the same (scents) come in any order."""
    choices: dict[str, tuple[str, ...]] = {}
    if colours:
        choices[COLOR] = tuple(colours)
    if kind.sizes:
        choices[SIZE] = sizes()[kind.sizes]
    for name, values in kind.options.items():
        choices[name] = values if kind.step > 1 else tuple(rng.sample(values, len(values)))
    return choices


def sensible(amount: float) -> Decimal:
    """The amount with an ending that shops use: 7.95, 24.95, 89.00, 249.00."""
    if amount < 10:
        return max(Decimal(round(amount * 2)) / 2 - Decimal("0.05"), Decimal("0.95"))
    if amount < 40:
        return Decimal(round(amount)) - Decimal("0.05")
    if amount < 150:
        return Decimal(5 * round(amount / 5) - (1 if round(amount / 5) % 2 == 0 else 0))
    return Decimal(10 * round(amount / 10) - 1)


def restricted_gtin(number: int) -> str:
    """A GTIN-13 of the range 290, which GS1 keeps for use within a company: no product on earth has it."""
    body = f"290{number:09d}"
    total = sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(body))
    return f"{body}{-total % 10}"


def _code(codes: dict[str, str], value: str) -> str:
    """Short capitals for an option's value, unlike those of the product's other values: "Forest green" -> FORGR."""
    if value not in codes:
        code = "".join(_abbreviated(value))[:6].upper()
        while code in codes.values():
            code += "2"
        codes[value] = code
    return codes[value]


def _abbreviated(value: str) -> Iterator[str]:
    words = re.findall(r"[A-Za-z]+|\d+", value.replace(".", ""))
    for word in words:
        yield word if word.isdigit() or (len(words) == 1 and len(word) < 5) else word[:3]


def _stock(rng: Random, offering: Offering) -> tuple[Availability, int]:
    chance = rng.random()
    if offering.preorder:
        return Availability.PREORDER, 0
    if offering.sold_out or chance < 0.07:
        return Availability.OUT_OF_STOCK, 0
    if chance < 0.14:
        return Availability.IN_STOCK, rng.randint(1, 5)
    return Availability.IN_STOCK, rng.randint(6, 140)
