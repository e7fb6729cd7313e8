"""Structured pruning: heads and numbers of the feed-forward layer taken out, so that matrices are really smaller.

    small = narrow(model, rows, heads=8, feed_forward=1024)

Which go is decided on texts of the kind that will come, and what stays takes over what it can of what went. For the
map W that reads the inputs h, with G = Σ hᵀh over the texts, taking out the columns P of W costs the least squared
error Σ W_P (G⁻¹_PP)⁻¹ W_Pᵀ, if the other columns change by − W_P (G⁻¹_PP)⁻¹ G⁻¹_P: taken out are, one after another,
those that cost least. Source: Hassibi and Stork 1993 (Optimal Brain Surgeon), for groups as in Kurtic et al. 2023
(ZipLM). Layers are narrowed in their order, each on what the layers before it, already narrow, give.

Axes: N tokens of all texts, I inputs of a map, O outputs, K width of a head.
"""

import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from shopkeeper.errors import ArtifactError
from shopkeeper.training.transformer import Block, Sight, Stack, Transformer

DAMPING = 1e-3  # added to the diagonal of G, as a share of its mean: a direction that no text had costs something too


def narrow(
    model: Transformer, rows: Iterable[Sequence[int]], *, heads: int = 0, feed_forward: int = 0
) -> Transformer:
    """A smaller model with so many heads and numbers of the feed-forward layer in each layer; 0: as many as now.

    rows: token ids of texts to decide by; as many tokens as the feed-forward layer has numbers, at least. Heads that
    share keys and values go together. Raises ValueError if there are not that many, ArtifactError without texts or for
    a model of two stacks.
    """
    shape = model.shape
    heads, feed_forward = heads or shape.heads, feed_forward or shape.feed_forward
    shared = shape.heads // shape.groups
    if not (0 < heads <= shape.heads and 0 < feed_forward <= shape.feed_forward):
        raise ValueError(
            f"of {shape.heads} heads and {shape.feed_forward} numbers, {heads} and {feed_forward} cannot stay"
        )
    if heads % shared:
        raise ValueError(f"{shared} heads share keys and values: {heads} heads cannot stay")
    made = copy.deepcopy(model).eval()
    stack = _only_stack(made)
    with torch.inference_mode():
        texts = [made.embed(torch.tensor(batch)) for batch in of_one_length(rows)]
        positions = [place for _, place in texts]
        states = [state for state, _ in texts]
        sight = Sight(causal=stack.causal)
        for block in stack.blocks:
            assert isinstance(block, Block)

            def read(block: Block = block, states: list[Tensor] = states) -> list[Tensor]:
                pairs = zip(states, positions, strict=True)
                return [block(state, sight, place) for state, place in pairs]

            if heads < shape.heads:
                _narrow_attention(block, read, groups=heads // shared)
            if feed_forward < shape.feed_forward:
                _narrow_feed_forward(block, read, feed_forward)
            states = read()
    smaller = replace(
        shape, heads=heads, key_value_heads=heads // shared if shared > 1 else 0,
        head_width=shape.head_size, feed_forward=feed_forward,
    )  # fmt: skip
    found = Transformer(smaller)
    found.load_state_dict(made.state_dict())
    return found.eval()


def of_one_length(rows: Iterable[Sequence[int]], *, tokens: int = 2048) -> list[list[list[int]]]:
    """Rows in batches without padding. Raises ArtifactError if there is not one token."""
    by_length: dict[int, list[list[int]]] = {}
    for row in rows:
        if row:
            by_length.setdefault(len(row), []).append(list(row))
    if not by_length:
        raise ArtifactError("no text to go by", hint="give some of the texts that will be read")
    batches = []
    for length, same in sorted(by_length.items()):
        size = max(1, tokens // length)
        batches += [same[start : start + size] for start in range(0, len(same), size)]
    return batches


def _only_stack(model: Transformer) -> Stack:
    stacks = [stack for stack in (model.encoder, model.decoder) if stack is not None]
    if len(stacks) != 1 or stacks[0].relative is not None:
        raise ArtifactError(
            f"a {model.shape.family} of two stacks is not narrowed",
            hint="GPT-2, BERT and Llama shapes are",
        )
    return stacks[0]


def _narrow_attention(block: Block, read: Callable[[], object], *, groups: int) -> None:
    attention = block.attention
    shared = attention.heads // attention.groups
    gram = _gram(attention.output, read)
    size = attention.size
    kept, weight = surgery(attention.output.weight, gram, keep=groups, group=shared * size)
    wide = _columns(kept, shared * size)
    attention.output = _linear(weight, attention.output.bias)
    attention.query = _rows(attention.query, wide)
    attention.key = _rows(attention.key, _columns(kept, size))
    attention.value = _rows(attention.value, _columns(kept, size))
    attention.heads, attention.groups = len(kept) * shared, len(kept)


def _narrow_feed_forward(block: Block, read: Callable[[], object], keep: int) -> None:
    forward = block.feed_forward
    kept, weight = surgery(forward.down.weight, _gram(forward.down, read), keep=keep, group=1)
    forward.down = _linear(weight, forward.down.bias)
    forward.up = _rows(forward.up, kept)
    if forward.gate is not None:
        forward.gate = _rows(forward.gate, kept)


def _gram(map_: nn.Linear, read: Callable[[], object]) -> Tensor:
    """G = Σ hᵀh of what goes into a map, (I, I), damped."""
    total = torch.zeros(map_.in_features, map_.in_features, dtype=torch.float64)

    def note(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        h = inputs[0].flatten(0, -2)  # (N, I)
        total.add_((h.T @ h).double())

    handle = map_.register_forward_pre_hook(note)
    try:
        read()
    finally:
        handle.remove()
    total.diagonal().add_(DAMPING * total.diagonal().mean() + 1e-8)
    return total


def surgery(weight: Tensor, gram: Tensor, *, keep: int, group: int) -> tuple[Tensor, Tensor]:
    """Which groups of `group` inputs stay, in their order, and their weights (O, keep · group), made up for the others.

    gram: (I, I), positive definite. Of many small groups the cheapest few go at once, as costs change little by each.
    """
    weight = weight.detach().double()
    inverse = torch.linalg.inv(gram)
    staying = torch.arange(weight.shape[1] // group)
    while len(staying) > keep:
        most = max(1, len(staying) // 48)
        out = _costs(weight, inverse, group).argsort()[: min(most, len(staying) - keep)]
        left = torch.ones(len(staying), dtype=torch.bool)
        left[out] = False
        gone, stay = (_columns(mask.nonzero()[:, 0], group) for mask in (~left, left))
        solved = torch.linalg.solve(inverse[gone[:, None], gone], inverse[gone[:, None], stay])
        weight = weight[:, stay] - weight[:, gone] @ solved
        inverse = inverse[stay[:, None], stay] - inverse[stay[:, None], gone] @ solved
        staying = staying[left]
    return staying, weight.float()


def _costs(weight: Tensor, inverse: Tensor, group: int) -> Tensor:
    """What it costs to take out each group by itself: (groups,)."""
    if group == 1:
        return weight.square().sum(0) / inverse.diagonal()
    places = torch.arange(len(inverse)).unflatten(0, (-1, group))
    blocks = inverse[places[:, :, None], places[:, None, :]]  # (groups, group, group)
    columns = weight.T.unflatten(0, (-1, group))  # (groups, group, O)
    costs: Tensor = (torch.linalg.solve(blocks, columns) * columns).sum((1, 2))
    return costs


def _columns(kept: Tensor, size: int) -> Tensor:
    """Places of the numbers of these groups."""
    return (kept[:, None] * size + torch.arange(size)).flatten()


def _rows(map_: nn.Linear, kept: Tensor) -> nn.Linear:
    return _linear(map_.weight[kept], None if map_.bias is None else map_.bias[kept])


def _linear(weight: Tensor, bias: Tensor | None) -> nn.Linear:
    made = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    made.weight = nn.Parameter(weight.detach().clone())
    if bias is not None:
        made.bias = nn.Parameter(bias.detach().clone())
    return made
