"""What may be explained, and that a model is run once for all looks at a text."""

from contextlib import closing
from pathlib import Path

import pytest

from shopkeeper.errors import ContextTooLong, EngineUnavailable
from shopkeeper.models.explaining import DEFAULT, Explainer
from shopkeeper.settings import EngineSettings, Settings
from tests.models.engines.reference.conftest import Checkpoints, checkpoints, one_thread

__all__ = ["checkpoints", "one_thread"]


TEXT = "The sky is blue and the"


@pytest.fixture
def settings(checkpoints: Checkpoints, tmp_path: Path) -> Settings:
    tiny = EngineSettings(kind="transformers", model=str(checkpoints["gpt2"]), threads=1)
    other = EngineSettings(kind="llama.cpp", model="x")
    return Settings(cache_folder=tmp_path, engines={"tiny": tiny, "other": other})


def test_engines_of_transformers_are_offered(settings: Settings) -> None:
    with closing(Explainer(settings)) as explainer:
        assert explainer.models() == ["tiny"]


def test_a_fetched_small_model_is_offered(settings: Settings, smollm2_here: Path) -> None:
    with closing(Explainer(settings.model_copy(update={"cache_folder": smollm2_here}))) as found:
        assert DEFAULT in found.models()
        assert "qwen2.5-coder-1.5b" not in found.models()


def test_the_same_text_is_run_once(settings: Settings) -> None:
    with closing(Explainer(settings)) as explainer:
        found = explainer.explain(TEXT, model="tiny")
        assert explainer.explain(TEXT, model="tiny") is found
        assert found.guesses[0].guesses[0].token == " grass"
        assert found.model == "tiny"


def test_paths_are_taken_too(settings: Settings, checkpoints: Checkpoints) -> None:
    with closing(Explainer(settings)) as explainer:
        first = explainer.explain(TEXT, model="tiny")
        other = explainer.explain(TEXT, model=str(checkpoints["bert"]))
        assert [each.maps[0].part for each in (first, other)] == ["decoder", "encoder"]


def test_long_texts_and_closed_explainers_are_refused(settings: Settings) -> None:
    explainer = Explainer(settings)
    with pytest.raises(ContextTooLong):
        explainer.explain(TEXT * 20, model="tiny")
    explainer.close()
    with pytest.raises(EngineUnavailable):
        explainer.explain(TEXT, model="tiny")


@pytest.fixture
def smollm2_here(cache_folder: Path) -> Path:
    from shopkeeper.models import hub

    if not hub.is_here(DEFAULT, cache_folder):
        pytest.skip(f"{DEFAULT} is not fetched")
    return cache_folder
