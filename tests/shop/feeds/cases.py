"""Every format with a sample of it and one way to break a row: the table that the contract's tests run over."""

from dataclasses import dataclass
from pathlib import Path

from shopkeeper.shop import feeds
from shopkeeper.shop.records import to_json

SAMPLES = Path(__file__).parent / "samples"


@dataclass(frozen=True)
class Case:
    """sound, broken: a text of the file, and what is written in its place to break its row.

    records: of the sound file; left: of the broken one. line, field, reason: what the bad row must say.
    mend: (broken, sound) as the file of bad rows has them, where it differs from the feed.
    """

    file: str
    kind: str
    format: str
    records: int
    sound: str
    broken: str
    left: int
    line: int
    field: str
    reason: str
    mend: tuple[str, str] | None = None

    def __str__(self) -> str:
        return f"{self.file}-{self.kind}"

    def write(self, folder: Path, *, broken: bool = False) -> Path:
        """The sample, sound or broken, in a folder. Returns the file's (or folder's) path."""
        target = folder / self.file
        if self.file == OWN:
            target.write_bytes(_own(self.kind))
        elif (SAMPLES / self.file).is_dir():
            target.mkdir(exist_ok=True)
            for file in sorted((SAMPLES / self.file).iterdir()):
                (target / file.name).write_bytes(file.read_bytes())
        else:
            target.write_bytes((SAMPLES / self.file).read_bytes())
        for file in sorted(target.iterdir()) if target.is_dir() else [target]:
            if broken:
                file.write_bytes(
                    file.read_bytes().replace(self.sound.encode(), self.broken.encode(), 1)
                )
        return target


OWN = "own.jsonl"
_OWN_FROM = {
    "products": "shopify-new.csv", "customers": "tau.json", "orders": "tau.json", "events": "ubi.ndjson",
    "queries": "ubi.ndjson", "reviews": "dummyjson.json", "pages": "faq.csv",
}  # fmt: skip


def _own(kind: str) -> bytes:
    """Records of another sample in our own form."""
    records = feeds.read(SAMPLES / _OWN_FROM[kind], kind=kind)
    return b"".join(to_json(record) + b"\n" for record in records)


CASES = [
    Case("shopify-old.csv", "products", "shopify", 3, "84.50", "cheap", 3, 5, "Variant Price", '"cheap" is not a price'),
    Case("shopify-new.csv", "products", "shopify", 3, ",12.50,", ",12..50,", 2, 5, "Price", "is not a number"),
    Case("woocommerce.csv", "products", "woocommerce", 3, "6.50,", "6-7,", 2, 5, "Regular price", "is a range of prices"),
    Case("google.xml", "products", "google", 3, "45.90 EUR", "45,90 EUR", 2, 28, "price", "may be 45.90 or 4590"),
    Case("google.tsv", "products", "google", 2, "54.00 USD", "-54.00 USD", 1, 4, "price", "is negative"),
    Case("pages", "products", "schema.org", 2, '"59.00"', '"1e400"', 1, 3, "price", "is in short form"),
    Case("pages", "reviews", "schema.org", 2, '"2025-04-11"', '"11/04/25"', 1, 3, "datePublished", "which is the day"),
    Case("schema-org.json", "products", "schema.org", 2, "39.5", "-39.5", 1, 2, "price", "is negative"),
    Case("schema-org.json", "reviews", "schema.org", 1, '"ratingValue": 2', '"ratingValue": 20', 0, 4, "ratingValue", "not within 0 and 5"),
    Case("dummyjson.json", "products", "dummyjson", 6, '"price": 9.99', '"price": "9,99"', 5, 2, "price", "may be 9.99 or 999"),
    Case("dummyjson.json", "reviews", "dummyjson", 18, '"rating": 3,', '"rating": 30,', 17, 2, "rating", "is no rating"),
    Case("tau.json", "products", "tau", 5, '"price": 46.', '"price": -46.', 4, 3, "price", "is negative"),
    Case("tau.json", "customers", "tau", 3, "@example.com", "@example.com" + "x" * 900, 2, 225, "email", "is longer than"),
    Case("tau.json", "orders", "tau", 3, '"amount": ', '"amount": -', 2, 312, "amount", "is negative"),
    Case("ubi.ndjson", "events", "ubi", 28, "1717527762251", '"noon"', 27, 54, "timestamp", '"noon" is no date'),
    Case("ubi.ndjson", "queries", "ubi", 2, "2024-12-10T00:26:04", "2024-12-10T25:26:04", 1, 4, "timestamp", "is no date"),
    Case("ga4-export.jsonl", "events", "ga4", 6, '"1740823300000000"', '"late"', 5, 3, "event_timestamp", '"late" is no date'),
    Case("ga4-hits.jsonl", "events", "ga4", 3, "1740823300", '"2025-13-01"', 2, 2, "event_timestamp", "is no date"),
    Case("pages.md", "pages", "markdown", 3, "kind: guide", "kind: poem", 2, 20, "kind", "'poem' is no kind of page"),
    Case("products.csv", "products", "plain", 5, "59,00", "59,00,1", 4, 6, "Selling price", "is not a number"),
    Case("products-zh.csv", "products", "plain", 3, "¥560.00", "面议", 2, 3, "售价", "is not a price"),
    Case("products.jsonl", "products", "plain", 3, '"amount":12', '"amount":"1e400"', 2, 2, "price.amount", "is in short form", ("1e400", "12")),
    Case("orders.csv", "orders", "plain", 3, "53.10", "fifty", 2, 5, "Line total", "is not a price"),
    Case("customers.csv", "customers", "plain", 3, "2025-01-20 18:30:00", "Spring 2025", 2, 3, "Created at", "is no date"),
    Case("events.csv", "events", "plain", 4, "1738404060", "12:01", 3, 3, "timestamp", "is no date"),
    Case("queries.csv", "queries", "plain", 2, "2025-02-01T10:03:00Z", "01.02.2025", 1, 3, "timestamp", "which is the day"),
    Case("reviews.csv", "reviews", "plain", 3, "B-103,4,Good", "B-103,four,Good", 2, 4, "stars", "is not a number"),
    Case("faq.csv", "pages", "plain", 3, ",en,guide", ",en,novel", 2, 4, "type", "'novel' is no kind of page"),
    Case(OWN, "products", "jsonl", 3, '"12.50"', '"12,50"', 2, 2, "variants.0.price.amount", "valid decimal"),
    Case(OWN, "customers", "jsonl", 3, '"first_name":"', '"first_name":1,"x":"', 2, 1, "first_name", "valid string"),
    Case(OWN, "orders", "jsonl", 3, '"quantity":1', '"quantity":"x"', 2, 1, "lines.0.quantity", "valid integer"),
    Case(OWN, "events", "jsonl", 28, '"at":"20', '"at":"A', 27, 1, "at", "valid datetime"),
    Case(OWN, "queries", "jsonl", 2, '"hits":[]', '"hits":"none"', 1, 1, "hits", "valid array"),
    Case(OWN, "reviews", "jsonl", 18, '"rating":"3"', '"rating":"good"', 17, 1, "rating", "valid decimal"),
    Case(OWN, "pages", "jsonl", 3, '"kind":"guide"', '"kind":"novel"', 2, 3, "kind", "should be"),
]  # fmt: skip
