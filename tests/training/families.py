"""Small shapes of the four families."""

from collections.abc import Callable, Mapping

from shopkeeper.training.shape import Shape, bert, gpt2, llama, t5

SMALL: Mapping[str, Callable[..., Shape]] = {
    "gpt2": lambda **more: gpt2(101, width=32, layers=2, heads=4, max_tokens=48, **more),
    "bert": lambda **more: bert(101, width=32, layers=2, heads=4, max_tokens=48, **more),
    "t5": lambda **more: t5(101, width=32, layers=2, heads=4, max_tokens=48, **more),
    "t5-2019": lambda **more: t5(
        101, width=32, layers=2, heads=4, max_tokens=48, gated=False, activation="relu", tied_head=True,
        scaled_head=True, **more,
    ),
    "llama": lambda **more: llama(
        101, width=32, layers=2, heads=4, key_value_heads=2, max_tokens=48, **more
    ),
    "qwen2": lambda **more: llama(
        101, width=32, layers=2, heads=4, key_value_heads=2, max_tokens=48, query_key_value_bias=True,
        tied_head=True, **more,
    ),
}  # fmt: skip
