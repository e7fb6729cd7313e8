"""The pages about recommendation: any shopper's list beside another version's, versions, experiments."""

from collections.abc import Iterator

import pytest

from shopkeeper.face import Shop
from shopkeeper.jobs.tasks import TRAIN_RECOMMENDER
from shopkeeper.recommend import trials, versions
from shopkeeper.shop.embedded import EmbeddedServer
from tests.browser import new_shop
from tests.console.conftest import TestClient
from tests.console.test_pages import Tags
from tests.recommend.lived_in import fill

HERE = "/console/recommend"


@pytest.fixture(scope="module")
def shop(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop in which people did things, with two versions of the recommender."""
    with new_shop(server, "t_recommend", tmp_path_factory.mktemp("shop"), demo=True) as opened:
        fill(opened.database)
        opened.train_recommender()
        opened.train_recommender(switch=False)
        opened.search.rebuild()
        opened.recommend.refresh()
        yield opened


PAGES = ["", "?who=c0&against={ready}", "?who=nobody", "?who=d1&slot=again", "/versions", "/experiments", "?who=%00", "?slot=x&against=x"]  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_page_answers_in_its_language(
    shop: Shop, client: TestClient, path: str, language: str
) -> None:
    asked = HERE + path.format(ready=ready(shop))
    page = client.get(asked + ("&" if "?" in asked else "?") + f"lang={language}")
    if "%00" in path:
        assert page.status_code == 422
        return
    assert page.status_code == 200 and "<h1>" in page.text
    ids = [attributes["id"] for _, attributes in Tags(page.text).found if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert ("推荐" in page.text) == (language == "zh")


def ready(shop: Shop) -> int:
    with shop.database.connection() as conn:
        return versions.listing(conn)[0].id


def test_a_shopper_is_found_and_their_reasons_are_told(shop: Shop, client: TestClient) -> None:
    page = client.get(f"{HERE}?who=C0@example.com".lower()).text
    assert "6 products for c0, and why." in page and "bought scarf number" in page
    assert "Nobody is known as" in client.get(f"{HERE}?who=<b>").text


def test_two_versions_stand_beside_each_other(shop: Shop, client: TestClient) -> None:
    page = client.get(f"{HERE}?who=c0&against={ready(shop)}").text
    assert "Of the first 6, 6 are on both sides." in page


def test_training_is_a_job_that_can_be_followed(shop: Shop, client: TestClient) -> None:
    answer = client.post(f"{HERE}/versions/train", data={"switch": "1"}, follow_redirects=False)
    job = shop.jobs.latest(TRAIN_RECOMMENDER)
    assert job is not None and answer.headers["location"] == f"/console/jobs/{job.id}"
    assert "See how far it is" in client.get(f"{HERE}/versions").text


def test_versions_are_put_to_use_and_one_can_go_back(shop: Shop, client: TestClient) -> None:
    with shop.database.connection() as conn:
        before = versions.in_use_id(conn)
    client.post(f"{HERE}/versions/{ready(shop)}/use")
    assert f"Go back to version {before}" in client.get(f"{HERE}/versions").text
    client.post(f"{HERE}/versions/back")
    with shop.database.connection() as conn:
        assert versions.in_use_id(conn) == before


def test_an_experiment_is_begun_once_and_ended(shop: Shop, client: TestClient) -> None:
    with shop.database.connection() as conn:
        control = versions.in_use_id(conn)
    wanted = {"name": "first", "control": control, "challenger": ready(shop), "share": "30"}
    assert client.post(f"{HERE}/experiments", data=wanted).status_code == 200
    page = client.get(f"{HERE}/experiments").text
    assert "first: Not decided yet." in page and "30% get the challenger" in page
    again = client.post(f"{HERE}/experiments", data=wanted)
    assert again.status_code == 409 and "already" in again.text
    client.post(f"{HERE}/experiments/end", data={"name": "first"})
    with shop.database.connection() as conn:
        assert trials.running(conn) == {}
