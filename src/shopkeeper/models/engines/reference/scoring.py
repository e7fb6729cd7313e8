"""How likely given text is, and texts as vectors. Axis letters: `B` batch, `T` tokens, `V` vocabulary, `D` width."""

import copy
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from shopkeeper.models.engines.reference.checkpoint import logits_of
from shopkeeper.models.engines.reference.decoding import Reading
from shopkeeper.models.engines.reference.turn import Turn

BATCH = 16


def continuations(turn: Turn, prompt: Sequence[int], texts: Sequence[Sequence[int]]) -> list[float]:
    """Log-likelihood of each after the prompt, which is read once.

    Batches share the prompt's keys and values; what fills up the shorter ones comes after them and is not seen.
    """
    reading = Reading(turn, prompt)
    first = reading.logits.log_softmax(-1)  # (V,)
    found = [0.0 if not ids else float(first[ids[0]]) for ids in texts]
    longer = [place for place, ids in enumerate(texts) if len(ids) > 1]
    for start in range(0, len(longer), BATCH):
        places = longer[start : start + BATCH]
        widened = copy.copy(reading)
        widened.cache = copy.deepcopy(reading.cache)
        widened.widen(len(places))
        ids, mask = turn.checkpoint.encode([texts[place] for place in places])
        logits = widened.read(ids[:, :-1].tolist())  # (B, T - 1, V)
        sums = _taken(logits, ids[:, 1:], mask[:, 1:])
        for place, value in zip(places, sums.tolist(), strict=True):
            found[place] += value
    return found


def _taken(logits: Tensor, ids: Tensor, mask: Tensor) -> Tensor:
    """(B,) sums of the log-probabilities of these ids (B, T) where the mask is 1."""
    chosen = logits.float().log_softmax(-1).gather(-1, ids[..., None])[..., 0]
    return (chosen.double() * mask).sum(-1)


def pseudo_likelihoods(
    turn: Turn, prompt: Sequence[int], texts: Sequence[Sequence[int]]
) -> list[float]:
    """For encoders: the sum over a text's tokens of the log-probability of each, if it alone is masked.

    Source: Salazar et al. 2020, equation 1, over the continuation's tokens only.
    """
    checkpoint = turn.checkpoint
    mask_id: int = checkpoint.tokenizer.mask_token_id
    begin = len(checkpoint.marked(())[:1]) + len(prompt)
    rows, owners = [], []
    for owner, text in enumerate(texts):
        for offset in range(len(text)):
            row = checkpoint.marked([*prompt, *text])
            answer, row[begin + offset] = row[begin + offset], mask_id
            rows.append((row, begin + offset, answer))
            owners.append(owner)
    found = [0.0] * len(texts)
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        ids, mask = checkpoint.encode([row for row, _, _ in batch])
        with turn.step():
            logits = logits_of(checkpoint.model(input_ids=ids, attention_mask=mask))  # (B, T, V)
        for number, (_, place, answer) in enumerate(batch):
            likely = float(logits[number, place].float().log_softmax(-1)[answer])
            found[owners[start + number]] += likely
    return found


def vectors(turn: Turn, texts: Sequence[Sequence[int]]) -> NDArray[np.float32]:
    """(N, D), each of length 1: the mean over a text's tokens of the encoder's last states."""
    model = turn.checkpoint.model
    encoder = (
        model.get_encoder() if turn.checkpoint.card.kind == "encoder-decoder" else model.base_model
    )
    rows = [np.empty((0, model.config.hidden_size), np.float32)]
    for start in range(0, len(texts), BATCH):
        ids, mask = turn.checkpoint.encode(texts[start : start + BATCH])
        with turn.step():
            states = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
            mean = (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
            rows.append(torch.nn.functional.normalize(mean, dim=-1).float().numpy())
    return np.concatenate(rows)
