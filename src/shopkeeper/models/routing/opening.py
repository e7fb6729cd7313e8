"""From settings to an engine: which module runs which kind, imported when the first of it is opened."""

from importlib import import_module
from pathlib import Path

from shopkeeper.errors import EngineUnavailable
from shopkeeper.models.engines.contract import LanguageModel
from shopkeeper.settings import EngineSettings

# Each of these has `open_engine(name, settings, *, cache_folder)`.
MODULES = {
    "llama.cpp": "shopkeeper.models.engines.llama",
    "openai": "shopkeeper.models.engines.remote",
    "transformers": "shopkeeper.models.engines.reference",
}


def open_engine(name: str, settings: EngineSettings, *, cache_folder: Path) -> LanguageModel:
    """The engine of these settings; weights are read at its first use. Raises ModelError."""
    try:
        module = import_module(MODULES[settings.kind])
    except ImportError as error:
        raise EngineUnavailable(
            f"the engine {name} cannot be opened: {error}",
            hint=f'the kind {settings.kind} needs more than is installed: pip install "shopkeeper[train]"',
        ) from error
    engine: LanguageModel = module.open_engine(name, settings, cache_folder=cache_folder)
    return engine


def in_process(settings: EngineSettings) -> bool:
    """True if its weights are in the memory of this program."""
    return settings.kind != "openai"
