"""What can be missing in a product, as conditions of the database and as words: what a merchant is told to mend."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """condition: on `p` and `v` of `OF_ALL` and `OF_ONE`. one and many: how it is said of products. short: as a filter.

    optional: what some shops never have; told only where at least one product in five has it.
    """

    condition: str
    one: str
    many: str
    short: str
    optional: bool = False


# What a product's variants come to: of all products in one pass, and of a single one.
_VARIANTS = (
    "bool_or(metadata ->> 'price' = 'unknown') as unpriced, min(price) as lowest, sum(quantity) as pieces, "
    "bool_or(availability in ('in_stock', 'preorder', 'backorder')) as buyable, bool_or(gtin = '') as uncoded "
    "from variants"
)
OF_ALL = f"products p left join (select product_id, {_VARIANTS} group by product_id) v on v.product_id = p.id"
OF_ONE = f"products p left join lateral (select {_VARIANTS} where product_id = p.id) v on true"

FEW = 5  # pieces, of all variants together

PROBLEMS: Mapping[str, Problem] = {
    "price": Problem(
        "v.unpriced",
        "1 product has no price", "{n} products have no price", "No price",
    ),
    "stock": Problem(
        "not v.buyable",
        "1 product is sold out", "{n} products are sold out", "Sold out",
    ),
    "low": Problem(
        f"v.pieces between 1 and {FEW}",
        "1 product is almost sold out", "{n} products are almost sold out", "Almost sold out",
    ),
    "picture": Problem(
        "p.images = '[]'",
        "1 product has no picture of its own", "{n} products have no picture of their own", "No picture", True,
    ),
    "description": Problem(
        "p.description = ''",
        "1 product has no description", "{n} products have no description", "No description",
    ),
    "brand": Problem(
        "p.brand = ''", "1 product has no brand", "{n} products have no brand", "No brand", True
    ),
    "category": Problem(
        "p.category = '{}'", "1 product has no category", "{n} products have no category", "No category"
    ),
    "material": Problem(
        "not (p.attributes ?| array['Material', 'material', '材质'])",
        "1 product names no material", "{n} products name no material", "No material", True,
    ),
    "chinese": Problem(
        "not (p.translations ? 'zh') and p.language <> 'zh'",
        "1 product has no Chinese text", "{n} products have no Chinese text", "No Chinese text", True,
    ),
    "gtin": Problem(
        "v.uncoded",
        "1 product has a variant without GTIN", "{n} products have a variant without GTIN", "No GTIN", True,
    ),
}  # fmt: skip
