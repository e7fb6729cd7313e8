"""What the console calls things: the values of the records' closed sets, fields of feeds, states, as English words.

The words of other languages are in `pages`, with these as keys.
"""

from shopkeeper.jobs import fetching, meaning, measuring
from shopkeeper.pages import Visit
from shopkeeper.pages.labels import AVAILABILITY

LABELS: dict[str, str] = {
    # kinds of records
    "products": "Products", "customers": "Customers", "orders": "Orders", "events": "Events", "queries": "Searches",
    "reviews": "Reviews", "pages": "Pages",
    # states of products, variants, imports and jobs
    "active": "Active", "draft": "Draft", "archived": "Archived",
    "waiting": "Waiting", "running": "Running", "done": "Done", "failed": "Failed", "stopped": "Stopped",
    "interrupted": "Interrupted", "secret": "Secret", "publishable": "Publishable",
    # formats of feeds
    "jsonl": "Shopkeeper JSON lines", "shopify": "Shopify product CSV", "woocommerce": "WooCommerce product CSV",
    "google": "Google Merchant feed", "schema.org": "Saved pages with schema.org data", "dummyjson": "DummyJSON",
    "tau": "tau-bench retail shop", "ubi": "User Behaviour Insights 1.3", "ga4": "Google Analytics 4",
    "markdown": "Markdown pages", "plain": "Table with a mapping",
    # what a job counts
    "records": "records", "rows": "rows", "bytes": "bytes", "steps": "steps",
    # fields of records, and of an index
    "id": "ID", "title": "Title", "description": "Description", "brand": "Brand", "category": "Category", "price": "Price",
    "list_price": "Price before reduction", "currency": "Currency", "quantity": "Stock",
    "availability": "Availability", "gtin": "GTIN", "mpn": "Model number", "sku": "SKU", "images": "Pictures",
    "url": "Address of its page", "tags": "Tags", "rating": "Rating", "handle": "Handle", "group": "Product that a variant belongs to",
    "weight": "Weight", "status": "Status", "language": "Language", "rating_count": "Number of ratings",
    "attributes": "Attributes", "translations": "Translations", "variants": "Variants", "email": "E-mail", "first_name": "First name", "last_name": "Last name",
    "name": "Name", "phone": "Phone", "line1": "Address", "line2": "Address, second line", "city": "City",
    "region": "Region", "postcode": "Postcode", "country": "Country", "created_at": "Created",
    "customer_id": "Customer", "placed_at": "Ordered at", "product_id": "Product", "variant_id": "Variant",
    "total": "Total", "unit_price": "Price of one", "discount": "Discount", "action": "Action", "at": "Time",
    "session_id": "Session", "client_id": "Visitor", "query_id": "Search ID", "user_query": "Search words",
    "object_id": "Product seen", "position": "Position", "hits": "Products shown", "text": "Text",
    "scale_max": "Best rating possible", "author": "Author", "author_email": "E-mail of the author",
    "posted_at": "Written at", "verified": "Verified purchase", "kind": "Kind", "slug": "Slug", "body": "Text",
    "updated_at": "Changed at",
    # kinds of training, and what is measured
    "pretrain": "Pretraining", "finetune": "Fine-tuning", "prompt-tune": "Prompt tuning", "distill": "Distillation",
    "loss": "Loss", "perplexity": "Perplexity", "bits_per_byte": "Bits per byte", "masked": "Hidden tokens",
    "next": "Next sentence",
    # states of rules, and of versions of search
    "building": "Being built", "ready": "Ready", "in_use": "In use", "retired": "Used before",
    "resting": "Resting", "later": "Later", "over": "Over",
    # language models: what runs them, what they can do, how a call ended, what is measured
    "llama.cpp": "in this program", "openai": "another server", "transformers": "Transformers, in this program",
    "generate": "writes", "chat": "answers", "score": "weighs given answers", "embed": "vectors",
    "json_schema": "JSON by a schema", "grammar": "keeps to a grammar", "tools": "asks for tools",
    "adapters": "adapters", "beams": "beam search", "logit_bias": "prefers given tokens",
    "unavailable": "not reachable", "timeout": "out of time", "overloaded": "turned away", "unsupported": "cannot do it",
    "context": "text too long", "budget": "budget spent",
    "attributes_task": "Attributes out of words", "query_task": "What a query asks for",
    "reading_task": "Reading a prompt", "writing_task": "Writing",
}  # fmt: skip
LABELS |= {availability.value: text for availability, text in AVAILABILITY.items()}


def label(visit: Visit, value: str) -> str:
    """The value in words of the visitor's language; as it is where no word is known."""
    prefix, colon, name = value.partition(":")
    if colon and prefix in ("option", "attribute"):
        return visit.t("Option {name}" if prefix == "option" else "Attribute {name}", name=name)
    return visit.t(LABELS.get(value, value))


def job_title(visit: Visit, title: str) -> str:
    """What a job is called. Its title is written once, in English, when the job is made."""
    start = "Import of "
    if title.startswith(start):
        return visit.t("Import of {name}", name=title.removeprefix(start))
    if title.startswith(meaning.TITLE):
        embedder = title.removeprefix(meaning.TITLE)
        return visit.t("Search by meaning with {embedder}", embedder=embedder)
    if title.startswith(fetching.TITLE):
        return visit.t("Language model {name}", name=title.removeprefix(fetching.TITLE))
    if title.startswith(fetching.EMBEDDER):
        return visit.t("Embedder {name}", name=title.removeprefix(fetching.EMBEDDER))
    if title.startswith(measuring.TITLE):
        return visit.t("Measuring {names}", names=title.removeprefix(measuring.TITLE))
    return visit.t(title)
