"""What the rules of customer service admit and what they refuse, on the retail shop of tau-bench.

The shop (`support/tau-retail`) is imported by our feeds, with its rules in our form (`tau_policy.toml`). *gold*: the writes
of the 74 train tasks of its second version, each proposed, agreed to in a later turn and done, and the shop afterwards
compared with what the rules make of it (`tau_outcome.py`, apart from our code). *mutated*: writes of both versions made wrong
in one way (`support_mutations.py`).
"""

import random
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.support_mutations import mutate_all
from benchmarks.tau_outcome import in_form, outcome
from benchmarks.tau_shop import (
    TauShop,
    Write,
    action,
    customer_of,
    digests,
    read,
    state_of,
    tau_shop,
    writes_of,
)
from shopkeeper.support import NotAllowed

SEED = 7
OLDER = 360  # writes of the first version that are made wrong, beside all of the second


def run(*, quick: bool, data: Path) -> dict[str, Any]:
    """The figures of gold and mutated writes."""
    tasks = read(data, "tasks_train")
    with tau_shop(data) as shop:
        figures = gold(shop, tasks)
        writes = [w for t in tasks for w in writes_of(t)]
        older = [w for t in read(data, "v1_tasks_train") for w in writes_of(t)]
        sampled = random.Random(SEED).sample(older, OLDER)
        chosen = writes[:20] if quick else [*writes, *sampled]
        return figures | mutate_all(shop, chosen, seed=SEED) | {"seed": SEED}


def gold(shop: TauShop, tasks: list[dict[str, Any]]) -> dict[str, Any]:
    """The tasks' own writes through our tools."""
    conn = shop.database.conn
    before = digests(conn)
    shop.database.keep()
    counts: Counter[str] = Counter()
    for task in tasks:
        writes = writes_of(task)
        counts["writes"] += len(writes)
        for write in writes:
            refused = perform(shop, write)
            counts["admitted"] += not refused
            if refused:
                print(f"task {task['id']}: refused {write[0]} {write[1]}: {refused}")
        wanted, forbidden = outcome(shop.raw, writes)
        for why in forbidden:
            print(f"task {task['id']}: the rules forbid {why}")
        order_ids, customer_ids = list(wanted["orders"]), list(wanted["users"])
        touched = {"o" + i for i in order_ids} | {"c" + i for i in customer_ids}
        after = digests(conn)
        same = state_of(conn, order_ids, customer_ids) == in_form(wanted)
        rest = all(after[k] == v for k, v in before.items() if k not in touched)
        counts["right"] += same and rest
        if not (same and rest):
            print(f"task {task['id']}: the shop is not as it should be")
        shop.database.rewind()
    return {
        "gold_writes": counts["writes"],
        "gold_admitted": counts["admitted"],
        "tasks": len(tasks),
        "tasks_right": counts["right"],
    }


def perform(shop: TauShop, write: Write) -> str:
    """Propose, agree and do a write. Returns why it was refused, or nothing."""
    conversation = shop.conversation(customer_of(shop.raw, write))
    conversation.hear("I would like to have something done.")
    try:
        proposal = conversation.propose(action(write))
    except NotAllowed as error:
        return "; ".join(f"{c.rule_id}: {c.text}" for c in error.decision.broken)
    conversation.hear("Yes, please.")
    conversation.commit(proposal.id)
    return ""
