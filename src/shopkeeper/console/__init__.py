"""The merchant's pages: what needs doing, the catalogue, imports, a search tester, background work, keys.

Each page has a file of routes; what it reads of the database beside single records is in a read model
(`overview.py`, `listing.py`). Who may see them is decided by `api.guard` before any of this runs.
"""

from shopkeeper.console.routes import router

__all__ = ["router"]
