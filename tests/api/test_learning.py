"""How recommendation learns, over HTTP: train, look, switch, go back; begin an experiment and end it; erase a person."""

from shopkeeper.face import Shop
from shopkeeper.recommend.learning import learn
from tests.api.conftest import Served
from tests.recommend.lived_in import fill

AT = "/v1/recommendations"


def two_versions(shop: Shop) -> list[int]:
    fill(shop.database)
    folder = shop.settings.data_folder
    return [learn(shop.database, folder).id, learn(shop.database, folder, switch=False).id]


def test_training_is_a_job(served: Served) -> None:
    job = served.owner.post(f"{AT}/versions", json={"switch": False})
    assert job.status_code == 202 and job.json()["kind"] == "train_recommender"
    again = served.owner.post(f"{AT}/versions", json={"switch": False})
    assert again.json()["id"] == job.json()["id"]


def test_versions_are_switched_to_and_rolled_back_and_only_by_the_shop(served: Served) -> None:
    first, second = two_versions(served.shop)
    listed = served.owner.get(f"{AT}/versions").json()["items"]
    assert [v["state"] for v in listed] == ["ready", "in_use"]
    assert listed[0]["score"]["ndcg"] > listed[0]["score"]["ndcg.popularity"]
    used = served.owner.post(f"{AT}/versions/{second}/switch").json()["version"]
    assert (used["id"], used["was_in_use"]) == (second, first)
    assert served.owner.post(f"{AT}/roll-back").json()["version"]["id"] == first
    assert served.owner.delete(f"{AT}/versions/{first}").status_code == 409
    assert served.owner.delete(f"{AT}/versions/{second}").status_code == 204
    assert served.page.get(f"{AT}/versions").status_code == 403


def test_an_experiment_is_begun_looked_at_and_ended(served: Served) -> None:
    first, second = two_versions(served.shop)
    begun = served.owner.post(f"{AT}/experiments", json={"name": "one", "challenger": second})
    assert begun.status_code == 201 and begun.json()["control"] == first
    assert begun.json()["verdict"] == "open" and begun.json()["low"] == -2
    twice = served.owner.post(f"{AT}/experiments", json={"name": "two", "challenger": second})
    assert twice.status_code == 409 and "another experiment runs" in twice.text
    same = served.owner.post(f"{AT}/experiments", json={"name": "two", "challenger": first})
    assert same.status_code == 422 and "both sides" in same.text
    assert served.owner.post(f"{AT}/experiments/one/end").json()["ended_at"]
    refused = served.owner.get(f"{AT}/versions/{second}/estimate")
    assert refused.status_code == 403 and "no list was drawn" in refused.text


def test_an_erased_customer_is_gone_with_what_they_did(served: Served) -> None:
    fill(served.shop.database)
    assert served.owner.delete("/v1/customers/c0", params={"erase": True}).status_code == 204
    with served.shop.database.connection() as conn:
        row = conn.execute(
            "select count(*) from events where customer_id = 'c0' or client_id = 'd0'"
        ).fetchone()
    assert row == (0,)
    assert served.owner.delete("/v1/customers/c0", params={"erase": True}).status_code == 404
