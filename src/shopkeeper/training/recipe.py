"""How a training runs: all that can be chosen about it, as one frozen value that goes into the run's record."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Recipe:
    """Choices of a training run. A step is one change of the weights, from `batch_rows` rows over all processes.

    micro_rows: rows that one process works on at once; the rest of its share is accumulated. warmup_steps and decay
    shape the learning rate, which ends at `final_share` of its peak. matrix_rate: Muon's, for the matrices inside the
    layers; `learning_rate` is then AdamW's, for everything else. precision: tf32 is float32 whose products GPUs round
    to 10 bits of mantissa; bfloat16 is autocast, with weights and loss in float32. clip: of the norm of all gradients, 0 for none.
    evaluate_every, checkpoint_every: steps, 0 for only at the end. keep: checkpoints, besides the best.
    """

    steps: int
    batch_rows: int = 32
    micro_rows: int = 32
    learning_rate: float = 6e-4
    warmup_steps: int = 0
    decay: Literal["cosine", "linear", "constant"] = "cosine"
    final_share: float = 0.1
    optimizer: Literal["adamw", "muon"] = "adamw"
    matrix_rate: float = 0.02
    weight_decay: float = 0.1
    betas: tuple[float, float] = (0.9, 0.95)
    epsilon: float = 1e-8
    clip: float = 1.0
    precision: Literal["float32", "tf32", "bfloat16"] = "float32"
    compile: bool = False
    seed: int = 0
    report_every: int = 10
    evaluate_every: int = 0
    evaluate_rows: int = 128
    checkpoint_every: int = 0
    keep: int = 2
    minimise: str = "loss"  # the measure of evaluation by which the best checkpoint is known
    parallel: Literal["none", "ddp", "fsdp", "tensor"] = "none"

    def __post_init__(self) -> None:
        wrong = {
            "steps": self.steps < 1,
            "batch_rows": self.batch_rows < 1,
            "micro_rows": self.micro_rows < 1,
            "learning_rate": not 0 < self.learning_rate < 10,
            "warmup_steps": self.warmup_steps < 0,
            "final_share": not 0 <= self.final_share <= 1,
            "clip": self.clip < 0,
            "report_every": self.report_every < 1,
            "keep": self.keep < 1,
        }
        named = [f"{name}={getattr(self, name)!r}" for name, is_wrong in wrong.items() if is_wrong]
        if named:
            raise ValueError(f"a recipe out of range: {', '.join(named)}")

    def rate_at(self, step: int) -> float:
        """Share of the peak learning rate at a step, counted from 0: up in a line, then down to `final_share`."""
        if step < self.warmup_steps:
            return (step + 1) / self.warmup_steps
        if self.decay == "constant":
            return 1.0
        done = (step - self.warmup_steps) / max(1, self.steps - self.warmup_steps)
        left = 1 - done if self.decay == "linear" else (1 + math.cos(math.pi * done)) / 2
        return self.final_share + (1 - self.final_share) * left

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)
