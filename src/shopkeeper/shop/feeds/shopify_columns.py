"""The columns of Shopify's product CSV, in both header dialects. The new names are the ones used inside.

Which columns tell about the product and which about one variant decides where a value goes that no field of ours
holds: to the product's metadata or the variant's, under the column's new name.
"""

import re

# The new dialect, in the order of Shopify's template.
COLUMNS = (
    "Title", "URL handle", "Description", "Vendor", "Product category", "Type", "Tags", "Published on online store",
    "Status", "SKU", "Barcode", "Option1 name", "Option1 value", "Option1 Linked To", "Option2 name", "Option2 value",
    "Option2 Linked To", "Option3 name", "Option3 value", "Option3 Linked To", "Price", "Compare-at price",
    "Cost per item", "Charge tax", "Tax code", "Unit price total measure", "Unit price total measure unit",
    "Unit price base measure", "Unit price base measure unit", "Inventory tracker", "Inventory quantity",
    "Continue selling when out of stock", "Weight value (grams)", "Weight unit for display", "Requires shipping",
    "Fulfillment service", "Product image URL", "Image position", "Image alt text", "Variant image URL", "Gift card",
    "SEO title", "SEO description", "Google Shopping / Google product category", "Google Shopping / Gender",
    "Google Shopping / Age group", "Google Shopping / Manufacturer part number (MPN)",
    "Google Shopping / Ad group name", "Google Shopping / Ads labels", "Google Shopping / Condition",
    "Google Shopping / Custom product", "Google Shopping / Custom label 0", "Google Shopping / Custom label 1",
    "Google Shopping / Custom label 2", "Google Shopping / Custom label 3", "Google Shopping / Custom label 4",
)  # fmt: skip

_OLD = {
    "Handle": "URL handle", "Body (HTML)": "Description", "Product Category": "Product category",
    "Published": "Published on online store", "Variant SKU": "SKU", "Variant Barcode": "Barcode",
    "Variant Price": "Price", "Variant Compare At Price": "Compare-at price", "Cost per item": "Cost per item",
    "Cost": "Cost per item", "Variant Taxable": "Charge tax", "Variant Tax Code": "Tax code",
    "Variant Inventory Tracker": "Inventory tracker", "Variant Inventory Qty": "Inventory quantity",
    "Variant Inventory Policy": "Continue selling when out of stock", "Variant Grams": "Weight value (grams)",
    "Variant Weight Unit": "Weight unit for display", "Variant Requires Shipping": "Requires shipping",
    "Variant Fulfillment Service": "Fulfillment service", "Image Src": "Product image URL",
    "Image Alt Text": "Image alt text", "Variant Image": "Variant image URL",
    "Google Shopping / MPN": "Google Shopping / Manufacturer part number (MPN)",
    "Google Shopping / AdWords Grouping": "Google Shopping / Ad group name",
    "Google Shopping / AdWords Labels": "Google Shopping / Ads labels",
}  # fmt: skip

# Values of one variant; everything else not listed is the product's.
VARIANT_COLUMNS = frozenset({
    "SKU", "Barcode", "Price", "Compare-at price", "Cost per item", "Charge tax", "Tax code",
    "Unit price total measure", "Unit price total measure unit", "Unit price base measure",
    "Unit price base measure unit", "Inventory tracker", "Inventory quantity", "Continue selling when out of stock",
    "Weight value (grams)", "Weight unit for display", "Requires shipping", "Fulfillment service",
    "Variant image URL", "Google Shopping / Manufacturer part number (MPN)",
})  # fmt: skip

NAMES = tuple(f"Option{i} name" for i in range(1, 10))
VALUES = tuple(f"Option{i} value" for i in range(1, 10))

# Columns that become fields of ours; all others go to metadata.
LIFTED = frozenset({
    "URL handle", "Title", "Description", "Vendor", "Product category", "Tags", "Product image URL", "Image position",
    "Image alt text", "SKU", "Barcode", "Price", "Compare-at price", "Inventory quantity", "Weight value (grams)",
    "Variant image URL", "Google Shopping / Manufacturer part number (MPN)", "Status", *NAMES, *VALUES,
})  # fmt: skip
PRODUCT_METADATA = frozenset(COLUMNS) - LIFTED - VARIANT_COLUMNS
VARIANT_METADATA = VARIANT_COLUMNS - LIFTED

# Labels of our own metafields for what Shopify's columns cannot hold.
ID, URL, LANGUAGE = "Shopkeeper id", "Shopkeeper url", "Shopkeeper language"
TITLE, IMAGE_ALT, AVAILABILITY = (
    "Shopkeeper title",
    "Shopkeeper image alt",
    "Shopkeeper availability",
)

_CANONICAL = {name.casefold(): name for name in COLUMNS} | {
    old.casefold(): new for old, new in _OLD.items()
}
_OPTION = re.compile(r"option(\d) (name|value|linked to)\Z", re.IGNORECASE)
_METAFIELD = re.compile(
    r"(?P<label>.*\S)\s*\((?P<owner>product|variant)\.metafields\.(?P<path>[^()]+)\)\Z", re.DOTALL
)
OURS = "shopkeeper"  # namespace of metafields that carry metadata of ours


def canonical(header: str) -> str:
    """The new name of a column of either dialect; a column that is in neither keeps its own."""
    found = _OPTION.match(header.strip())
    if found:
        kind = found[2].lower()
        return f"Option{found[1]} {'Linked To' if kind == 'linked to' else kind}"
    return _CANONICAL.get(header.strip().casefold(), header)


def is_shopify(columns: "list[str] | tuple[str, ...]") -> bool:
    """True for a header of either dialect."""
    names = {canonical(c) for c in columns}
    return {"URL handle", "Title"} <= names and bool(
        names & {"Option1 name", "Option1 value", "Published on online store", "Product image URL"}
        or {"Vendor", "Price"} <= names
    )


def metafield(header: str) -> tuple[str, str, str] | None:
    """(label, product or variant, namespace.key) of a metafield column, None of any other."""
    found = _METAFIELD.match(header)
    return (found["label"], found["owner"], found["path"]) if found else None


def metafield_header(label: str, owner: str, namespace: str) -> str:
    """The header of a metafield column of ours."""
    key = re.sub(r"\W+", "-", label.lower(), flags=re.ASCII).strip("-") or "x"
    return f"{label} ({owner}.metafields.{namespace}.{key})"


def split_list(text: str) -> tuple[str, ...]:
    """The values of a list cell: parted by `;`, where a backslash keeps the next sign as it is."""
    found = [
        re.sub(r"\\(.)", r"\1", part.strip(), flags=re.DOTALL) for part in _PARTS.findall(text)
    ]
    return tuple(part for part in found if part)


_PARTS = re.compile(r"(?:[^;\\]|\\.)+", re.DOTALL)


def join_list(values: "tuple[str, ...]") -> str:
    """A list cell that `split_list` reads back."""
    return "; ".join(re.sub(r"([\\;])", r"\\\1", value) for value in values)
