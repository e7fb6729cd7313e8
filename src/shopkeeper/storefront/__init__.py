"""The shop as shoppers see it: home, search, products, pages, cart.

Reads the query of a request (`pages.links`), asks search and the records, turns products into cards (`cards.py`), and
notes what visitors do (`visits.py`). The cart is a cookie (`cart.py`). Everything works without JavaScript.
"""

from shopkeeper.storefront.routes import router

__all__ = ["router"]
