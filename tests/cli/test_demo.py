"""`shopkeeper demo`, as it is typed."""

from typer.testing import CliRunner

from shopkeeper.cli.main import app
from shopkeeper.errors import DatabaseError
from shopkeeper.face import Shop
from shopkeeper.settings import Settings
from tests.shop.demo.conftest import NOW, SMALL


def test_what_is_built_stays_and_another_seed_wants_a_folder_of_its_own(settings: Settings) -> None:
    with Shop.open(settings=settings) as shop:
        shop.build_demo(now=NOW, size=SMALL)
    folder = str(settings.data_folder)
    again = CliRunner().invoke(app, ["--data-folder", folder, "demo"])
    assert again.exit_code == 0
    assert "seed 7" in again.output
    other = CliRunner().invoke(app, ["--data-folder", folder, "demo", "--seed", "8"])
    assert isinstance(other.exception, DatabaseError)
    assert "--data-folder" in other.exception.hint
