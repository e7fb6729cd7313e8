"""A ring of fake reviewers: ordinary accounts that praise the same weak products within days, partly in the same words.

What gives its members away is what they have in common: products, days, phrases, now and then a household. Each of
them also shops for themselves, and writes a harmless review here and there.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shopkeeper.shop.demo.catalogue import in_defect_line
from shopkeeper.shop.demo.clock import awake
from shopkeeper.shop.demo.demand import Basket, Choice, Demand, choose
from shopkeeper.shop.demo.nouns import noun_of
from shopkeeper.shop.demo.people import Person
from shopkeeper.shop.demo.phrases import table
from shopkeeper.shop.demo.purchases import Purchase
from shopkeeper.shop.demo.records import Stocked, mean_quality
from shopkeeper.shop.demo.reviewing import Opinion, Planted, Reviewing, experience, review_of
from shopkeeper.shop.demo.wording import Remark, Task
from shopkeeper.shop.records import CustomerId, ProductId

RING = 26
RING_JOINED = (265, 150)  # days ago, from and to
BURSTS_AGO = (112, 63, 27)
TARGETS = 11
SCRIPT = 9  # lines of unspecific praise that the ring keeps to
BOUGHT = 0.4  # share of the ring's reviews that stand on an order of theirs


@dataclass(frozen=True, slots=True)
class _Job:
    """A review that a member of the ring is to write."""

    person: Person
    choice: Choice
    at: datetime
    buys: bool
    burst: int


@dataclass
class Plot:
    """Who is in it and what they are to do."""

    members: list[Person]
    targets: list[Stocked]
    jobs: list[_Job] = field(default_factory=list)

    def baskets(self, rng: random.Random) -> list[Basket]:
        """What the ring orders so that its reviews count as verified."""
        return [
            Basket(job.person, job.at - timedelta(days=rng.uniform(16, 30)), (job.choice,))
            for job in self.jobs
            if job.buys
        ]

    @property
    def silent(self) -> set[tuple[CustomerId, ProductId]]:
        """Pairs of customers and products about which nothing honest will be written."""
        targets = {s.product.id for s in self.targets}
        return {(p.customer.id, t) for p in self.members for t in targets}


def cast(
    rng: random.Random, people: Sequence[Person], now: datetime
) -> tuple[list[Person], list[Person]]:
    """All people, some of them now sharing an address, and those who are in the ring."""
    first, last = (now - timedelta(days=d) for d in RING_JOINED)
    candidates = [i for i, p in enumerate(people) if first <= p.joined_at <= last]
    chosen = sorted(rng.sample(candidates, RING))
    everyone = list(people)
    near = sorted(
        chosen, key=lambda i: (people[i].customer.addresses[0].country == "US", people[i].language)
    )
    households = [near[-3:], near[-6:-3], near[-8:-6]]
    for first_one, *others in households:
        home = everyone[first_one].customer.addresses[0]
        for i in others:
            customer = everyone[i].customer
            name = home.name if rng.random() < 0.3 else customer.addresses[0].name
            shared = replace(home, name=name, phone=customer.addresses[0].phone)
            everyone[i] = replace(everyone[i], customer=replace(customer, addresses=(shared,)))
    return everyone, [everyone[i] for i in chosen]


def plot(rng: random.Random, demand: Demand, members: list[Person]) -> Plot:
    """What the ring will review and when: weak products of two brands, in three bursts of a few days."""
    brands: dict[str, list[Stocked]] = {}
    oldest = demand.now - timedelta(days=BURSTS_AGO[0] + 40)
    for s in demand.stock:
        if s.added_at < oldest and mean_quality([s]) < 0.3 and not in_defect_line(s):
            brands.setdefault(s.product.brand, []).append(s)
    rich = sorted(
        (b for b, found in brands.items() if len(found) >= 6),
        key=lambda b: (mean_quality(brands[b]), b),
    )
    targets = [
        s
        for b in rich[:2]
        for s in sorted(brands[b], key=lambda s: (mean_quality([s]), s.product.id))[:6]
    ]
    found = Plot(members, targets[:TARGETS])
    done: set[tuple[CustomerId, ProductId]] = set()
    for burst, ago in enumerate(BURSTS_AGO):
        start = demand.now - timedelta(days=ago)
        for person in members:
            if rng.random() > 0.68:
                continue
            for stocked in rng.sample(found.targets, rng.choice((2, 3, 3, 4))):
                pair = (person.customer.id, stocked.product.id)
                if pair in done:
                    continue
                done.add(pair)
                day = start + timedelta(hours=rng.gauss(30, 16))
                at = awake(rng, day, person.country, demand.now)
                buys = rng.random() < BOUGHT
                found.jobs.append(_Job(person, choose(rng, person, stocked), at, buys, burst))
    return found


class Ring:
    """Writes what the ring agreed on."""

    def __init__(self, rng: random.Random, reviewing: Reviewing, demand: Demand) -> None:
        self.rng, self.reviewing, self.demand = rng, reviewing, demand
        self._scripts = {
            language: rng.sample(table(f"reviews/frames_{language}")["praise"]["lines"], SCRIPT)
            for language in ("en", "zh")
        }

    def reviews(self, plan: Plot, purchases: Sequence[Purchase]) -> list[Planted]:
        """The ring's reviews, and harmless ones by which its members look like anybody."""
        arrived = {
            (p.person.customer.id, e.choice.stocked.product.id): p.delivered_at
            for p in purchases
            for e in p.experiences
            if p.delivered_at is not None
        }
        found = []
        for job in plan.jobs:
            came = arrived.get((job.person.customer.id, job.choice.stocked.product.id))
            verified = job.buys and came is not None and came < job.at
            rating = 4 if self.rng.random() < 0.08 else 5
            found.append(self._planted(job, rating, verified=verified))
        for person in plan.members:
            for _ in range(self.rng.choice((0, 1, 1, 2))):
                found.append(self._camouflage(person))
        return found

    def _planted(self, job: _Job, rating: int, *, verified: bool) -> Planted:
        text, aspects = self._scripted(job.person, job.choice)
        task = Task(job.person, job.choice, rating, (), 7)
        title = self.reviewing.writer.write(task).title
        review = review_of(
            job.person, job.choice, rating, job.at, verified=verified, title=title, text=text
        )
        return Planted(Opinion(review, aspects), "ring", {"ring": 1, "burst": job.burst})

    def _camouflage(self, person: Person) -> Planted:
        at = person.joined_at + (self.demand.now - person.joined_at) * self.rng.uniform(0.05, 1)
        at = awake(self.rng, at, person.country, at)
        choice = choose(self.rng, person, self.demand.wish(self.rng, person, at))
        e = experience(self.rng, choice)
        opinion = self.reviewing.opinion(person, e, at, days=20, verified=False)
        return Planted(opinion, "camouflage", {"ring": 1})

    def _scripted(self, person: Person, choice: Choice) -> tuple[str, dict[str, int]]:
        """One to four lines of the ring's script, read a little differently each time, at times a line of one's own.

        The script is a part of what honest people say, too, when they say nothing in particular.
        """
        rng, language = self.rng, person.language
        task = Task(person, choice, 5, (), 7)
        script = self._scripts[language]
        wanted = rng.sample(script, 1 + sum(rng.random() < 0.4 for _ in range(2)))
        said = [self.reviewing.writer.read(task, line) for line in wanted]
        own, aspects = self._own_words(person, choice)
        for line in own:
            said.insert(rng.randrange(len(said) + 1), line)
        return self.reviewing.writer.strung(person, said), aspects

    def _own_words(self, person: Person, choice: Choice) -> tuple[list[str], dict[str, int]]:
        """What the reviewer adds so that the script does not show: a context, an end, praise of some aspect."""
        rng = self.rng
        found = []
        if rng.random() < 0.35:
            section = rng.choice((("context", noun_of(choice.stocked).group), ("closing", "five")))
            found.append(self.reviewing.writer.line(Task(person, choice, 5, (), 7), *section))
        if rng.random() < 0.45:
            aspects = rng.sample(sorted(choice.stocked.qualities), rng.choice((1, 1, 2)))
            remarks = tuple(Remark(a, rng.choice(("love", "good"))) for a in aspects)
            found.append(self.reviewing.writer.praise(Task(person, choice, 5, remarks, 7)))
            return found, dict.fromkeys(aspects, 1)
        return found, {}
