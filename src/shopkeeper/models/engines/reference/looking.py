"""What a model looks at and what it expects: attention of every layer and head, next tokens, masked tokens.

Axis letters: `L` layers, `H` heads, `Q` and `K` tokens, `T` tokens of a text, `V` vocabulary.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from shopkeeper.errors import Unsupported
from shopkeeper.models.attention import AttentionMap, Explanation, Guess, Guesses, Part
from shopkeeper.models.engines.reference.card import Kind
from shopkeeper.models.engines.reference.checkpoint import Checkpoint, logits_of
from shopkeeper.models.engines.reference.decoding import write
from shopkeeper.models.engines.reference.turn import Turn
from shopkeeper.models.records import Controls

ANSWER = Controls(max_new_tokens=12)  # of an encoder-decoder that is given none


def explained(
    turn: Turn, ids: Sequence[int], text: str, *, answer: Sequence[int] = (), top: int
) -> Explanation:
    """The model's attention over these tokens, and the `top` likeliest tokens after them or under each mask.

    An encoder-decoder looks from its answer, which it writes itself if none is given; others have none.
    """
    checkpoint = turn.checkpoint
    given: dict[str, Any] = {"input_ids": torch.tensor([ids])}
    written: tuple[str, ...] = ()
    if checkpoint.card.kind == "encoder-decoder":
        started = [checkpoint.start_id, *(answer or write(turn, ids, ANSWER))]
        given["decoder_input_ids"] = torch.tensor([started])
        written = _tokens(checkpoint, started)
    with turn.step(), eager(checkpoint):
        output = checkpoint.model(**given, output_attentions=True)
    read = _tokens(checkpoint, ids)
    parts: dict[Kind, list[tuple[Part, str, tuple[str, ...], tuple[str, ...]]]] = {
        "decoder": [("decoder", "attentions", read, read)],
        "encoder": [("encoder", "attentions", read, read)],
        "encoder-decoder": [
            ("cross", "cross_attentions", written, read),
            ("encoder", "encoder_attentions", read, read),
            ("decoder", "decoder_attentions", written, written),
        ],
    }
    maps = tuple(
        AttentionMap(part, _stacked(output[name]), queries, keys)
        for part, name, queries, keys in parts[checkpoint.card.kind]
    )
    logits = None if checkpoint.card.only_vectors else logits_of(output)[0]
    guesses = () if logits is None else tuple(_guesses(checkpoint, ids, written, logits, top))
    return Explanation(checkpoint.card.path.name, text, maps, guesses)


def fill_masks(turn: Turn, ids: Sequence[int], *, top: int) -> tuple[Guesses, ...]:
    """The likeliest tokens under each mask of an encoder's text, in their order."""
    checkpoint = turn.checkpoint
    with turn.step():
        logits = logits_of(checkpoint.model(input_ids=torch.tensor([ids])))[0]
    return tuple(_guesses(checkpoint, ids, (), logits, top))


@contextmanager
def eager(checkpoint: Checkpoint) -> Iterator[None]:
    """Attention computed by its formula, step by step, so that its weights can be seen; fused kernels keep none."""
    model = checkpoint.model
    before = model.config._attn_implementation
    model.set_attn_implementation("eager")
    try:
        yield
    finally:
        model.set_attn_implementation(before)


def _stacked(attentions: Sequence[Tensor] | None) -> np.ndarray[Any, np.dtype[np.float32]]:
    """(L, H, Q, K) of a model's tuple of (1, H, Q, K)."""
    if not attentions or any(each is None for each in attentions):
        raise Unsupported("this architecture does not show its attention")
    return torch.cat(list(attentions)).float().numpy()


def _guesses(
    checkpoint: Checkpoint, ids: Sequence[int], written: Sequence[str], logits: Tensor, top: int
) -> Iterator[Guesses]:
    if checkpoint.card.kind == "encoder":
        mask_id = checkpoint.tokenizer.mask_token_id
        for place, token in enumerate(ids):
            if token == mask_id:
                yield Guesses(checkpoint.shown(token), _likeliest(checkpoint, logits[place], top))
        return
    last = written[-1] if written else checkpoint.shown(ids[-1])
    yield Guesses(last, _likeliest(checkpoint, logits[-1], top))


def _likeliest(checkpoint: Checkpoint, logits: Tensor, top: int) -> tuple[Guess, ...]:
    found = logits.float().softmax(-1).topk(min(top, len(logits)))
    return tuple(
        Guess(checkpoint.shown(token), token, value)
        for token, value in zip(found.indices.tolist(), found.values.tolist(), strict=True)
    )


def _tokens(checkpoint: Checkpoint, ids: Sequence[int]) -> tuple[str, ...]:
    return tuple(checkpoint.shown(each) for each in ids)
