"""Whole conversations with scripted customers, and the shop afterwards compared with what each task's solution makes of it.

pass^k as in tau-bench: of n conversations a task, c right, the chance that k drawn of them are all right, averaged over the
tasks. A violation is a write that the rules forbid, or one without a yes to a proposal of the turn before.
"""

import math
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from benchmarks.customer_words import Chance
from benchmarks.customers import Customer, goals
from benchmarks.tau_outcome import in_form, outcome
from benchmarks.tau_shop import TauShop, digests, read, state_of, tau_shop, writes_of
from shopkeeper.models import hub
from shopkeeper.models.engines.llama import LlamaEngine
from shopkeeper.settings import EngineSettings, Settings
from shopkeeper.shop import products
from shopkeeper.shop.records import Product
from shopkeeper.support.dialogue import Agent, ByChoice, Understands
from shopkeeper.text.normalise import normalise

TURNS = 40
REPORTED = (200, 201, 202, 203)
DEVELOPED = (0, 1, 2, 3)


@dataclass
class Held:
    """How one conversation went."""

    task: str
    seed: int
    right: bool = False
    handed_over: bool = False
    needless: bool = False
    violations: int = 0
    seconds: list[float] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """It without what was said."""
        return asdict(self) | {"lines": []}


class Speaks(Protocol):
    """A customer: what they say first, and to each reply; nothing once they are done."""

    @property
    def asked_for_person(self) -> bool:
        """True once they wanted a person."""

    def first(self) -> str:
        """What they open with."""

    def answer(self, said: str) -> str:
        """What they say to a reply."""


class Catalogue:
    """Products by the words of their titles; what a shop's search does there."""

    def __init__(self, shop: TauShop) -> None:
        conn = shop.database.conn
        ids = [r[0] for r in conn.execute("select id from products").fetchall()]
        self._products = list(products.get_many(conn, ids).values())

    def __call__(self, words: str) -> list[Product]:
        plain = normalise(words).replace("-", "").replace(" ", "")
        found = []
        for product in self._products:
            head = normalise(product.title).split()[-1].replace("-", "").rstrip("s")
            if head in plain or normalise(product.title).split()[0] in plain:
                found.append(product)
        return found[:12]


def hold(
    *,
    data: Path,
    seeds: tuple[int, ...] = REPORTED,
    tasks: tuple[str, ...] = (),
    show: str = "",
    understands: tuple[Understands, ...] = (),
    customer: Callable[[dict[str, Any], int], Speaks] | None = None,
    after: Callable[[Held, Speaks], None] = lambda held, customer: None,
) -> list[Held]:
    """Conversations about the tasks. show: `failed` or `all` of them are printed. customer: for a task and a seed, by
    default the scripted one; after: called after each conversation."""
    wanted = goals()
    rows = [t for t in read(data, "tasks_train") if not tasks or t["id"] in tasks]
    held: list[Held] = []
    with tau_shop(data) as shop:
        agent = Agent(shop.support, Catalogue(shop), understands=understands)
        before = digests(shop.database.conn)
        shop.database.keep()
        for task in rows:
            for seed in seeds:
                speaks: Speaks = (
                    customer(task, seed)
                    if customer
                    else Customer(wanted[task["id"]], Chance(seed, task["id"]))
                )
                talk = converse(shop, agent, speaks, task, seed)
                talk.right = ends_right(shop, task, before)
                held.append(talk)
                after(talk, speaks)
                shop.database.rewind()
                if show == "all" or (show == "failed" and not talk.right):
                    ended = "right" if talk.right else "WRONG"
                    print("\n".join([f"== task {talk.task} seed {seed}: {ended}", *talk.lines]))
    return held


def local(name: str) -> tuple[Understands, ...]:
    """The understanding of a local model where the rules have none; fetched if it is not there. Raises ModelError."""
    settings = EngineSettings(kind="llama.cpp", model=name)
    path = hub.pull(name, Settings().cache_folder)
    return (ByChoice(LlamaEngine.open(path, name=name, settings=settings, tried=True)),)


def converse(
    shop: TauShop, agent: Agent, customer: Speaks, task: dict[str, Any], seed: int
) -> Held:
    """One conversation to its end."""
    made = Held(task["id"], seed)
    talk = agent.open()
    text = customer.first()
    for _ in range(TURNS if text else 0):
        made.lines.append(f"  C: {text}")
        begun = time.perf_counter()
        reply = agent.reply(talk, text)
        made.seconds.append(round(time.perf_counter() - begun, 4))
        shop.clock.move(seconds=20)
        made.lines.append(f"  A: {reply.text}")
        if reply.hand_over is not None:
            made.handed_over = True
            transfers = any(
                a["name"] == "transfer_to_human_agents"
                for a in task["evaluation_criteria"]["actions"]
            )
            made.needless = not transfers and not customer.asked_for_person
            break
        text = customer.answer(reply.text)
        if not text:
            break
    made.violations = violations(talk.audit())
    return made


def violations(audit: list[Any]) -> int:
    """Writes without a yes to the same proposal before."""
    agreed = {e.proposal_id for e in audit if e.event == "confirmed"}
    return sum(e.event == "done" and e.proposal_id not in agreed for e in audit)


def ends_right(shop: TauShop, task: dict[str, Any], before: dict[str, bytes]) -> bool:
    """True if the shop is as the task's solution leaves it."""
    conn = shop.database.conn
    wanted, _ = outcome(shop.raw, writes_of(task))
    order_ids, customer_ids = list(wanted["orders"]), list(wanted["users"])
    touched = {"o" + i for i in order_ids} | {"c" + i for i in customer_ids}
    after = digests(conn)
    same = state_of(conn, order_ids, customer_ids) == in_form(wanted)
    return same and all(after[k] == v for k, v in before.items() if k not in touched)


def pass_hat(held: list[Held], k: int) -> float:
    """pass^k."""
    tries: Counter[str] = Counter(c.task for c in held)
    right: Counter[str] = Counter(c.task for c in held if c.right)
    each = [math.comb(right[t], k) / math.comb(n, k) for t, n in tries.items() if n >= k]
    return round(statistics.fmean(each), 3) if each else 0.0


def figures(held: list[Held]) -> dict[str, Any]:
    """What is reported of conversations."""
    seeds = sorted({c.seed for c in held})
    seconds = sorted(s for c in held for s in c.seconds)
    by_task: dict[str, list[bool]] = {}
    for c in held:
        by_task.setdefault(c.task, []).append(c.right)
    wrong = {t: f"{len(r) - sum(r)} of {len(r)}" for t, r in by_task.items() if not all(r)}
    print(f"dialogues that ended wrong, by task: {wrong}", file=sys.stderr)
    return {
        "dialogues": len(held),
        "dialogue_seeds": seeds,
        **{f"pass^{k}": pass_hat(held, k) for k in range(1, len(seeds) + 1)},
        "needless_handover": round(sum(c.needless for c in held) / len(held), 3),
        "dialogue_violations": sum(c.violations for c in held),
        "dialogue_turns": round(statistics.fmean(len(c.seconds) for c in held), 1),
        "dialogue_turn_p95_s": round(seconds[int(len(seconds) * 0.95)], 3),
    }


def main() -> None:
    """For working on it: `python -m benchmarks.support_dialogues [failed|all|none] [seeds] [tasks]`."""
    import json

    from benchmarks.data import data_folder

    show = sys.argv[1] if len(sys.argv) > 1 else "failed"
    seeds = tuple(int(s) for s in sys.argv[2].split(",")) if len(sys.argv) > 2 else DEVELOPED
    tasks = tuple(sys.argv[3].split(",")) if len(sys.argv) > 3 else ()
    print(json.dumps(figures(hold(data=data_folder(), seeds=seeds, tasks=tasks, show=show))))


if __name__ == "__main__":
    main()
