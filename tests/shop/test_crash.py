"""Fifty kills while a shop is written to. The five hundred are `python -m benchmarks crash`."""

from pathlib import Path

import pytest

from benchmarks.crash import Victim, kill_and_compare


@pytest.mark.xdist_group("embedded")
def test_fifty_kills_lose_nothing_that_was_acknowledged_and_write_nothing_twice(
    folder: Path,
) -> None:
    tally = kill_and_compare(folder, kills=50, seed=1)
    assert sum(tally.kills.values()) == 50
    assert min(tally.kills[victim] for victim in Victim) >= 10
    assert tally.acknowledged > 1000
    assert (tally.lost, tally.duplicated, tally.torn) == (0, 0, 0)
