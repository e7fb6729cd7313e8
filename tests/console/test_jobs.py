"""Background work in the console: waiting, stopped, run again."""

from shopkeeper.face import Shop
from shopkeeper.jobs import JobState, fetching, store
from shopkeeper.jobs.tasks import REBUILD_INDEX
from tests.console.conftest import TestClient


def test_a_job_is_made_stopped_and_run_again(client: TestClient, shop: Shop) -> None:
    page = client.post("/console/jobs/rebuild")
    job = int(page.url.path.rpartition("/")[2])
    assert "Waiting" in page.text and "Stop" in page.text
    assert "1 job is under way." in client.get("/console/jobs").text
    assert "Stopped" in client.post(f"/console/jobs/{job}/stop").text
    assert "Stopped" in client.post(f"/console/jobs/{job}/stop").text  # twice is no error
    assert "Waiting" in client.post(f"/console/jobs/{job}/retry").text
    assert client.post(f"/console/jobs/{job}/retry").status_code == 200
    shop.jobs.stop(job)


def test_a_running_job_tells_its_rate_and_the_time_left(client: TestClient, shop: Shop) -> None:
    job = shop.jobs.enqueue(REBUILD_INDEX, "Import of <b>.csv")
    with shop.database.connection() as conn:
        store.begin(conn, job)
        conn.execute(
            "update job_progress set started_at = now() - interval '10 s' where id = %s", [job]
        )
        store.progress(conn, job, done=100, total=1100, unit="products", message="")
    text = client.get(f"/console/jobs/{job}").text
    assert "100 of 1,100 products" in text and "10 a second" in text and "about 2 min left" in text
    assert 'max="1100" value="100"' in text and "Import of &lt;b&gt;.csv" in text
    with shop.database.connection() as conn:
        store.finish(conn, job, JobState.FAILED, error="<script> broke it")
    failed = client.get(f"/console/jobs/{job}").text
    assert (
        "&lt;script&gt; broke it" in failed and "Run it again" in failed and "hx-get" not in failed
    )
    assert "&lt;script&gt; broke it" in client.get("/console/jobs").text
    assert "This job failed" in client.get("/console").text


def test_a_language_model_under_way_tells_what_it_is_and_can_be_stopped(
    client: TestClient, shop: Shop
) -> None:
    job = fetching.fetch(shop.jobs, "qwen2.5-coder-1.5b", shop.settings)
    with shop.database.connection() as conn:
        store.begin(conn, job)
        half = 1117320768 // 2
        store.progress(conn, job, done=half, total=1117320768, unit="bytes", message="downloading")
    text = client.get(f"/console/jobs/{job}").text
    for part in (
        "Language model qwen2.5-coder-1.5b", "559 of 1,117 MB", "Apache-2.0, stated by Qwen", "<button>Stop</button>",
        "Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF@f86cb2c1fa58", "22 parts", "by nobody who gives a name",
    ):  # fmt: skip
        assert part in text
    assert "559 / 1,117 MB" in client.get("/console/jobs").text
    assert "50%" in client.get("/console").text
    chinese = client.get(f"/console/jobs/{job}?lang=zh").text
    assert "语言模型 qwen2.5-coder-1.5b" in chinese and "正在下载" in chinese
    shop.jobs.stop(job)


def test_what_is_not_there_cannot_be_stopped(client: TestClient) -> None:
    for what in ("stop", "retry"):
        assert client.post(f"/console/jobs/999/{what}").status_code == 404
        assert client.post(f"/console/jobs/0/{what}").status_code == 422
