"""What `model` names: an engine, one with an adapter, a purpose, or the assistant."""

from collections.abc import Iterator
from dataclasses import dataclass

from shopkeeper.errors import NotFound
from shopkeeper.models.routing import ASSISTANT, LanguageModels, Route
from shopkeeper.settings import Settings

PURPOSE = "gateway"  # of what is asked by an engine's name: under it use is recorded and limited
BY_PURPOSE = "purpose/"
DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A language model, and the adapter to use with it."""

    name: str
    model: Route
    adapter: str = ""


def choose(name: str, models: LanguageModels, settings: Settings) -> Chosen:
    """The language model of this name. Raises NotFound."""
    purpose = name.removeprefix(BY_PURPOSE)
    if purpose != name and (purpose == DEFAULT or purpose in settings.routes):
        return Chosen(name, models.route(purpose))
    engine, _, adapter = name.partition(":")
    if engine in settings.engines and (not adapter or adapter in settings.engines[engine].adapters):
        return Chosen(name, models.engine(engine, purpose=PURPOSE), adapter)
    if name == ASSISTANT:
        return Chosen(name, models.assistant(purpose=PURPOSE))
    raise unknown(name)


def unknown(name: str) -> NotFound:
    """No model has this name."""
    return NotFound(
        f"there is no model {name[:200]!r} here", hint="GET /v1/models lists those there are"
    )


def names(models: LanguageModels, settings: Settings) -> Iterator[tuple[str, str]]:
    """Every name that is worth asking now, and what stands behind it."""
    for purpose in settings.routes:
        yield BY_PURPOSE + purpose, "route"
    for engine, known in models.engines().items():
        yield engine, known.kind
        for adapter in known.adapters:
            yield f"{engine}:{adapter}", known.kind
