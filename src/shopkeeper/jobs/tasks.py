"""The kinds of background work that a shop knows.

Each task may be cut short at any report and run again: an import and a version of search go on behind what they have
committed, a fetch behind what is on the disk, a measurement behind the rows that it has asked; an index, the demo shop
and the recommender are made anew.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from shopkeeper.jobs import measuring, uploads
from shopkeeper.jobs.measuring import MEASURE_MODELS
from shopkeeper.jobs.progress import Progress, StopRequested
from shopkeeper.jobs.worker import Task
from shopkeeper.models.embed import fetch_embedder, load_embedder
from shopkeeper.models.hub import Step, places_of, pull
from shopkeeper.models.routing import LanguageModels
from shopkeeper.recommend import apart, retention
from shopkeeper.search import ProductSearch
from shopkeeper.settings import Settings
from shopkeeper.shop import demo, feeds
from shopkeeper.shop.database import Database
from shopkeeper.support import use_demo

log = logging.getLogger(__name__)

IMPORT_FILE = "import_file"
REBUILD_INDEX = "rebuild_index"
BUILD_DEMO = "build_demo"
BUILD_SEARCH = "build_search"
FETCH_MODEL = "fetch_model"
TRAIN_RECOMMENDER = "train_recommender"
FORGET_LISTS = "forget_lists"
COMPARING = "comparing what was asked before"


def shop_tasks(
    database: Database,
    settings: Settings,
    search: Callable[[], ProductSearch],
    language_models: Callable[[], LanguageModels],
) -> dict[str, Task]:
    """What a shop's worker can do. search, language_models: asked when first needed, since opening the index takes a while."""

    def import_file(
        progress: Progress,
        *,
        path: str,
        kind: str,
        format: str | None = None,
        mapping: Mapping[str, str] | None = None,
        name: str = "",
    ) -> Mapping[str, Any]:
        report = feeds.run_import(
            database,
            Path(path),
            kind=kind,
            format=format,
            mapping=mapping,
            currency=settings.currency,
            language=settings.language,
            on_progress=lambda p: progress.note(p.done, p.total, p.unit, p.message),
            stop=progress.stopping,  # asked between batches, so that the report of the import is kept
        )
        if report.state == "interrupted":
            raise StopRequested
        uploads.remove(Path(path), settings.data_folder)
        return {
            "import_id": report.import_id,
            "also": [other.import_id for other in report.also],
            "kind": report.kind,
            "format": report.format,
            "created": report.created,
            "updated": report.updated,
            "unchanged": report.unchanged,
            "quarantined": report.quarantined,
        }

    def rebuild_index(progress: Progress) -> None:
        search().rebuild(on_progress=lambda done, total: progress.report(done, total, "products"))

    def build_demo(progress: Progress, *, seed: int = 7) -> None:
        demo.build(
            database,
            seed=seed,
            now=datetime.now(UTC),
            on_progress=lambda step, done, total: progress.report(done, total, "records", step),
        )
        with database.connection() as conn:
            use_demo(conn)

    def build_search(
        progress: Progress, *, embedder: str, switch: bool = True
    ) -> Mapping[str, Any]:
        show = _shown(progress)
        fetch_embedder(embedder, settings.cache_folder, places=places_of(settings), progress=show)
        made = search().build_version(
            load_embedder(embedder, settings.cache_folder),
            switch=switch,
            on_progress=lambda done, total: progress.note(
                done, total, "products", "" if done < total else COMPARING
            ),
            stop=progress.stopping,
        )
        if made is None:
            raise StopRequested
        return {"version": made.id, "state": made.state.value, "embedder": embedder}

    def fetch_model(progress: Progress, *, model: str) -> Mapping[str, Any]:
        show = _shown(progress)
        pull(model, settings.cache_folder, places=places_of(settings), progress=show)
        return {"model": model}

    def train_recommender(progress: Progress, *, switch: bool = True) -> Mapping[str, Any]:
        try:
            return apart.learn(
                database, settings.data_folder, switch=switch, stopping=progress.stopping,
                on_step=lambda done, total, message: progress.report(done, total, "steps", message),
            )  # fmt: skip
        except apart.Stopped as stopped:
            raise StopRequested from stopped

    def forget_lists(_: Progress) -> Mapping[str, Any]:
        put_away = retention.forget(
            database,
            keep_days=settings.keep_lists_days,
            window=timedelta(days=settings.credit_days),
            now=datetime.now(UTC),
        )
        return {"lists": put_away}

    def measure_models(
        progress: Progress, *, models: list[str], sample: int, seed: int
    ) -> Mapping[str, Any]:
        return measuring.measure_models(
            progress, database, settings, language_models(), names=models, sample=sample, seed=seed
        )

    return {
        IMPORT_FILE: import_file,
        REBUILD_INDEX: rebuild_index,
        BUILD_DEMO: build_demo,
        BUILD_SEARCH: build_search,
        FETCH_MODEL: fetch_model,
        MEASURE_MODELS: measure_models,
        TRAIN_RECOMMENDER: train_recommender,
        FORGET_LISTS: forget_lists,
    }


def _shown(progress: Progress) -> Callable[[Step], None]:
    """What tells a job how far a pull is, and stops it when the job should stop."""
    return lambda step: progress.report(
        step.done_bytes, step.total_bytes or None, "bytes", step.doing
    )
