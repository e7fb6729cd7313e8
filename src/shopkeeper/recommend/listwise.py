"""A small network that puts a short offer in order: what a conditional logit cannot say, as it only adds up.

Letters: `Q` questions, `K` offered to each, `F` features, `H` hidden.

score = x·w + c·silu(B silu(A x + a) + b), its softmax over what was offered held against what was chosen, as in
`choosing.py`; `w` begins as the weights of the logit and `c` at nothing, so that it only ever departs from that for a
reason. It stops where questions that were held back are answered best, and several from different seeds are averaged.
Written out in NumPy: it has some five thousand numbers, and the base install has no torch.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from shopkeeper.recommend.choosing import spread_of

Numbers = npt.NDArray[np.floating[Any]]
Bools = npt.NDArray[np.bool_]
Weights = tuple[Numbers, ...]  # w, A, a, B, b, c


@dataclass(frozen=True, slots=True)
class Plan:
    """hidden, dropout: of the network; batch: questions a step; held: one in so many questions is held back."""

    hidden: int = 48
    dropout: float = 0.2
    batch: int = 256
    epochs: int = 20
    rate: float = 2e-3
    decay: float = 1e-2
    members: int = 3
    patience: int = 4
    held: int = 8


@dataclass(frozen=True, slots=True)
class Ranker:
    """middle, spread: (F,) of the features that it was fitted to."""

    middle: Numbers
    spread: Numbers
    members: tuple[Weights, ...]

    def scores(self, features: Numbers) -> Numbers:
        """(…,) of features (…, F): the mean of the members."""
        scaled = (features - self.middle) / self.spread
        found: Numbers = np.mean([_forward(of, scaled)[0] for of in self.members], axis=0)
        return found


def fit(
    features: Numbers, offered: Bools, chosen: Numbers, start: Numbers, plan: Plan | None = None
) -> Ranker:
    """features: (Q, K, F); offered: (Q, K) what of it is there; chosen: (Q, K) how much each counts, 0 of what was not
    chosen; start: (F,) weights of the logit."""
    plan = plan or Plan()
    rows = features[offered]
    middle, spread = rows.mean(axis=0), spread_of(rows)
    scaled = np.where(offered[..., None], (features - middle) / spread, 0).astype(np.float32)
    first = (start * spread).astype(np.float32)
    members = tuple(
        _learn(scaled, offered, chosen.astype(np.float32), first, plan, seed)
        for seed in range(plan.members)
    )
    return Ranker(middle, spread, members)


def _learn(
    features: Numbers, offered: Bools, chosen: Numbers, first: Numbers, plan: Plan, seed: int
) -> Weights:
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(features))
    held, asked = order[:: plan.held], np.delete(order, np.s_[:: plan.held])
    of = _begin(first, plan.hidden, rng)
    moved = [(np.zeros_like(part), np.zeros_like(part)) for part in of]
    best, kept, worse, step = _surprise(of, features, offered, chosen, held), of, 0, 0
    steps = plan.epochs * -(-len(asked) // plan.batch)
    for _ in range(plan.epochs):
        rng.shuffle(asked)
        for at in range(0, len(asked), plan.batch):
            rows = asked[at : at + plan.batch]
            slopes = _slopes(of, features[rows], offered[rows], chosen[rows], plan.dropout, rng)
            rate = plan.rate * (1 - step / steps)
            step += 1
            of = tuple(
                _adam(part, slope, *state, rate, plan.decay, step)
                for part, slope, state in zip(of, slopes, moved, strict=True)
            )
        now = _surprise(of, features, offered, chosen, held)
        if now < best:
            best, kept, worse = now, of, 0
        else:
            worse += 1
            if worse == plan.patience:
                break
    return kept


def _begin(first: Numbers, hidden: int, rng: np.random.Generator) -> Weights:
    def drawn(rows: int) -> Numbers:
        edge = rows**-0.5
        return rng.uniform(-edge, edge, (rows, hidden)).astype(np.float32)

    nothing = np.zeros(hidden, np.float32)
    return first, drawn(len(first)), nothing, drawn(hidden), nothing.copy(), nothing.copy()


def _forward(of: Weights, x: Numbers, *masks: Numbers) -> tuple[Numbers, list[Numbers]]:
    """Scores, and on the way: both sums and what was let through of them."""
    w, A, a, B, b, c = of
    one = x @ A + a
    through = _silu(one) * masks[0] if masks else _silu(one)
    two = through @ B + b
    end = _silu(two) * masks[1] if masks else _silu(two)
    return x @ w + end @ c, [one, through, two, end]


def _slopes(
    of: Weights,
    x: Numbers,
    offered: Bools,
    chosen: Numbers,
    dropout: float,
    rng: np.random.Generator,
) -> Weights:
    """Of the mean surprise, for each of the weights."""
    _, _, _, B, _, c = of
    shape = (x.shape[0] * x.shape[1], len(c))
    masks = [
        (rng.random(shape, np.float32) >= dropout).astype(np.float32) / np.float32(1 - dropout)
        for _ in range(2)
    ]
    rows = x.reshape(len(masks[0]), -1)
    scores, (one, through, two, end) = _forward(of, rows, *masks)
    total = chosen.sum(axis=1, keepdims=True)
    g = (_chances(scores.reshape(offered.shape), offered) * total - chosen).ravel()
    g /= max(float(total.sum()), 1e-9)
    to_two = g[:, None] * c * masks[1] * _silu_slope(two)
    to_one = (to_two @ B.T) * masks[0] * _silu_slope(one)
    return (
        rows.T @ g, rows.T @ to_one, to_one.sum(axis=0), through.T @ to_two, to_two.sum(axis=0), end.T @ g,
    )  # fmt: skip


def _surprise(
    of: Weights, x: Numbers, offered: Bools, chosen: Numbers, rows: npt.NDArray[np.intp]
) -> float:
    """Mean over what was chosen in these questions: minus the logarithm of its chance."""
    lost = weight = 0.0
    for part in np.array_split(rows, max(len(rows) // 512, 1)):
        chance = _chances(_forward(of, x[part])[0], offered[part])
        lost -= float((chosen[part] * np.log(np.maximum(chance, 1e-12))).sum())
        weight += float(chosen[part].sum())
    return lost / max(weight, 1e-9)


def _adam(
    part: Numbers,
    slope: Numbers,
    mean: Numbers,
    square: Numbers,
    rate: float,
    decay: float,
    step: int,
) -> Numbers:
    """One step of AdamW; mean and square are changed."""
    mean += np.float32(0.1) * (slope - mean)
    square += np.float32(0.001) * (slope**2 - square)
    way = mean / (1 - 0.9**step) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    return np.asarray(part - rate * (way + decay * part), np.float32)


def _chances(scores: Numbers, offered: Bools) -> Numbers:
    scores = np.where(offered, scores, -np.inf)
    chance = np.exp(scores - scores.max(axis=1, keepdims=True))
    found: Numbers = chance / chance.sum(axis=1, keepdims=True)
    return found


def _silu(x: Numbers) -> Numbers:
    found: Numbers = x / (1 + np.exp(-x))
    return found


def _silu_slope(x: Numbers) -> Numbers:
    share = 1 / (1 + np.exp(-x))
    found: Numbers = share * (1 + x * (1 - share))
    return found
