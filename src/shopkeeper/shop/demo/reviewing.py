"""Who reviews what: buyers, some time after delivery, as they found it; now and then someone who bought elsewhere."""

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from shopkeeper.shop.demo.clock import awake
from shopkeeper.shop.demo.demand import Choice, Demand, choose
from shopkeeper.shop.demo.people import HISTORY_DAYS, Person
from shopkeeper.shop.demo.purchases import Experience, Purchase
from shopkeeper.shop.demo.wording import Remark, Task, Writer
from shopkeeper.shop.records import CustomerId, ProductId, Review, ReviewId

REVIEWED = 0.52  # of the lines that arrived
ELSEWHERE = 0.12  # of all reviews, by people who did not buy here
UNSAID = 0.12  # an aspect this near to the middle is not worth a word
UNLUCKY = 0.09
SPREAD = 0.25  # between how two people find the same thing


@dataclass(frozen=True, slots=True)
class Opinion:
    """A review before it has an id, with what only its maker knows."""

    review: Review
    aspects: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Planted:
    """An opinion that is not what it claims to be. kind: ring, camouflage, paid, attack, phishing or injection."""

    opinion: Opinion
    kind: str
    detail: Mapping[str, object]


def experience(rng: random.Random, choice: Choice, *, faulty: bool = False) -> Experience:
    """How one piece turns out for one person: near the product's qualities, unless it is faulty."""
    found = {
        aspect: max(-1.0, min(1.0, quality + rng.gauss(0, SPREAD)))
        for aspect, quality in choice.stocked.qualities.items()
    }
    if rng.random() < UNLUCKY:  # a bad piece of a good product
        for aspect in rng.sample(sorted(found), min(2, len(found))):
            found[aspect] = rng.uniform(-1, -0.45)
    if faulty:
        found |= {"durability": rng.uniform(-1, -0.7), "performance": rng.uniform(-1, -0.4)}
    return Experience(choice, found, faulty)


class Reviewing:
    """Turns experiences into opinions."""

    def __init__(self, rng: random.Random, now: datetime) -> None:
        self.rng, self.now, self.writer = rng, now, Writer(rng)

    def of_purchases(
        self, purchases: Sequence[Purchase], silent: Collection[tuple[CustomerId, ProductId]]
    ) -> list[Opinion]:
        """What buyers write. silent: pairs about which somebody has other plans."""
        found = []
        for purchase in purchases:
            for e in purchase.experiences:
                pair = (purchase.person.customer.id, e.choice.stocked.product.id)
                if purchase.delivered_at is None or pair in silent or not self._speaks(e):
                    continue
                days = 2.0 + self.rng.expovariate(1 / 13)
                at = purchase.delivered_at + timedelta(days=days)
                if at < self.now:
                    at = awake(self.rng, at, purchase.person.country, at)
                    service = "late" if purchase.late and self.rng.random() < 0.5 else ""
                    if not service and self.rng.random() < 0.05:
                        service = self.rng.choice(("fast", "fast", "fast", "wrong"))
                    found.append(self.opinion(purchase.person, e, at, days=days, service=service))
        return found

    def of_others(self, demand: Demand, count: int) -> list[Opinion]:
        """Reviews by people who have the product from somewhere else."""
        found = []
        for _ in range(count):
            person = self.rng.choice(demand.people)
            since = max(person.joined_at, self.now - timedelta(days=HISTORY_DAYS))
            at = since + (self.now - since) * self.rng.uniform(0.02, 1)
            at = awake(self.rng, at, person.country, at)
            stocked = demand.wish(self.rng, person, at)
            if stocked.product.id in demand.bought[person.customer.id] or stocked.added_at > at:
                continue
            e = experience(self.rng, choose(self.rng, person, stocked))
            days = self.rng.uniform(3, 200)
            found.append(self.opinion(person, e, at, days=days, verified=False))
        return found

    def _speaks(self, e: Experience) -> bool:
        strong = abs(e.mean - 0.25) + 0.3 * e.faulty
        return self.rng.random() < REVIEWED * (0.8 + 0.6 * strong)

    def opinion(
        self, person: Person, e: Experience, at: datetime, *, days: float, service: str = "",
        verified: bool = True,
    ) -> Opinion:  # fmt: skip
        """One review as an honest person would write it."""
        rng = self.rng
        remarks = self._remarks(person, e, days)
        felt = sum(e.qualities[r.aspect] for r in remarks) / len(remarks) if remarks else e.mean
        stars = 3.55 + 2.3 * (0.35 * e.mean + 0.65 * felt) + person.leniency + rng.gauss(0, 0.45)
        stars -= 0.8 * (service == "late") + 1.2 * e.faulty
        rating = max(1, min(5, round(stars)))
        if rating == 2 and rng.random() < 0.5:  # who is cross gives one rather than two
            rating = 1
        agreeing = tuple(r for r in remarks if _fits(r, rating, rng))
        task = Task(person, e.choice, rating, agreeing, int(days), service, e.faulty)
        written = self.writer.write(task)
        text = written.text
        if rng.random() < 0.004:
            line = self.writer.line(task, "photo")
            text += " " + line.format(code=f"{rng.getrandbits(28):07x}")
        review = review_of(
            person, e.choice, rating, at, verified=verified, title=written.title, text=text
        )
        return Opinion(review, written.aspects)

    def _remarks(self, person: Person, e: Experience, days: float) -> list[Remark]:
        """What the person finds worth saying: the more an aspect stands out, the sooner."""
        rng = self.rng
        known = {
            aspect: quality
            for aspect, quality in e.qualities.items()
            if abs(quality) > UNSAID and (aspect != "durability" or days > 8 or quality < -0.5)
        }
        most = 1 + sum(rng.random() < 0.25 + 0.45 * person.hand.wordiness for _ in range(3))
        order = sorted(known, key=lambda a: -abs(known[a]) * rng.uniform(0.3, 1.3))
        return [Remark(a, level_of(known[a])) for a in order[:most]]


def level_of(quality: float) -> str:
    """How an aspect of this quality is spoken of."""
    if quality > 0:
        return "love" if quality > 0.55 else "good"
    return "bad" if quality < -0.4 else "poor"


def _fits(remark: Remark, rating: int, rng: random.Random) -> bool:
    """Whether people who give so many stars still say this."""
    if remark.polarity > 0:
        return rating >= 3 or (
            remark.level == "good" and rng.random() < (0.35 if rating == 2 else 0.12)
        )
    if rating == 5:
        return remark.level == "poor" and rng.random() < 0.3
    return rating < 4 or remark.level == "poor" or rng.random() < 0.5


def review_of(
    person: Person, choice: Choice, rating: int, at: datetime, *, verified: bool, title: str, text: str
) -> Review:  # fmt: skip
    """A review without an id: those are given out in the order of time."""
    return Review(
        id=ReviewId(""),
        product_id=choice.stocked.product.id,
        variant_id=choice.variant.id if verified else None,
        text=text,
        title=title,
        rating=Decimal(rating),
        author=shown_name(person),
        customer_id=person.customer.id,
        language=person.language,
        posted_at=at.replace(microsecond=0),
        verified=verified,
    )


def shown_name(person: Person) -> str:
    """The name that stands by a review, as the shop's privacy page says."""
    customer = person.customer
    if customer.last_name >= "\u4e00":
        return f"{customer.last_name}**"
    return f"{customer.first_name} {customer.last_name[0]}."


def numbered(opinions: Sequence[Opinion]) -> list[tuple[Review, Opinion]]:
    """The reviews with their ids, in the order in which they were posted."""
    ordered = sorted(
        opinions, key=lambda o: (str(o.review.posted_at), o.review.product_id, o.review.text)
    )
    found = []
    for number, opinion in enumerate(ordered, 1):
        found.append((replace(opinion.review, id=ReviewId(f"R{number:06d}")), opinion))
    return found
