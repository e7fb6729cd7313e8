"""Soft prompts: a few vectors before every row learn the task, and nothing else of the model changes.

The vectors stand behind the vocabulary as tokens of their own, which only the embedding knows: `prefix` has their ids,
to be put before a row; nothing predicts them. They begin as the vectors of words, which Lester et al. found better than
random ones. Source: Lester et al. 2021 (prompt tuning), section 2 and figure 3.

They work in our Transformer, and in whatever takes vectors in the place of tokens, as Transformers does; they are saved
in the layout of the library PEFT. llama.cpp takes no vectors beside a model: for it the model is exported whole with
the prompt's tokens in its vocabulary (`with_tokens`), and prompts begin with their names.

Axes: P tokens of the prompt, D width.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor, nn

from shopkeeper.errors import ArtifactError
from shopkeeper.training.storage import storing
from shopkeeper.training.transformer import Transformer
from shopkeeper.training.words import Words

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
TASK_WORDS = "Answer the question of the shop as it is asked."  # where no words were chosen


class PromptedEmbedding(nn.Module):
    """An embedding table that is left as it is, and the vectors of the soft prompt as the ids behind it."""

    def __init__(self, table: nn.Embedding, vectors: Tensor) -> None:
        super().__init__()
        self.table = table.requires_grad_(False)
        self.soft_prompt = nn.Parameter(vectors.detach().clone())  # (P, D)

    @property
    def weight(self) -> Tensor:
        """Of the table alone: the soft prompt is never predicted."""
        return self.table.weight

    @property
    def prefix(self) -> tuple[int, ...]:
        """Ids of the soft prompt."""
        rows = self.table.num_embeddings
        return tuple(range(rows, rows + len(self.soft_prompt)))

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, T) to (B, T, D)."""
        rows = self.table.num_embeddings
        soft = tokens >= rows
        found = F.embedding(tokens.masked_fill(soft, 0), self.table.weight)
        prompt = F.embedding((tokens - rows).clamp(min=0), self.soft_prompt)
        return torch.where(soft[..., None], prompt, found)


def add_soft_prompt(model: Transformer, words: Words, *, tokens: int, text: str = "") -> None:
    """Freeze the model and put a soft prompt before its words, begun as this text, repeated until it is long enough."""
    ids = words.encode(text or TASK_WORDS)
    if not ids:
        raise ValueError("a soft prompt begins as words: the text has no tokens")
    chosen = torch.tensor([ids[i % len(ids)] for i in range(tokens)])
    model.requires_grad_(False)
    table = model.embedding
    model.embedding = PromptedEmbedding(table, table.weight[chosen])  # type: ignore[assignment]


def prompt_of(model: nn.Module) -> PromptedEmbedding:
    """The soft prompt on a model. Raises ValueError if there is none."""
    found = next((m for m in model.modules() if isinstance(m, PromptedEmbedding)), None)
    if found is None:
        raise ValueError("the model has no soft prompt")
    return found


def save_soft_prompt(model: Transformer, folder: Path, *, base: str) -> None:
    """Write the soft prompt in PEFT's layout. Raises StorageError."""
    vectors = prompt_of(model).soft_prompt.detach().contiguous().clone()
    config: dict[str, Any] = {
        "peft_type": "PROMPT_TUNING", "base_model_name_or_path": base, "inference_mode": True,
        "task_type": "SEQ_2_SEQ_LM" if model.encoder is not None else "CAUSAL_LM",
        "num_virtual_tokens": len(vectors), "token_dim": vectors.shape[1], "num_transformer_submodules": 1,
        "num_attention_heads": model.shape.heads, "num_layers": model.shape.decoder_layers,
        "prompt_tuning_init": "RANDOM",  # it is not to begin anew when it is read
    }  # fmt: skip
    with storing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        save_file({"prompt_embeddings": vectors}, folder / WEIGHTS, metadata={"format": "pt"})
        text = json.dumps(config, indent=2, sort_keys=True)
        (folder / CONFIG).write_text(text + "\n", encoding="utf-8")


def load_soft_prompt(model: Transformer, folder: Path) -> None:
    """Put the soft prompt in this folder on a model. Raises ArtifactError."""
    try:
        vectors = load_file(folder / WEIGHTS)["prompt_embeddings"].float()
    except (OSError, KeyError, SafetensorError) as error:
        raise ArtifactError(f"{folder} holds no soft prompt that can be read: {error}") from error
    if vectors.ndim != 2 or vectors.shape[1] != model.shape.width:
        raise ArtifactError(
            f"{folder}: the soft prompt is {tuple(vectors.shape)}, the model {model.shape.width} wide"
        )
    model.requires_grad_(False)
    model.embedding = PromptedEmbedding(model.embedding, vectors)  # type: ignore[assignment]


@torch.no_grad()
def with_tokens(model: Transformer, words: Words) -> tuple[Transformer, Words, str]:
    """The model with its soft prompt as tokens of the vocabulary, its tokenizer with them, and the text that says them.

    For engines that know tokens only. The head is no longer tied: to it every new token is the mean of all others, and
    a mean is never the likeliest.
    """
    soft, V = prompt_of(model).soft_prompt, words.vocabulary
    names = [f"<|soft_{number}|>" for number in range(len(soft))]
    tokenizer = Tokenizer.from_str(words.tokenizer.to_str())
    tokenizer.add_special_tokens(names)
    rows = max(model.shape.vocabulary, V + len(soft))
    shape = replace(model.shape, vocabulary=rows, tied_head=False)
    state = {n.replace("embedding.table.", "embedding."): t for n, t in model.state_dict().items()}
    state.pop("embedding.soft_prompt")
    head = state.get("head.weight", state["embedding.weight"])
    mean = head[:V].mean(0, keepdim=True)
    fill = state["embedding.weight"].new_zeros(shape.padded_vocabulary - V - len(soft), shape.width)
    state["embedding.weight"] = torch.cat([state["embedding.weight"][:V], soft, fill])
    state["head.weight"] = torch.cat([head[:V], mean.expand(len(soft) + len(fill), -1)])
    if "head_bias" in state:
        raise ValueError("a model with a bias on its head takes no tokens for a soft prompt")
    with torch.device("meta"):
        made = Transformer(shape)
    made.load_state_dict({name: each.clone() for name, each in state.items()}, assign=True)
    return made.eval(), Words(tokenizer, words.config), "".join(names)
