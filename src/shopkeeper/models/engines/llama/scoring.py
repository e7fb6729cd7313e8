"""Log-likelihoods of continuations, each token's from the model's own distribution before any sampling.

llama.cpp tells probabilities only of tokens that it chooses. So it is made to choose: a grammar of token ids leaves no
other choice, while the log-probabilities it reports are of the whole vocabulary without the grammar. Continuations
are walked as a trie, so that what they share is computed once and the prompt stays cached; where several tokens may
follow, one step tells all of them that are among the likeliest.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

LIKELIEST = (
    256  # tokens told for a step at which continuations part; rarer ones are asked for one by one
)
LEAST = (
    -103.3
)  # the logarithm of the smallest float: below it llama.cpp says that a token has no probability

Complete = Callable[[Mapping[str, Any]], Mapping[str, Any]]


@dataclass(slots=True)
class _Node:
    """A place in the trie: what may follow, and the log-likelihood of the way here."""

    way: tuple[int, ...] = ()
    log_likelihood: float = 0.0
    ends: bool = False
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
        if len(node.next) > 1:
            told = _likeliest([*prompt, *node.way], complete)
            for token, child in node.next.items():
                gained = (
                    told[token]
                    if token in told
                    else _forced([*prompt, *node.way], [token], complete)[0]
                )
                child.log_likelihood = node.log_likelihood + gained
        elif node.next:
            waiting.append(_run(prompt, node, complete))
            continue
        waiting += node.next.values()
    return [leaf.log_likelihood for leaf in leaves]


def _grow(root: _Node, tokens: Sequence[int]) -> _Node:
    node = root
    for token in tokens:
        node = node.next.setdefault(token, _Node((*node.way, token)))
    node.ends = True
    return node


def _run(prompt: Sequence[int], node: _Node, complete: Complete) -> _Node:
    """Follow tokens without a choice in one request. The node where they end, or part."""
    run: list[_Node] = []
    last = node
    while len(last.next) == 1:
        (last,) = last.next.values()
        run.append(last)
    gains = _forced([*prompt, *node.way], [one.way[-1] for one in run], complete)
    reached = node.log_likelihood
    for one, gained in zip(run, gains, strict=True):
        reached += gained
        one.log_likelihood = reached
    return last


def _forced(before: list[int], tokens: list[int], complete: Complete) -> list[float]:
    """Log-probabilities of these tokens, one after the other."""
    told: list[float] = []
    while len(told) < len(tokens):  # one request, except where a token ends the model's turn
        left = tokens[len(told) :]
        answer = complete(
            {
                "prompt": before + tokens[: len(told)],
                "n_predict": len(left),
                "grammar": "root ::= " + " ".join(f"<[{token}]>" for token in left),
                "n_probs": 1,
            }
        )
        steps = answer["completion_probabilities"][: len(left)]
        assert [step["id"] for step in steps] == left[: len(steps)]
        assert steps
        told += [max(step["logprob"], LEAST) for step in steps]
    return told


def _likeliest(before: list[int], complete: Complete) -> dict[int, float]:
    """Log-probabilities of the likeliest tokens that may follow."""
    answer = complete({"prompt": before, "n_predict": 1, "n_probs": LIKELIEST})
    likeliest = answer["completion_probabilities"][0]["top_logprobs"]
    return {one["id"]: max(one["logprob"], LEAST) for one in likeliest}
