"""How quick a language model is: tokens a second while it reads a prompt, and while it writes.

Of one answer: reading is the prompt's tokens that were computed over the time to the first token, writing the tokens
after the first over the time after it. Measured over several prompts, none of which begins like another, so that nothing
is computed before; the first only warms up.
"""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shopkeeper.models.engines.contract import LanguageModel
from shopkeeper.models.records import Controls, Generation, Message, Prompt, Request

NEW_TOKENS = 48
ENOUGH = 8  # tokens of an answer, below which its rate says little
TIMEOUT_S = 120.0
Progress = Callable[[int, int], None]  # prompts done, prompts in all


@dataclass(frozen=True, slots=True)
class Rate:
    """Tokens a second: the median over prompts, the slowest and the quickest. prompts 0: nothing could be told."""

    median: float
    low: float
    high: float
    prompts: int


@dataclass(frozen=True, slots=True)
class Speed:
    """Both rates, and what measuring them took."""

    reading: Rate
    writing: Rate
    tokens: int
    seconds: float


def reading_rate(answer: Generation) -> float | None:
    """Tokens of the prompt a second; None where it cannot be told."""
    computed = answer.usage.prompt_tokens - answer.usage.cached_tokens
    first_ms = answer.timing.first_token_ms
    return 1000 * computed / first_ms if computed > 0 and first_ms > 0 else None


def writing_rate(answer: Generation) -> float | None:
    """Tokens written a second, after the first; None where it cannot be told."""
    after = answer.usage.completion_tokens - 1
    spent_ms = answer.timing.total_ms - answer.timing.first_token_ms
    return 1000 * after / spent_ms if after > 0 and spent_ms > 0 else None


def measure_speed(
    model: LanguageModel,
    texts: Sequence[str],
    *,
    progress: Progress = lambda done, of: None,
) -> Speed:
    """The model's speed on these texts, two at least: the first one warms up. Raises what the model raises."""
    chat = "chat" in model.abilities
    answers = []
    for place, text in enumerate(texts):
        asked = f"{place + 1}. {text}\n\nSay in your own words what this is about."
        prompt: Prompt = (Message("user", asked),) if chat else asked
        controls = Controls(max_new_tokens=NEW_TOKENS)
        answers.append(_last(model, Request(prompt, controls, timeout_s=TIMEOUT_S)))
        progress(place + 1, len(texts))
    counted = answers[1:]
    told = [one for one in counted if one.usage.completion_tokens >= ENOUGH]
    return Speed(
        _rate([reading_rate(one) for one in counted]),
        _rate([writing_rate(one) for one in told]),
        sum(one.usage.prompt_tokens + one.usage.completion_tokens for one in answers),
        sum(one.timing.total_ms for one in answers) / 1000,
    )


def _last(model: LanguageModel, request: Request) -> Generation:
    """The answer, streamed, since the time of its first token counts."""
    answers = [piece.generation for piece in model.stream(request) if piece.generation]
    return answers[-1]


def _rate(found: Sequence[float | None]) -> Rate:
    rates = [rate for rate in found if rate is not None]
    if not rates:
        return Rate(0.0, 0.0, 0.0, 0)
    return Rate(statistics.median(rates), min(rates), max(rates), len(rates))
