"""Recommendations are trained anew by themselves: when it is time, and people did something since."""

import threading
from typing import Any

import pytest

from shopkeeper.errors import Refused
from shopkeeper.jobs import Jobs, recommending, worker
from shopkeeper.jobs.progress import StopRequested
from shopkeeper.jobs.tasks import FORGET_LISTS, TRAIN_RECOMMENDER, shop_tasks
from shopkeeper.recommend import learning, versions
from shopkeeper.settings import Settings
from shopkeeper.shop.database import Database
from tests.recommend.lived_in import fill


def due(queue: Database, settings: Settings) -> int | None:
    return recommending.train_if_due(Jobs(queue), queue, settings)


def test_nothing_is_trained_where_nobody_did_anything(queue: Database, settings: Settings) -> None:
    assert due(queue, settings) is None


def test_it_is_due_once_people_did_enough_and_then_not_for_a_day(
    queue: Database, settings: Settings
) -> None:
    fill(queue)
    job = due(queue, settings)
    assert job is not None and due(queue, settings) is None
    with queue.connection() as conn:
        conn.execute("update job_progress set state = 'done', finished_at = now() - interval '23 hours'")  # fmt: skip
    assert due(queue, settings) is None
    with queue.connection() as conn:
        conn.execute("update job_progress set finished_at = now() - interval '25 hours'")
    assert due(queue, settings) not in (None, job)


def test_it_is_not_due_while_nothing_new_happened(queue: Database, settings: Settings) -> None:
    fill(queue)
    learning.learn(queue, settings.data_folder)
    assert due(queue, settings) is None


def test_by_hand_alone_if_the_settings_say_so(queue: Database, settings: Settings) -> None:
    fill(queue)
    assert due(queue, settings.model_copy(update={"retrain_hours": 0})) is None


def test_old_lists_are_put_away_once_a_day_where_there_are_any(
    queue: Database, settings: Settings
) -> None:
    def put_away() -> int | None:
        return recommending.forget_if_due(Jobs(queue), queue, settings)

    assert put_away() is None
    with queue.connection() as conn:
        conn.execute("insert into recommendations (id, slot, items, made_at) values ('l', 'home', '{}', now() - interval '92 days')")  # fmt: skip
    job = put_away()
    assert job is not None and put_away() is None
    task = shop_tasks(queue, settings, lambda: pytest.fail(), lambda: pytest.fail())[FORGET_LISTS]
    assert task(Told()) == {"lists": 1}
    with queue.connection() as conn:
        conn.execute("update job_progress set state = 'done', finished_at = now() - interval '25 hours'")  # fmt: skip
    assert put_away() is None


class Told:
    """How far a job says that it is, and whether it should go on."""

    def __init__(self, steps: int = 99) -> None:
        self.messages: list[str] = []
        self.steps = steps  # after which it is to stop

    def stopping(self) -> bool:
        return len(self.messages) >= self.steps

    def report(self, done: int, total: int, unit: str, message: str) -> None:
        self.messages.append(message)
        if self.stopping():
            raise StopRequested


def train(queue: Database, settings: Settings, told: Told) -> Any:
    tasks = shop_tasks(queue, settings, lambda: pytest.fail("no search"), lambda: pytest.fail())
    return tasks[TRAIN_RECOMMENDER](told, switch=True)


def test_the_job_trains_tells_how_far_it_is_and_what_came_of_it(
    queue: Database, settings: Settings
) -> None:
    fill(queue)
    told = Told()
    result = train(queue, settings, told)
    assert result is not None and result["state"] == "in_use"
    assert told.messages[0] == learning.STEPS[0]


def test_a_job_that_should_stop_ends_and_keeps_nothing(queue: Database, settings: Settings) -> None:
    fill(queue)
    with pytest.raises(StopRequested):
        train(queue, settings, Told(steps=1))
    with queue.connection() as conn:
        assert not versions.listing(conn)


def test_a_shop_without_products_trains_nothing_and_says_so(
    queue: Database, settings: Settings
) -> None:
    with pytest.raises(Refused, match="no products"):
        train(queue, settings, Told())


def test_chores_are_done_now_and_then(queue: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "SWEEP_EVERY_S", 0.05)
    monkeypatch.setattr(worker, "CHORES_EVERY_S", 0.05)
    done = threading.Event()
    jobs = Jobs(queue)
    jobs.start({}, chores=[done.set])
    try:
        assert done.wait(10)
    finally:
        jobs.close()
