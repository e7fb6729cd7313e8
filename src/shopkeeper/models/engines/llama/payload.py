"""A request in llama.cpp's words: the body of its /completion (tools/server/README.md there)."""

from collections.abc import Sequence, Set
from typing import Any

from shopkeeper.errors import Unsupported
from shopkeeper.models.engines.llama.grammar import grammar_of
from shopkeeper.models.records import Ability, Controls, Request

# As in Transformers: penalties on the raw logits, then the temperature, then what is cut off. llama.cpp would cut
# first. Its other samplers (DRY, XTC, typical) stay out.
SAMPLERS = ("penalties", "temperature", "top_k", "top_p", "min_p")
SPACING = {
    "whitespace_flexible": False
}  # one space where Python puts one: small models never stop otherwise


def check_supported(request: Request, abilities: Set[Ability]) -> None:
    """Raises Unsupported for what this model cannot do."""
    needs: dict[Ability, bool] = {
        "generate": True,
        "chat": not isinstance(request.prompt, str),
        "tools": bool(request.tools),
        "adapters": bool(request.adapter),
        "beams": request.controls.beams > 1,
    }
    lacking = [ability for ability, needed in needs.items() if needed and ability not in abilities]
    if lacking:
        raise Unsupported(f"this model of llama.cpp has no {', '.join(lacking)}")


def body_of(request: Request, tokens: Sequence[int], adapters: Sequence[str]) -> dict[str, Any]:
    """What to send for a request whose prompt has been cut into tokens. Raises Unsupported."""
    return {
        "prompt": tokens,
        "repeat_last_n": len(tokens) + request.controls.max_new_tokens,  # penalties see it all
        "cache_prompt": True,
        "return_tokens": True,
        "lora": scales(request.adapter, adapters),
        **_controls(request.controls),
        **({"grammar": grammar} if (grammar := grammar_of(request)) else {}),
    }


def _controls(controls: Controls) -> dict[str, Any]:
    biases = [[token, bias] for token, bias in controls.logit_bias.items()]
    return {
        "n_predict": controls.max_new_tokens,
        "samplers": SAMPLERS
        if controls.temperature
        else SAMPLERS[:2],  # greedy needs no cutting off
        "temperature": controls.temperature,
        "top_k": controls.top_k,
        "top_p": controls.top_p,
        "min_p": controls.min_p,
        "repeat_penalty": controls.repetition_penalty,
        "presence_penalty": controls.presence_penalty,
        "frequency_penalty": controls.frequency_penalty,
        "stop": controls.stop,
        "seed": -1 if controls.seed is None else controls.seed % 2**32,
        **({"logit_bias": biases} if biases else {}),
    }


def scales(name: str, adapters: Sequence[str]) -> list[dict[str, Any]]:
    """How much of each adapter: all of the named one, nothing of the others. Raises Unsupported for another name.

    llama.cpp takes an adapter that is not in the list, or an empty list, to mean that it is to be used in full.
    """
    if name and name not in adapters:
        raise Unsupported(
            f"no adapter is named {name!r}", hint=f"there are: {', '.join(adapters) or 'none'}"
        )
    return [{"id": n, "scale": float(each == name)} for n, each in enumerate(adapters)]
