"""The training loop: rows in, weights changed, checkpoints and progress out; on one process or on many.

What is learnt is a `Work` (rows at places, and a loss for them): pretraining is one, each kind of fine-tuning another.
Whatever is random about the data depends on the seed and the place alone, so a run that was killed goes on to the
identical loss, and many processes see the rows that one would have seen.

    with joined("none") as world:
        report = Trainer(model, work, recipe, folder, world=world).fit()
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from shopkeeper.errors import ArtifactError, ModelError
from shopkeeper.training import checkpoints
from shopkeeper.training.cpu import memory_kept
from shopkeeper.training.objectives import Batch, Loss
from shopkeeper.training.optimisers import optimisers, set_rate
from shopkeeper.training.parallel import World, clip_gradients, cut_like, in_one_piece, whole
from shopkeeper.training.progress import Event, Kind, Observer, silent
from shopkeeper.training.recipe import Recipe

PEAK_FLOPS = {"H100": 989.5e12, "H200": 989.5e12, "A100": 312e12}  # dense bfloat16, by the makers


class Work(Protocol):
    """What there is to learn."""

    @property
    def tokens_per_row(self) -> int:
        """Tokens that the model works on for a row, for telling speed."""
        ...

    def batch(self, places: range) -> Batch:
        """Rows at these places of an endless order."""
        ...

    def loss(self, model: Any, batch: Batch) -> Loss:
        """What to minimise."""
        ...

    def evaluate(self, model: Any, rows: int, world: World) -> Mapping[str, float]:
        """Measures on rows that are never trained on; empty if there are none."""
        ...

    def sample(self, model: Any) -> str:
        """A text by which a person sees how far the model is; empty if there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Report:
    """How a run ended. losses: (step, training loss) as they were reported."""

    steps: int
    losses: tuple[tuple[int, float], ...]
    measures: Mapping[str, float]
    best: Path | None
    tokens_per_s: float
    stopped: bool


class _Module(nn.Module):
    """Model and loss as one module, so that what wraps modules sees the whole of a step."""

    def __init__(self, model: nn.Module, work: Work) -> None:
        super().__init__()
        self.model, self.work = model, work

    def forward(self, batch: Batch) -> tuple[Tensor, Mapping[str, Tensor]]:
        loss = self.work.loss(self.model, batch)
        return loss.value, loss.parts


class Trainer:
    """One run, in a folder of its own. If the folder holds checkpoints, `fit` goes on from the last one."""

    def __init__(
        self,
        model: nn.Module,
        work: Work,
        recipe: Recipe,
        run: Path,
        *,
        world: World | None = None,
        observer: Observer = silent,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.recipe, self.work, self.run = recipe, work, run
        self.world = world or World()
        self.observer, self.should_stop = observer, should_stop
        self.model = model.to(self.world.device)
        self.step = 0
        self.measured_at = -1
        self.measures: Mapping[str, float] = {}
        share, rest = divmod(recipe.batch_rows, self.world.data_size)
        if rest or not share:
            raise ValueError(
                f"{recipe.batch_rows} rows cannot be shared evenly by {self.world.data_size} processes"
            )
        self.rows = share

    def fit(self) -> Report:
        """Train to the last step. Raises ModelError if the loss is no number; the last good checkpoint stays."""
        torch.manual_seed(self.recipe.seed)
        saved = self._load_weights()
        self.module = self.world.wrap(_Module(self.model, self.work))
        self.optimisers = optimisers(self.model, self.recipe)
        if saved is not None:
            self._load_optimisers(*saved)
        run = torch.compile(self.module) if self.recipe.compile else self.module
        with self._suited():
            return self._loop(run)

    def _loop(self, module: Callable[[Batch], tuple[Tensor, Mapping[str, Tensor]]]) -> Report:
        losses: list[tuple[int, float]] = []
        clock = _Clock(self)
        stopped = False
        self._say("started", {"rows": float(self.recipe.batch_rows)})
        self.model.train()
        for batches in self._prefetched():
            value, norm = self._one_step(module, batches)
            self.step += 1
            last = self.step == self.recipe.steps
            stopped = not last and self.should_stop()
            due = self._due(self.recipe.report_every) or last or stopped
            checkpoint = self._due(self.recipe.checkpoint_every) or last or stopped
            if due or checkpoint:
                loss = self._checked(value, norm)
                losses.append((self.step, loss))
                rate = self.recipe.learning_rate * self.recipe.rate_at(self.step - 1)
                numbers = {"loss": loss, "learning_rate": rate, "gradient_norm": float(norm)}
                self._say("step", numbers | clock.numbers())
            if self._due(self.recipe.evaluate_every) or last:
                self._evaluate()
            if checkpoint:
                self._save()
            if stopped:
                break
        self._say("ended", self.measures, "stopped" if stopped else "")
        best = checkpoints.best(self.run)
        return Report(self.step, tuple(losses), self.measures, best, clock.tokens_per_s(), stopped)

    def _prefetched(self) -> Iterator[list[Batch]]:
        """The micro-batches of each step; the next are made while the model works on these."""
        with ThreadPoolExecutor(1) as pool:
            following: Future[list[Batch]] = pool.submit(self._batches, self.step)
            for step in range(self.step, self.recipe.steps):
                batches = following.result()
                if step + 1 < self.recipe.steps:
                    following = pool.submit(self._batches, step + 1)
                yield [batch.to(self.world.device) for batch in batches]

    def _batches(self, step: int) -> list[Batch]:
        start = step * self.recipe.batch_rows + self.world.data_rank * self.rows
        micro = self.recipe.micro_rows
        ends = range(start, start + self.rows, micro)
        found = [self.work.batch(range(a, min(a + micro, start + self.rows))) for a in ends]
        return [b.pinned() for b in found] if self.world.device.type == "cuda" else found

    def _one_step(
        self, module: Callable[[Batch], tuple[Tensor, Mapping[str, Tensor]]], batches: list[Batch]
    ) -> tuple[Tensor, Tensor]:
        """Change the weights once. Returns the loss over all rows and the norm of its gradient, on the device.

        Each micro-batch counts by the tokens that it scores, so the loss is the mean over all of them however they
        are cut up; gradients are averaged over processes, hence the factor.
        """
        set_rate(self.optimisers, self.recipe, self.step)
        counts = [batch.scored for batch in batches]
        everywhere: float | Tensor = max(sum(counts), 1)
        if self.world.data_size > 1:
            everywhere = self.world.total(torch.tensor(float(everywhere), device=self.world.device))
        total = torch.zeros((), device=self.world.device)
        for batch, count in zip(batches, counts, strict=True):
            with self._precision():
                value, _ = module(batch)
            share = value * (count / everywhere)
            (share * self.world.data_size).backward()
            total += share.detach()
        norm = clip_gradients(self.model.parameters(), self.recipe.clip)
        for optimiser in self.optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        return self.world.total(total), norm

    @contextmanager
    def _suited(self) -> Iterator[None]:
        """Settings of the whole process that suit the device, for as long as this training takes."""
        if self.world.device.type == "cpu":
            with memory_kept():
                yield
            return
        before = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision("high" if self.recipe.precision == "tf32" else before)
        try:
            yield
        finally:
            torch.set_float32_matmul_precision(before)

    def _precision(self) -> torch.autocast:
        narrow = self.recipe.precision == "bfloat16"
        return torch.autocast(self.world.device.type, dtype=torch.bfloat16, enabled=narrow)

    def _checked(self, value: Tensor, norm: Tensor) -> float:
        """The loss. Raises ModelError if it, or what was just added to the weights, is no number."""
        loss = float(value)
        if math.isfinite(loss) and math.isfinite(float(norm)):
            return loss
        what = f"the norm of the gradient became {float(norm)}"
        if not math.isfinite(loss):
            what = f"the loss became {loss}"
        kept = checkpoints.latest(self.run)
        self._say("ended", {}, what)
        raise ModelError(
            f"{what} by step {self.step}; "
            + (f"the last good checkpoint is {kept}" if kept else "there is no checkpoint yet"),
            hint="a smaller learning rate, a longer warm-up or clipping helps most often",
        )

    def _evaluate(self) -> None:
        self.model.eval()
        with torch.no_grad(), self._precision(), in_one_piece(self.module):
            measures = self.work.evaluate(self.model, self.recipe.evaluate_rows, self.world)
            sample = self.work.sample(self.model)
        self.model.train()
        if measures:
            self.measures, self.measured_at = measures, self.step
            self._say("evaluated", measures)
        if sample:
            self._say("sampled", {}, sample)

    def _due(self, every: int) -> bool:
        return bool(every) and self.step % every == 0

    def _say(self, kind: Kind, values: Mapping[str, float], text: str = "") -> None:
        if self.world.is_first:
            self.observer(Event(kind, self.step, self.recipe.steps, dict(values), text))

    def _save(self) -> None:
        found: dict[str, Tensor] = {}
        states = [o.state_dict() for o in self.optimisers]
        plain = checkpoints.without_tensors(states, found, "optimiser")
        tensors = {name: whole(tensor) for name, tensor in found.items()}
        trained = checkpoints.trained_part(self.model)
        weights = {name: whole(tensor) for name, tensor in trained.items()}
        if not self.world.is_first:
            return
        state = checkpoints.State(self.step, self.recipe.to_dict(), dict(self.measures), plain)
        folder = checkpoints.save(self.run, state, weights, tensors | checkpoints.random_state())
        value, before = self.measures.get(self.recipe.minimise), checkpoints.best_value(self.run)
        better = value is not None and (before is None or value < before)
        if value is not None and better and self.measured_at == self.step:
            checkpoints.mark_best(self.run, folder, value)
        checkpoints.prune(self.run, keep=self.recipe.keep)
        self._say("saved", {}, folder.name)

    def _load_weights(self) -> tuple[checkpoints.State, dict[str, Tensor]] | None:
        folder = checkpoints.latest(self.run)
        if folder is None:
            return None
        state, weights, tensors = checkpoints.load(folder)
        try:
            checkpoints.load_trained(self.model, weights)
        except RuntimeError as error:
            raise ArtifactError(
                f"{folder} is a checkpoint of a model of another shape: {str(error).splitlines()[-1].strip()}",
                hint="choose another folder for this run, or the shape that the run began with",
            ) from error
        self.step, self.measures = state.step, state.measures
        return state, tensors

    def _load_optimisers(self, state: checkpoints.State, tensors: dict[str, Tensor]) -> None:
        states = checkpoints.with_tensors(state.optimisers, tensors)
        for optimiser, found in zip(self.optimisers, states, strict=True):
            parameters = [p for group in optimiser.param_groups for p in group["params"]]
            for index, values in found["state"].items():
                like = parameters[index]
                for name, tensor in values.items():
                    if isinstance(tensor, Tensor) and tensor.shape == like.shape:
                        values[name] = cut_like(tensor.to(like.device), like.data)
            optimiser.load_state_dict(found)
        checkpoints.set_random_state(tensors)


class _Clock:
    """Tokens a second, share of the device's peak, and time left."""

    def __init__(self, trainer: Trainer) -> None:
        self.trainer, self.began, self.first = trainer, time.perf_counter(), trainer.step

    def tokens_per_s(self) -> float:
        """Since the run began, or was gone on with."""
        trainer = self.trainer
        tokens = trainer.recipe.batch_rows * trainer.work.tokens_per_row
        seconds = max(time.perf_counter() - self.began, 1e-9)
        return (trainer.step - self.first) * tokens / seconds

    def numbers(self) -> dict[str, float]:
        speed, trainer = self.tokens_per_s(), self.trainer
        rows = (trainer.recipe.steps - trainer.step) * trainer.recipe.batch_rows
        eta_s = rows * trainer.work.tokens_per_row / max(speed, 1e-9)
        found = {"tokens_per_s": speed, "eta_s": eta_s}
        if (
            used := mfu(trainer.model, speed / trainer.world.size, trainer.world.device)
        ) is not None:
            found["mfu"] = used
        return found


def mfu(model: nn.Module, tokens_per_s: float, device: torch.device) -> float | None:
    """Share of the device's dense bfloat16 peak, by nanoGPT's formula; None where the peak is not known.

    Floating-point operations of a token, forward and back: 6·N + 12·layers·heads·head width·length, N without the
    table of positions.
    """
    shape = getattr(model, "shape", None)
    if device.type != "cuda" or shape is None:
        return None
    name = torch.cuda.get_device_name(device)
    peak = next((flops for key, flops in PEAK_FLOPS.items() if key in name), None)
    if peak is None:
        return None
    N = sum(p.numel() for key, p in model.named_parameters() if not key.startswith("position."))
    layers = shape.encoder_layers + shape.decoder_layers
    per_token = 6 * N + 12 * layers * shape.heads * shape.head_size * shape.max_tokens
    return float(tokens_per_s * per_token / peak)
