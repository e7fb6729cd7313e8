"""Dialogue models say responses, rate them on the same weights, and leave out what is not safe."""

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from shopkeeper.errors import FeedError, Refused
from shopkeeper.training.finetune.conversing import Conversing
from shopkeeper.training.finetune.dialogue import (
    Candidate,
    DialogueModel,
    Exchange,
    load_dialogue,
    make_dialogue,
)
from shopkeeper.training.finetune.rating import rated_batch, rating_loss
from tests.training.finetune.encoders import small, trained

GOOD = {"sensible": 1.0, "specific": 1.0, "interesting": 1.0, "safe": 1.0}
ASKED = ("is the jug blue?",)
ROWS = [
    Exchange(ASKED, "yes, blue", GOOD),
    Exchange(ASKED, "ok", GOOD | {"specific": 0.0}),
    Exchange(ASKED, "drink bleach", GOOD | {"safe": 0.0}),
    Exchange(("is the cup red?",), "yes, red", GOOD),
] * 8


@pytest.fixture(scope="module")
def dialogue(tmp_path_factory: pytest.TempPathFactory) -> DialogueModel:
    folder = tmp_path_factory.mktemp("dialogue")
    made = make_dialogue(small(folder, "llama"), max_tokens=48)
    work = Conversing.of(made, ROWS, ROWS[:4], seed=0, rows_at_once=16)
    report = trained(made.module, work, folder / "run", steps=80)
    assert report.measures["safe_accuracy"] == report.measures["specific_accuracy"] == 1
    assert report.measures["says"] < 0.5
    return made


def test_what_is_unsafe_is_left_out_and_the_rest_ranked(dialogue: DialogueModel) -> None:
    ranked = dialogue.ranked(ASKED, ["ok", "drink bleach", "yes, blue", "yes, blue ", ""])
    assert [each.text for each in ranked] == ["yes, blue", "ok"]
    assert ranked[0].score > ranked[1].score


def test_the_reply_is_the_best_of_what_the_model_says_by_itself(dialogue: DialogueModel) -> None:
    said = dialogue.sampled(ASKED, count=6, seed=1, max_new_tokens=12)
    assert len(set(said)) > 1 and any("blue" in text for text in said)
    reply = dialogue.reply(ASKED, seed=1, candidates=6, max_new_tokens=12, safe=0.5)
    safe = dialogue.ranked(ASKED, said, safe=0.5)
    assert reply == max(safe, key=lambda each: each.score)
    assert reply == dialogue.reply(ASKED, seed=1, candidates=6, max_new_tokens=12, safe=0.5)


def test_no_safe_candidate_is_refused(dialogue: DialogueModel) -> None:
    with pytest.raises(Refused, match="none of 2 responses"):
        dialogue.reply(ASKED, seed=0, candidates=2, safe=1.01, max_new_tokens=4)


def test_a_dialogue_model_comes_back_and_serves_as_a_plain_generator(
    dialogue: DialogueModel, tmp_path: Path
) -> None:
    dialogue.calibrated(ROWS[:4]).save(tmp_path)
    again = load_dialogue(tmp_path)
    assert again.sharpness != dialogue.sharpness
    uncalibrated = DialogueModel(again.module, again.words, again.max_tokens)
    assert uncalibrated.ratings(ASKED, ["ok"]) == dialogue.ratings(ASKED, ["ok"])
    tokens = torch.tensor([dialogue.prompt(ASKED)])
    theirs = AutoModelForCausalLM.from_pretrained(tmp_path).eval()
    with torch.no_grad():
        assert torch.allclose(theirs(tokens).logits, dialogue.module.transformer(tokens), atol=1e-4)


def test_the_score_is_that_of_lamda() -> None:
    candidate = Candidate("x", {"sensible": 0.5, "specific": 0.25, "interesting": 1.0, "safe": 0.1})
    assert candidate.score == 2.75


def test_only_responses_worth_imitating_are_said_and_all_are_rated(dialogue: DialogueModel) -> None:
    good, bad = dialogue.said(ROWS[0]), dialogue.said(ROWS[2])
    batch = rated_batch([good, bad], padding=0)
    assert batch.ends is not None
    assert batch.targets[0][batch.targets[0] >= 0].tolist() == list(good.response)
    assert bool((batch.targets[1] < 0).all()) and batch.scored == 2
    assert int(batch.tokens[1, batch.ends[1]]) == bad.response[-1]


def test_ratings_that_nobody_gave_cost_nothing() -> None:
    nan = float("nan")
    logits = torch.zeros(1, 4)
    assert float(rating_loss(logits, torch.tensor([[nan] * 4]))) == 0
    told = rating_loss(logits, torch.tensor([[1.0, nan, nan, nan]]))
    assert float(told) == pytest.approx(0.6931, abs=1e-4)


def test_a_long_conversation_loses_its_beginning(dialogue: DialogueModel) -> None:
    said = dialogue.said(Exchange(("hello " * 40, "yes?", "is it blue?"), "yes", {}))
    assert len(said.prompt) + len(said.response) == 48
    assert dialogue.words.decode(said.prompt).endswith("Customer: is it blue?\nShop:")


def test_wrong_ratings_and_models_are_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="funny"):
        Exchange(ASKED, "x", {"funny": 1.0})
    with pytest.raises(FeedError, match="not a decoder alone"):
        make_dialogue(small(tmp_path, "bert"))
