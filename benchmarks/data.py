"""Where the real data sets are."""

import os
from pathlib import Path


def data_folder() -> Path:
    """The folder of the data sets: SHOPKEEPER_DATA, else `shared/data` beside the checkout."""
    named = os.environ.get("SHOPKEEPER_DATA")
    return Path(named) if named else Path(__file__).parents[2] / "shared" / "data"
