"""Models looked into: whatever the reference engine can run, one in memory at a time, for the faces that explain.

    with closing(Explainer(settings)) as explainer:
        explained = explainer.explain("The capital of France is")
        explained.maps[0].one(layer=1, head=1)

Nothing of torch is loaded before something is explained.
"""

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from shopkeeper.errors import EngineUnavailable
from shopkeeper.models import hub
from shopkeeper.models.attention import Explanation
from shopkeeper.models.engines.reference import open_engine
from shopkeeper.settings import EngineSettings, Settings

if TYPE_CHECKING:
    from shopkeeper.models.engines.reference.engine import ReferenceEngine

DEFAULT = "smollm2-135m"
KEPT = 8  # explanations; another layer or head of one is shown without running the model again
MOST_TOKENS = 48  # of a text: a head's weights are the square of it
LARGEST_BYTES = (
    400 * 10**6
)  # of a fetched model that is offered; its weights take several times that in memory


class Explainer:
    """Attention and guesses of a model by name. Safe to share between threads; one is asked after the other."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._engine: ReferenceEngine | None = None
        self._name = ""
        self._kept: OrderedDict[tuple[str, str, str], Explanation] = OrderedDict()
        self._closed = False

    def models(self) -> list[str]:
        """What can be asked for on this machine: engines of kind `transformers`, and small models that were fetched."""
        engines = [
            name for name, each in self._settings.engines.items() if each.kind == "transformers"
        ]
        cache = self._settings.cache_folder
        fetched = [
            name
            for name, entry in hub.all_entries(cache).items()
            if entry.format in ("gguf", "checkpoint") and entry.size_bytes <= LARGEST_BYTES
            and hub.is_here(name, cache)
        ]  # fmt: skip
        return list(dict.fromkeys([*engines, *fetched]))

    def explain(self, text: str, *, model: str = "", answer: str = "") -> Explanation:
        """What this model does with the text; the default is SmolLM2. The first call reads the weights, some seconds.

        model: an engine of the settings, an id of the hub, or a path. answer: what an encoder-decoder answers; else it
        answers itself. Raises EngineError, ContextTooLong over MOST_TOKENS, UnknownModel, FetchError, ArtifactError.
        """
        name = model or DEFAULT
        asked = (name, text, answer)
        with self._lock:
            if asked not in self._kept:
                engine = self._opened(name)
                self._kept[asked] = engine.explain(text, answer=answer, most_tokens=MOST_TOKENS)
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(asked)
            return self._kept[asked]

    def close(self) -> None:
        """Free the model that is in memory."""
        self._closed = True
        if (engine := self._engine) is not None:
            engine.close()  # ends what is under way, which holds the lock

    def _opened(self, name: str) -> "ReferenceEngine":
        if self._closed:
            raise EngineUnavailable("the shop is being closed")
        if self._engine is None or self._name != name:
            made = open_engine(name, self._of(name), cache_folder=self._settings.cache_folder)
            if self._engine is not None:
                self._engine.close()
            self._engine, self._name = made, name
        return self._engine

    def _of(self, name: str) -> EngineSettings:
        known = self._settings.engines.get(name)
        if known is not None and known.kind == "transformers":
            return known
        return EngineSettings(kind="transformers", model=name, parallel=1)
