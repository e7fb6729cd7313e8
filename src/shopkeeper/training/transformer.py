"""The Transformer of Vaswani et al. 2017, «Attention Is All You Need», and what the years after it changed.

Read beside the paper: `attention` is equation (1), `MultiHeadAttention` section 3.2.2, `FeedForward` equation (2),
`Block` a layer of figure 1, `Stack` one of its two towers, `Transformer` the whole. What differs between GPT-2, BERT,
T5 and Llama is chosen by `Shape`; there is one code for all.

Axes: B batch, T tokens that look, S tokens that are looked at, D width, H heads, G heads of keys and values, K width
of a head, F width of the feed-forward layer, V vocabulary.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from shopkeeper.training import cpu, gpu
from shopkeeper.training.shape import Shape


@dataclass(frozen=True)
class Sight:
    """What each token may look at; without a word, everything.

    causal: only itself and what is before it. allowed: (B or 1, 1, T, S), False where a token may not look (padding,
    other documents). bias: (1, H, T, S), added to the scores (relative positions).
    """

    causal: bool = False
    allowed: Tensor | None = None
    bias: Tensor | None = None

    def dense(self, T: int, S: int, device: torch.device) -> Tensor | None:
        """All of it in one tensor that broadcasts to (B, H, T, S): boolean, or scores to be added."""
        allowed = self.allowed
        if self.causal:
            past = torch.ones(T, S, dtype=torch.bool, device=device).tril(S - T)
            allowed = past if allowed is None else allowed & past
        if self.bias is None:
            return allowed
        return self.bias if allowed is None else self.bias.masked_fill(~allowed, -math.inf)


def attention(
    q: Tensor, k: Tensor, v: Tensor, sight: Sight, *, scale: float, dropout: float = 0.0
) -> Tensor:
    """softmax(q·kᵀ·scale + sight)·v, equation (1), by torch's fused kernels: the scores are never held.

    q: (B, H, T, K); k, v: (B, G, S, K), each of the G serving H/G heads. Returns (B, H, T, K).
    """
    plain_causal = sight.causal and sight.allowed is None and sight.bias is None
    if plain_causal and not dropout and cpu.attends_fast(q, k):
        return cpu.causal_attention(q, k, v, scale=scale)
    mask = None if plain_causal else sight.dense(q.shape[2], k.shape[2], q.device)
    if mask is not None and mask.is_floating_point():
        mask = mask.to(q.dtype)
    return F.scaled_dot_product_attention(
        q, k, v, attn_mask=mask, is_causal=plain_causal, scale=scale, dropout_p=dropout,
        enable_gqa=q.shape[1] != k.shape[1],
    )  # fmt: skip


def attention_weights(q: Tensor, k: Tensor, sight: Sight, *, scale: float) -> Tensor:
    """The softmax of equation (1) by itself, as the formula is written: (B, H, T, S), rows that sum to 1."""
    k = k.repeat_interleave(q.shape[1] // k.shape[1], dim=1)  # (B, H, S, K)
    scores = q @ k.transpose(-2, -1) * scale  # (B, H, T, S)
    mask = sight.dense(q.shape[2], k.shape[2], q.device)
    if mask is None:
        return scores.softmax(-1)
    if mask.dtype == torch.bool:
        return scores.masked_fill(~mask, -math.inf).softmax(-1)
    return (scores + mask).softmax(-1)


def sinusoids(T: int, D: int) -> Tensor:
    """PE(t, 2i) = sin(t / 10000^(2i/D)), PE(t, 2i+1) = cos(…), section 3.5: (T, D)."""
    angle = torch.arange(T)[:, None] / 10_000 ** (torch.arange(0, D, 2) / D)  # (T, D/2)
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)[:, :D]


def rotate(x: Tensor, positions: Tensor, base: float) -> Tensor:
    """Turn the pairs (i, i + K/2) of each head by the angle position · base^(-2i/K): only distances then matter.

    x: (B, H, T, K), positions: (B or 1, T). Source: Su et al. 2021, with the pairing of GPT-NeoX and Llama.
    """
    half = x.shape[-1] // 2
    speed = base ** (-torch.arange(half, device=x.device, dtype=torch.float32) / half)  # (K/2,)
    angle = positions[:, None, :, None].float() * speed  # (B, 1, T, K/2)
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    first, second = x[..., :half], x[..., half:]
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)


class RelativePositions(nn.Module):
    """A learned number for each head and distance, added to the scores; far distances share buckets.

    Source: Raffel et al. 2020, section 2.1: half of the buckets are exact, the rest grow logarithmically.
    """

    def __init__(self, shape: Shape, *, both_ways: bool) -> None:
        super().__init__()
        self.table = nn.Embedding(shape.relative_buckets, shape.heads)
        self.buckets, self.farthest = shape.relative_buckets, shape.relative_distance
        self.both_ways = both_ways

    def forward(self, T: int, S: int) -> Tensor:
        """(1, H, T, S)."""
        device = self.table.weight.device
        distance = torch.arange(S, device=device)[None, :] - torch.arange(T, device=device)[:, None]
        return cast(Tensor, self.table(self.bucket(distance))).permute(2, 0, 1)[None]

    def bucket(self, distance: Tensor) -> Tensor:
        """Which bucket a distance (of what is looked at from who looks) falls into."""
        buckets, start = self.buckets, torch.zeros_like(distance)
        if self.both_ways:
            buckets //= 2
            start = (distance > 0).long() * buckets
            distance = distance.abs()
        else:
            distance = (-distance).clamp(min=0)
        exact = buckets // 2
        far = distance.clamp(min=1).float() / exact
        grown = (far.log() / math.log(self.farthest / exact) * (buckets - exact)).long()
        return start + torch.where(
            distance < exact, distance, (exact + grown).clamp(max=buckets - 1)
        )


class MultiHeadAttention(nn.Module):
    """Section 3.2.2: H attentions side by side, each over its own projections, joined by an output map."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads, self.groups, self.size = shape.heads, shape.groups, shape.head_size
        self.scale = self.size**-0.5 if shape.scaled_attention else 1.0
        self.base = shape.rotary_base if shape.positions == "rotary" else None
        self.dropout = shape.dropout
        wide, narrow = self.heads * self.size, self.groups * self.size
        self.query = nn.Linear(shape.width, wide, bias=shape.query_key_value_bias)
        self.key = nn.Linear(shape.width, narrow, bias=shape.query_key_value_bias)
        self.value = nn.Linear(shape.width, narrow, bias=shape.query_key_value_bias)
        self.output = nn.Linear(wide, shape.width, bias=shape.bias)

    def forward(
        self, x: Tensor, sight: Sight, *, positions: Tensor, memory: Tensor | None = None
    ) -> Tensor:
        """x: (B, T, D) looks at itself, or at memory (B, S, D), the encoder's output. Returns (B, T, D)."""
        q, k, v = self.project(x, positions, memory)
        rate = self.dropout if self.training else 0.0
        seen = attention(q, k, v, sight, scale=self.scale, dropout=rate)  # (B, H, T, K)
        return cast(Tensor, self.output(seen.transpose(1, 2).flatten(2)))

    def project(
        self, x: Tensor, positions: Tensor, memory: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Queries (B, H, T, K), keys and values (B, G, S, K), turned by their positions where they are rotary."""
        parts = (self.query, self.key, self.value)
        if memory is None and torch.is_grad_enabled() and all(map(_plain, parts)):
            q, k, v = map(self._split, _side_by_side(x, parts))
        else:
            source = x if memory is None else memory
            q = self._split(self.query(x))
            k, v = self._split(self.key(source)), self._split(self.value(source))
        if self.base is not None and memory is None:
            q, k = rotate(q, positions, self.base), rotate(k, positions, self.base)
        return q, k, v

    def _split(self, x: Tensor) -> Tensor:
        B, T, _ = x.shape
        return x.view(B, T, -1, self.size).transpose(1, 2)  # (B, heads, T, K)


class FeedForward(nn.Module):
    """Equation (2): max(0, x·W₁ + b₁)·W₂ + b₂, with the activation of the shape; gated: (act(x·Wg) ∗ x·W₁)·W₂."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.activation = shape.activation
        self.up = nn.Linear(shape.width, shape.feed_forward, bias=shape.bias)
        self.gate = (
            nn.Linear(shape.width, shape.feed_forward, bias=shape.bias) if shape.gated else None
        )
        self.down = nn.Linear(shape.feed_forward, shape.width, bias=shape.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, D) to (B, T, D)."""
        if self.gate is None and self.activation == "gelu_tanh" and cpu.worthwhile(x):
            up, down = self.up, self.down
            if _plain(up) and _plain(down):
                return cpu.feed_forward(x, up.weight, up.bias, down.weight, down.bias)
        simple = self.gate is None and self.activation == "gelu_tanh" and _plain(self.up)
        if simple and self.up.bias is not None and gpu.worthwhile(x):
            inner = gpu.biased_gelu(F.linear(x, self.up.weight), self.up.bias)
        elif self.gate is None:
            inner = activate(self.up(x), self.activation)  # (B, T, F)
        else:
            inner = activate(self.gate(x), self.activation) * self.up(x)
        return cast(Tensor, self.down(inner))


def _plain(layer: nn.Module) -> bool:
    """Whether this is a linear layer and nothing else: not adapted, not cut among processes, to be learnt whole."""
    return type(layer) is nn.Linear and all(
        type(p) is nn.Parameter and p.requires_grad for p in layer.parameters()
    )


def _side_by_side(x: Tensor, layers: Sequence[nn.Linear]) -> tuple[Tensor, ...]:
    """What each of the layers makes of x, by one product in place of several: wide products are quicker.

    To join the weights costs a copy of them, little beside the tokens of a training step.
    """
    weights: list[Tensor] = [layer.weight for layer in layers]
    biases: list[Tensor] = [layer.bias for layer in layers if layer.bias is not None]
    made = F.linear(x, torch.cat(weights), torch.cat(biases) if biases else None)
    return torch.split(made, [layer.out_features for layer in layers], dim=-1)


def activate(x: Tensor, name: str) -> Tensor:
    """The activation of this name; `gelu_tanh` is the approximation that GPT-2 and T5 use."""
    match name:
        case "relu":
            return F.relu(x)
        case "silu":
            return F.silu(x)
        case "gelu":
            return F.gelu(x)
        case _:
            return F.gelu(x, approximate="tanh")


def norm(shape: Shape) -> nn.Module:
    """(x − mean) / deviation · g + b (Ba et al. 2016), or x / root mean square · g (Zhang and Sennrich 2019)."""
    if shape.norm == "layer":
        return nn.LayerNorm(shape.width, eps=shape.norm_epsilon)
    return nn.RMSNorm(shape.width, eps=shape.norm_epsilon)


class Block(nn.Module):
    """A layer of figure 1: attention, in a decoder with an encoder attention to it, feed-forward; each with a residual."""

    def __init__(self, shape: Shape, *, crosses: bool) -> None:
        super().__init__()
        self.norm_first = shape.norm_first
        self.attention, self.attention_norm = MultiHeadAttention(shape), norm(shape)
        self.cross = MultiHeadAttention(_unturned(shape)) if crosses else None
        self.cross_norm = norm(shape) if crosses else None
        self.feed_forward, self.feed_forward_norm = FeedForward(shape), norm(shape)
        self.dropout = nn.Dropout(shape.dropout)

    def forward(
        self,
        x: Tensor,
        sight: Sight,
        positions: Tensor,
        memory: Tensor | None = None,
        memory_sight: Sight | None = None,
    ) -> Tensor:
        """(B, T, D) to (B, T, D)."""
        normed = self._before(self.attention_norm, x)
        x = self._add(x, self.attention(normed, sight, positions=positions), self.attention_norm)
        if self.cross is not None and self.cross_norm is not None and memory is not None:
            normed = self._before(self.cross_norm, x)
            seen = self.cross(normed, memory_sight or Sight(), positions=positions, memory=memory)
            x = self._add(x, seen, self.cross_norm)
        normed = self._before(self.feed_forward_norm, x)
        return self._add(x, self.feed_forward(normed), self.feed_forward_norm)

    def _before(self, norm: nn.Module, x: Tensor) -> Tensor:
        return cast(Tensor, norm(x)) if self.norm_first else x

    def _add(self, x: Tensor, change: Tensor, norm: nn.Module) -> Tensor:
        total = x + self.dropout(change)
        return total if self.norm_first else cast(Tensor, norm(total))


def _unturned(shape: Shape) -> Shape:
    """For attention to an encoder, where positions of the two sides have nothing to do with each other."""
    return replace(shape, positions="learned") if shape.positions == "rotary" else shape


class Stack(nn.Module):
    """One tower of figure 1: the layers, one after another, and a last norm where norms come first."""

    def __init__(self, shape: Shape, layers: int, *, causal: bool, crosses: bool) -> None:
        super().__init__()
        self.causal = causal
        self.relative = (
            RelativePositions(shape, both_ways=not causal)
            if shape.positions == "relative"
            else None
        )
        self.blocks = nn.ModuleList(Block(shape, crosses=crosses) for _ in range(layers))
        self.norm = norm(shape) if shape.norm_first else nn.Identity()
        self.dropout = nn.Dropout(shape.dropout)

    def forward(
        self,
        x: Tensor,
        positions: Tensor,
        *,
        allowed: Tensor | None = None,
        causal: bool | None = None,
        memory: Tensor | None = None,
        memory_allowed: Tensor | None = None,
    ) -> Tensor:
        """(B, T, D) to (B, T, D). causal: to look otherwise than the stack does by itself (prefix LM)."""
        T = x.shape[1]
        bias = None if self.relative is None else self.relative(T, T)
        sight = Sight(self.causal if causal is None else causal, allowed, bias)
        for block in self.blocks:
            x = block(x, sight, positions, memory, Sight(allowed=memory_allowed))
        return cast(Tensor, self.dropout(self.norm(x)) if self.relative else self.norm(x))


class Transformer(nn.Module):
    """The whole of figure 1, or one of its towers: token ids in, hidden states or logits out."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        rows, D = shape.padded_vocabulary, shape.width
        self.embedding = nn.Embedding(rows, D)
        self.position = nn.Embedding(shape.max_tokens, D) if shape.positions == "learned" else None
        self.segment = nn.Embedding(shape.segments, D) if shape.segments else None
        self.embedding_norm = norm(shape) if shape.norm_embedding else nn.Identity()
        self.dropout = nn.Dropout(shape.dropout)
        both = bool(shape.encoder_layers and shape.decoder_layers)
        self.encoder = (
            Stack(shape, shape.encoder_layers, causal=False, crosses=False)
            if shape.encoder_layers
            else None
        )
        self.decoder = (
            Stack(shape, shape.decoder_layers, causal=True, crosses=both)
            if shape.decoder_layers
            else None
        )
        self.transform = HeadTransform(shape) if shape.head_transform else None
        self.head = None if shape.tied_head else nn.Linear(D, rows, bias=False)
        self.head_bias = nn.Parameter(torch.zeros(rows)) if shape.head_transform else None
        self.pooler = nn.Linear(D, D) if shape.pooler else None
        self.next_sentence = nn.Linear(D, 2) if shape.pooler else None

    def embed(
        self, tokens: Tensor, positions: Tensor | None = None, segments: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Vectors (B, T, D) of token ids (B, T), and their positions (B or 1, T), counted from 0 if not given."""
        if positions is None:
            positions = torch.arange(tokens.shape[1], device=tokens.device)[None]
        x = self.embedding(tokens)
        if self.shape.positions == "sinusoidal":
            table = sinusoids(self.shape.max_tokens, self.shape.width).to(x)
            x = x * self.shape.width**0.5 + table[positions]  # section 3.4
        if self.position is not None:
            x = x + self.position(positions)
        if self.segment is not None:
            kinds = torch.zeros_like(tokens) if segments is None else segments
            x = x + self.segment(kinds)
        x = self.dropout(self.embedding_norm(x))
        kind = x.device.type
        if torch.is_autocast_enabled(kind):  # what goes along the residuals is then narrow as well
            x = x.to(torch.get_autocast_dtype(kind))
        return x, positions

    def encode(
        self,
        tokens: Tensor,
        *,
        allowed: Tensor | None = None,
        positions: Tensor | None = None,
        segments: Tensor | None = None,
    ) -> Tensor:
        """The encoder's hidden states (B, T, D)."""
        x, positions = self.embed(tokens, positions, segments)
        return cast(Tensor, self._need(self.encoder, "encoder")(x, positions, allowed=allowed))

    def decode(
        self,
        tokens: Tensor,
        memory: Tensor | None = None,
        *,
        allowed: Tensor | None = None,
        causal: bool = True,
        positions: Tensor | None = None,
        memory_allowed: Tensor | None = None,
    ) -> Tensor:
        """The decoder's hidden states (B, T, D); memory: what the encoder made of the source."""
        x, positions = self.embed(tokens, positions)
        return cast(
            Tensor,
            self._need(self.decoder, "decoder")(
                x, positions, allowed=allowed, causal=causal, memory=memory, memory_allowed=memory_allowed
            ),
        )  # fmt: skip

    def forward(
        self, tokens: Tensor, source: Tensor | None = None, *, allowed: Tensor | None = None
    ) -> Tensor:
        """Logits (B, T, V) of the plain case: one stack, or source to encoder and tokens to decoder.

        allowed: (B, 1, 1, S), False at padding of what is looked at: the source if there is one.
        """
        if self.decoder is None:
            return self.logits(self.encode(tokens, allowed=allowed))
        if self.encoder is None or source is None:
            return self.logits(self.decode(tokens, allowed=allowed))
        memory = self.encode(source, allowed=allowed)
        return self.logits(self.decode(tokens, memory, memory_allowed=allowed))

    def before_head(self, hidden: Tensor) -> Tensor:
        """What is multiplied with `head_weight` to give logits: (…, D). The chunked loss begins here."""
        if self.transform is not None:
            hidden = self.transform(hidden)
        return hidden * self.shape.width**-0.5 if self.shape.scaled_head else hidden

    @property
    def head_weight(self) -> Tensor:
        """(padded V, D)."""
        return self.embedding.weight if self.head is None else self.head.weight

    def logits(self, hidden: Tensor) -> Tensor:
        """Scores of the next (or masked) token: (…, V), without the padding of the vocabulary."""
        scores = F.linear(self.before_head(hidden), self.head_weight, self.head_bias)
        return scores[..., : self.shape.vocabulary]

    def pooled(self, hidden: Tensor) -> Tensor:
        """tanh(W·first token + b), (B, D): what BERT's sentence heads read."""
        return torch.tanh(self._need(self.pooler, "pooler")(hidden[:, 0]))

    def next_sentence_logits(self, hidden: Tensor) -> Tensor:
        """(B, 2): the second segment follows the first, or is from elsewhere."""
        return cast(Tensor, self._need(self.next_sentence, "pooler")(self.pooled(hidden)))

    def _need(self, part: nn.Module | None, name: str) -> nn.Module:
        if part is None:
            raise ValueError(f"a {self.shape.family} of this shape has no {name}")
        return part


class HeadTransform(nn.Module):
    """BERT's way to the head: norm(act(W·x + b))."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.dense, self.norm = nn.Linear(shape.width, shape.width), norm(shape)
        self.activation = shape.activation

    def forward(self, x: Tensor) -> Tensor:
        """(…, D) to (…, D)."""
        return cast(Tensor, self.norm(activate(self.dense(x), self.activation)))
