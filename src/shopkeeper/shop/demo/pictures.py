"""Pictures of products that have no photograph: SVG drawn from what is known of them."""

from shopkeeper.shop.demo.drawing import FALLBACK, SILHOUETTES, framed, kind_of, look_of
from shopkeeper.shop.records import Product, Variant


def picture(product: Product, variant: Variant | None = None) -> str:
    """The product as SVG, in the colour of the variant. Nothing in it comes from outside but the escaped title."""
    look = look_of(product, variant)
    draw = SILHOUETTES.get(kind_of(product), FALLBACK)
    return framed(draw(look), main=look.main, tint=look.tint, title=product.title)
