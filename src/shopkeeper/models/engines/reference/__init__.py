"""Checkpoints run by Transformers (extra `train`): the reference that other engines are checked against.

`card` reads what a checkpoint says of itself, `opening` makes an engine of it, and neither needs torch. `checkpoint`
brings weights and tokenizer into memory; `decoding` (with `sampling` and `growing`) writes text, `scoring` says how
likely given text is, `looking` shows attention and guesses. `engine` puts these behind the contract.
"""

from shopkeeper.models.engines.reference.opening import open_engine

__all__ = ["open_engine"]
