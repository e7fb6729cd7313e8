"""From raw text to a model that is served: corpus, tokenizer, tokens, training, evaluation, export, serving."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from shopkeeper.models.engines.reference import open_engine
from shopkeeper.models.engines.reference.engine import ReferenceEngine
from shopkeeper.models.records import Controls, Request
from shopkeeper.settings import EngineSettings
from shopkeeper.training.corpus import Cleaning, make_corpus
from shopkeeper.training.plan import OBJECTIVES, make_plan, prepare
from shopkeeper.training.running import Trained, evaluate, export, open_run, train
from shopkeeper.training.sampling import answered, filled, greedy
from shopkeeper.training.shape import Family
from shopkeeper.training.sources import of_file
from tests.training.shop_texts import write_text

FAMILIES: tuple[Family, ...] = ("gpt2", "bert", "t5")
# BERT learns from a seventh of the tokens, so it needs more steps before it leaves the frequencies behind.
CHOICES: Mapping[Family, Mapping[str, Any]] = {
    "gpt2": {"steps": 80, "length": 48},
    "bert": {"steps": 600, "length": 24, "learning_rate": 3e-3, "decay": "constant"},
    "t5": {"steps": 140, "length": 48, "head_width": 16},
}
SMALL = {"width": 64, "layers": 2, "heads": 4, "feed_forward": 128, "vocabulary": 420}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("way")
    documents = of_file(write_text(folder / "shop.txt"))
    account = make_corpus(documents, folder / "corpus", Cleaning(resemblance=0))
    assert account.documents["train"] > 1300 and account.documents["held_out"] > 40
    return folder / "corpus"


@pytest.fixture(scope="module", params=FAMILIES)
def trained(
    request: pytest.FixtureRequest, corpus: Path, tmp_path_factory: pytest.TempPathFactory
) -> Trained:
    """A run of this family, trained and opened."""
    family: Family = request.param
    run = tmp_path_factory.mktemp("run") / family
    usual: dict[str, Any] = {
        "family": family, "batch_rows": 16, "micro_rows": 16, "learning_rate": 5e-3, "evaluate_every": 0,
        "checkpoint_every": 0,
    }  # fmt: skip
    plan = prepare(make_plan({**SMALL, **usual, **CHOICES[family]}), corpus, run)
    assert plan.objective == OBJECTIVES[family][0]
    report = train(plan, corpus, run)
    assert report.steps == plan.recipe.steps and not report.stopped
    return open_run(run)


@pytest.fixture(scope="module")
def served(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReferenceEngine]:
    """What was exported, behind the contract of language models."""
    folder = tmp_path_factory.mktemp("export") / trained.plan.family
    export(trained, folder)
    settings = EngineSettings(kind="transformers", model=str(folder), context_tokens=256)
    engine = open_engine("ours", settings, cache_folder=folder)
    yield engine
    engine.close()


def test_a_trained_model_knows_more_than_how_often_tokens_are(
    trained: Trained, corpus: Path
) -> None:
    measures = evaluate(trained, corpus)
    loss = measures.get("masked", measures["loss"])
    assert loss < 0.7 * measures["unigram_entropy"]


def test_what_is_served_says_what_the_checkpoint_says(
    trained: Trained, served: ReferenceEngine
) -> None:
    if trained.plan.family == "bert":
        text = "The blue [MASK] is made of cotton"
        guessed = served.fill_mask(text, top=1)[0]
        assert guessed.guesses[0].token.strip() == _filled(trained, text) != ""
        return
    prompt, wanted = _written(trained)
    answer = served.generate(Request(prompt, Controls(max_new_tokens=12, temperature=0)))
    assert list(answer.token_ids) == wanted and len(wanted) > 1


def _written(trained: Trained) -> tuple[str, list[int]]:
    tokenizer, model = trained.tokenizer, trained.model
    if trained.plan.family == "t5":
        prompt, end = (
            "The green lamp is made of<extra_id_0> and costs 20 crowns.",
            tokenizer.id("</s>"),
        )
        source = [*tokenizer.encode(prompt), end]
        return prompt, answered(model, source, max_new_tokens=12, end=end)
    prompt, ends = "The green lamp is made", frozenset([tokenizer.separator])
    return prompt, greedy(model, tokenizer.encode(prompt), max_new_tokens=12, ends=ends)


def _filled(trained: Trained, text: str) -> str:
    tokenizer = trained.tokenizer
    begin, between, mask = map(tokenizer.id, ("[CLS]", "[SEP]", "[MASK]"))
    before, after = (tokenizer.encode(part) for part in text.split("[MASK]"))
    ids = [begin, *before, mask, *after, between]
    return tokenizer.decode([filled(trained.model, ids, mask)[1 + len(before)]]).strip()
