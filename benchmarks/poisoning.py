"""What injected clicks do to recommendations: one in twenty clicks of the demo shop is for one product, from visitors who
never bought anything; how far up does it get, believed and sifted, and is an alarm raised?

Exposure is the share of lists of ten in which the product stands: of visitors with five events and more a minute after
their last one, and of visitors after two looks; and whether it is among the ten that a new visitor gets.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from shopkeeper.recommend import behaviour as acts
from shopkeeper.recommend import fitting, goods, judging, trust
from shopkeeper.recommend.behaviour import Behaviour
from shopkeeper.recommend.goods import Good
from shopkeeper.recommend.histories import Ints, Places
from shopkeeper.recommend.model import Model
from shopkeeper.recommend.scoring import Scorer, Trail
from shopkeeper.settings import load_settings
from shopkeeper.shop import demo
from shopkeeper.shop.database import open_database
from shopkeeper.shop.demo.making import FULL

SEED = 7
SHARE = 0.05  # of all events that are injected
DAY = 86_400.0
LISTS = 300
WAYS = (
    "single",
    "pair",
    "one",
)  # a click alone; after a popular product, any of twenty; after always the same one
TEN = 10


def run(*, quick: bool, data: Path) -> dict[str, Any]:
    """`exposure.TARGET.WAY.believed` and `.sifted`, before and after; `alarms` of as many attacks; `false_alarms`."""
    stock, found = _shop(quick)
    count = np.bincount(found.histories.items, minlength=len(stock))
    order = np.argsort(-count, kind="stable")
    clean, false_alarms = trust.sift(found)
    before = fitting.fit(stock, clean)
    figures: dict[str, Any] = {
        "kept": round(len(clean.histories.items) / len(found.histories.items), 4),
        "false_alarms": len(false_alarms),
    }
    raised = attacks = 0
    worst = 0.0
    for name, target in (("least", int(order[-1])), ("middle", int(order[len(order) // 2]))):
        figures |= _told(f"exposure.{name}.before", exposure(before, found, target))
        for way in WAYS:
            injected = inject(found, target, way)
            sifted, alarms = trust.sift(injected)
            believed = exposure(fitting.fit(stock, injected), found, target)
            now = exposure(fitting.fit(stock, sifted), found, target)
            figures |= _told(f"exposure.{name}.{way}.believed", believed)
            figures |= _told(f"exposure.{name}.{way}.sifted", now)
            worst = max(worst, now["regular"], now["short"], now["new"])
            raised += any(alarm.item == target for alarm in alarms)
            attacks += 1
    figures |= {"worst_sifted": round(worst, 4), "attacks": attacks, "alarms": raised}
    for key, value in figures.items():
        print(f"{key:40} {value}")
    return {"seed": SEED} | figures


def _shop(quick: bool) -> tuple[list[Good], Behaviour]:
    size = demo.Size(customers=600, orders=2500, visits=1500) if quick else FULL
    with tempfile.TemporaryDirectory(prefix="shopkeeper-poison-") as folder:
        database = open_database(load_settings(data_folder=Path(folder)))
        try:
            demo.build(database, seed=SEED, now=datetime(2026, 11, 25, tzinfo=UTC), size=size)
            with database.connection() as conn:
                stock = list(goods.read(conn))
                items = Places(tuple(good.id for good in stock))
                return stock, acts.read(conn, items, until=datetime(2026, 11, 25, tzinfo=UTC))
        finally:
            database.close()


def inject(found: Behaviour, target: int, way: str) -> Behaviour:
    """The behaviour with one in twenty events more, in the last three days, each by a visitor of its own."""
    rng, histories = np.random.default_rng(SEED), found.histories
    number, people = int(SHARE * len(histories.items)), len(histories)
    popular = np.argsort(-np.bincount(histories.items, minlength=histories.count))[:20]
    who = people + np.arange(number)
    at = found.until - 3 * DAY + rng.random(number) * 2.9 * DAY
    looked = [(np.full(number, target), at)]
    if way == "pair":
        looked.append((rng.choice(popular, number), at - 60))
    if way == "one":
        looked.append((np.full(number, popular[5]), at - 60))
    person = np.concatenate([histories.people, *(who for _ in looked)])
    item = np.concatenate([histories.items, *(items for items, _ in looked)])
    when = np.concatenate([found.at, *(times for _, times in looked)])
    weight = np.concatenate([histories.weight, *(np.ones(number) for _ in looked)])
    made, times = acts.of_events(
        person, item, when, weight.astype(np.float64), people=people + number, count=histories.count
    )
    names = tuple(f"dinjected{n}" for n in range(number))
    return replace(found, histories=made, at=times, who=found.who + names)


def exposure(model: Model, found: Behaviour, target: int) -> dict[str, float]:
    """The share of lists in which a product stands."""
    scorer, histories = Scorer(model), found.histories
    people = np.flatnonzero(histories.lengths >= 5)
    people = people[np.linspace(0, len(people) - 1, min(LISTS, len(people))).astype(np.intp)]
    nothing = Trail(np.zeros(0, np.intp), np.zeros((0, 2)))
    return {
        "regular": float(
            np.mean([target in _ten(scorer, t) for t in _trails(found, people, None)])
        ),
        "short": float(np.mean([target in _ten(scorer, t) for t in _trails(found, people, 2)])),
        "new": float(target in _ten(scorer, nothing)),
    }


def _trails(found: Behaviour, people: Ints, most: int | None) -> Iterator[Trail]:
    histories = found.histories
    for start, end in zip(histories.start[people], histories.start[people + 1], strict=True):
        events = slice(start, end if most is None else start + most)
        now = found.at[events.stop - 1] + 60
        yield judging.trail_of(histories, found.at, events, now, histories.items)


def _ten(scorer: Scorer, trail: Trail) -> set[int]:
    scored = scorer.score(trail)
    value = np.where(np.isin(scored.candidates, trail.places), -np.inf, scored.score)
    return set(scored.candidates[np.argsort(-value, kind="stable")[:TEN]].tolist())


def _told(name: str, shares: dict[str, float]) -> dict[str, float]:
    return {f"{name}.{kind}": round(share, 4) for kind, share in shares.items()}
