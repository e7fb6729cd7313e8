"""A checkpoint in memory: its weights in float32 and its tokenizer, and the few things that all its uses need.

Axis letters: `B` batch, `T` tokens, `V` vocabulary.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import torch
import transformers
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging as transformers_logging

from shopkeeper.errors import EngineUnavailable, Unsupported
from shopkeeper.models.engines.llama.template import Part
from shopkeeper.models.engines.reference.card import Card
from shopkeeper.models.engines.reference.dequantised import load_dequantised

# A GGUF file names one token that ends an answer; these end it too, as in llama.cpp.
ENDS = ("<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|end|>", "<end_of_turn>", "</s>")

# Nothing is fetched, and no program that came with a checkpoint is run.
LOCAL: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}


class Checkpoint:
    """Weights and tokenizer. `ends`: ids of the tokens that end a text."""

    def __init__(self, card: Card, model: Any, tokenizer: Any) -> None:
        """Use `load`."""
        self.card = card
        self.model = model
        self.tokenizer = tokenizer
        self.ends = self._ends()

    @classmethod
    def load(cls, card: Card) -> Self:
        """Read the weights. Raises EngineUnavailable if they are damaged, lack something or do not fit into memory."""
        transformers_logging.disable_progress_bar()
        try:
            model, missing = _gguf(card) if card.path.is_file() else _folder(card)
            named = {"gguf_file": card.path.name} if card.path.is_file() else {}
            tokenizer = AutoTokenizer.from_pretrained(_place(card), **LOCAL, **named)
        except EngineUnavailable:
            raise
        except Exception as error:  # whatever Transformers and its parsers raise on damaged files
            raise EngineUnavailable(
                f"{card.path} cannot be loaded: {error}",
                hint="verify the files, or bring them again",
            ) from error
        if missing:
            raise EngineUnavailable(
                f"{card.path} lacks weights of its architecture {card.architecture}: {', '.join(missing[:3])}",
                hint="config.json names an architecture that these weights are not of",
            )
        return cls(card, model, tokenizer)

    def prompt_ids(self, text: str) -> list[int]:
        """A text as a prompt: with the marks of beginning and end that the model was trained on."""
        ids: list[int] = self.tokenizer(text).input_ids
        if not ids:
            raise Unsupported(
                f"{self.card.path.name} cannot begin from nothing", hint="give it a prompt"
            )
        return ids

    def chat_ids(self, parts: Sequence[Part]) -> list[int]:
        """A rendered conversation: what people wrote makes no control tokens."""
        ids: list[int] = []
        for place, part in enumerate(parts):
            begun = place > 0 or bool(self.card.bos and part.text.startswith(self.card.bos))
            ids += self.tokenizer(
                part.text, add_special_tokens=not begun, split_special_tokens=part.plain
            ).input_ids
        return ids

    def text_ids(self, text: str) -> list[int]:
        """A text by itself, without marks."""
        ids: list[int] = self.tokenizer(text, add_special_tokens=False).input_ids
        return ids

    def marked(self, ids: Sequence[int]) -> list[int]:
        """Tokens between the marks that an encoder expects."""
        tokenizer = self.tokenizer
        marks = (tokenizer.cls_token_id, tokenizer.sep_token_id)
        return [
            *[m for m in marks[:1] if m is not None],
            *ids,
            *[m for m in marks[1:] if m is not None],
        ]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of these tokens, without control tokens."""
        text: str = self.tokenizer.decode(
            ids, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return text

    def shown(self, token_id: int) -> str:
        """One token as it can be shown, control tokens too."""
        text: str = self.tokenizer.decode([token_id], clean_up_tokenization_spaces=False)
        return (
            text
            if text and "\ufffd" not in text
            else str(self.tokenizer.convert_ids_to_tokens(token_id))
        )

    @property
    def start_id(self) -> int:
        """The token with which the decoder of an encoder-decoder begins."""
        start: int | None = self.model.config.decoder_start_token_id
        if start is None:
            raise Unsupported(
                f"{self.card.path.name} has no decoder_start_token_id", hint="add it to config.json"
            )
        return start

    def encode(self, rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        """(B, T) ids and their mask, padded at the end."""
        return padded(rows, self.tokenizer.pad_token_id or 0)

    def _ends(self) -> frozenset[int]:
        said = self.model.generation_config.eos_token_id if self.model.can_generate() else None
        ends = set(said) if isinstance(said, list) else {said}
        ends.add(self.tokenizer.eos_token_id)
        if self.card.path.is_file():
            ends |= {
                self.tokenizer.convert_tokens_to_ids(each)
                for each in ENDS
                if each in self.card.control_tokens
            }
        return frozenset(each for each in ends if each is not None)


def _place(card: Card) -> Path:
    return card.path.parent if card.path.is_file() else card.path


def _folder(card: Card) -> tuple[Any, list[str]]:
    model, told = _architecture(card).from_pretrained(
        card.path, dtype=torch.float32, use_safetensors=True, output_loading_info=True, **LOCAL
    )
    return model.eval(), _lacking(told)


def _gguf(card: Card) -> tuple[Any, list[str]]:
    if (model := load_dequantised(card.path)) is not None:
        return model, []
    model, told = AutoModelForCausalLM.from_pretrained(
        _place(card),
        gguf_file=card.path.name,
        dtype=torch.float32,
        output_loading_info=True,
        **LOCAL,
    )
    return model.eval(), _lacking(told)


def _lacking(told: dict[str, Any]) -> list[str]:
    """Weights that are not there. BERT's pooler, for tasks about whole texts, is used by nothing here."""
    return sorted(name for name in told["missing_keys"] if not name.startswith("pooler."))


def _architecture(card: Card) -> Any:
    made = getattr(transformers, card.architecture, None)
    if made is None:
        raise EngineUnavailable(
            f"Transformers {transformers.__version__} has no {card.architecture}",
            hint="code that comes with a checkpoint is not run",
        )
    return made


def padded(rows: Sequence[Sequence[int]], pad: int) -> tuple[Tensor, Tensor]:
    """(B, T) ids, those of shorter rows filled up at the end, and (B, T) 1 where a row has one."""
    longest = max(map(len, rows))
    ids = torch.tensor([[*row, *[pad] * (longest - len(row))] for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    return ids, mask


def logits_of(output: Any) -> Tensor:
    """(B, T, V) of a model's output; models with two heads name them otherwise."""
    logits: Tensor = output["logits"] if "logits" in output else output["prediction_logits"]
    return logits
