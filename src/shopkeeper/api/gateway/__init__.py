"""The gateway: the shop's language models for any program that speaks OpenAI's HTTP API.

A body of `shapes` becomes a request of ours (`asking`), is answered by the model that it names (`choosing`), and goes
back as JSON or as a stream of events (`answering`, `streams`). `routes` are the doors, `embedding` the one to vectors.
Errors are the same problems as everywhere, with OpenAI's `error` inside (`failing`), so that its clients raise their
own exceptions.
"""

from shopkeeper.api.gateway.failing import openai_answer, speaks_openai
from shopkeeper.api.gateway.routes import Desk, router

__all__ = ["Desk", "openai_answer", "router", "speaks_openai"]
