"""The llama.cpp engine keeps the contract of all engines."""

from tests.models.engines.suite import EngineSuite


class TestLlama(EngineSuite):
    """On SmolLM2, by the fixtures `engine` and `another`."""
