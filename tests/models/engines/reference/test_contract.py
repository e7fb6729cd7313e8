"""The reference keeps the contract of all engines, for each kind of architecture."""

from collections.abc import Iterator

import pytest

from shopkeeper.models.engines import LanguageModel
from tests.models.engines.reference.conftest import Checkpoints, Engines, opened
from tests.models.engines.suite import EngineSuite, ScoringSuite


class OnTiny:
    """Fixtures of the suite, for the checkpoint `name`."""

    name: str

    @pytest.fixture
    def engine(self, engines: Engines) -> LanguageModel:
        return engines[self.name]

    @pytest.fixture
    def another(self, checkpoints: Checkpoints) -> Iterator[LanguageModel]:
        made = opened(checkpoints[self.name])
        yield made
        made.close()


class TestGpt2(OnTiny, EngineSuite):
    name = "gpt2"


class TestLlama(OnTiny, EngineSuite):
    name = "llama"


class TestT5(OnTiny, EngineSuite):
    name = "t5"
    reads_on = False  # the prompt is read by the encoder, what comes before by the decoder


class TestBert(OnTiny, ScoringSuite):
    name = "bert"
    reads_on = False  # it reads both ways
