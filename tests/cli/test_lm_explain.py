"""`shopkeeper lm explain` in the terminal, on a tiny checkpoint."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from shopkeeper.cli.main import app
from shopkeeper.errors import ShopkeeperError
from tests.models.engines.reference.conftest import Checkpoints, checkpoints, one_thread

__all__ = ["checkpoints", "one_thread"]


def said(checkpoints: Checkpoints, tmp_path: Path, *options: str, model: str = "gpt2") -> str:
    given = ["--data-folder", str(tmp_path), "lm", "explain", "The capital of France is"]
    done = CliRunner().invoke(
        app, [*given, "--model", str(checkpoints[model]), *options], catch_exceptions=False
    )
    return done.output


def test_a_heat_map_and_the_next_tokens(checkpoints: Checkpoints, tmp_path: Path) -> None:
    output = said(checkpoints, tmp_path, "--layer", "1", "--head", "2")
    assert "layer 1 of 2, head 2 of 4" in output
    first = next(line for line in output.splitlines() if line.startswith("  1 The"))
    assert first.split()[2:] == ["100", "0", "0", "0", "0"], "the first token sees itself alone"
    assert "' Paris'" in output


def test_rollout_and_the_mean_of_heads(checkpoints: Checkpoints, tmp_path: Path) -> None:
    assert "rollout up to layer 2" in said(checkpoints, tmp_path, "--rollout")
    assert "layer 2 of 2, mean of 4 heads" in said(checkpoints, tmp_path)


def test_the_parts_of_an_encoder_decoder(checkpoints: Checkpoints, tmp_path: Path) -> None:
    output = said(checkpoints, tmp_path, "--answer", " Paris", model="t5")
    assert "cross: layer 2" in output
    assert "<pad>" in output
    assert "encoder: layer 1" in said(
        checkpoints, tmp_path, "--part", "encoder", "--layer", "1", model="t5"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--layer", "3"), "layer 3 is not one of 1 to 2"),
        (("--head", "9"), "head 9 is not one of 1 to 4"),
        (("--part", "cross"), "has no cross attention"),
        (("--part", "x"), "'x' is no part of a model"),
    ],
)
def test_what_is_not_there_is_named(
    checkpoints: Checkpoints, tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ShopkeeperError, match=message):
        said(checkpoints, tmp_path, *options)
