"""How scripted customers say what they want: sentences made of a goal's words and of banks of phrases, drawn by seed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks import customer_words as words
from benchmarks.customer_words import Chance


@dataclass
class Speaker:
    """Who has a goal, and words for it. left, said: wishes that are still to be told, and those that were."""

    goal: dict[str, Any]
    chance: Chance
    left: list[dict[str, Any]] = field(default_factory=list)
    said: list[dict[str, Any]] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    answered: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.left = [dict(w) for w in self.goal["wishes"]]

    def _together(self, wishes: Sequence[dict[str, Any]]) -> str:
        texts: list[str] = []
        for wish in wishes:
            self._take(wish)
            texts.append(self._sentence(wish, first=not texts))
        return " ".join(texts)

    def _take(self, wish: dict[str, Any]) -> None:
        if wish in self.left:
            self.left.remove(wish)
        self.said.append(wish)

    def _sentence(self, wish: dict[str, Any], *, first: bool) -> str:
        if "say" in wish:
            return self.chance.of(wish["say"])
        if wish["do"] == "ask":
            return self.chance.of(wish["ask"])
        phrase, lead = self._phrase(wish)
        bank: Sequence[str] = words.OPENINGS if first else words.FURTHER
        if lead:
            bank = words.PLAIN
        text = self.chance.of(bank).format(x=phrase)
        if lead:
            text = lead + text[0].lower() + text[1:] if not text.startswith("I") else lead + text
        if wish.get("tail"):
            text += " " + self.chance.of(wish["tail"])
        if wish.get("pay") and self.chance.flip(0.3):
            text += " " + self.chance.of(words.PAY_UP_FRONT).format(x=self._way(wish["pay"]))
            wish["pay_said"] = True
        if (
            wish["do"] == "cancel"
            and wish.get("reason")
            and not wish.get("items")
            and self.chance.flip(0.25)
        ):
            text += f" {self.chance.of(words.REASONS[wish['reason']])}."
        return text

    def _phrase(self, wish: dict[str, Any]) -> tuple[str, str]:
        """The wish as a verb with its objects, and what stands before the sentence."""
        order = wish.get("order", "")
        lead, tail = "", ""
        if order and wish["do"] not in ("address",):
            if self.chance.flip(0.3):
                lead = self.chance.of(words.FOR_ORDER).format(order=order)
            else:
                tail = self.chance.of(words.IN_ORDER).format(order=order)
        do = wish["do"]
        if do in ("exchange", "modify"):
            return self._swaps(wish, tail), lead
        if do == "return":
            return self.chance.of(words.RETURN).format(items=self._things(wish) + tail), lead
        if do == "cancel":
            if not wish.get("items") and not wish.get("all"):
                named = f"order {order}" if order else self.chance.of(wish["order_words"])
                return self.chance.of(words.CANCEL).format(items=named), ""
            return self.chance.of(words.CANCEL).format(items=self._things(wish) + tail), lead
        to = self.chance.of(wish.get("addr") or wish["ref"])
        if do == "profile":
            return self.chance.of(words.PROFILE).format(to=to), ""
        if wish.get("all"):
            return self.chance.of(words.ADDRESS_ALL).format(
                order=self.chance.of(wish["all"]), to=to
            ), ""
        named = f"order {order}" if order else self.chance.of(wish["order_words"])
        return self.chance.of(words.ADDRESS).format(order=named, to=to), ""

    def _things(self, wish: dict[str, Any]) -> str:
        if wish.get("all"):
            text = self.chance.of(wish["all"])
            return f"{text} except the {self.chance.of(wish['but'])}" if wish.get("but") else text
        named = [self._item(i) for i in wish["items"]]
        return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"

    def _item(self, item: dict[str, Any]) -> str:
        name = self.chance.of(item["n"])
        return name if item.get("bare") else f"{self.chance.of(('the', 'my'))} {name}"

    def _swaps(self, wish: dict[str, Any], tail: str) -> str:
        bank = words.EXCHANGE if wish["do"] == "exchange" else words.MODIFY
        many = wish.get("all_to")
        if many:
            items = [
                {"n": [n], "to": many.get("special", {}).get(n, many["to"])} for n in many["items"]
            ]
        else:
            items = wish["items"]
        parts: list[str] = []
        for item in items:
            form = self.chance.of(bank if not parts else (*words.TO_AGAIN, *bank))
            parts.append(
                form.format(
                    item=self._item(item) + (tail if not parts else ""),
                    to=self.chance.of(item["to"]),
                )
            )
        text = parts[0]
        for part in parts[1:]:
            text = self.chance.of(words.JOINED).format(a=text, b=part)
        return text

    def _way(self, way: str) -> str:
        return self.chance.of(words.WAYS[way])

    def _identity(self) -> str:
        if self.goal.get("emails") or self.goal.get("email"):
            emails = self.goal.get("emails") or [self.goal["email"]]
            count = self._count("identity")
            if count < len(emails):
                return self.chance.of(words.EMAIL).format(email=emails[count])
        zips = self.goal.get("zips") or [self.goal.get("zip", "")]
        count = self._count("zip")
        if count and count < len(zips):
            return self.chance.of(words.ZIP).format(zip=zips[count])
        return self.chance.of(words.NO_EMAIL) + self.chance.of(words.NAME_ZIP).format(
            name=self.goal["name"], zip=zips[min(count, len(zips) - 1)]
        )

    def _count(self, what: str) -> int:
        """How often something was answered before."""
        before = self.answered.get(what, 0)
        self.answered[what] = before + 1
        return before
