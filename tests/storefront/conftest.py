"""The small shop: behind a server for the browser, and as an application for requests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shopkeeper.face import Shop
from shopkeeper.shop.embedded import EmbeddedServer
from tests.browser import axe, browser, new_shop, served
from tests.storefront.shop import fill

__all__ = ["axe", "browser"]


@pytest.fixture(scope="module")
def shop(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The shop, filled; the tests of one file share it."""
    folder: Path = tmp_path_factory.mktemp("shop")
    with new_shop(server, "t_storefront", folder) as opened:
        fill(opened)
        yield opened


@pytest.fixture(scope="module")
def base(shop: Shop) -> Iterator[str]:
    """Its address."""
    with served(shop) as address:
        yield address
