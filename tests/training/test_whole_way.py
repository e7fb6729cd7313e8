"""The whole way of three families: text, tokenizer, pretraining, fine-tuning, evaluation, compression, export, serving."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shopkeeper.models.engines.reference import open_engine
from shopkeeper.models.records import Controls, Request
from shopkeeper.settings import EngineSettings
from shopkeeper.training.compress.ways import Texts, to_gguf, to_int8, to_pruned
from shopkeeper.training.corpus import Cleaning, make_corpus
from shopkeeper.training.export.ways import export
from shopkeeper.training.finetune.classification import load_classifier
from shopkeeper.training.finetune.data import kept_split
from shopkeeper.training.finetune.plan import make_finetune_plan
from shopkeeper.training.finetune.running import Finished, Stores, finetune
from shopkeeper.training.opening import Opened
from shopkeeper.training.plan import OBJECTIVES, make_plan, prepare
from shopkeeper.training.running import Trained, evaluate, open_run, train
from shopkeeper.training.sampling import answered, filled, greedy
from shopkeeper.training.shape import Family
from shopkeeper.training.sources import of_file
from tests.training.served import served
from tests.training.shop_texts import questions, sentences, write_text

FAMILIES: tuple[Family, ...] = ("gpt2", "bert", "t5")
# BERT learns from a seventh of the tokens, so it needs more steps before it leaves the frequencies behind.
CHOICES: Mapping[Family, Mapping[str, Any]] = {
    "gpt2": {"steps": 80, "length": 48},
    "bert": {"steps": 600, "length": 24, "learning_rate": 3e-3, "decay": "constant"},
    "t5": {"steps": 140, "length": 48, "head_width": 16},
}
SMALL = {"width": 64, "layers": 2, "heads": 4, "feed_forward": 128, "vocabulary": 420}
TUNING: Mapping[Family, Mapping[str, Any]] = {
    "gpt2": {"task": "generation", "adapter": "full", "epochs": 12.0, "learning_rate": 3e-3},
    "bert": {"task": "classification", "adapter": "full", "epochs": 5.0, "learning_rate": 3e-3},
    "t5": {"task": "generation", "adapter": "full", "epochs": 10.0, "learning_rate": 2e-3},
}


TEXTS = Texts.halves(sentences(24, seed=1))  # to compress by, and to measure with


@dataclass(frozen=True)
class Tuned:
    """A pretrained model that was fine-tuned: both runs, and how the second one ended."""

    pretrained: Trained
    run: Path
    finished: Finished
    before: Opened
    opened: Opened

    @property
    def asked(self) -> list[str]:
        """Texts that it was never trained on."""
        key = "text" if self.finished.plan.task == "classification" else "input"
        return [row[key] for row in kept_split(self.run).test]

    @property
    def end(self) -> int:
        """The token that ends a text."""
        found = self.opened.words.id("eos")
        assert found is not None
        return found

    def says(self, text: str) -> list[int]:
        """What the checkpoint answers, without the token that ends it."""
        words, model, end = self.opened.words, self.opened.model, self.end
        if model.encoder is None:
            return greedy(model, words.encode(text), max_new_tokens=8, ends=frozenset([end]))
        return answered(model, [*words.encode(text), end], max_new_tokens=8, end=end)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("way")
    documents = of_file(write_text(folder / "shop.txt"))
    account = make_corpus(documents, folder / "corpus", Cleaning(resemblance=0))
    assert account.documents["train"] > 1300 and account.documents["held_out"] > 40
    return folder / "corpus"


def pretrained(family: Family, corpus: Path, runs: Path) -> Trained:
    """A run of this family, with a tokenizer of its own, trained and opened."""
    usual: dict[str, Any] = {
        "family": family, "batch_rows": 16, "micro_rows": 16, "learning_rate": 5e-3, "evaluate_every": 0,
        "checkpoint_every": 0,
    }  # fmt: skip
    plan = prepare(make_plan({**SMALL, **usual, **CHOICES[family]}), corpus, runs / family)
    assert plan.objective == OBJECTIVES[family][0]
    report = train(plan, corpus, runs / family)
    assert report.steps == plan.recipe.steps and not report.stopped
    return open_run(runs / family)


@pytest.fixture(scope="module", params=FAMILIES)
def tuned(
    request: pytest.FixtureRequest, corpus: Path, tmp_path_factory: pytest.TempPathFactory
) -> Tuned:
    """A model of this family that has read the shop's text, and learnt to answer questions about it."""
    family: Family = request.param
    data = tmp_path_factory.mktemp(family)
    stores, run = Stores(data, data / "cache"), data / "runs" / "answers"
    before = pretrained(family, corpus, data / "runs")
    asked, said = ("text", "label") if family == "bert" else ("input", "output")
    rows = [json.dumps({asked: question, said: answer}) for question, answer in questions()]
    (data / "rows.jsonl").write_text("\n".join(rows), encoding="utf-8")
    chosen = {**TUNING[family], "base": family, "data": str(data / "rows.jsonl"), "length": 48}
    finished = finetune(make_finetune_plan(chosen), run, stores)
    return Tuned(before, run, finished, stores.open(family), stores.open("answers"))


def test_a_pretrained_model_knows_more_than_how_often_tokens_are(
    tuned: Tuned, corpus: Path
) -> None:
    measures = evaluate(tuned.pretrained, corpus)
    loss = measures.get("masked", measures["loss"])
    assert loss < 0.7 * measures["unigram_entropy"]


def test_a_fine_tuned_model_answers_what_it_was_never_trained_on(tuned: Tuned) -> None:
    split = kept_split(tuned.run)
    assert len(split.test) > 10 and not [row for row in split.test if row in split.train]
    measures = tuned.finished.measures
    assert measures["accuracy" if "accuracy" in measures else "exact"] > 0.9


def in_llama_cpp(tuned: Tuned, folder: Path) -> None:
    """GPT-2 as GGUF, in float32 and in 8 bits, without torch: the tokens of the checkpoint."""
    whole = export(tuned.opened, folder / "whole", to="gguf", name="whole", quantisation="f32")
    to_gguf(tuned.opened, TEXTS, folder / "small", name="small", quantisation="q8_0")
    wanted = [tuned.says(text) for text in tuned.asked]
    for answers in served(tuned.asked, whole, folder / "small" / "small-q8_0.gguf"):
        assert [[i for i in ids if i != tuned.end] for ids in answers] == wanted
    assert len(set(map(tuple, wanted))) > 3, "it says the same whatever it reads"


def in_onnx_runtime(tuned: Tuned, folder: Path) -> None:
    """BERT with its head, in float32 and in whole numbers, without torch: the likelihoods and labels of the checkpoint.

    As it was before it learnt them, in Transformers: the word in place of a mask.
    """
    export(tuned.opened, folder / "whole", to="onnx", name="whole", run=tuned.run)
    to_int8(tuned.opened, TEXTS, folder / "small", name="small", run=tuned.run)
    wanted = load_classifier(tuned.run / "model").probabilities(tuned.asked)
    whole, small = map(np.array, served(tuned.asked, folder / "whole", folder / "small"))
    assert np.allclose(whole, wanted, atol=1e-4)
    assert (small.argmax(1) == wanted.argmax(1)).all() and len(set(wanted.argmax(1))) > 3
    export(tuned.before, folder / "before", to="transformers", name="before")
    hidden = "The blue [MASK] is made of cotton"
    assert guessed(folder / "before", hidden) == guessed_by(tuned.pretrained, hidden) != ""


def in_transformers(tuned: Tuned, folder: Path) -> None:
    """T5, which nothing here runs without torch, as it is and pruned: the tokens of the checkpoint."""
    export(tuned.opened, folder / "whole", to="transformers", name="whole")
    report = to_pruned(tuned.opened, TEXTS, folder / "small", share=0.1)
    assert report.after.quality["loss"] < report.before.quality["loss"] + 1
    wanted = [tuned.says(text) for text in tuned.asked[:5]]
    for name in ("whole", "small"):
        assert answers_of(folder / name, tuned.asked[:5]) == wanted


SERVED = {"gpt2": in_llama_cpp, "bert": in_onnx_runtime, "t5": in_transformers}


def test_what_is_served_says_what_the_checkpoint_says(tuned: Tuned, tmp_path: Path) -> None:
    SERVED[tuned.pretrained.plan.family](tuned, tmp_path)


def answers_of(folder: Path, texts: list[str]) -> list[list[int]]:
    """By Transformers, which serves an encoder-decoder."""
    settings = EngineSettings(kind="transformers", model=str(folder), context_tokens=256)
    engine = open_engine("ours", settings, cache_folder=folder)
    asked = [Request(text, Controls(max_new_tokens=8, temperature=0)) for text in texts]
    said = [list(engine.generate(each).token_ids) for each in asked]
    engine.close()
    return said


def guessed(folder: Path, text: str) -> str:
    """What Transformers would put in place of [MASK]."""
    settings = EngineSettings(kind="transformers", model=str(folder), context_tokens=256)
    engine = open_engine("ours", settings, cache_folder=folder)
    found = engine.fill_mask(text, top=1)[0].guesses[0].token.strip()
    engine.close()
    return found


def guessed_by(trained: Trained, text: str) -> str:
    """The same by the checkpoint."""
    tokenizer = trained.tokenizer
    begin, between, mask = map(tokenizer.id, ("[CLS]", "[SEP]", "[MASK]"))
    before, after = (tokenizer.encode(part) for part in text.split("[MASK]"))
    ids = [begin, *before, mask, *after, between]
    return tokenizer.decode([filled(trained.model, ids, mask)[1 + len(before)]]).strip()
