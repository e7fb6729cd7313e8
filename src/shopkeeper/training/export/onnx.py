"""Encoders as ONNX folders, which `shopkeeper.models.embed` serves without torch.

save_encoder(opened.model, opened.words, folder, name="shop-encoder")
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from shopkeeper.models.embed.folder import (
    GRAPH,
    TOKENIZER,
    Answers,
    EncoderCard,
    write_card,
)
from shopkeeper.training.export.encoder_graph import Head, Maps, encoder_graph
from shopkeeper.training.storage import storing
from shopkeeper.training.transformer import Transformer
from shopkeeper.training.words import Words

MAX_TOKENS = 256  # of a text, where its card says nothing else


def save_encoder(
    model: Transformer,
    words: Words,
    folder: Path,
    *,
    name: str,
    maps: Maps | None = None,
    numbers: str = "float32",
    heads: Sequence[tuple[Head, Answers]] = (),
    max_tokens: int = MAX_TOKENS,
    languages: Sequence[str] = (),
    prefixes: Mapping[str, str] | None = None,
    made_from: str = "",
    licence: str = "",
) -> EncoderCard:
    """Write the folder and return its card. heads: each with what its logits mean.

    maps: how numbers are kept, float32 without. Raises ArtifactError if it is no encoder, StorageError.
    """
    graph = encoder_graph(model, maps, heads=tuple(head for head, _ in heads))
    card = EncoderCard(
        name=name,
        dimension=model.shape.width,
        max_tokens=min(max_tokens, model.shape.max_tokens),
        numbers=numbers,
        languages=tuple(languages),
        prefixes={"query": "", "passage": "", **(prefixes or {})},
        heads={head.name: answers for head, answers in heads},
        made_from=made_from,
        licence=licence,
    )
    with storing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / GRAPH).open("wb") as file:
            file.writelines(graph.chunks())
        said = json.loads(words.tokenizer.to_str()) | {"truncation": None, "padding": None}
        text = json.dumps(said, ensure_ascii=False)
        (folder / TOKENIZER).write_text(text, encoding="utf-8")
        write_card(folder, card)
    return card
