"""`shopkeeper demo`, as it is typed."""

import pytest
from shopkeeper.cli.main import app
from shopkeeper.errors import DatabaseError
from shopkeeper.face import Shop
from shopkeeper.settings import Settings
from tests.shop.demo.conftest import NOW, SMALL
from typer.testing import CliRunner


@pytest.fixture
def folder(settings: Settings) -> str:
    """A shop with the demo shop of seed 7 in it, but small."""
    with Shop.open(settings=settings) as shop:
        shop.build_demo(now=NOW, size=SMALL)
    return str(settings.data_folder)


def test_it_says_where_the_shop_is_and_leaves_it_as_it_was(folder: str) -> None:
    done = CliRunner().invoke(app, ["--data-folder", folder, "demo"])
    assert done.exit_code == 0
    assert "seed 7" in done.output


def test_another_seed_wants_a_folder_of_its_own(folder: str) -> None:
    done = CliRunner().invoke(app, ["--data-folder", folder, "demo", "--seed", "8"])
    assert isinstance(done.exception, DatabaseError)
    assert "--data-folder" in done.exception.hint
