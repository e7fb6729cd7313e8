"""Writing text, a token at a time or by beams. Axis letters: `B` beams, `T` tokens, `V` vocabulary."""

import secrets
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import (
    GenerationConfig,
    LogitsProcessor,
    LogitsProcessorList,
    StoppingCriteria,
    StoppingCriteriaList,
)

from shopkeeper.models.engines.reference.checkpoint import logits_of
from shopkeeper.models.engines.reference.sampling import adjusted, next_token
from shopkeeper.models.engines.reference.turn import Turn
from shopkeeper.models.records import Controls

CHUNK = 256  # tokens of a prompt in one pass: time budgets are looked at between them


class Reading:
    """A decoder that has read some tokens, and remembers their keys and values."""

    def __init__(self, turn: Turn, prompt: Sequence[int]) -> None:
        """Read the prompt: in the decoder, or in the encoder of a model that has one."""
        self._turn = turn
        self._model = turn.checkpoint.model
        self._given: dict[str, Any] = {}
        self.cache: Any = None
        if turn.checkpoint.card.kind == "encoder-decoder":
            ids = torch.tensor([prompt])
            with turn.step():
                encoded = self._model.get_encoder()(input_ids=ids)
            self._given = {"encoder_outputs": encoded, "attention_mask": torch.ones_like(ids)}
            self._name, prompt = "decoder_input_ids", [turn.checkpoint.start_id]
        else:
            self._name = "input_ids"
        for start in range(0, len(prompt), CHUNK):
            self.logits = self.read([prompt[start : start + CHUNK]])[0, -1]  # (V,)

    def read(self, rows: Sequence[Sequence[int]]) -> Tensor:
        """(B, T, V) after each of these tokens, which come after those read before."""
        with self._turn.step():
            output = self._model(
                **{self._name: torch.tensor(rows)}, **self._given, cache=self.cache, use_cache=True
            )
            self.cache = output.cache
            return logits_of(output)

    def widen(self, rows: int) -> None:
        """Let `read` take so many rows that go on from the same beginning."""
        self.cache.batch_repeat_interleave(rows)
        if self._given:
            encoded, mask = self._given["encoder_outputs"], self._given["attention_mask"]
            hidden = encoded.last_hidden_state.expand(rows, -1, -1)
            self._given = {"encoder_outputs": (hidden,), "attention_mask": mask.expand(rows, -1)}


def write(turn: Turn, prompt: Sequence[int], controls: Controls) -> Iterator[int]:
    """The tokens that come after the prompt, one by one, without one that ends the text."""
    generator = torch.Generator().manual_seed(
        secrets.randbits(63) if controls.seed is None else controls.seed % 2**63
    )
    reading = Reading(turn, prompt)
    counts = counted(prompt, len(reading.logits))
    for place in range(controls.max_new_tokens):
        token = next_token(reading.logits, counts, controls, generator)
        turn.first_token()
        if token in turn.checkpoint.ends:
            return
        yield token
        if place + 1 < controls.max_new_tokens:
            counts[token] += 1
            reading.logits = reading.read([[token]])[0, -1]


def counted(ids: Sequence[int], vocabulary: int) -> Tensor:
    """(V,) how often each token is among these."""
    return torch.bincount(torch.tensor(ids), minlength=vocabulary)[:vocabulary]


def search(turn: Turn, prompt: Sequence[int], controls: Controls) -> list[int]:
    """The tokens of the best of `controls.beams` beams, by log-likelihood over length, without one that ends the text."""
    checkpoint = turn.checkpoint
    ids = torch.tensor([prompt])
    wanted = GenerationConfig(
        num_beams=controls.beams,
        do_sample=False,
        max_new_tokens=controls.max_new_tokens,
        eos_token_id=sorted(checkpoint.ends) or None,
        pad_token_id=checkpoint.tokenizer.pad_token_id or min(checkpoint.ends, default=0),
        decoder_start_token_id=checkpoint.model.config.to_dict().get("decoder_start_token_id"),
    )
    with turn.step():
        rows = checkpoint.model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            generation_config=wanted,
            logits_processor=LogitsProcessorList(
                [_Adjusted(controls, prompt, checkpoint.card.kind == "decoder")]
            ),
            stopping_criteria=StoppingCriteriaList([_InTime(turn)]),
        )
    turn.first_token()
    written: list[int] = rows[0].tolist()
    written = written[len(prompt) if checkpoint.card.kind == "decoder" else 1 :]
    ends = (place for place, token in enumerate(written) if token in checkpoint.ends)
    return written[: next(ends, len(written))]


class _Adjusted(LogitsProcessor):  # type: ignore[misc]  # its module is not followed for types
    """Biases and penalties, for each beam by what is in it."""

    def __init__(self, controls: Controls, prompt: Sequence[int], prompt_is_there: bool) -> None:
        self._controls = controls
        self._prompt = [] if prompt_is_there else list(prompt)

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        rows = zip(input_ids.tolist(), scores, strict=True)
        return torch.stack(
            [
                adjusted(row, counted([*self._prompt, *ids], len(row)), self._controls)
                for ids, row in rows
            ]
        )


class _InTime(StoppingCriteria):  # type: ignore[misc]  # its module is not followed for types
    """Raises once the time is spent or the engine is closed."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn

    def __call__(self, input_ids: Tensor, scores: Any, **kwargs: Any) -> Tensor:
        self._turn.check()
        return torch.zeros(len(input_ids), dtype=torch.bool)
