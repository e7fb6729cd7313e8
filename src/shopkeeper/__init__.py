"""Shopkeeper: a self-hosted AI layer for online shops, built on language models.

`from shopkeeper import Shop` is the Python door to everything; it is loaded when first asked for, so that importing
any part of the package stays quick.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shopkeeper.face import Shop

__all__ = ["Shop", "__version__"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name == "Shop":
        from shopkeeper.face import Shop

        return Shop
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
