"""Log-likelihoods of continuations, each token's from the model's own distribution before any sampling.

llama.cpp tells the probability of a token that it chooses, among the whole vocabulary and before what sways its
choice. So a token is chosen for it, by a bias that nothing withstands, and one step is made for it, with all before it
cached. Continuations are walked as a trie: what they share is computed once, and where several tokens may follow, one
step tells all of them that are among the likeliest.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

LIKELIEST = (
    256  # tokens told for a step at which continuations part; rarer ones are asked for one by one
)
CERTAIN = 1e6  # added to a logit
EVERY = 10**6  # tokens of the largest vocabulary and more
# A token that is half a character is not told. So the likeliest are asked for with this chosen: whole, and one token.
WHOLE = "a"
LEAST = -103.3  # the logarithm of the smallest float, below which llama.cpp tells none

Complete = Callable[[Mapping[str, Any]], Mapping[str, Any]]


@dataclass(slots=True)
class _Node:
    """A place in the trie: what may follow, and the log-likelihood of the way here."""

    way: tuple[int, ...] = ()
    log_likelihood: float = 0.0
    next: dict[int, "_Node"] = field(default_factory=dict)


def score_continuations(
    prompt: Sequence[int], continuations: Sequence[Sequence[int]], complete: Complete
) -> list[float]:
    """The log-likelihood of each continuation after the prompt, summed over its tokens; 0 for an empty one.

    complete: answers one request of llama.cpp's /completion.
    """
    root = _Node()
    leaves = [_grow(root, tokens) for tokens in continuations]
    waiting = [root]
    while waiting:
        node = waiting.pop()
        before = [*prompt, *node.way]
        told = _likeliest(before, complete) if len(node.next) > 1 else {}
        for token, child in node.next.items():
            gained = told[token] if token in told else _forced(before, token, complete)
            child.log_likelihood = node.log_likelihood + gained
        waiting += node.next.values()
    return [leaf.log_likelihood for leaf in leaves]


def _grow(root: _Node, tokens: Sequence[int]) -> _Node:
    node = root
    for token in tokens:
        node = node.next.setdefault(token, _Node((*node.way, token)))
    return node


def _forced(before: list[int], token: int, complete: Complete) -> float:
    """The log-probability of this token."""
    bias = [[token, CERTAIN]]
    answer = complete({"prompt": before, "n_predict": 1, "n_probs": 1, "logit_bias": bias})
    if "completion_probabilities" not in answer:
        return _likeliest(before, complete, most=EVERY)[token]
    step = answer["completion_probabilities"][0]
    assert step["id"] == token
    return max(float(step["logprob"]), LEAST)


def _likeliest(before: list[int], complete: Complete, *, most: int = LIKELIEST) -> dict[int, float]:
    """Log-probabilities of the likeliest tokens that may follow."""
    bias = [[WHOLE, CERTAIN]]
    answer = complete({"prompt": before, "n_predict": 1, "n_probs": most, "logit_bias": bias})
    likeliest = answer["completion_probabilities"][0]["top_logprobs"]
    return {one["id"]: max(one["logprob"], LEAST) for one in likeliest}
