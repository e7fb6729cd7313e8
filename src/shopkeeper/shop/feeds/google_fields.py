"""Names of the Google Merchant feed, and the fields of an item however they came: XML elements or columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

# Attributes with an element of their own, under the names we show.
NATIVE = {
    "color": "Color", "size": "Size", "material": "Material", "pattern": "Pattern", "gender": "Gender",
    "age_group": "Age group",
}  # fmt: skip
NATIVE_BY_NAME = {name: key for key, name in NATIVE.items()}

# Elements that become fields of ours.
LIFTED = frozenset({
    "id", "item_group_id", "title", "description", "link", "image_link", "additional_image_link", "availability",
    "price", "sale_price", "brand", "gtin", "mpn", "product_type", "product_detail", "shipping_weight", *NATIVE,
})  # fmt: skip

# Elements that are kept as metadata and written back as they are.
KEPT = frozenset({
    "google_product_category", "condition", "adult", "multipack", "is_bundle", "energy_efficiency_class",
    "size_type", "size_system", "ads_redirect", "custom_label_0", "custom_label_1", "custom_label_2",
    "custom_label_3", "custom_label_4", "promotion_id", "shipping_label", "tax_category", "identifier_exists",
    "mobile_link", "availability_date", "expiration_date", "sale_price_effective_date", "unit_pricing_measure",
    "unit_pricing_base_measure", "cost_of_goods_sold", "excluded_destination", "included_destination",
})  # fmt: skip

# Sections of product_detail that carry what the feed has no element for; Google shows or ignores them.
ATTRIBUTE, OPTION, TAG = "Attribute", "Variant option", "Tag"
PRODUCT_EXTRA, VARIANT_EXTRA, OURS = "Product metadata", "Variant metadata", "Shopkeeper"
PICTURES = "pictures"  # of our own section: all of a product, as JSON
SECTIONS = frozenset({ATTRIBUTE, OPTION, TAG, PRODUCT_EXTRA, VARIANT_EXTRA, OURS})


@dataclass(slots=True)
class Item:
    """One item. fields: name -> its texts. details: (section, name, value) of its product details."""

    line: int
    raw: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    details: list[tuple[str, str, str]] = field(default_factory=list)

    def text(self, name: str) -> str:
        """The first text of a field that is not blank."""
        return next((t for t in self.fields.get(name, ()) if t), "")

    def section(self, section: str) -> list[tuple[str, str]]:
        """Name and value of the details of a section."""
        return [(name, value) for s, name, value in self.details if s == section]


def field_name(column: str) -> str:
    """A column's or element's name as the specification writes it: "g:Image Link" -> image_link."""
    name = column.strip().lower().removeprefix("g:").replace(" ", "_").replace("-", "_")
    return name.partition("(")[0].rstrip("_")


def is_google_table(columns: Sequence[str]) -> bool:
    """True for the header of a Merchant feed in a table."""
    names = {field_name(c) for c in columns}
    own = {
        "image_link",
        "google_product_category",
        "item_group_id",
        "additional_image_link",
        "sale_price_effective_date",
    }
    return {"id", "title"} <= names and (
        {"price", "availability", "link"} <= names or ("price" in names and bool(names & own))
    )


def item_of_cells(line: int, raw: str, cells: Mapping[str, str]) -> Item:
    """The item of a table's row."""
    found = Item(line, raw)
    for column, text in cells.items():
        name, text = field_name(column), text.strip()
        if not text:
            continue
        if name == "product_detail":
            parts = text.split(":", 2)
            if len(parts) == 3:
                found.details.append((parts[0], parts[1], parts[2]))
                continue
        texts = text.split(",") if name == "additional_image_link" else [text]
        found.fields.setdefault(name, []).extend(t.strip() for t in texts)
    return found
