"""As many threads as there are cores free."""

import time
from pathlib import Path

import pytest

from shopkeeper.models.engines.llama import threads
from shopkeeper.models.engines.llama.threads import allowed_cores, idle_cores, thread_count


@pytest.fixture
def cores(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Four cores of which this process may use the first two, without a quota."""
    monkeypatch.setattr(threads, "_affinity", lambda: {0, 1})
    monkeypatch.setattr(threads, "QUOTA", tmp_path / "cpu.max")
    return tmp_path


def test_no_more_threads_than_cores_that_are_ours(cores: Path) -> None:
    assert thread_count(64) == 2
    assert thread_count(1) == 1


@pytest.mark.parametrize(("said", "allowed"), [("max 100000", 2), ("150000 100000", 1), ("9", 2)])
def test_the_quota_of_a_container_counts(cores: Path, said: str, allowed: int) -> None:
    (cores / "cpu.max").write_text(said)
    assert allowed_cores() == allowed


@pytest.mark.parametrize(
    ("busy", "free"), [((0, 0), 2.0), ((100, 0), 1.0), ((100, 100), 0.0), ((50, 0), 1.5)]
)
def test_idle_time_of_our_cores_alone_is_counted(
    cores: Path, monkeypatch: pytest.MonkeyPatch, busy: tuple[int, int], free: float
) -> None:
    stat = cores / "stat"
    monkeypatch.setattr(threads, "CPU_TIMES", stat)
    for look, counted in ((idle_cores, free), (lambda _: thread_count(0), max(1, round(free)))):
        stat.write_text(_stat((0, 0), (0, 0)))
        after = _stat(busy, (100 - busy[0], 100 - busy[1]))
        monkeypatch.setattr(time, "sleep", lambda _, after=after: stat.write_text(after))
        assert look(0.1) == counted


def _stat(busy: tuple[int, int], idle: tuple[int, int]) -> str:
    """/proc/stat of four cores, of which the last two, which are not ours, have nothing to do."""
    cores = zip((*busy, 0, 0), (*idle, 900, 900), strict=True)
    lines = [f"cpu{n} {b} 0 0 {i} 0 0 0 0 0 0" for n, (b, i) in enumerate(cores)]
    return "\n".join(["cpu 1 1 1 1 1 1 1 1 1 1", *lines, "intr 5"])
