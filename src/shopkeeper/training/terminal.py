"""A training in the terminal: how far, how good, how fast, how long still; and Ctrl-C, which ends it with a checkpoint."""

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from shopkeeper.training.progress import Event


class Terminal:
    """An observer that shows a line which moves, or a line a report where nothing can move. Use it in a `with`."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[said]}"), console=console
        )
        self._task = self._progress.add_task("", total=None, said="")

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def __call__(self, event: Event) -> None:
        """Show it."""
        match event.kind:
            case "started":
                self._progress.update(self._task, completed=event.step, total=event.steps)
                if event.step:
                    self._print(f"going on after step {event.step:,}")
            case "step":
                said = progress_words(event.values)
                self._progress.update(self._task, completed=event.step, said=said)
                if not self._console.is_terminal:
                    self._print(f"step {event.step:,} of {event.steps:,}: {said}")
            case "stage":
                words = measure_words(event.values)
                self._print(": ".join(filter(None, (event.text, words))))
            case "evaluated":
                self._print(f"step {event.step:,}, held-out text: {measure_words(event.values)}")
            case "sampled":
                self._print(f"  {' '.join(event.text.split())}")
            case "saved" | "ended":
                pass

    def _print(self, text: str) -> None:
        self._console.print(escape(text), style="dim", soft_wrap=True, highlight=False)


def progress_words(values: Mapping[str, float]) -> str:
    """Loss, speed and time left, of a step's numbers."""
    said = [f"loss {values['loss']:.3f}", f"{values['tokens_per_s']:,.0f} tokens/s"]
    if "mfu" in values:
        said.append(f"MFU {values['mfu']:.1%}")
    if values["eta_s"] >= 1:
        said.append(f"{duration(values['eta_s'])} left")
    return " · ".join(said)


def measure_words(values: Mapping[str, float]) -> str:
    """Measures with their names."""
    return ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in values.items())


def duration(seconds: float) -> str:
    """Roughly, in the largest unit of which there is one and a half."""
    for unit, size in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


@contextmanager
def stopped_by_signals(*, insist: bool = True) -> Iterator[Callable[[], bool]]:
    """Says whether Ctrl-C (or SIGTERM) has asked to stop; where one may `insist`, a second one ends at once."""
    asked = False

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked and insist:
            raise KeyboardInterrupt
        asked = True

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
