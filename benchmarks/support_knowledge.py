"""Whether questions about the demo shop are answered from what it has on record, and left to a person where it has not.

1,601 questions in English and Chinese, 548 of them without an answer and 313 of the kind "may I, if". 1,437 of them decided
word lists and thresholds at one time or another. The 164 of `support_questions_fresh.toml` were written last, in the ways
people type, after everything that decides, and are only counted. All by the same hand, with the pages in view. Keys, over all
of them, and `.fresh` over the last:

    grounding.wrong       share of all questions whose answer is not the right one, or that have an answer and should not
    grounding.abstained   share of the unanswerable that are left to a person
    grounding.entailed    share of answers whose every quote stands word for word in its source, with no number beside them
    grounding.answered    share of the answerable that have the right answer
    ….meaning             the same with the embedder (e5-small), without which words alone decide

`python -m benchmarks.support_knowledge dev` (or `test`, `unseen`, `known`) prints what did not go right of that part.
"""

import re
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from shopkeeper.face import Shop
from shopkeeper.models.embed import Embedder, RememberedQueries, load_embedder
from shopkeeper.models.prompting.checks import unsupported_numbers
from shopkeeper.settings import Settings, load_settings
from shopkeeper.shop import pages, products, reviews
from shopkeeper.shop.bulk import Connection
from shopkeeper.shop.demo.catalogue import catalogue
from shopkeeper.shop.demo.texts import pages as demo_pages
from shopkeeper.shop.records import Product, Review, ReviewId
from shopkeeper.support import Answer, AnswerKind, Answers, Citation, SourceKind, use_demo
from shopkeeper.text.language import guess_language
from shopkeeper.text.normalise import normalise

QUESTIONS = {
    "dev": "support_questions.toml",
    "test": "support_questions_test.toml",
    "unseen": "support_questions_unseen.toml",
    "known": "support_questions_known.toml",
    "fresh": "support_questions_fresh.toml",
}
SEED, NOW = 7, datetime(2026, 5, 1, tzinfo=UTC)
REVIEWS = (
    (5, "en", "I use it every day and would choose it again. It does what it should."),
    (2, "en", "It looks nice, but mine feels flimsier than I had hoped."),
    (4, "en", "Good, solid, and a little larger than in the pictures."),
    (5, "zh", "用了两个月，做工扎实，非常满意。"),
    (1, "zh", "颜色和图片差得有点多，有些失望。"),
)
EMBEDDER = "e5-small"
HOSTS = ("lindenandpine.example",)
SUFFIX = {"fresh": ".fresh", "all": ""}
COUNTED = ("fresh",)  # parts that decide nothing


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with what is known of its answer. half: which file it is of."""

    question: str
    sort: str
    half: str
    language: str
    product: Product | None
    want: dict[str, Any]


@contextmanager
def demo_shop(folder: Path | None = None) -> Iterator[Shop]:
    """The demo shop's products, pages and rules with a few reviews, in a folder of its own."""
    with tempfile.TemporaryDirectory() as temporary:
        where = folder or Path(temporary)
        settings = load_settings(data_folder=where, embedder="", assistant="")
        with Shop.open(settings=settings) as shop:
            with shop.database.connection() as conn:
                if not pages.count(conn):
                    fill(conn)
            yield shop


def fill(conn: Connection) -> None:
    """Write the demo shop's products, pages and rules. Every third product has no review."""
    stock = [stocked.product for stocked in catalogue(SEED, NOW)]
    products.upsert(conn, stock)
    pages.upsert(conn, demo_pages(NOW))
    reviews.upsert(conn, [r for n, p in enumerate(stock) if n % 3 for r in _reviews(p)])
    use_demo(conn)


def _reviews(product: Product) -> Iterator[Review]:
    """What buyers say of a product here."""
    for place, (stars, language, text) in enumerate(REVIEWS):
        yield Review(
            ReviewId(f"{product.id}-{place}"), product.id, text, Decimal(stars),
            author="A. B.", language=language, posted_at=NOW - timedelta(days=place),
        )  # fmt: skip


def questions(shop: Shop) -> list[Asked]:
    """The questions, with the names of this shop's products."""
    by_kind: dict[str, list[Product]] = {}
    with shop.database.connection() as conn:
        for product in products.iterate(conn):
            by_kind.setdefault(str(product.metadata["kind"]), []).append(product)
    found = []
    for half, name in QUESTIONS.items():
        data = tomllib.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))
        for sort, asked in data.items():
            found += [_asked(sort, half, want, by_kind) for want in asked]
    return found


def _asked(
    sort: str, half: str, want: dict[str, Any], by_kind: Mapping[str, list[Product]]
) -> Asked:
    product = None
    text = str(want["q"])
    language = guess_language(text.replace("{0}", ""))
    if "kind" in want:
        there = [p for p in by_kind[want["kind"]] if _has(p, want.get("field", "brand"))]
        product = there[want.get("nth", 0)]
        name = product.translations["zh"].title if language == "zh" else product.title
        text = text.replace("{0}", name)
    return Asked(text, sort, half, language, product, want)


def _has(product: Product, field: str) -> bool:
    options = {o.name for v in product.variants for o in v.options}
    return field in ("price", "stock", "brand", "reviews") or field in options | set(
        product.attributes
    )


def right(asked: Asked, answer: Answer, shop: Shop) -> bool:
    """True if an answer that is not "a person is needed" is the right one."""
    said = normalise(answer.text)
    if asked.sort == "pages":
        cited = [q.source for q in answer.quotes if q.source.kind is not SourceKind.RULE]
        where = {source.url.rpartition("/")[2] for source in cited}
        return where <= set(asked.want["in"]) and any(normalise(s) in said for s in asked.want["says"])  # fmt: skip
    if asked.sort == "rules":
        return answer.kind is AnswerKind.RULE and answer.possible is asked.want["yes"]
    if asked.sort == "products":
        assert asked.product is not None
        ours = {q.source.id for q in answer.quotes if q.source.kind is SourceKind.PRODUCT}
        return asked.product.id in ours and all(
            normalise(v) in said for v in _values(asked.product, asked, shop)
        )
    return False


def _values(product: Product, asked: Asked, shop: Shop) -> list[str]:
    """What the record says, which has to be in the answer."""
    field = str(asked.want["field"])
    if field == "price":
        amounts = sorted({v.price.amount for v in product.variants})
        return [f"{amounts[0]}", f"{amounts[-1]}"]
    if field == "brand":
        return [product.brand]
    if field == "stock":
        there = any(v.availability.buyable and v.quantity != 0 for v in product.variants)
        words = {
            "en": ("not in stock", ("in stock", "in advance")),
            "zh": ("缺货", ("有货", "预订")),
        }
        none, some = words[asked.language]
        return [next(iter(some))] if there else [none]
    if field == "reviews":
        with shop.database.connection() as conn:
            count = sum(reviews.spread(conn, product.id).values())
        return [str(count)] if count else []
    values = list(product.attributes.get(field, ()))
    values += [o.value for v in product.variants for o in v.options if o.name == field]
    terms = product.translations["zh"].terms if asked.language == "zh" else {}
    return [terms.get(v, v) for v in values]


def entailed(answer: Answer, shop: Shop) -> bool:
    """True if every quote stands in its source word for word, and the text has no number beside theirs and the title's."""
    if not answer.known:
        return True
    if not answer.quotes:
        return False
    texts = [q.text for q in answer.quotes] + [q.source.title for q in answer.quotes]
    if answer.kind is AnswerKind.OPINION:
        texts.append("5")  # of so many stars
    with shop.database.connection() as conn:
        return all(_stands(q, shop, conn) for q in answer.quotes) and not unsupported_numbers(
            answer.text, texts
        )


def _stands(quote: Citation, shop: Shop, conn: Connection) -> bool:
    source = quote.source
    if source.kind is SourceKind.PAGE:
        body = pages.get(conn, source.id).body
        cells = re.split(r"[:;] ", quote.text) if "|" in body else [quote.text]
        whole = [quote.text] if _bare(quote.text) in _bare(body) else cells
        return all(_in_order(cell, body) for cell in whole)
    if source.kind is SourceKind.RULE:
        policy = shop.support.policy()
        texts = {r.id: r.text for r in policy.rules} | {t.id: t.text for t in policy.terms}
        return quote.text in texts[source.id].values()
    if source.kind is SourceKind.REVIEW:
        return quote.text in " ".join(reviews.get(conn, source.id).text.split())
    return bool(products.get_many(conn, [source.id]))


def _in_order(cell: str, body: str) -> bool:
    """True if a piece of a quote stands in a page; of a table's row, the name of a column and then a cell."""
    if _bare(cell) in _bare(body):
        return True
    words, there = cell.split(" "), _bare(body)
    halves = ((words[:i], words[i:]) for i in range(1, len(words)))
    return any(_bare("".join(a)) in there and _bare("".join(b)) in there for a, b in halves)


def _bare(text: str) -> str:
    """Letters and digits alone: marks of Markdown are no words."""
    return "".join(c for c in text if c.isalnum())


def measure(shop: Shop, answers: Answers, *, show: str = "") -> dict[str, float]:
    """The figures. show: print what did not go right of this half."""
    counts: Counter[tuple[str, str]] = Counter()
    for asked in questions(shop):
        answer = answers.answer(asked.question)
        verdict = _verdict(asked, answer, shop)
        backed = entailed(answer, shop)
        for half in (asked.half, "all"):
            counts[half, "asked"] += 1
            counts[half, verdict] += 1
            counts[half, asked.sort] += 1
            counts[half, f"{asked.sort} {verdict}"] += 1
            counts[half, "known"] += answer.known
            counts[half, "backed"] += backed and answer.known
        if show in (asked.half, "all") and (
            verdict in ("wrong", "silent") or (answer.known and not backed)
        ):
            print(f"{verdict:7} {'' if backed else 'NOT BACKED '}[{asked.sort}] {asked.question}\n          {answer.kind} {answer.confidence} {answer.text if answer.known else ''}")  # fmt: skip
    figures: dict[str, float] = {}
    for half, suffix in SUFFIX.items():
        total, missing = counts[half, "asked"], counts[half, "unanswerable"]
        figures |= {
            f"grounding.wrong{suffix}": round(counts[half, "wrong"] / total, 4),
            f"grounding.abstained{suffix}": round(counts[half, "unanswerable abstained"] / missing, 4),
            f"grounding.entailed{suffix}": round(counts[half, "backed"] / max(counts[half, "known"], 1), 4),
            f"grounding.answered{suffix}": round(counts[half, "right"] / (total - missing), 4),
        }  # fmt: skip
    for sort in ("pages", "rules", "products"):
        figures[f"grounding.answered.{sort}"] = round(counts["all", f"{sort} right"] / counts["all", sort], 4)  # fmt: skip
    return figures


def _verdict(asked: Asked, answer: Answer, shop: Shop) -> str:
    if asked.sort == "unanswerable":
        return "wrong" if answer.known else "abstained"
    if not answer.known:
        return "silent"
    return "right" if right(asked, answer, shop) else "wrong"


def by_words(shop: Shop) -> Answers:
    """Answers of this shop without an embedder."""
    return Answers(shop.support, shop.found_products, hosts=HOSTS)


def embedder() -> Embedder:
    """The one of both languages, which encodes each question once. Raises ModelError if it is not here."""
    return RememberedQueries(load_embedder(EMBEDDER, Settings().cache_folder), size=10_000)


def by_meaning(shop: Shop) -> Answers:
    """Answers of this shop with the embedder."""
    return Answers(shop.support, shop.found_products, embedder=embedder(), hosts=HOSTS)


def run(*, meaning: bool) -> dict[str, Any]:
    """The figures, by words alone or with the embedder too."""
    with demo_shop() as shop:
        found = measure(shop, by_meaning(shop) if meaning else by_words(shop))
    return {f"{key}.meaning" if meaning else key: value for key, value in found.items()}


def main(arguments: Sequence[str]) -> int:
    """Print what did not go right."""
    with demo_shop() as shop:
        print(measure(shop, by_words(shop), show=arguments[0] if arguments else "dev"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
