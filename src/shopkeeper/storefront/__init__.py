"""The shop as shoppers see it: home, search, products, texts, cart.

A request is read (`pages.links` for a search's address), search and the records are asked, and products become cards
(`cards.py`) on a page with everything around it (`layout.py`). One file a page: `home.py`, `finding.py` with
`narrowing.py` and `suggesting.py`, `product.py` with `options.py` and `digest.py`, `texts.py`, and `buying.py` for the cart, which itself
is a cookie (`cart.py`). What is the same for everybody is in `shelves.py`; what visitors do is noted by `visits.py`.
Everything works without JavaScript.
"""

from shopkeeper.storefront.routes import router

__all__ = ["router"]
