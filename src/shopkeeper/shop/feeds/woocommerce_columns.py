"""The columns of WooCommerce's product CSV, by what they hold."""

import re
from collections.abc import Sequence

MAX_ATTRIBUTES = 50
_UNIT = re.compile(r"weight \((kg|g|lbs?|oz)\)\Z")
_ATTRIBUTE = re.compile(r"attribute (\d{1,3}) (name|value\(s\)|visible|global|default)\Z")

# Columns that become fields of ours; all others go to metadata.
LIFTED = frozenset({
    "id", "type", "sku", "name", "published", "short description", "description", "in stock?", "stock",
    "backorders allowed?", "sale price", "regular price", "categories", "tags", "images", "parent", "brands",
    "gtin, upc, ean, or isbn",
})  # fmt: skip


def is_woocommerce(columns: Sequence[str]) -> bool:
    """True for the header of a WooCommerce export."""
    names = {c.strip().lower() for c in columns}
    return (
        {"type", "name"} <= names
        and bool(names & {"regular price", "sale price"})
        and bool(names & {"sku", "id"})
    )


def weight_unit(column: str) -> str | None:
    """The unit of a weight column: kg of "Weight (kg)"."""
    found = _UNIT.match(column.strip().lower())
    return found[1] if found else None


def attribute(column: str) -> tuple[int, str] | None:
    """Number and part of an attribute column: (1, "name") of "Attribute 1 name"."""
    found = _ATTRIBUTE.match(column.strip().lower())
    return (int(found[1]), found[2]) if found and int(found[1]) <= MAX_ATTRIBUTES else None


def split_list(text: str) -> tuple[str, ...]:
    """The values of a list cell: parted by commas, where a backslash keeps a comma."""
    parts = re.findall(r"(?:[^,\\]|\\.)+", text)
    return tuple(p for part in parts if (p := re.sub(r"\\(.)", r"\1", part).strip()))
