"""The next basket of real households: a part of the benchmark `recommend`.

One year of a grocery chain (`complete_journey`), split in time: learnt from everything before 2017-12-01; wanted is
each household's first basket from then on, of those with three baskets before. All products are ranked, bought ones
too; `new` asks for those alone that the household never bought. Everything was chosen on 2017-11-01 in place of
2017-12-01 (`validation`). Recall@10 and NDCG@10, means over households.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as parquet
from scipy import sparse

from shopkeeper.measures import ndcg, recall
from shopkeeper.recommend import habits, next_basket
from shopkeeper.recommend.histories import Ints
from shopkeeper.recommend.purchases import DAY, Floats, Purchases

K = 10
VALIDATION, TEST = "2017-11-01", "2017-12-01"
HALF_LIFE_DAYS = 120  # of the baseline


def load(data: Path) -> Purchases:
    """All purchases; kinds are the product's type and its category."""
    folder = data / "recsys" / "complete_journey"
    names = ["household_id", "basket_id", "product_id", "transaction_timestamp"]
    lines = parquet.read_table(folder / "transactions.parquet", columns=names)
    person, basket, product = (lines[name].to_numpy() for name in names[:3])
    at = lines[names[3]].to_numpy().astype("datetime64[s]").astype(np.int64)
    sold, item = np.unique(product, return_inverse=True)
    household = np.unique(person, return_inverse=True)[1]
    products = parquet.read_table(folder / "products.parquet")
    kinds = [
        np.unique(np.array([str(v) for v in products[name].to_pylist()]), return_inverse=True)[1]
        for name in ("product_type", "product_category")
    ]
    known = products["product_id"].to_numpy()
    by_id = np.argsort(known)
    found = by_id[np.searchsorted(known[by_id], sold)]
    return Purchases.of(
        household, basket, item, at, kinds=np.stack([kind[found] for kind in kinds])
    )


def measure(data: Path, *, quick: bool) -> dict[str, Any]:
    """Ours and the simple ways, on both days."""
    bought = load(data)
    figures: dict[str, Any] = {}
    for day, label in ((VALIDATION, ".validation"), (TEST, "")):
        if quick and label:
            continue
        moment = int(np.datetime64(day).astype("datetime64[s]").astype(np.int64))
        past, wanted = bought.before(moment), bought.first_from(moment)
        people = bought.person[wanted]
        model = next_basket.fit(past, moment, earlier=(14, 28) if quick else next_basket.EARLIER)
        print(f"\nbaskets from {day}: {len(people):,} households")
        ways = {
            ".popularity": _popular(past, people),
            ".frequency": _frequent(past, moment, people),
            "": model.recommend(past, moment, people),
        }
        for name, lists in ways.items():
            figures |= _note(f"{name}{label}", lists, bought, wanted)
        fresh = model.recommend(past, moment, people, new=True)
        figures[f"basket.new_recall@10{label}"] = round(_new_recall(fresh, bought, past, wanted), 4)
        print(f"  never bought before: recall@10 {figures[f'basket.new_recall@10{label}']}")
    return figures


def _note(name: str, lists: Sequence[Ints], bought: Purchases, wanted: Ints) -> dict[str, Any]:
    found = [bought.items_of(basket).tolist() for basket in wanted]
    r = np.mean([recall(row.tolist(), w, k=K) for row, w in zip(lists, found, strict=True)])
    n = np.mean(
        [
            ndcg(row.tolist(), dict.fromkeys(w, 1.0), k=K)
            for row, w in zip(lists, found, strict=True)
        ]
    )
    print(f"  {name or '.ours':22s} Recall@10 {r:.4f} NDCG@10 {n:.4f}", flush=True)
    return {
        f"basket.recall@10{name}": round(float(r), 4),
        f"basket.ndcg@10{name}": round(float(n), 4),
    }


def _new_recall(lists: Sequence[Ints], bought: Purchases, past: Purchases, wanted: Ints) -> float:
    """Over households whose basket has something new in it."""
    had = np.unique(past.person[past.basket] * past.count + past.item)
    shares = []
    for row, basket in zip(lists, wanted, strict=True):
        items = bought.items_of(basket)
        pair = bought.person[basket] * bought.count + items
        new = items[had[np.minimum(np.searchsorted(had, pair), len(had) - 1)] != pair]
        if len(new):
            shares.append(recall(row.tolist(), new.tolist(), k=K))
    return float(np.mean(shares)) if shares else 0.0


def _popular(past: Purchases, people: Ints) -> list[Ints]:
    best = np.argsort(-np.bincount(past.item, minlength=past.count), kind="stable")[:K]
    return [best] * len(people)


def _frequent(past: Purchases, moment: int, people: Ints) -> list[Ints]:
    """What a household bought most often, with decay; ties by what is popular, and popular things to fill up."""
    days = (moment - past.at[past.basket]) / DAY
    popular: Floats = np.bincount(past.item, minlength=past.count) / (1e3 * len(past.item))
    line = (habits.half(days, HALF_LIFE_DAYS), (past.person[past.basket], past.item))
    own = sparse.csr_array(line, shape=(past.people, past.count))
    lists = [own[[person]].toarray()[0] + popular for person in people]
    return [np.argsort(-row, kind="stable")[:K] for row in lists]
