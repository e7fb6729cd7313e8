"""What a compression saved and what it cost: size, speed and quality, before and after, beside the artefact.

REPORT = "report.json"; it is read by people and by the gate of `shopkeeper.deployment`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from shopkeeper.training.storage import storing

REPORT = "report.json"


@dataclass(frozen=True, slots=True)
class Side:
    """One model, measured. size_bytes: of everything that is served. per_s: what `Report.unit` counts, a second."""

    size_bytes: int
    per_s: float
    quality: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Report:
    """Two sides, measured in turns on this machine, and what else is to be known.

    unit: what is counted a second. measures: name of each of `quality`, and which way is better.
    """

    way: str
    settings: Mapping[str, Any]
    unit: str
    before: Side
    after: Side
    measures: Mapping[str, str]
    notes: tuple[str, ...] = ()
    facts: Mapping[str, float] = field(default_factory=dict)

    @property
    def size_ratio(self) -> float:
        """After to before."""
        return self.after.size_bytes / self.before.size_bytes

    @property
    def speed_ratio(self) -> float:
        """After to before."""
        return self.after.per_s / self.before.per_s

    def rows(self) -> Iterator[tuple[str, str, str, str]]:
        """A table: what, before, after, change."""
        before, after = self.before, self.after
        first, second = (f"{side.size_bytes / 1e6:.2f}" for side in (before, after))
        yield "size, MB", first, second, f"{100 * self.size_ratio:.1f} %"
        yield (
            f"{self.unit} a second", f"{before.per_s:.1f}", f"{after.per_s:.1f}", f"{self.speed_ratio:.2f} x"
        )  # fmt: skip
        for name in self.measures:
            one, other = before.quality[name], after.quality[name]
            yield name.replace("_", " "), f"{one:.4f}", f"{other:.4f}", f"{other - one:+.4f}"

    def write(self, folder: Path) -> Path:
        """Write it into the artefact's folder. Raises StorageError."""
        with storing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            said = asdict(self) | {
                "size_ratio": round(self.size_ratio, 4), "speed_ratio": round(self.speed_ratio, 3)
            }  # fmt: skip
            text = json.dumps(said, indent=2, ensure_ascii=False)
            (folder / REPORT).write_text(text + "\n", encoding="utf-8")
        return folder / REPORT
