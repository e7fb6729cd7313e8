"""The shape of a Transformer: every choice by which the families differ, as one frozen value.

The names at the fields are those of the papers. `gpt2`, `bert`, `t5` and `llama` give the published choices of the
four families at any size; a shape of one's own is made by `replace`.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal

Family = Literal["gpt2", "bert", "t5", "llama"]


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes and choices of a Transformer.

    vocabulary: tokens that exist; the tables are padded up to a multiple of `vocabulary_multiple`, which keeps matrix
    products on fast paths, and the padding is never predicted. encoder_layers and decoder_layers: 0 leaves the stack
    out. key_value_heads: fewer than heads share keys and values (grouped-query attention, Ainslie et al. 2023).
    max_tokens: rows of the table of learned positions, and the length for which the others are tested.
    """

    family: Family
    vocabulary: int
    width: int
    heads: int
    feed_forward: int
    encoder_layers: int = 0
    decoder_layers: int = 0
    max_tokens: int = 1024
    key_value_heads: int = 0  # 0: as many as heads
    head_width: int = 0  # 0: width / heads
    positions: Literal["learned", "sinusoidal", "rotary", "relative"] = "learned"
    rotary_base: float = 10_000.0
    relative_buckets: int = 32
    relative_distance: int = 128
    norm: Literal["layer", "rms"] = "layer"
    norm_epsilon: float = 1e-5
    norm_first: bool = (
        True  # before each sublayer, and once after the last; else after each sum, as in 2017
    )
    norm_embedding: bool = False
    activation: Literal["relu", "gelu", "gelu_tanh", "silu"] = "gelu_tanh"
    gated: bool = False  # feed-forward by a gated linear unit (Shazeer 2020)
    bias: bool = True  # of linear maps
    query_key_value_bias: bool = True
    scaled_attention: bool = True  # by 1/sqrt(head_width); T5 has it in its initial weights instead
    tied_head: bool = True  # the output map is the embedding table
    scaled_head: bool = False  # hidden states times width^-0.5 before a tied head (T5 of 2019)
    head_transform: bool = (
        False  # dense + activation + norm before the head, and a bias after it (BERT)
    )
    segments: int = 0  # kinds of segment that have an embedding (BERT: 2)
    pooler: bool = (
        False  # dense + tanh on the first token, and two logits for "is it the next sentence"
    )
    dropout: float = 0.0
    vocabulary_multiple: int = 1
    padding_id: int = 0

    def __post_init__(self) -> None:
        if self.width % self.heads and not self.head_width:
            raise ValueError(f"width {self.width} is not a multiple of {self.heads} heads")
        if self.heads % self.groups:
            raise ValueError(
                f"{self.heads} heads cannot share {self.groups} keys and values evenly"
            )
        if not (self.encoder_layers or self.decoder_layers):
            raise ValueError("a Transformer needs layers of an encoder or of a decoder")
        if self.positions == "rotary" and self.head_size % 2:
            raise ValueError(f"rotary positions turn pairs: head width {self.head_size} is odd")

    @property
    def groups(self) -> int:
        """Heads of keys and values."""
        return self.key_value_heads or self.heads

    @property
    def head_size(self) -> int:
        """Numbers of one head."""
        return self.head_width or self.width // self.heads

    @property
    def padded_vocabulary(self) -> int:
        """Rows of the embedding table."""
        multiple = self.vocabulary_multiple
        return -(-self.vocabulary // multiple) * multiple

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for a checkpoint's head."""
        return asdict(self)


def gpt2(
    vocabulary: int, *, width: int, layers: int, heads: int, max_tokens: int = 1024, **more: Any
) -> Shape:
    """Decoder only, norm first, learned positions. Source: Radford et al. 2019."""
    choices: dict[str, Any] = {"feed_forward": 4 * width, "decoder_layers": layers}
    return Shape("gpt2", vocabulary, width, heads, max_tokens=max_tokens, **choices | more)


def bert(
    vocabulary: int, *, width: int, layers: int, heads: int, max_tokens: int = 512, **more: Any
) -> Shape:
    """Encoder only, norm after each sum, segments, next-sentence head. Source: Devlin et al. 2019."""
    choices: dict[str, Any] = {
        "feed_forward": 4 * width, "encoder_layers": layers, "norm_first": False, "norm_embedding": True, "norm_epsilon": 1e-12,
        "activation": "gelu", "head_transform": True, "segments": 2, "pooler": True,
    }  # fmt: skip
    return Shape("bert", vocabulary, width, heads, max_tokens=max_tokens, **choices | more)


def t5(
    vocabulary: int, *, width: int, layers: int, heads: int, max_tokens: int = 512, **more: Any
) -> Shape:
    """Encoder and decoder, relative positions, no biases; version 1.1: gated GELU, a head of its own.

    The version of 2019 has `gated=False, activation="relu", tied_head=True, scaled_head=True`.
    Source: Raffel et al. 2020; Shazeer 2020.
    """
    choices: dict[str, Any] = {
        "feed_forward": 4 * width, "encoder_layers": layers, "decoder_layers": layers, "positions": "relative", "norm": "rms", "norm_epsilon": 1e-6, "gated": True,
        "bias": False, "query_key_value_bias": False, "scaled_attention": False, "tied_head": False,
    }  # fmt: skip
    return Shape("t5", vocabulary, width, heads, max_tokens=max_tokens, **choices | more)


def llama(
    vocabulary: int, *, width: int, layers: int, heads: int, max_tokens: int = 2048, **more: Any
) -> Shape:
    """Decoder only, rotary positions, RMS norm, gated SiLU, no biases. Source: Touvron et al. 2023.

    Qwen2 is this with `query_key_value_bias=True`.
    """
    choices: dict[str, Any] = {
        "feed_forward": 64 * -(-8 * width // (3 * 64)), "decoder_layers": layers, "positions": "rotary", "norm": "rms", "norm_epsilon": 1e-5,
        "activation": "silu", "gated": True, "bias": False, "query_key_value_bias": False, "tied_head": False,
    }  # fmt: skip
    return Shape("llama", vocabulary, width, heads, max_tokens=max_tokens, **choices | more)
