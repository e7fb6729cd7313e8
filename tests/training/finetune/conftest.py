"""A model that knows the rows of `small`, made once a session."""

from pathlib import Path

import pytest

from tests.training.finetune.small import base, learn, write_rows


@pytest.fixture(scope="session")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with rows.jsonl and, in data/runs/colours, a small Llama that names the colour of a thing."""
    folder = tmp_path_factory.mktemp("taught")
    write_rows(folder / "rows.jsonl")
    learn(folder, "colours", base=str(base(folder / "base")), adapter="full", epochs=6.0, learning_rate=3e-3)  # fmt: skip
    return folder
