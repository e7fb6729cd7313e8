"""Answers of a model in training to many prompts at once, the likeliest token each time, or of many drawn to one prompt.
Keys and values are kept.

For measuring a fine-tuned model without exporting it; serving is `shopkeeper.models`. Rows are filled up on the left,
so that all end where the next token comes; what fills them is never looked at.
Axes: B rows, T new tokens, S tokens seen, H heads, K numbers of a head.
"""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor

from shopkeeper.training.sampling import answered
from shopkeeper.training.transformer import Block, Sight, Stack, Transformer, attention

ROWS_AT_ONCE = 16


@torch.no_grad()
def answers(
    model: Transformer,
    prompts: Sequence[Sequence[int]],
    *,
    max_new_tokens: int,
    ends: frozenset[int],
    rows_at_once: int = ROWS_AT_ONCE,
) -> list[list[int]]:
    """What the model says after each prompt, without the token that ends it. An empty prompt is answered with nothing.

    An encoder-decoder is asked one by one, its prompt having its end token already.
    """
    found: list[list[int]] = [[] for _ in prompts]
    if model.encoder is not None:
        [end] = ends
        for place, prompt in enumerate(prompts):
            found[place] = answered(model, prompt, max_new_tokens=max_new_tokens, end=end)
        return found
    order = sorted((i for i, p in enumerate(prompts) if p), key=lambda i: len(prompts[i]))
    for start in range(0, len(order), rows_at_once):
        rows = order[start : start + rows_at_once]
        said = _batch([prompts[i] for i in rows], model, max_new_tokens, ends)
        for row, ids in zip(rows, said, strict=True):
            found[row] = ids
    return found


@torch.no_grad()
def drawn(
    model: Transformer,
    prompt: Sequence[int],
    *,
    count: int,
    seed: int,
    end: int,
    top_k: int,
    temperature: float,
    max_new_tokens: int,
) -> list[list[int]]:
    """So many answers to one prompt, token by token out of the `top_k` likeliest, without the token that ends them."""
    device = model.embedding.weight.device
    random = torch.Generator(device).manual_seed(seed)
    tokens = torch.tensor([list(prompt)] * count, device=device)
    seen = torch.ones_like(tokens, dtype=torch.bool)
    memory = Memory(model)
    said: list[list[int]] = [[] for _ in range(count)]
    ended = [False] * count
    for _ in range(max_new_tokens):
        scores = memory.step(tokens, seen) / temperature
        best, numbers = scores.topk(min(top_k, scores.shape[-1]))
        chosen = torch.multinomial(best.softmax(-1), 1, generator=random)
        tokens = numbers.gather(1, chosen)
        seen = torch.cat([seen, torch.ones_like(tokens, dtype=torch.bool)], dim=1)
        for row, token in enumerate(tokens[:, 0].tolist()):
            ended[row] = ended[row] or token == end
            if not ended[row]:
                said[row].append(token)
        if all(ended):
            break
    return said


def _batch(
    prompts: Sequence[Sequence[int]], model: Transformer, most: int, ends: frozenset[int]
) -> list[list[int]]:
    device = model.embedding.weight.device
    longest = max(map(len, prompts))
    room = min(most, model.shape.max_tokens - longest)
    filled = [[0] * (longest - len(p)) + list(p) for p in prompts]
    seen = torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in prompts], device=device).bool()  # fmt: skip
    memory = Memory(model)
    tokens = torch.tensor(filled, device=device)
    said: list[list[int]] = [[] for _ in prompts]
    going = list(range(len(prompts)))
    for _ in range(room):
        new = memory.step(tokens, seen).argmax(-1)  # (B,)
        kept = []
        for place, (row, token) in enumerate(zip(going, new.tolist(), strict=True)):
            if token not in ends:
                said[row].append(token)
                kept.append(place)
        if not kept:
            break
        if len(kept) < len(going):
            memory.keep(kept)
            going, seen, new = [going[i] for i in kept], seen[kept], new[kept]
        tokens = new[:, None]
        seen = torch.cat([seen, torch.ones(len(going), 1, dtype=torch.bool, device=device)], dim=1)
    return said


class Memory:
    """Keys and values of the tokens that a decoder has seen, layer by layer."""

    def __init__(self, model: Transformer) -> None:
        if model.decoder is None:
            raise ValueError(f"a {model.shape.family} of this shape does not continue texts")
        self.model, self.stack = model, model.decoder
        self.keys: list[Tensor] = []
        self.values: list[Tensor] = []

    def step(self, tokens: Tensor, seen: Tensor) -> Tensor:
        """Scores (B, V) of the token after the last of `tokens` (B, T). seen: (B, S), False at what fills a row up."""
        model, T = self.model, tokens.shape[1]
        positions = (seen.long().cumsum(1) - 1).clamp(min=0)[
            :, -T:
        ]  # counted from each row's own beginning
        x, _ = model.embed(tokens, positions)
        S = seen.shape[1]
        index = torch.arange(S, device=tokens.device)
        earlier = index[None, :] <= index[S - T :, None]  # (T, S)
        itself = (
            index[None, :] == index[S - T :, None]
        )  # what fills up sees itself: no row of scores is empty
        allowed = (seen[:, None, None, :] & earlier) | itself  # (B, 1, T, S)
        for layer, block in enumerate(_blocks(self.stack)):
            x = self._through(block, layer, x, positions, allowed)
        return model.logits(self.stack.norm(x[:, -1]))

    def _through(
        self, block: Block, layer: int, x: Tensor, positions: Tensor, allowed: Tensor
    ) -> Tensor:
        def look(normed: Tensor) -> Tensor:
            q, k, v = block.attention.project(normed, positions)
            if layer < len(self.keys):
                k = torch.cat([self.keys[layer], k], dim=2)
                v = torch.cat([self.values[layer], v], dim=2)
                self.keys[layer], self.values[layer] = k, v
            else:
                self.keys.append(k)
                self.values.append(v)
            found = attention(q, k, v, Sight(allowed=allowed), scale=block.attention.scale)
            return cast(Tensor, block.attention.output(found.transpose(1, 2).flatten(2)))

        sublayers = ((block.attention_norm, look), (block.feed_forward_norm, block.feed_forward))
        for norm, change in sublayers:
            x = x + change(norm(x)) if block.norm_first else norm(x + change(x))
        return x

    def keep(self, rows: Sequence[int]) -> None:
        """Forget the other rows."""
        self.keys = [each[list(rows)] for each in self.keys]
        self.values = [each[list(rows)] for each in self.values]


def _blocks(stack: Stack) -> list[Block]:
    return [each for each in stack.blocks if isinstance(each, Block)]
