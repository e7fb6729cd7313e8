"""From settings to an engine: which module runs which kind, imported when the first of it is opened."""

from pathlib import Path

from shopkeeper.errors import EngineUnavailable, UnknownModel
from shopkeeper.models import hub
from shopkeeper.models.engines.contract import LanguageModel
from shopkeeper.settings import EngineSettings


def open_engine(name: str, settings: EngineSettings, *, cache_folder: Path) -> LanguageModel:
    """The engine of these settings; weights are read at its first use. Raises ModelError, SettingsError."""
    match settings.kind:
        case "llama.cpp":
            from shopkeeper.models.engines.llama import LlamaEngine

            path = _file_here(name, settings.model, cache_folder)
            called = path.stem if path == Path(settings.model).expanduser() else settings.model
            return LlamaEngine.open(path, name=called, settings=settings)
        case "openai":
            from shopkeeper.models.engines.remote import RemoteEngine

            return RemoteEngine(name, settings)
        case "transformers":
            from shopkeeper.models.engines import reference

            return reference.open_engine(name, settings, cache_folder=cache_folder)


def in_process(settings: EngineSettings) -> bool:
    """True if its weights are in the memory of this program."""
    return settings.kind != "openai"


def place_of(model: str, cache_folder: Path) -> Path | None:
    """Where the file or folder of an id of the hub, or of a path, lies; None if it is not here."""
    try:
        return hub.path_here(model, cache_folder)
    except UnknownModel:
        path = Path(model).expanduser()
        return path if path.exists() else None


def _file_here(name: str, model: str, cache_folder: Path) -> Path:
    path = place_of(model, cache_folder)
    if path is None or not path.is_file():
        raise EngineUnavailable(
            f"the model {model} of the engine {name} is not here",
            hint=f"shopkeeper models pull {model} fetches it, if it is an id of the hub; else look at its path",
        )
    return path
