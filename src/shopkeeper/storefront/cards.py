"""Products as shoppers see them in a list: title in their language, a price range, a picture, what there is to choose."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from shopkeeper.pages import Visit
from shopkeeper.pages.products import Offer, offer_of, picture_of, rating_of, translation_of
from shopkeeper.search import Piece, highlight
from shopkeeper.shop.records import Product
from shopkeeper.storefront.picturing import variant_asked_for
from shopkeeper.storefront.swatches import hue_of

MAX_DOTS = 5


@dataclass(frozen=True, slots=True)
class Card:
    """A product in a list. rating: 0 to 1. dots: colours it comes in; more_colours: how many are not
    shown. why: what speaks for it to this visitor."""

    url: str
    title: Sequence[Piece]
    brand: str
    picture: str
    offer: Offer
    rating: float | None
    rating_count: int
    buyable: bool
    dots: Sequence[str]
    more_colours: int
    why: str = ""


def url_of(product: Product, **more: str) -> str:
    """The product's page."""
    query = urlencode({k: v for k, v in more.items() if v})
    return f"/products/{quote(product.id, safe='')}" + (f"?{query}" if query else "")


def card_of(
    product: Product, visit: Visit, *,
    query: str = "", filters: Collection[tuple[str, str]] = (), query_id: str = "", position: int = 0,
) -> Card:  # fmt: skip
    """The product in a list, shown as the variant that query and filters (name, value) ask for, if they ask for one.

    query_id, position: so that a click can be credited to the search.
    """
    variant = variant_asked_for(product, visit.language, query=query, filters=filters)
    asked_for = {"variant": variant.id} if variant else {}
    title = translation_of(product, visit.language).title
    dots = _dots(product)
    credited = {"q_id": query_id, "pos": str(position)} if query_id and position else {}
    return Card(
        url=url_of(product, **asked_for, **credited),
        title=highlight(title, query) if query else (Piece(title, False),),
        brand=product.brand,
        picture=picture_of(product, variant),
        offer=offer_of(product.variants),
        rating=rating_of(product),
        rating_count=product.rating.count if product.rating else 0,
        buyable=any(v.availability.buyable for v in product.variants),
        dots=dots[:MAX_DOTS],
        more_colours=max(0, len(dots) - MAX_DOTS),
    )


def _dots(product: Product) -> list[str]:
    """The colours a product comes in, if there is a choice and all are known."""
    pairs = dict.fromkeys((o.name, o.value) for v in product.variants for o in v.options)
    hues = {pair: hue_of(*pair) for pair in pairs}
    found = [hue for hue in hues.values() if hue]
    return found if len(found) > 1 else []
