"""Scripted customers: what they want is data (`tau_customers.toml`), how they say it is drawn by seed, and what they answer
follows from the agent's words as a person would read them: an order number is asked for where a question has "which
order", a reason where it has "reason" or "why". They know nothing of the agent.
"""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import customer_words as words
from benchmarks.customer_sentences import Speaker

GOALS = Path(__file__).with_name("tau_customers.toml")


def goals() -> dict[str, dict[str, Any]]:
    """Task -> the customer's goal."""
    data = tomllib.loads(GOALS.read_text(encoding="utf-8"))
    return {c["task"]: c for c in data["customer"]}


@dataclass
class Customer(Speaker):
    """One customer in one conversation."""

    asked_for_person: bool = False

    def first(self) -> str:
        """What they open with."""
        now = [w for w in self.left if not w.get("after")]
        apart = self.goal.get("apart") or (not self.goal.get("together") and self.chance.flip(0.4))
        spoken = now[:1] if apart else now
        text = self._together(spoken)
        if self.chance.flip(0.15):
            text = f"{self._identity()} {text}"
        return self.chance.of(words.GREETINGS) + text if not text.startswith("H") else text

    def answer(self, said: str) -> str:
        """What they say to it; empty when they leave."""
        plain = said.casefold()
        questions = re.findall(r"[^.!?\n]*(?:\n-[^\n]*)*\?", plain)
        asked = questions[-1] if questions else ""
        if (
            re.search(r"who you are|e-?mail address|zip code|verify your|identify", plain)
            and self.answered.get("identity", 0) + self.answered.get("zip", 0) < 5
            and not re.search(r"go ahead|is that right|do you agree", asked)
        ):
            return self._identity()
        refusal = re.search(
            r"not possible|cannot be|can't be|cannot |can only|unable|unfortunately|is not available|no such|not both",
            plain,
        )
        if re.search(r"either|not both|which of the two|which one do you prefer", plain) and any(
            w.get("rival") for w in self.said
        ):
            return self.chance.of(next(w for w in self.said if w.get("prefer"))["prefer"])
        if re.search(
            r"go ahead|do you agree|please confirm|is that right|to confirm", plain
        ) and not re.search(r"whole order|entire order", asked):
            return self._confirm(plain)
        if re.search(r"whole order|entire order", asked):
            return self._whole(plain)
        if re.search(
            r"is that all right|on these terms|arrange a return instead|cancel it instead", asked
        ):
            return self._offer(plain)
        if re.search(r"\breason|\bwhy\b|one of them apply", asked) or re.search(
            r"please choose:|one of these reasons", plain
        ):
            return self._reason()
        if re.search(
            r"payment method|pay or be refunded|get the refund|which method|like to pay", plain
        ) and (asked or "you can choose" in plain):
            return self._payment(plain, refusal is not None)
        if re.search(
            r"which (?:address|state|part)|zip code is|which state|address (?:do you mean|shall)",
            asked or plain,
        ):
            return self._address(plain)
        if re.search(r"which order|order number|which of these orders|check the number", plain):
            return self._order()
        if re.search(
            r"should the .* be changed|would you like instead|would you like one|which one would you like|shall it be one|would you rather return|one of these",
            plain,
        ):
            return self._variant(plain)
        if re.search(
            r"which .*(?:do you mean|is it)|which one is it|more than one|which items?\b", plain
        ):
            return self._which(plain)
        if refusal and (reply := self._refused(plain)):
            return reply
        return self._next(plain)

    def _current(self, plain: str) -> dict[str, Any] | None:
        """The wish that the agent speaks of: the one whose items or order are named, else the last."""
        best, most = None, 0
        for wish in self.said:
            names = [n.split()[-1].rstrip("s") for i in wish.get("items", ()) for n in i["n"]]
            names += [n.split()[-1].rstrip("s") for n in wish.get("all_to", {}).get("items", ())]
            score = sum(n.casefold() in plain for n in names) + 2 * (
                bool(wish.get("order")) and wish["order"].casefold() in plain
            )
            if score > most and wish["do"] not in ("ask", "person"):
                best, most = wish, score
        writes = [w for w in self.said if w["do"] not in ("ask", "person")]
        return best or (writes[-1] if writes else None)

    def _confirm(self, plain: str) -> str:
        wish = self._current(plain)
        verb = {"return": "return", "cancel": "cancel", "exchange": "exchange", "modify": "change"}
        for candidate in self.said:
            if (
                candidate.get("confirm")
                and candidate is not wish
                and verb.get(candidate["do"], "-") in plain
                and self._named_in(candidate, plain)
            ):
                wish = candidate
        if (
            wish is not None
            and wish.get("confirm")
            and id(wish) not in self._reacted
            and self._is_swap_or_write(wish, plain)
        ):
            self._reacted.add(id(wish))
            wish["settled"] = True
            return self.chance.of(wish["confirm"])
        for done in self.said:
            if (
                done["do"] == "cancel"
                and self._named_in(done, plain)
                and len(done.get("items", ())) < 2
            ):
                self._asked_whole.add(id(done))
        elsewhere = self._not_my_way(plain)
        if elsewhere is not None:
            return elsewhere
        wrong = self._wrong(plain)
        if wrong is not None and self._count("wrong") < 2:
            return wrong
        return self.chance.of(words.YES)

    _reacted: set[int] = field(default_factory=set)

    def _not_my_way(self, plain: str) -> str | None:
        """The money would go another way than the one they have in mind: they say so, once."""
        wish = self._current(plain)
        if wish is None or not re.search(r"refund|charge", plain):
            return None
        way = wish.get("pay", "")
        names = {
            "paypal": "paypal",
            "gift card": "gift card",
            "credit card": "credit card",
            "amex": "amex",
        }
        if wish.get("pay_by_order"):
            order = next((o for o in wish["pay_by_order"] if o.casefold() in plain), "")
            way = wish["pay_by_order"].get(order, "")
        if way not in names or names[way] in re.split(r"refund of|charge of", plain)[-1]:
            return None
        if self._count(f"pay{id(wish)}") >= 1 or wish.get("settled"):
            return None
        wish["pay_said"] = True
        return self.chance.of(words.WRONG_WAY).format(x=self._way(way))

    def _named_in(self, wish: dict[str, Any], plain: str) -> bool:
        names = [
            n.split()[-1].rstrip("s").casefold() for i in wish.get("items", ()) for n in i["n"]
        ]
        return any(n in plain for n in names)

    def _is_swap_or_write(self, wish: dict[str, Any], plain: str) -> bool:
        if wish.get("items"):
            return self._named_in(wish, plain) or any(
                "item" in n for i in wish["items"] for n in i["n"]
            )
        return True

    def _wrong(self, plain: str) -> str | None:
        """What they object to: the wrong kind of action for everything they have asked for."""
        kinds = {w["do"] for w in self.said}
        if (
            re.search(r"\bcancel order\b", plain)
            and not kinds & {"cancel"}
            and not any(w.get("accept") or w.get("whole") for w in self.said)
        ):
            return self.chance.of(words.NOT_THAT)
        return None

    def _whole(self, plain: str) -> str:
        """A whole order is to be cancelled where they spoke of some of its items."""
        cancels = [w for w in self.said if w.get("whole")]
        fresh = [w for w in cancels if id(w) not in self._asked_whole and w["do"] == "cancel"]
        wish = next(iter(fresh or cancels), None)
        if wish is None:
            return self.chance.of(words.NO_LOOSE)
        if wish["do"] == "cancel" and len(wish.get("items", ())) < 2:
            self._asked_whole.add(id(wish))
        if wish["whole"] == "gift":
            return "Only if you can refund it to my gift card."
        if wish["whole"] == "yes":
            return self.chance.of(words.YES_LOOSE)
        if wish.get("orelse"):
            return f"{self.chance.of(words.NO_LOOSE)}. {self._fall_back(wish)}"
        return self.chance.of(words.NO_LOOSE) + "."

    _asked_whole: set[int] = field(default_factory=set)

    def _offer(self, plain: str) -> str:
        """Another thing is offered instead: taken if they would take it."""
        wish = self._current(plain)
        if "refund" in plain and any(w.get("whole") == "gift" for w in self.said):
            return "No, then do not cancel anything."
        if re.search(r"return instead|arrange a return", plain):
            wants_back = any(w["do"] == "return" for w in self.said)
            return (
                self.chance.of(words.YES_LOOSE[:1])
                if wants_back
                else self.chance.of(words.NO_LOOSE)
            )
        if wish is not None and (wish.get("accept") or wish.get("orelse")) and wish.get("reason"):
            return "Yes, please do."
        return self.chance.of(words.NO_LOOSE)

    def _reason(self) -> str:
        wish = next(
            (w for w in reversed(self.said) if w.get("reason") and w["do"] in ("cancel",)), None
        )
        wish = wish or next((w for w in reversed(self.said) if w.get("reason")), None)
        return self.chance.of(words.REASONS[wish["reason"] if wish else "no longer needed"])

    def _payment(self, plain: str, refusal: bool) -> str:
        wish = self._current(plain)
        paid = [w for w in self.said if w.get("pay") or w.get("pay_by_order")]
        if wish is None or not (wish.get("pay") or wish.get("pay_by_order")):
            wish = paid[-1] if paid else None
        if wish is None:
            return self.chance.of(words.PAY).format(x=self._way("original"))
        key = f"pay{id(wish)}"
        if refusal and (wish.get("pay_said") or self.answered.get(key)):
            if wish.get("pay2"):
                wish["settled"] = True
                return self.chance.of(wish["pay2"])
            if wish.get("orelse_pay"):
                wish["orelse"] = wish["orelse_pay"]
                return self._fall_back(wish)
            if wish.get("orelse"):
                return self._fall_back(wish)
        self._count(key)
        if wish.get("pay_by_order"):
            order = next((o for o in wish["pay_by_order"] if o.casefold() in plain), "")
            return self.chance.of(words.PAY).format(
                x=self._way(wish["pay_by_order"].get(order, "paypal"))
            )
        return self.chance.of(words.PAY).format(x=self._way(wish["pay"]))

    def _address(self, plain: str) -> str:
        wish = next((w for w in reversed(self.said) if w.get("addr") or w.get("ref")), None)
        if wish is None:
            return self.chance.of(words.EITHER_WAY)
        if re.search(r"which (?:state|part)", plain) and wish.get("region"):
            return str(wish["region"])
        return self.chance.of(wish.get("addr") or wish["ref"])

    def _order(self) -> str:
        wish = self.said[-1] if self.said else {}
        for where in (wish.get("where"), self.goal.get("where")):
            if where:
                if self._count("where") and self.goal.get("where2"):
                    return self.chance.of(self.goal["where2"])
                return self.chance.of(where)
        if wish.get("order"):
            return str(wish["order"])
        which = [x for i in wish.get("items", ()) for x in i.get("which", ())]
        if which:
            return self.chance.of(which)
        if wish.get("items"):
            return f"{self.chance.of(words.UNKNOWN_ORDER)} The one with {self._item(wish['items'][0])}."
        return self.chance.of(words.UNKNOWN_ORDER)

    def _item_of(self, plain: str, key: str) -> dict[str, Any] | None:
        for wish in reversed(self.said):
            for item in wish.get("items", ()):
                heads = {n.split()[-1].rstrip("s").casefold() for n in item["n"]}
                if key in item and any(h in plain for h in heads):
                    return dict(item)
        for wish in reversed(self.said):
            for item in wish.get("items", ()):
                if key in item:
                    return dict(item)
        return None

    def _variant(self, plain: str) -> str:
        head = re.split(r"\n", plain)[0]
        for key in ("pick", "skip"):
            item = self._item_of(head, key) if self._item_named(head, key) else None
            if item is None:
                continue
            if key == "skip":
                wish = next(
                    (w for w in self.said if any("skip" in i for i in w.get("items", ()))), None
                )
                if wish is not None and wish.get("orelse"):
                    self._adopt(wish)
            return self.chance.of(item[key])
        return self.chance.of(words.EITHER_WAY)

    def _item_named(self, plain: str, key: str) -> bool:
        for wish in self.said:
            for item in wish.get("items", ()):
                if key in item and any(
                    n.split()[-1].rstrip("s").casefold() in plain for n in item["n"]
                ):
                    return True
        return False

    def _which(self, plain: str) -> str:
        item = self._item_of(re.split(r"\n", plain)[0], "which")
        if item is not None:
            return self.chance.of(item["which"])
        for wish in self.said:
            if wish.get("hint") and self._count("hint") < 2:
                return self.chance.of(wish["hint"])
        return self._order()

    def _adopt(self, wish: dict[str, Any]) -> None:
        """What they want instead is now what they have asked for."""
        for other in wish.pop("orelse", ()):
            self.said.append(dict(other))

    def _fall_back(self, wish: dict[str, Any]) -> str:
        others = wish.pop("orelse", ())
        texts = []
        for other in others:
            other = dict(other)
            self.said.append(other)
            self.asked_for_person |= other["do"] == "person"
            texts.append(self._sentence(other, first=True))
        return " ".join(texts)

    def _refused(self, plain: str) -> str:
        """Something cannot be done: what they want instead, if anything."""
        for wish in reversed(self.said):
            if wish.get("orelse") and wish["do"] != "ask":
                return self._fall_back(wish)
            if wish.get("hint") and self._count("hint") < 2:
                return self.chance.of(wish["hint"])
        return ""

    def _next(self, plain: str) -> str:
        """The next wish, a question at the end, or goodbye."""
        ready = [w for w in self.left if not w.get("after")] or self.left
        if ready:
            wish = ready[0]
            self._take(wish)
            return self._sentence(wish, first=False)
        for wish in self.said:
            asks = wish.pop("after_ask", None)
            if asks:
                return self.chance.of(asks)
        return ""
