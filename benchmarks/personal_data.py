"""How much personal data is found in texts of a shop, and how often a product is taken for a person.

On a labelled sample, on customers' details written out from a mock shop, and on product texts and order numbers, in which
there is next to nothing to find. Patterns were chosen on the first half of each; figures are taken on the second.
"""

import csv
import gzip
import json
import re
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from shopkeeper.text.personal import Span, find

SAMPLE = Path(__file__).parent / "personal_sample.txt"
T = TypeVar("T")
KINDS = ("EMAIL", "PHONE", "CARD", "IBAN", "ID", "IP", "ADDRESS", "NAME")
_MARK = re.compile(r"\{([A-Z]+):([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text and the personal data in it."""

    text: str
    spans: tuple[Span, ...]


def sample(part: str) -> list[Labelled]:
    """The texts of the part `tune` or `held back`."""
    whole = SAMPLE.read_text(encoding="utf-8")
    section = whole.split(f"# -- {part}\n")[1].split("\n# -- ")[0]
    return [labelled(line.replace("\\n", "\n")) for line in section.splitlines() if line.strip()]


def labelled(marked: str) -> Labelled:
    """A text in which data is marked as {KIND:data}."""
    text, spans, end = "", [], 0
    for mark in _MARK.finditer(marked):
        text += marked[end : mark.start()]
        spans.append(Span(len(text), len(text) + len(mark[2]), mark[1]))  # type: ignore[arg-type]  # checked below
        text += mark[2]
        end = mark.end()
    assert all(span.kind in KINDS for span in spans), marked
    return Labelled(text + marked[end:], tuple(spans))


@dataclass(frozen=True, slots=True)
class Found:
    """Counts of a kind. Covered: marked data of which no character is left; right: found where something is marked."""

    marked: int
    covered: int
    found: int
    right: int

    @property
    def recall(self) -> float:
        return self.covered / self.marked if self.marked else 1.0

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 1.0


def measure(texts: Sequence[Labelled]) -> dict[str, Found]:
    """Counts by kind, under `all` those of every kind."""
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in (*KINDS, "all")}
    for item in texts:
        spans = find(item.text)
        hidden = {i for s in spans for i in range(s.start, s.end)}
        for span in item.spans:
            covered = hidden.issuperset(range(span.start, span.end))
            for kind in (span.kind, "all"):
                counts[kind] += Counter(marked=1, covered=int(covered))
        for span in spans:
            right = any(
                s.kind == span.kind and s.start < span.end and span.start < s.end
                for s in item.spans
            )
            for kind in (span.kind, "all"):
                counts[kind] += Counter(found=1, right=int(right))
    names = ("marked", "covered", "found", "right")
    return {kind: Found(*(count[name] for name in names)) for kind, count in counts.items()}


def mistakes(texts: Sequence[Labelled]) -> Iterable[str]:
    """What is missed and what is found in vain, one a line."""
    for item in texts:
        spans = find(item.text)
        for span in item.spans:
            if not any(s.start <= span.start and span.end <= s.end for s in spans):
                yield f"missed {span.kind} {item.text[span.start : span.end]!r}"
        for found in spans:
            if not any(s.start < found.end and found.start < s.end for s in item.spans):
                yield f"in vain {found.kind} {item.text[found.start : found.end]!r}"


def run(*, quick: bool, data: Path) -> dict[str, Any]:
    """Figures of one run."""
    tune = sample("tune")
    print("\n".join(f"tune: {line}" for line in mistakes(tune)) or "tune: no mistakes")
    figures: dict[str, Any] = {"texts": len(sample("held back"))}
    print(f"{'held back':>10} marked recall  found precision")
    for kind, count in measure(sample("held back")).items():
        print(f"{kind:>10} {count.marked:6d} {count.recall:6.3f} {count.found:6d} {count.precision:9.3f}")  # fmt: skip
        figures[f"{kind.lower()}.recall"] = round(count.recall, 3)
        figures[f"{kind.lower()}.precision"] = round(count.precision, 3)
    figures["customers.recall"] = round(measure(second_half(customers(data)))["all"].recall, 3)
    products = second_half(product_texts(data))[: 300 if quick else None]
    begun = time.process_time()
    false = Counter(span.kind for text in products for span in find(text))
    spent = time.process_time() - begun
    figures |= {"products": len(products), "products.found_per_1000": round(1000 * false.total() / len(products), 2)}  # fmt: skip
    print("in product texts:", dict(false))
    questions = second_half(order_questions(data))[: 300 if quick else None]
    vain = sum(bool(find(text)) for text in questions)
    figures |= {"orders": len(questions), "orders.found_per_1000": round(1000 * vain / len(questions), 2)}  # fmt: skip
    figures["us_per_character"] = round(1e6 * spent / sum(map(len, products)), 2)
    return figures


def second_half(items: Sequence[T]) -> Sequence[T]:
    return items[len(items) // 2 :]


def customers(data: Path) -> list[Labelled]:
    """What each customer of the mock shop would write of themselves."""
    with gzip.open(data / "support" / "tau-retail" / "db.json.gz", "rt", encoding="utf-8") as file:
        users = json.load(file)["users"].values()
    written = []
    for user in users:
        name, home = user["name"], user["address"]
        address = (
            f"{home['address1']}, {home['address2']}, {home['city']}, {home['state']} {home['zip']}"
        )
        written.append(
            f"Hello, my name is {{NAME:{name['first_name']} {name['last_name']}}} and my email is {{EMAIL:{user['email']}}}. "
            f"Please send it to {{ADDRESS:{address}}}."
        )
    return [labelled(text) for text in written]


def product_texts(data: Path) -> list[str]:
    """Names, details and descriptions of products, as shops write them."""
    with gzip.open(
        data / "content" / "amazon-catalog-1k" / "amazon_2020_sample_1000.csv.gz", "rt", encoding="utf-8"
    ) as file:  # fmt: skip
        return [
            "\n".join(row[k] for k in ("Product Name", "Upc Ean Code", "Model Number", "About Product", "Product Specification", "Technical Details"))
            for row in csv.DictReader(file)
        ]  # fmt: skip


def order_questions(data: Path) -> list[str]:
    """What customers ask about numbered orders and purchases."""
    with gzip.open(data / "support" / "bitext-intents" / "train.csv.gz", "rt", encoding="utf-8") as file:  # fmt: skip
        rows = csv.DictReader(file)
        return [row["utterance"] for row in rows if row["entity_type"] == "order_id"]
