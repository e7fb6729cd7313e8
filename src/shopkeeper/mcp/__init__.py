"""The door for agents of others: the shop's tools by the Model Context Protocol.

In comes a JSON-RPC message, out goes its answer or none: `protocol.py` the messages, in the version without sessions
(2026-07-28) and in those that begin with a handshake (2025-11-25, 2025-06-18) · `offered.py` the tools, which are those
of `support/tools.py` with search, recommendation and answers, under the same rules · `stdio.py` by standard input and
output. By HTTP it is `POST /v1/mcp` (`api/routes/mcp.py`).

What is done for a customer is proposed in one call and confirmed in a later one, in which the agent passes on the
customer's own words; whether these are a yes is decided here. It takes a customer who is verified.
"""

from shopkeeper.mcp.protocol import Answer, Server

__all__ = ["Answer", "Server"]
