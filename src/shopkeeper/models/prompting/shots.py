"""Which examples a prompt shows: none, one or few, out of rows with right answers.

With an embedder the nearest to the question are taken, without one a choice that is the same for every question (so
that engines keep it computed) and has every label in turn. The order of those taken is fixed by the seed. They are
added as long as they fit the budget of tokens, the best first.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic

import numpy as np

from shopkeeper.models.embed.contract import Embedder, Vectors
from shopkeeper.models.prompting.task import Example, Input, Output, Task
from shopkeeper.models.structured import Choice

TURN_TOKENS = 8  # what a chat template writes around a message, at most, in those we know


@dataclass(frozen=True, slots=True)
class Pool(Generic[Input, Output]):
    """Examples to choose from. vectors: (N, D) of their questions, where an embedder ranks them."""

    task: Task[Input, Output]
    examples: Sequence[Example[Input, Output]]
    seed: int = 0
    embedder: Embedder | None = None
    vectors: Vectors | None = None
    order: Sequence[int] = field(default=())

    def ranked(self, given: Input) -> list[int]:
        """Places of the examples, the best to show first. One about the very same input is left out."""
        order = self.order
        if self.embedder is not None and self.vectors is not None:
            (asked,) = self.embedder.encode([self.task.question(given)], kind="query")
            order = [int(i) for i in np.argsort(-(self.vectors @ asked), kind="stable")]
        return [i for i in order if self.examples[i].given != given]

    def choose(
        self,
        given: Input,
        *,
        shots: int,
        budget_tokens: int | None = None,
        count_tokens: Callable[[str], int] = len,
    ) -> tuple[Example[Input, Output], ...]:
        """At most `shots` examples for this question, in the order in which they are shown.

        budget_tokens: most tokens of the whole prompt, what the chat template adds included; None for no limit.
        """
        chosen = self.ranked(given)[:shots]
        if budget_tokens is not None:
            chosen = self._fitting(given, chosen, budget_tokens, count_tokens)
        random.Random(f"{self.seed}").shuffle(chosen := sorted(chosen))
        return tuple(self.examples[i] for i in chosen)

    def _fitting(
        self, given: Input, places: Sequence[int], budget: int, count: Callable[[str], int]
    ) -> list[int]:
        left = budget - prompt_tokens(self.task, given, (), count)
        chosen = []
        for place in places:
            left -= example_tokens(self.task, self.examples[place], count)
            if left < 0:
                break
            chosen.append(place)
        return chosen


def pool(
    task: Task[Input, Output],
    examples: Sequence[Example[Input, Output]],
    *,
    seed: int = 0,
    embedder: Embedder | None = None,
) -> Pool[Input, Output]:
    """Examples to choose from: by nearness if there is an embedder, else in one seeded order."""
    if embedder is None:
        return Pool(task, examples, seed, order=_by_turns(task, examples, seed))
    questions = [task.question(example.given) for example in examples]
    vectors = embedder.encode(questions, kind="query")  # alike is compared with alike
    return Pool(task, examples, seed, embedder, vectors)


def prompt_tokens(
    task: Task[Input, Output],
    given: Input,
    examples: Sequence[Example[Input, Output]],
    count: Callable[[str], int],
) -> int:
    """Tokens of the whole prompt, with what a chat template adds at most."""
    fixed = count(task.instruction) + count(task.question(given)) + 3 * TURN_TOKENS
    return fixed + sum(example_tokens(task, example, count) for example in examples)


def example_tokens(
    task: Task[Input, Output], example: Example[Input, Output], count: Callable[[str], int]
) -> int:
    """Tokens that one example adds to a prompt, at most."""
    return count(task.question(example.given)) + count(task.said(example.output)) + 2 * TURN_TOKENS


def _by_turns(
    task: Task[Input, Output], examples: Sequence[Example[Input, Output]], seed: int
) -> list[int]:
    """A seeded order of places in which, if the task has labels, each label has its turn."""
    random.Random(seed).shuffle(places := list(range(len(examples))))
    if not isinstance(task.answer, Choice):
        return places
    seen: dict[object, int] = defaultdict(int)
    turn = {}
    for place in places:
        label = examples[place].output
        turn[place] = seen[label]
        seen[label] += 1
    return sorted(places, key=turn.__getitem__)
