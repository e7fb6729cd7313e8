"""Single reviews that are not what they claim to be: praise that was paid for, a rival's attack, links that steal.

The people are ordinary accounts of the shop and write in the lengths and languages of everybody else; what gives them
away are praise and blame that could be of anything, and ratings far from what buyers say. The ring is in `ring.py`.
"""

import random
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from shopkeeper.shop.demo.clock import awake
from shopkeeper.shop.demo.demand import Choice, Demand, choose
from shopkeeper.shop.demo.nouns import noun_of
from shopkeeper.shop.demo.people import Person
from shopkeeper.shop.demo.phrases import expand, table
from shopkeeper.shop.demo.purchases import Purchase
from shopkeeper.shop.demo.records import Stocked, mean_quality
from shopkeeper.shop.demo.reviewing import Opinion, Planted, Reviewing, review_of
from shopkeeper.shop.demo.wording import Remark, Task
from shopkeeper.shop.records import CustomerId

PAID, ATTACKERS, ATTACKED, ATTACK_AGO = 44, 12, 5, 48
PHISHING = 16


class Trouble:
    """Writes what is planted."""

    def __init__(self, rng: random.Random, reviewing: Reviewing, demand: Demand) -> None:
        self.rng, self.reviewing, self.demand = rng, reviewing, demand

    def _slurs(self, person: Person, choice: Choice, rivals: Sequence[str]) -> str:
        """Complaints that could be of anything; some name a rival that sells the same."""
        rng = self.rng
        task = Task(person, choice, 1, (), 7)
        frames = table(f"reviews/frames_{person.language}")["complaint"]
        wanted = rng.sample(frames["lines"], 1 + sum(rng.random() < 0.4 for _ in range(2)))
        if rivals and rng.random() < 0.45:
            wanted.append(rng.choice(frames["rival"]))
        other = rng.choice(rivals) if rivals else ""
        said = [self.reviewing.writer.read(task, line, other=other) for line in wanted]
        return self.reviewing.writer.strung(person, said)

    def paid(self, purchases: Sequence[Purchase]) -> list[Planted]:
        """Single buyers of dear brands' weaker products who got their money back for five stars."""
        rng = self.rng
        pairs = [
            (p, e)
            for p in purchases
            for e in p.experiences
            if p.delivered_at is not None
            and e.mean < 0.1
            and p.delivered_at < self.demand.now - timedelta(days=25)
        ]
        found = []
        for purchase, e in rng.sample(pairs, min(PAID, len(pairs))):
            day = (purchase.delivered_at or self.demand.now) + timedelta(days=rng.uniform(2, 20))
            at = awake(rng, day, purchase.person.country, day)
            praised = rng.sample(sorted(e.qualities), rng.choice((0, 0, 1, 1, 2)))
            remarks = tuple(Remark(aspect, rng.choice(("love", "good"))) for aspect in praised)
            task = Task(purchase.person, e.choice, 5, remarks, 5)
            written = self.reviewing.writer.write(task)
            review = review_of(
                purchase.person, e.choice, 5, at, verified=True, title=written.title, text=written.text
            )  # fmt: skip
            found.append(
                Planted(Opinion(review, written.aspects), "paid", {"order": purchase.order.id})
            )
        return found

    def attack(self, others: Collection[CustomerId]) -> list[Planted]:
        """One star for the best products of a brand, within two weeks, by accounts that never bought them."""
        rng, now = self.rng, self.demand.now
        brands: dict[str, list[Stocked]] = {}
        for s in self.demand.stock:
            if s.added_at < now - timedelta(days=120):
                brands.setdefault(s.product.brand, []).append(s)
        rich = [b for b, found in brands.items() if len(found) >= ATTACKED]
        victim = max(rich, key=lambda b: (mean_quality(brands[b]), b))
        targets = sorted(brands[victim], key=lambda s: (-s.appeal, s.product.id))[:ATTACKED]
        known = [p for p in self.demand.people if p.joined_at < now - timedelta(days=60)]
        accounts = rng.sample([p for p in known[-500:] if p.customer.id not in others], ATTACKERS)
        found = []
        for person in accounts:
            for stocked in rng.sample(targets, rng.choice((2, 2, 3))):
                day = now - timedelta(days=ATTACK_AGO) + timedelta(hours=rng.uniform(0, 300))
                at = awake(rng, day, person.country, now)
                choice = choose(rng, person, stocked)
                text = self._slurs(person, choice, self._rivals(stocked))
                rating = 2 if rng.random() < 0.1 else 1
                title = self.reviewing.writer.write(Task(person, choice, rating, (), 7)).title
                review = review_of(
                    person, choice, rating, at, verified=False, title=title, text=text
                )
                found.append(Planted(Opinion(review, {}), "attack", {"brand": victim}))
        return found

    def _rivals(self, stocked: Stocked) -> list[str]:
        """Other brands that have products of the kind."""
        brands = {s.product.brand for s in self.demand.stock if s.kind == stocked.kind}
        return sorted(brands - {stocked.product.brand})

    def phishing(self) -> list[Planted]:
        """Reviews with links that lead to somebody else's form."""
        found = []
        for _ in range(PHISHING):
            person, choice, at = self._anybody(300)
            line = self.rng.choice(table("trouble")[person.language]["phishing"])
            text = expand(
                self.rng,
                line,
                {"link": stealing_link(self.rng), "noun": noun_of(choice.stocked).en},
            )
            rating = self.rng.choice((5, 5, 4, 3, 1))
            if self.rng.random() < 0.5:
                task = Task(person, choice, rating, (), 9)
                gap = " " if person.language == "en" else ""
                text = self.reviewing.writer.write(task).text + gap + text
            review = review_of(person, choice, rating, at, verified=False, title="", text=text)
            found.append(Planted(Opinion(review, {}), "phishing", {}))
        return found

    def injection(self) -> list[Planted]:
        """A review, in each language, that gives orders to whoever reads it by machine."""
        found = []
        for language in ("en", "zh"):
            while True:
                person, choice, at = self._anybody(90)
                if person.language == language:
                    break
            noun = noun_of(choice.stocked)
            slots = {"noun": noun.zh if language == "zh" else noun.en}
            text = expand(self.rng, table("trouble")[language]["injection"][0], slots)
            review = review_of(person, choice, 4, at, verified=False, title="", text=text)
            found.append(Planted(Opinion(review, {}), "injection", {}))
        return found

    def _anybody(self, days: int) -> tuple[Person, Choice, datetime]:
        known = [
            p for p in self.demand.people if p.joined_at < self.demand.now - timedelta(days=days)
        ]
        person = self.rng.choice(known)
        day = self.demand.now - timedelta(days=self.rng.uniform(1, days - 1))
        at = awake(self.rng, day, person.country, self.demand.now)
        return person, choose(self.rng, person, self.demand.wish(self.rng, person, at)), at


def stealing_link(rng: random.Random) -> str:
    """An address that is not the shop's own."""
    links = table("trouble")["links"]
    path = rng.choice(links["paths"]).format(code=f"{rng.getrandbits(24):06x}")
    scheme = rng.choice(("http://", "https://", "https://", ""))
    return f"{scheme}{rng.choice(links['hosts'])}{path}"
