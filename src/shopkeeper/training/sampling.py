"""Text from a model in training, by which a person sees how far it is; the likeliest token each time.

Plain loops without a cache: for a few tokens now and then. Serving is `shopkeeper.models`.
Axes: B rows, T tokens, V vocabulary.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from shopkeeper.training.shards import Shards
from shopkeeper.training.tokenizer import TextTokenizer
from shopkeeper.training.transformer import Transformer

PROMPT, NEW = 8, 24  # tokens of a sample: given, and written


@torch.no_grad()
def greedy(
    model: Transformer,
    ids: Sequence[int],
    *,
    max_new_tokens: int,
    ends: frozenset[int] = frozenset(),
) -> list[int]:
    """What a decoder says after these ids, up to an end or its context's."""
    written: list[int] = []
    device = model.embedding.weight.device
    for _ in range(max_new_tokens):
        seen = [*ids, *written]
        if len(seen) > model.shape.max_tokens:
            break
        token = int(_last(model, torch.tensor([seen], device=device)).argmax())
        if token in ends:
            break
        written.append(token)
    return written


@torch.no_grad()
def answered(
    model: Transformer, source: Sequence[int], *, max_new_tokens: int, end: int
) -> list[int]:
    """What an encoder-decoder says to this source, which has its end token already."""
    device = model.embedding.weight.device
    memory = model.encode(torch.tensor([list(source)], device=device))
    written: list[int] = []
    for _ in range(max_new_tokens):
        tokens = torch.tensor([[model.shape.padding_id, *written]], device=device)
        token = int(model.logits(model.decode(tokens, memory)[:, -1]).argmax())
        if token == end:
            break
        written.append(token)
    return written


@torch.no_grad()
def filled(model: Transformer, ids: Sequence[int], mask: int) -> list[int]:
    """The ids with the likeliest token at each mask."""
    tokens = torch.tensor([list(ids)], device=model.embedding.weight.device)
    likeliest = model.logits(model.encode(tokens))[0].argmax(-1).tolist()
    return [found if given == mask else given for given, found in zip(ids, likeliest, strict=True)]


def _last(model: Transformer, tokens: Tensor) -> Tensor:
    """(V,) scores of the token after the last."""
    return model.logits(model.decode(tokens)[:, -1])[0]


def sampler(tokenizer: TextTokenizer, shards: Shards) -> Callable[[Transformer], str]:
    """Shows what the model makes of the beginning of a row: a continuation, or what was hidden in it."""
    row = [int(i) for i in shards.row(0)]
    match tokenizer.kind:
        case "causal":
            return lambda model: _continuation(model, tokenizer, row[:PROMPT])
        case "masked":
            return lambda model: _guesses(model, tokenizer, row[: 2 * PROMPT])
        case "seq2seq":
            return lambda model: _span(model, tokenizer, row[: 2 * PROMPT])


def _continuation(model: Transformer, tokenizer: TextTokenizer, ids: list[int]) -> str:
    ends = frozenset([tokenizer.separator])
    new = greedy(model, ids, max_new_tokens=NEW, ends=ends)
    return f"{tokenizer.decode(ids)} ⟶ {tokenizer.decode(new)}"


def _guesses(model: Transformer, tokenizer: TextTokenizer, ids: list[int]) -> str:
    mask = tokenizer.id("[MASK]")
    begin, between = tokenizer.id("[CLS]"), tokenizer.id("[SEP]")
    hidden = [mask if i % 4 == 3 else token for i, token in enumerate(ids)]
    found = filled(model, [begin, *hidden, between], mask)[1:-1]
    said = [
        f"[{tokenizer.decode([new]).strip()}]" if given == mask else tokenizer.decode([given])
        for given, new in zip(hidden, found, strict=True)
    ]
    return f"{tokenizer.decode(ids)} ⟶ {''.join(said)}"


def _span(model: Transformer, tokenizer: TextTokenizer, ids: list[int]) -> str:
    sentinel, end = tokenizer.vocabulary - 1, tokenizer.id("</s>")
    half = len(ids) // 2
    source = [*ids[:half], sentinel, *ids[half + 2 :], end]
    new = answered(model, source, max_new_tokens=NEW, end=end)
    return f"{tokenizer.decode(ids[:half])} … {tokenizer.decode(ids[half + 2 :])} ⟶ {tokenizer.decode(new)}"
