"""The table of formats: which kinds of records each holds and who reads and writes them. To add one, add a line here.

A reader is a function of a source and options that yields records and bad rows. `companions` are kinds that a file of
a format carries besides: importing its products takes its reviews too.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from shopkeeper.errors import FeedError
from shopkeeper.shop.feeds.rows import Options
from shopkeeper.shop.feeds.source import Source

Reader = Callable[[Source, Options], Iterator[Any]]

KINDS = ("products", "customers", "orders", "events", "queries", "reviews", "pages")


@dataclass(frozen=True, slots=True)
class Format:
    """readers: kind -> `module:function` beside this file, loaded when first needed. mapped: read by a column mapping.

    companions: kind -> kinds that come in the same file and are imported with it.
    """

    name: str
    title: str
    readers: Mapping[str, str]
    mapped: bool = False
    companions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


FORMATS: dict[str, Format] = {
    f.name: f
    for f in (
        Format("jsonl", "JSON lines of our own", {kind: f"own:{kind}" for kind in KINDS}),
        Format("shopify", "Shopify product CSV", {"products": "shopify:read_products"}),
        Format("woocommerce", "WooCommerce product CSV", {"products": "woocommerce:read_products"}),
        Format("google", "Google Merchant feed (XML or TSV)", {"products": "google:read_products"}),
        Format(
            "schema.org", "pages with schema.org data",
            {"products": "schema_org:read_products", "reviews": "schema_org:read_reviews"},
            companions={"products": ("reviews",)},
        ),
        Format(
            "dummyjson", "DummyJSON products",
            {"products": "dummyjson:read_products", "reviews": "dummyjson:read_reviews"},
            companions={"products": ("reviews",)},
        ),
        Format(
            "tau", "tau-bench retail shop",
            {
                "products": "tau:read_products", "customers": "tau:read_customers", "orders": "tau:read_orders",
            },
        ),
        Format(
            "ubi", "User Behaviour Insights 1.3",
            {"events": "ubi:read_events", "queries": "ubi:read_queries"},
            companions={"events": ("queries",)},
        ),
        Format("ga4", "Google Analytics 4 events", {"events": "ga4:read_events"}),
        Format("markdown", "Markdown pages", {"pages": "markdown:read_pages"}),
        Format(
            "plain", "a table",
            {
                "products": "plain:read_products", "orders": "plain_orders:read_orders",
                "customers": "plain_others:read_customers", "events": "plain_others:read_events",
                "queries": "plain_others:read_queries", "reviews": "plain_others:read_reviews",
                "pages": "plain_others:read_pages",
            },
            mapped=True,
        ),
    )
}  # fmt: skip


def format_named(name: str, kind: str) -> Format:
    """The format of this name. Raises FeedError if there is none, or it holds no records of the kind."""
    found = FORMATS.get(name)
    if found is None:
        raise FeedError(f"no format is called {name!r}", hint=f"formats: {', '.join(FORMATS)}")
    if kind not in KINDS:
        raise FeedError(f"no records are called {kind!r}", hint=f"kinds: {', '.join(KINDS)}")
    if kind not in found.readers:
        raise FeedError(
            f"{found.title} holds no {kind}", hint=f"it holds {' and '.join(found.readers)}"
        )
    return found


def reader_of(found: Format, kind: str) -> Reader:
    """The function that reads records of a kind."""
    module_name, _, function = found.readers[kind].partition(":")
    module = import_module(f"shopkeeper.shop.feeds.{module_name}")
    if module_name == "own":
        reader: Reader = module.reader(kind)
    else:
        reader = getattr(module, function)
    return reader
