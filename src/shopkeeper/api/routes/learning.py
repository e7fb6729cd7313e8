"""How recommendation learns: versions trained, measured, switched and rolled back; experiments; what a version would have
brought."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from shopkeeper.api.problems import Invalid
from shopkeeper.api.shapes import JobView, NowInUse, VersionList, VersionView
from shopkeeper.api.views import ShopOf
from shopkeeper.jobs import recommending
from shopkeeper.recommend import Slot, trials, versions
from shopkeeper.recommend.counterfactual import Estimate
from shopkeeper.recommend.experiments import Kind, Verdict
from shopkeeper.recommend.looking_back import estimate_version
from shopkeeper.recommend.trials import Experiment, Outcome

router = APIRouter(tags=["recommend"])

Id = Annotated[int, Path(ge=1, le=2**63 - 1)]
Name = Annotated[str, Path(min_length=1, max_length=trials.MAX_NAME)]


class Training(BaseModel):
    """How a version is to be trained."""

    model_config = {"extra": "forbid"}

    switch: bool = Field(
        True, description="put it to use if it is no worse than what is measured beside it"
    )


class NewExperiment(BaseModel):
    """An experiment to begin. control: the version in use, if not said."""

    model_config = {"extra": "forbid"}

    name: Annotated[str, Field(min_length=1, max_length=trials.MAX_NAME)]
    slot: Slot = Slot.HOME
    kind: Kind = Kind.AB
    control: Annotated[int | None, Field(ge=1, le=2**63 - 1)] = None
    challenger: Annotated[int, Field(ge=1, le=2**63 - 1)]
    share: Annotated[
        float, Field(ge=0.01, le=0.99, description="of visitors who are given the challenger")
    ] = 0.5
    outcome: Outcome = Outcome.CLICK
    window_hours: Annotated[int, Field(ge=1, le=1440)] = 24
    least: Annotated[
        float, Field(ge=0, lt=1, description="the smallest difference that matters")
    ] = 0.0


class ExperimentView(BaseModel):
    """An experiment and what it has shown so far.

    visitors, rates: of control and challenger; low, high: challenger minus control, at 95 % at every moment at once;
    waiting: visitors whose time is not up yet.
    """

    name: str
    slot: Slot
    kind: Kind
    control: int
    challenger: int
    share: float
    outcome: Outcome
    window_hours: int
    least: float
    started_at: datetime | None
    ended_at: datetime | None
    visitors: tuple[int, int]
    rates: tuple[float, float]
    low: float
    high: float
    verdict: Verdict
    waiting: int

    @classmethod
    def of(cls, standing: trials.Standing) -> "ExperimentView":
        """The view of an experiment."""
        one, result = standing.experiment, standing.result
        values: Mapping[str, Any] = {name: getattr(one, name) for name in Experiment.__slots__}
        return cls(
            **values, visitors=result.visitors, rates=result.rates, low=result.difference.low,
            high=result.difference.high, verdict=result.verdict, waiting=standing.waiting,
        )  # fmt: skip


class ExperimentList(BaseModel):
    """Experiments, the newest first."""

    items: Sequence[ExperimentView]


@router.get("/recommendations/versions")
def list_versions(shop: ShopOf) -> VersionList:
    """Versions of the recommender, the newest first, with what was measured of each."""
    with shop.database.connection() as conn:
        return VersionList(items=[VersionView.of(v) for v in versions.listing(conn)])


@router.post("/recommendations/versions", status_code=202)
def train(shop: ShopOf, wanted: Training) -> JobView:
    """Train a version in the background. Asking while one is trained answers with the job that does it."""
    return JobView.of(shop.jobs.get(recommending.train(shop.jobs, switch=wanted.switch)))


@router.get("/recommendations/versions/{version_id}")
def get_version(shop: ShopOf, version_id: Id) -> VersionView:
    """One version, with what was measured."""
    with shop.database.connection() as conn:
        return VersionView.of(versions.get(conn, version_id))


@router.post("/recommendations/versions/{version_id}/switch")
def switch_version(
    shop: ShopOf,
    version_id: Id,
    force: Annotated[bool, Query(description="also what the gate kept out")] = False,
) -> NowInUse:
    """Put a version to use, at once."""
    with shop.database.connection() as conn:
        used = versions.put_to_use(conn, version_id, gate=not force)
        return NowInUse(version=VersionView.of(used))


@router.delete("/recommendations/versions/{version_id}", status_code=204)
def delete_version(shop: ShopOf, version_id: Id) -> None:
    """Delete a version that is not in use, with its files."""
    versions.discard(shop.database, shop.settings.data_folder, version_id)


@router.post("/recommendations/roll-back")
def roll_back(shop: ShopOf) -> NowInUse:
    """Go back to the version before the one in use; to none if there was none."""
    with shop.database.connection() as conn:
        before = versions.roll_back(conn)
    return NowInUse(version=None if before is None else VersionView.of(before))


@router.get("/recommendations/versions/{version_id}/estimate")
def estimate(
    shop: ShopOf, version_id: Id, days: Annotated[int, Query(ge=1, le=365)] = 30
) -> Estimate:
    """What a version would have brought on the front page, from lists that were drawn; refused where they cannot say."""
    return estimate_version(
        shop.database, shop.recommend, shop.settings.data_folder, version_id, days=days
    )


@router.get("/recommendations/experiments")
def list_experiments(shop: ShopOf) -> ExperimentList:
    """All experiments with what they have shown."""
    with shop.database.connection() as conn:
        found = [trials.standing(conn, e.name) for e in trials.listing(conn)]
    return ExperimentList(items=[ExperimentView.of(standing) for standing in found])


@router.post("/recommendations/experiments", status_code=201)
def begin_experiment(shop: ShopOf, wanted: NewExperiment) -> ExperimentView:
    """Begin an experiment: visitors get one version or the other until it is ended."""
    with shop.database.connection() as conn:
        control = wanted.control if wanted.control is not None else versions.in_use_id(conn)
        if control is None:
            raise Invalid("body.control", "is needed, since no version is in use")
        try:
            made = Experiment(
                wanted.name, wanted.slot, wanted.kind, control, wanted.challenger, wanted.share,
                wanted.outcome, wanted.window_hours, wanted.least,
            )  # fmt: skip
        except ValueError as error:
            raise Invalid("body", str(error)) from error
        trials.begin(conn, made)
        return ExperimentView.of(trials.standing(conn, wanted.name))


@router.get("/recommendations/experiments/{name}")
def get_experiment(shop: ShopOf, name: Name) -> ExperimentView:
    """What an experiment has shown so far. The interval holds whenever it is looked at."""
    with shop.database.connection() as conn:
        return ExperimentView.of(trials.standing(conn, name))


@router.post("/recommendations/experiments/{name}/end")
def end_experiment(shop: ShopOf, name: Name) -> ExperimentView:
    """End an experiment; what was shown is still counted."""
    with shop.database.connection() as conn:
        trials.end(conn, name)
        return ExperimentView.of(trials.standing(conn, name))
