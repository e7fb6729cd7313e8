"""Planted trouble: a ring of fake reviewers, praise that was paid for, attacks by a rival, links that steal.

The people are ordinary accounts of the shop and write in the lengths and languages of everybody else; what gives them
away is what they have in common: the same products within days, phrases that travel, praise that could be about
anything, ratings far from what buyers say.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shopkeeper.shop.demo.catalogue import in_defect_line
from shopkeeper.shop.demo.clock import awake
from shopkeeper.shop.demo.demand import Basket, Choice, Demand, choose
from shopkeeper.shop.demo.nouns import noun_of
from shopkeeper.shop.demo.people import Person
from shopkeeper.shop.demo.phrases import expand, table
from shopkeeper.shop.demo.purchases import Purchase
from shopkeeper.shop.demo.records import Stocked
from shopkeeper.shop.demo.reviewing import Opinion, Reviewing, experience, review_of
from shopkeeper.shop.demo.wording import Remark, Task
from shopkeeper.shop.records import CustomerId, ProductId

RING = 26
RING_JOINED = (265, 150)  # days ago, from and to
BURSTS_AGO = (112, 63, 27)
TARGETS = 11
SCRIPT = 9  # lines of unspecific praise that the ring keeps to
BOUGHT = 0.4  # share of the ring's reviews that stand on an order of theirs
PAID, ATTACKERS, ATTACKED, ATTACK_AGO = 44, 12, 5, 48
PHISHING = 16


@dataclass(frozen=True, slots=True)
class Planted:
    """An opinion that is not what it claims to be. kind: ring, camouflage, paid, attack, phishing or injection."""

    opinion: Opinion
    kind: str
    detail: Mapping[str, object]


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
        if s.added_at < oldest and _mean(s) < 0.3 and not in_defect_line(s):
            brands.setdefault(s.product.brand, []).append(s)
    rich = sorted(
        (b for b, found in brands.items() if len(found) >= 6),
        key=lambda b: (_brand_mean(brands[b]), b),
    )
    targets = [
        s for b in rich[:2] for s in sorted(brands[b], key=lambda s: (_mean(s), s.product.id))[:6]
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


def _mean(s: Stocked) -> float:
    return sum(s.qualities.values()) / len(s.qualities)


def _brand_mean(found: Sequence[Stocked]) -> float:
    return sum(map(_mean, found)) / len(found)


class Trouble:
    """Writes what is planted."""

    def __init__(self, rng: random.Random, reviewing: Reviewing, demand: Demand) -> None:
        self.rng, self.reviewing, self.demand = rng, reviewing, demand
        self._scripts = {
            language: rng.sample(table(f"reviews/frames_{language}")["praise"]["lines"], SCRIPT)
            for language in ("en", "zh")
        }

    def ring(self, plan: Plot, purchases: Sequence[Purchase]) -> list[Planted]:
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
        return self._in_hand(person, said), aspects

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
        return self._in_hand(person, said)

    def _in_hand(self, person: Person, said: Sequence[str]) -> str:
        text = said[0]
        for line in said[1:]:  # now and then in one breath
            if self.rng.random() < 0.3 and line[:2] not in ("I ", "I'"):
                comma = ", " if person.language == "en" else "，"
                text = text.rstrip(".。!！") + comma + line[:1].lower() + line[1:]
            else:
                text += (" " if person.language == "en" else "") + line
        if self.rng.random() < person.hand.exclaims:
            text = text.rstrip(".。") + ("!" if person.language == "en" else "！")
        return text.lower() if person.hand.lower_case else text

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

    def attack(self, plan: Plot) -> list[Planted]:
        """One star for the best products of a brand, within two weeks, by accounts that never bought them."""
        rng, now = self.rng, self.demand.now
        brands: dict[str, list[Stocked]] = {}
        for s in self.demand.stock:
            if s.added_at < now - timedelta(days=120):
                brands.setdefault(s.product.brand, []).append(s)
        rich = [b for b, found in brands.items() if len(found) >= ATTACKED]
        victim = max(rich, key=lambda b: (_brand_mean(brands[b]), b))
        targets = sorted(brands[victim], key=lambda s: (-s.appeal, s.product.id))[:ATTACKED]
        members = {p.customer.id for p in plan.members}
        known = [p for p in self.demand.people if p.joined_at < now - timedelta(days=60)]
        accounts = rng.sample([p for p in known[-500:] if p.customer.id not in members], ATTACKERS)
        found = []
        for person in accounts:
            for stocked in rng.sample(targets, rng.choice((2, 2, 3))):
                day = now - timedelta(days=ATTACK_AGO) + timedelta(hours=rng.uniform(0, 300))
                at = awake(rng, day, person.country, now)
                choice = choose(rng, person, stocked)
                text = self._slurs(person, choice, self._rivals(stocked))
                rating = 2 if rng.random() < 0.1 else 1
                review = review_of(person, choice, rating, at, verified=False, title="", text=text)
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
