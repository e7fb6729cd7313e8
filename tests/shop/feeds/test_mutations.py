"""A hundred thousand damaged rows of every format: records, bad rows with a reason or one clear error, and no crash."""

from pathlib import Path

import pytest

from benchmarks import mutations

ROWS = 1_000  # a file; 36 samples and three files of each
SEEDS = (1, 2, 3)


@pytest.mark.parametrize("sample", mutations.samples(), ids=str)
def test_no_damage_crashes_a_reader(sample: mutations.Sample, tmp_path: Path) -> None:
    path = tmp_path / f"feed{sample.suffix}"
    outcomes = 0
    for seed in SEEDS:
        path.write_bytes(mutations.mutated(sample, seed, ROWS))
        outcomes += sum(mutations.check(path, sample.kind).values())
    assert outcomes > 0


def test_no_damage_crashes_the_reader_of_parquet(tmp_path: Path) -> None:
    path = tmp_path / "feed.parquet"
    counts = []
    for seed in SEEDS:
        path.write_bytes(mutations.parquet(seed, ROWS))
        counts.append(mutations.check(path, "products"))
    assert any(c["records"] for c in counts) and any(c["bad"] for c in counts)


def test_a_seed_makes_the_same_damage_again() -> None:
    sample = mutations.samples()[0]
    assert mutations.mutated(sample, 7, 50) == mutations.mutated(sample, 7, 50)
    assert mutations.mutated(sample, 7, 50) != mutations.mutated(sample, 8, 50)
