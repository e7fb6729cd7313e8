"""From a name to an engine, without loading torch before it is certain that there is something to run."""

from pathlib import Path
from typing import TYPE_CHECKING

from shopkeeper.errors import EngineUnavailable, FetchError
from shopkeeper.models import hub
from shopkeeper.models.engines.reference.card import read_card
from shopkeeper.settings import EngineSettings

if TYPE_CHECKING:
    from shopkeeper.models.engines.reference.engine import ReferenceEngine

INSTALL = 'pip install "shopkeeper[train]"'


def open_engine(name: str, settings: EngineSettings, *, cache_folder: Path) -> "ReferenceEngine":
    """The checkpoint of these settings; weights are read at its first use. Nothing is fetched here.

    Raises UnknownModel or FetchError if it is not here, ArtifactError if it cannot be used, EngineUnavailable if the
    extra is not installed.
    """
    card = read_card(find_checkpoint(settings.model, cache_folder))
    try:
        from shopkeeper.models.engines.reference.engine import ReferenceEngine
    except ImportError as error:
        raise EngineUnavailable(
            f"running {settings.model} by Transformers needs torch: {error}", hint=INSTALL
        ) from error
    return ReferenceEngine(card, name=name, settings=settings)


def find_checkpoint(model: str, cache_folder: Path) -> Path:
    """Where a model lies: a folder or file of this machine, or what was pulled by this id."""
    path = Path(model).expanduser()
    if path.exists():
        return path.absolute()
    found = hub.path_here(model, cache_folder)
    if found is None:
        raise FetchError(f"{model} is not here", hint=f"shopkeeper models pull {model}")
    return found
