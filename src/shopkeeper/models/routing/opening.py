"""From settings to an engine: which module runs which kind, imported when the first of it is opened."""

from pathlib import Path

from shopkeeper.errors import EngineUnavailable
from shopkeeper.models import hub
from shopkeeper.models.engines.contract import LanguageModel
from shopkeeper.settings import EngineSettings


def open_engine(name: str, settings: EngineSettings, *, cache_folder: Path) -> LanguageModel:
    """The engine of these settings; weights are read at its first use. Raises ModelError, SettingsError."""
    match settings.kind:
        case "llama.cpp":
            from shopkeeper.models.engines.llama import LlamaEngine

            path = file_of(settings, cache_folder)
            if not path.is_file():
                raise EngineUnavailable(
                    f"the model {settings.model} of the engine {name} is not here",
                    hint=f"fetch it: shopkeeper models pull {settings.model}"
                    if settings.model in hub.entries()
                    else f"engines.{name}.model is to be an id of the hub or the path of a file",
                )
            shipped = settings.model in hub.entries()
            return LlamaEngine.open(path, name=_called(settings), settings=settings, tried=shipped)
        case "openai":
            from shopkeeper.models.engines.remote import RemoteEngine

            return RemoteEngine(name, settings)
        case "transformers":
            raise EngineUnavailable("not yet")


def in_process(settings: EngineSettings) -> bool:
    """True if its weights are in the memory of this program."""
    return settings.kind != "openai"


def file_of(settings: EngineSettings, cache_folder: Path) -> Path:
    """Where the weights of an engine of this machine lie, or will lie when they are fetched."""
    if settings.model in hub.entries():
        return hub.place(hub.entry(settings.model), cache_folder)
    return Path(settings.model).expanduser()


def _called(settings: EngineSettings) -> str:
    """The model's name in records: not where it lies."""
    return settings.model if settings.model in hub.entries() else Path(settings.model).stem
