"""Models are measured on the shop's own catalogue: figures are kept, one that is away costs the others nothing."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shopkeeper.jobs import Job, Jobs, JobState, measuring
from shopkeeper.jobs.tasks import shop_tasks
from shopkeeper.models.routing import LanguageModels
from shopkeeper.settings import EngineSettings, Settings
from shopkeeper.shop import model_scores, products
from shopkeeper.shop.database import Database
from shopkeeper.shop.records import Money, Product, ProductId, Variant, VariantId
from tests.models.engines.bad_server import MODEL, World, serving


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with serving() as world:
        yield world


@pytest.fixture
def measured(
    queue: Database, settings: Settings, world: World, tmp_path: Path, wait_for: Callable[..., Job]
) -> Callable[..., Job]:
    """Runs a job that measures these engines, to its end: measured("echo", "away")."""

    def run(*names: str) -> Job:
        engines = {
            name: EngineSettings(kind="openai", model=MODEL, url=world.url(does), timeout_s=5)
            for name, does in (("echo", "well"), ("away", "404"))
        }
        changed = settings.model_copy(update={"engines": engines, "data_folder": tmp_path})
        models = LanguageModels(changed, queue)
        jobs = Jobs(queue)
        job = measuring.begin(jobs, names, sample=3)
        none: Any = None
        jobs.start(shop_tasks(queue, changed, lambda: none, lambda: models), alone=True)
        try:
            return wait_for(jobs, job, lambda found: found.state.over)
        finally:
            jobs.close()
            models.close()

    return run


def scarf(n: int) -> Product:
    return Product(
        id=ProductId(f"scarf-{n}"),
        title=f"Scarf No {n}",
        description="<p>Knitted from <b>wool</b> in Norway.</p>",
        category=("Clothing", "Scarves"),
        attributes={"Material": ("Wool",), "Pattern": ("Striped",), "Size": ("S", "M")},
        variants=(Variant(VariantId(f"scarf-{n}"), "", Money(Decimal(29), "USD")),),
    )


def fill(database: Database, count: int) -> None:
    with database.connection() as conn:
        products.upsert(conn, [scarf(n) for n in range(count)])


def test_figures_are_kept_and_what_is_away_is_named(
    queue: Database, measured: Callable[..., Job], tmp_path: Path
) -> None:
    fill(queue, 8)
    job = measured("echo", "away")
    assert job.state is JobState.DONE, job.error
    assert job.result["models"] == ["echo"] and list(job.result["failed"]) == ["away"]
    with queue.connection() as conn:
        found = {score.task: score for score in model_scores.latest(conn)}
    assert found["attributes"].rows == found["query"].rows == 3
    assert found["attributes"].failed == 3, "it repeats its prompt, which is no JSON"
    assert found["attributes"].low <= found["attributes"].figure <= found["attributes"].high
    assert found["reading"].figure > 0 and found["reading"].measure == "tokens/s"
    assert {score.engine for score in found.values()} == {"echo"}
    assert not list(tmp_path.glob("measuring/*"))


def test_nothing_to_ask_or_nobody_to_ask_fails_in_words(
    queue: Database, measured: Callable[..., Job]
) -> None:
    assert "the catalogue makes no rows" in measured("echo").error
    fill(queue, 8)
    assert "no model could be measured: away" in measured("away").error
