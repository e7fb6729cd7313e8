"""The demo shop's numbers: what shipping costs, how many days returns take. Pages and orders both follow them."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files

from shopkeeper.shop.demo.clock import HOME


@dataclass(frozen=True, slots=True)
class Conditions:
    """money: name -> amount in the shop's currency. count: name -> days, percent and the like."""

    money: Mapping[str, Decimal]
    count: Mapping[str, int]

    def shipping(self, country: str, goods: Decimal, *, express: bool) -> Decimal:
        """What sending goods of this worth to a country costs."""
        if express and country == HOME:
            return self.money["express"]
        if goods >= self.money["free_from" if country == HOME else "free_from_abroad"]:
            return Decimal("0.00")
        return self.money[{HOME: "standard", "CN": "china"}.get(country, "abroad")]

    def transit_days(self, country: str, *, express: bool) -> tuple[int, int]:
        """Working days from the shop to a country: fewest and most."""
        names = {HOME: "express" if express else "standard", "CN": "china", "CA": "canada"}
        name = names.get(country, "europe")
        return self.count[f"{name}_min"], self.count[f"{name}_max"]


@cache
def conditions() -> Conditions:
    """The numbers of `data/conditions.toml`."""
    text = files(__package__).joinpath("data/conditions.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    return Conditions(
        {k: Decimal(v).quantize(Decimal("0.01")) for k, v in data["money"].items()}, data["count"]
    )
