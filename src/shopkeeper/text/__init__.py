"""Words: one normal form of text, its language, and the tokens that search compares, for English and Chinese."""

from shopkeeper.text.language import guess_language
from shopkeeper.text.normalise import normalise, plain_text
from shopkeeper.text.segment import index_tokens, query_tokens

__all__ = ["guess_language", "index_tokens", "normalise", "plain_text", "query_tokens"]
