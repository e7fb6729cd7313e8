"""The small shop with the console open: the owner of this machine asks, as in the demo."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from shopkeeper.api import create_app
from shopkeeper.face import Shop
from shopkeeper.shop.embedded import EmbeddedServer
from tests.browser import axe, browser, new_shop, served
from tests.console.shop import fill_with_trade

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the client would rather have httpx2, which does the same here
    from starlette.testclient import TestClient as TestClient

__all__ = ["axe", "browser"]

HERE = "http://127.0.0.1"


@pytest.fixture(scope="module")
def shop(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The shop, filled; the tests of one file share it."""
    folder: Path = tmp_path_factory.mktemp("shop")
    with new_shop(server, "t_console", folder, demo=True) as opened:
        fill_with_trade(opened)
        yield opened


@pytest.fixture(scope="module")
def base(shop: Shop) -> Iterator[str]:
    """Its address, behind a real server that runs jobs."""
    with served(shop) as address:
        yield address


@pytest.fixture
def client(shop: Shop) -> TestClient:
    """Requests as the browser of the machine's owner makes them; no jobs run."""
    return TestClient(
        create_app(shop), base_url=HERE, client=("127.0.0.1", 40000), raise_server_exceptions=False,
        headers={"accept": "text/html"},
    )  # fmt: skip
