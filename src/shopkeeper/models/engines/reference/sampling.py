"""The next token, by the controls: penalties on the raw logits, then the temperature, then what is cut off.

The order is that of Transformers and vLLM. Axis letter: `V` vocabulary.
"""

import torch
from torch import Tensor

from shopkeeper.models.records import Controls


def adjusted(logits: Tensor, counts: Tensor, controls: Controls) -> Tensor:
    """(V,) logits with biases and penalties. counts: (V,) how often each token is there already, the prompt's too.

    Source: Keskar et al. 2019, section 4.1, for the repetition penalty, with logits below 0 multiplied so that it lowers
    them too; OpenAI's API for presence and frequency.
    """
    logits = logits.float().clone()
    for token, bias in controls.logit_bias.items():
        if 0 <= token < len(logits):
            logits[token] += bias
    there = counts > 0
    if controls.repetition_penalty != 1:
        penalty = controls.repetition_penalty
        punished = torch.where(logits > 0, logits / penalty, logits * penalty)
        logits = torch.where(there, punished, logits)
    logits -= controls.frequency_penalty * counts + controls.presence_penalty * there
    return logits


def probabilities(logits: Tensor, controls: Controls) -> Tensor:
    """(V,) how likely each token is to be taken at a temperature above 0.

    Source: Fan et al. 2018 (top k), Holtzman et al. 2020 (top p), Nguyen et al. 2024 (min p).
    """
    logits = logits / controls.temperature
    if 0 < controls.top_k < len(logits):
        logits = _only(logits, logits >= logits.topk(controls.top_k).values[-1])
    if controls.top_p < 1:
        ordered, order = logits.softmax(-1).sort(descending=True)
        before = ordered.cumsum(-1) - ordered  # the likeliest has nothing before it and stays
        kept = torch.zeros_like(before, dtype=torch.bool).scatter(0, order, before < controls.top_p)
        logits = _only(logits, kept)
    if controls.min_p > 0:
        likely = logits.softmax(-1)
        logits = _only(logits, likely >= controls.min_p * likely.max())
    return logits.softmax(-1)


def next_token(
    logits: Tensor, counts: Tensor, controls: Controls, generator: torch.Generator
) -> int:
    """The id of the token that comes next."""
    logits = adjusted(logits, counts, controls)
    if controls.temperature == 0:
        return int(logits.argmax())
    return int(torch.multinomial(probabilities(logits, controls), 1, generator=generator))


def _only(logits: Tensor, kept: Tensor) -> Tensor:
    return logits.masked_fill(~kept, -torch.inf)
