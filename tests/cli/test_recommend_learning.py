"""Training, switching, experiments and lists for everybody at the command line."""

import json
from pathlib import Path

from shopkeeper.face import Shop
from tests.cli.conftest import Run
from tests.recommend.lived_in import PEOPLE, fill


def test_from_training_to_an_experiment(folder: Path, run: Run, tmp_path: Path) -> None:
    def shop(*arguments: str | Path) -> str:
        done = run("--data-folder", folder, *arguments)
        assert done.code == 0, done.err
        return done.out

    with Shop.open(folder) as opened:
        fill(opened.database)
    said = shop("recommend", "train")
    assert "in use" in said and "what is popular" in said and "with less behaviour" in said
    assert "ready" in shop("recommend", "train", "--no-switch")
    figures = json.loads(shop("recommend", "report", "--json"))
    assert figures["ndcg"] > figures["ndcg.popularity"] and figures["state"] == "ready"
    assert "0 visitors" in shop("recommend", "try", "one", "--challenger", str(figures["version"])) + shop("recommend", "experiment", "one")  # fmt: skip
    assert "one" in shop("recommend", "experiments") and "ended" in shop("recommend", "end", "one")
    assert f"version {figures['version']} is in use" in shop("recommend", "use", str(figures["version"]))  # fmt: skip
    assert "is in use again" in shop("recommend", "roll-back")
    refused = run("--data-folder", folder, "recommend", "estimate", str(figures["version"]))
    assert refused.code == 1 and "no list was drawn" in refused.err
    shop(
        "recommend", "batch", "--out", tmp_path / "lists.jsonl", "--limit", "3", "--processes", "2"
    )
    lines = (tmp_path / "lists.jsonl").read_text().splitlines()
    assert len(lines) == PEOPLE and len(json.loads(lines[0])["products"]) == 3
    assert "5 events" in shop("erase", "c0", "--yes")
