"""Training anew: measured on what came later, gated, switched, rolled back; and what is erased is not learnt from."""

from pathlib import Path

import pytest

from shopkeeper import artifacts
from shopkeeper.artifacts import State
from shopkeeper.errors import Refused
from shopkeeper.recommend import Slot, learning, trials, versions
from shopkeeper.recommend.experiments import Kind
from shopkeeper.shop.database import Database
from shopkeeper.shop.erasing import erase_customer
from tests.recommend.lived_in import fill


def test_a_version_is_measured_kept_and_put_to_use(db: Database, tmp_path: Path) -> None:
    fill(db)
    steps: list[str] = []
    made = learning.learn(db, tmp_path, on_step=lambda done, total, text: steps.append(text))
    assert made.state is State.IN_USE
    assert tuple(filter(None, steps)) == learning.STEPS
    score = made.score
    assert score["questions"] >= 40 and score["against"] == ""
    assert score["ndcg"] > 1.5 * score["ndcg.popularity"]
    assert [share for share, _ in score["curve"]] == [0, 0.25, 0.5, 1]
    assert score["spread"]["this"]["coverage"] > 0.5
    with db.connection() as conn:
        model = versions.in_use(conn, tmp_path)
    assert model is not None and model.made.version == made.id


def test_another_version_stands_beside_it_and_one_can_go_back(db: Database, tmp_path: Path) -> None:
    fill(db)
    first = learning.learn(db, tmp_path)
    second = learning.learn(db, tmp_path, switch=False)
    assert second.state is State.READY
    with db.connection() as conn:
        assert versions.in_use_id(conn) == first.id
        versions.put_to_use(conn, second.id)
        back = versions.roll_back(conn)
        assert back is not None and back.id == first.id
    versions.discard(db, tmp_path, second.id)
    assert not versions.folder_of(tmp_path, second.id).exists()


def test_old_versions_go_but_for_those_that_are_needed(db: Database, tmp_path: Path) -> None:
    fill(db)
    made = [learning.learn(db, tmp_path).id]
    model = versions.load(tmp_path, made[0])
    made += [versions.keep(db, tmp_path, model, {}).id for _ in range(versions.KEPT + 1)]
    with db.connection() as conn:
        trials.begin(conn, trials.Experiment("one", Slot.HOME, Kind.AB, made[0], made[1]))
    versions.tidy(db, tmp_path)
    with db.connection() as conn:
        left = sorted(v.id for v in versions.listing(conn))
    assert left == sorted(made)
    with db.connection() as conn:
        trials.end(conn, "one")
    versions.tidy(db, tmp_path)
    with db.connection() as conn:
        left = sorted(v.id for v in versions.listing(conn))
    assert left == [made[0], *made[-versions.KEPT :]]


def test_the_gate_keeps_out_what_is_worse(db: Database, tmp_path: Path) -> None:
    fill(db)
    made = learning.learn(db, tmp_path, switch=False)
    with db.connection() as conn:
        artifacts.finish(conn, made.id, {**made.score, "against": "NDCG@10 is lower"})
        with pytest.raises(Refused, match="stays out: NDCG@10 is lower"):
            versions.put_to_use(conn, made.id)
        assert versions.put_to_use(conn, made.id, gate=False).state is State.IN_USE


def test_who_is_erased_is_in_no_history_and_no_later_model(db: Database, tmp_path: Path) -> None:
    fill(db)
    before = learning.read_shop(db).behaviour
    with db.connection() as conn:
        erase_customer(conn, "c0")
    after = learning.read_shop(db).behaviour
    assert "cc0" in before.who and "cc0" not in after.who and "dd0" not in after.who
    assert len(after.histories.items) == len(before.histories.items) - 5
    made = learning.learn(db, tmp_path)
    assert made.spec["people"] == len(before.who) - 1


def test_a_shop_without_behaviour_gets_a_model_of_its_products(
    db: Database, tmp_path: Path
) -> None:
    fill(db)
    with db.connection() as conn:
        conn.execute("truncate events, orders cascade")
    made = learning.learn(db, tmp_path)
    assert made.state is State.IN_USE and made.score["questions"] == 0


def test_a_shop_without_products_has_nothing_to_learn(db: Database, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no products"):
        learning.learn(db, tmp_path)
