"""Language models behind one contract, whatever runs them.

`contract` says what a language model is; `llama` runs GGUF files in this process by llama.cpp; `remote` speaks to any
server with OpenAI's HTTP API; `reference` runs checkpoints by Transformers (extra `train`) and is what the others are
checked against.
"""

from shopkeeper.models.engines.contract import LanguageModel

__all__ = ["LanguageModel"]
