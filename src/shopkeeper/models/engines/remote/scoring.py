"""How likely given continuations are, by the two ways in which servers tell it.

vLLM and SGLang echo a prompt with the log-probability of each of its tokens. llama-server tells those of the tokens
that it writes, so each token of the continuation is written by force: `logit_bias` moves the choice, and the probability
that it tells is of the model's own logits, before the bias. Both take the prompt as token ids, so that each text is cut
by itself.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shopkeeper.models.engines.remote import answers
from shopkeeper.models.engines.remote.asking import messages_of
from shopkeeper.models.engines.remote.connection import BrokenAnswer
from shopkeeper.models.records import Prompt, Score, Usage

FORCE = 1e4  # above all differences of logits

# Sends a body and returns the answer's: path, body, and whether the path begins at the root instead of /v1.
Post = Callable[[str, Mapping[str, Any], bool], bytes]


def echoed_scores(
    post: Post, model: str, prompt: Prompt, continuations: Sequence[str]
) -> tuple[list[Score], Usage]:
    """By the echo of prompt and continuation. Raises what `post` raises, and BrokenAnswer."""
    about: dict[str, Any] = {"model": model}
    if isinstance(prompt, str):
        asked = about | {"prompt": prompt, "add_special_tokens": True}
    else:
        asked = about | {"messages": messages_of(prompt), "add_generation_prompt": True}
    before = answers.token_ids(post("/tokenize", asked, True))
    scores, sent = [], 0
    for text in continuations:
        asked = about | {"prompt": text, "add_special_tokens": False}
        after = answers.token_ids(post("/tokenize", asked, True)) if text else []
        if not after:
            scores.append(Score(0.0, 0))
            continue
        asked = about | {"prompt": before + after, "max_tokens": 1, "temperature": 0, "echo": True, "logprobs": 1}  # fmt: skip
        body = post("/completions", asked, False)
        total = answers.echoed(body, prompt=len(before), tokens=len(after))
        scores.append(Score(total, len(after)))
        sent += len(before) + len(after)
    return scores, Usage(sent)


def forced_scores(
    post: Post, prompt: Prompt, continuations: Sequence[str]
) -> tuple[list[Score], Usage]:
    """By writing each token by force. Raises what `post` raises, and BrokenAnswer."""
    if not isinstance(prompt, str):
        prompt = answers.template(post("/apply-template", {"messages": messages_of(prompt)}, True))
    before = answers.token_ids(
        post("/tokenize", {"content": prompt, "add_special": True, "parse_special": True}, True)
    )
    scores, sent = [], 0
    for text in continuations:
        asked = {"content": text, "add_special": False, "parse_special": False}
        after = answers.token_ids(post("/tokenize", asked, True)) if text else []
        sent += len(before) * bool(after) + len(after)
        likelihoods = [_forced(post, before + after[:i], token) for i, token in enumerate(after)]
        scores.append(Score(math.fsum(likelihoods), len(after)))
    return scores, Usage(sent)


class _Written(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: int
    logprob: float = Field(le=1e-6, allow_inf_nan=False)


class _Forced(BaseModel):
    model_config = ConfigDict(extra="ignore")

    completion_probabilities: list[_Written] = Field(min_length=1)


def _forced(post: Post, before: list[int], token: int) -> float:
    asked = {
        "prompt": before,
        "n_predict": 1,
        "temperature": 0,
        "logit_bias": [[token, FORCE]],
        "n_probs": 1,
        "cache_prompt": True,
    }
    try:
        written = _Forced.model_validate_json(post("/completion", asked, True))
    except ValidationError:
        raise BrokenAnswer("it has no log-probability for the token") from None
    first = written.completion_probabilities[0]
    if first.id != token:
        raise BrokenAnswer("it wrote another token than it was made to")
    return first.logprob
