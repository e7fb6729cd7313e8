"""A language model behind OpenAI's HTTP API: vLLM, SGLang, Ollama, llama-server, or a hosted one.

A request loses its personal data (`privacy`), becomes the JSON that this kind of server understands (`asking`,
`dialects`), waits for a place and is sent, again if it failed and there is time (`attempts`), over a connection that
keeps the time budget to the byte (`connection`). What comes back is read as written by a stranger (`answers`, `sse`,
`refusals`) and gets its personal data back. What a server does not say is guessed (`estimate`). `engine` puts these together.
"""

from shopkeeper.models.engines.remote.attempts import Retries
from shopkeeper.models.engines.remote.engine import RemoteEngine

__all__ = ["RemoteEngine", "Retries"]
